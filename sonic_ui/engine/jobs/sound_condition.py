"""What the sound of a request is heard as: embeddings for the painter, names and a room for its prompt."""

from dataclasses import dataclass, field

import numpy as np

from sonic_ui.engine.events import AudioAnalysis
from sonic_ui.engine.inputs import SAMPLE_RATE, Sound
from sonic_ui.engine.jobs.base import RunContext
from sonic_ui.engine.sound_mix import SoundMix
from sonic_ui.media.captions import described
from sonic_ui.requests.fields import RoomName

QUIET_LUFS, LOUD_LUFS = -36.0, -24.0
"""Below and above these a sound is called so: a third and two thirds of what the miniature's world has."""
COVERED_DB = 20.0


@dataclass(frozen=True)
class SoundCondition:
    """What a sound is heard as.

    embedding   [D]; [S, D] of a mix, or of a sound in which one thing follows another: that of all before
                those of the sounds in it, or of its parts
    names       of what is heard: of each sound of a mix, of each part; empty where it is not known
    room        where it is heard
    """

    embedding: np.ndarray = field(repr=False)
    names: tuple[str, ...]
    room: RoomName

    def words(self, phrase: str) -> str:
        """What is heard, by name, and the words for its room, if any; "" for one thing in the open air: the
        sound alone says that.

        A painter that only hears loses the softer of two things, and the very room.
        """
        named = " and ".join(self.names)
        return f"{named} {phrase}".strip() if phrase or len(self.names) > 1 else ""


def condition_of(context: RunContext, sound: Sound, mix: SoundMix | None) -> SoundCondition:
    """Hear a sound, and each sound of a mix by itself.

    Seeing Sound embeds the mix alone; the encoder then hears the loudest above all.
    """
    alone = [] if mix is None else mix.parts_alone
    whole, *parts = (context.embed_audio(one) for one in (sound, *alone))
    embeddings = [one.embedding for one in (whole, *parts)]
    names = _names_of_mix(alone, parts) if parts else _names(whole)
    if not parts and (following := _following(context, sound)) is not None:
        embeddings += [*following[0]]
        names = following[1]
    embedding = np.stack(embeddings) if len(embeddings) > 1 else embeddings[0]
    return SoundCondition(embedding, tuple(dict.fromkeys(names)), whole.room)


def _names(analysis: AudioAnalysis) -> list[str]:
    """The name of what a clip is heard as; none of what is not known."""
    return [] if analysis.is_unknown else [label.name for label in analysis.labels[:1]]


def _names_of_mix(sounds: list[Sound], analyses: list[AudioAnalysis]) -> list[str]:
    """Names of sounds, as loud as each is; none of one that the loudest covers. Plain names would hold every
    thing as large as it is, wherever its fader stands.
    """
    from sonic_ui.audio.loudness import integrated_lufs

    lufs = [integrated_lufs(sound.clip.samples, SAMPLE_RATE) for sound in sounds]
    return [
        described(name, "quiet" if one < QUIET_LUFS else "loud" if one > LOUD_LUFS else "")
        for one, analysis in zip(lufs, analyses, strict=True)
        for name in _names(analysis)
        if one >= max(lufs) - COVERED_DB
    ]


def _following(context: RunContext, sound: Sound) -> tuple[np.ndarray, list[str]] | None:
    """Embeddings [W, D] of things that follow each other in a sound, and their names where these are known;
    None where all of it is one.
    """
    from sonic_ui.pipelines.sound_parts import are_unlike, parts_of

    parts = parts_of(sound.clip.samples)
    if len(parts) < 2:
        return None
    analysis = context.backend.embed_windows(parts)
    if not are_unlike(analysis.embeddings):
        return None
    labels = [source.label for source in context.backend.bundle.sources]
    rows = zip(analysis.probabilities, analysis.is_known, strict=True)
    names = [labels[int(row.argmax())] for row, is_known in rows if is_known and row.size]
    return analysis.embeddings, names
