"""What the sound of a request is heard as: embeddings for the painter, names and a room for its prompt."""

from dataclasses import dataclass, field

import numpy as np

from sonic_ui.engine.events import AudioAnalysis
from sonic_ui.engine.inputs import Sound
from sonic_ui.engine.jobs.base import RunContext
from sonic_ui.engine.sound_mix import SoundMix
from sonic_ui.requests.fields import RoomName

ALSO_HEARD = 0.05
"""Probability of a second label from which on two things are heard: of sounds of one source 0.01 have it, of
recordings of one 0.12, of two recordings at once 0.77 (0.58 with both names right; 60 pairs)."""


@dataclass(frozen=True)
class HeardSound:
    """What a sound is heard as.

    embedding   [D]; [S, D] of a mix, or of a sound in which one thing follows another: that of all before
                those of the sounds in it, or of its parts
    names       of what is heard; empty where it is not known
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


def hear(context: RunContext, sound: Sound, mix: SoundMix | None) -> HeardSound:
    """Hear a sound, and each sound of a mix by itself.

    Seeing Sound embeds the mix alone; the encoder then hears the loudest above all.
    """
    alone = [] if mix is None else mix.parts_alone
    whole, *parts = (context.embed_audio(one) for one in (sound, *alone))
    embeddings = [one.embedding for one in (whole, *parts)]
    names = [name for one in parts for name in _names(one)[:1]] if parts else _names(whole)
    if not parts:
        following = _following(context, sound)
        if following is not None:
            embeddings += [*following.embeddings]
            names = following.names
    embedding = np.stack(embeddings) if len(embeddings) > 1 else embeddings[0]
    return HeardSound(embedding, tuple(dict.fromkeys(names)), whole.room)


def _names(analysis: AudioAnalysis) -> list[str]:
    """Names of what a clip is heard as: one, or two where the second is heard as well."""
    if analysis.is_unknown:
        return []
    first, also = analysis.labels[:1], analysis.labels[1:2]
    return [one.name for one in (*first, *(one for one in also if one.probability >= ALSO_HEARD))]


@dataclass(frozen=True)
class _Following:
    """Things that follow each other: their embeddings [W, D], and their names where these are known."""

    embeddings: np.ndarray
    names: list[str]


def _following(context: RunContext, sound: Sound) -> _Following | None:
    """The parts of a sound in which one thing follows another; None where all of it is one."""
    from sonic_ui.pipelines.sound_parts import are_unlike, parts_of

    parts = parts_of(sound.clip.samples)
    if len(parts) < 2:
        return None
    heard = context.backend.embed_windows(parts)
    if not are_unlike(heard.embeddings):
        return None
    labels = [source.label for source in context.backend.bundle.sources]
    known = heard.is_known if heard.probabilities.shape[1] else np.zeros(len(parts))
    best = heard.probabilities.argmax(1) if heard.probabilities.shape[1] else np.zeros(len(parts), int)
    names = [labels[number] for number, is_known in zip(best, known, strict=True) if is_known]
    return _Following(heard.embeddings, names)
