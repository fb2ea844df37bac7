"""What the sound of a request is heard as: embeddings for the painter, names and a room for its prompt."""

from dataclasses import dataclass, field

import numpy as np

from sonic_ui.engine.events import AudioAnalysis
from sonic_ui.engine.inputs import SAMPLE_RATE, Sound
from sonic_ui.engine.jobs.base import RunContext
from sonic_ui.engine.sound_mix import SoundMix
from sonic_ui.media.sound_words import NamedSound, SoundWords, level_of
from sonic_ui.requests.fields import RoomName

ALONE = 0.01
"""Probability of the second label below which a sound is of one thing: of the miniature's single sounds
0.94 are, of those of two 0.18."""

COVERED_DB = 20.0
"""So far below the loudest of a mix a sound has no name."""


@dataclass(frozen=True)
class SoundCondition:
    """What a sound is heard as.

    embedding   [D]; [S, D] of a mix, or of a sound in which one thing follows another: that of all before
                those of the sounds in it, or of its parts
    names       of what is heard: of each sound of a mix, of each part; empty where it is not known
    room        where it is heard
    """

    embedding: np.ndarray = field(repr=False)
    names: tuple[NamedSound, ...]
    room: RoomName

    def words(self, phrase: str) -> SoundWords:
        """What is heard, by name, and the words for its room, if any.

        A painter that only hears loses the softer of two things, and the very room, and adds at times what
        is not there.
        """
        return SoundWords(self.names, phrase)


def condition_of(context: RunContext, sound: Sound, mix: SoundMix | None) -> SoundCondition:
    """Hear a sound, and each sound of a mix by itself.

    Seeing Sound embeds the mix alone; the encoder then hears the loudest above all.
    """
    alone = [] if mix is None else mix.parts_alone
    whole, *parts = (context.embed_audio(one) for one in (sound, *alone))
    embeddings = [one.embedding for one in (whole, *parts)]
    named = _names_of_mix(alone, parts) if parts else [*names_of(whole, sound)]
    if not parts and (following := _following(context, sound)) is not None:
        embeddings += [*following[0]]
        named = following[1]
    embedding = np.stack(embeddings) if len(embeddings) > 1 else embeddings[0]
    return SoundCondition(embedding, _each_once(named), whole.room)


def _each_once(sounds: list[NamedSound]) -> tuple[NamedSound, ...]:
    """Sounds in their order; of several with one name the loudest, where the first of them stands."""
    loudest: dict[str, float] = {}
    for one in sounds:
        loudest[one.name] = max(one.level, loudest.get(one.name, 0.0))
    return tuple(NamedSound(name, level) for name, level in loudest.items())


def names_of(analysis: AudioAnalysis, sound: Sound) -> tuple[NamedSound, ...]:
    """What a sound of one thing is heard as, by name, and how loud it is; none of what is not known.

    None of what may be several things: a name would drive the others out of the picture.
    """
    several = len(analysis.labels) > 1 and analysis.labels[1].probability >= ALONE
    return () if several else _first_name(analysis, sound)


def _first_name(analysis: AudioAnalysis, sound: Sound) -> tuple[NamedSound, ...]:
    if analysis.is_unknown or not analysis.labels:
        return ()
    return (NamedSound(analysis.labels[0].name, level_of(_lufs(sound.clip.samples))),)


def _names_of_mix(sounds: list[Sound], analyses: list[AudioAnalysis]) -> list[NamedSound]:
    """Names of sounds, as loud as each is; none of one that the loudest covers."""
    lufs = [_lufs(sound.clip.samples) for sound in sounds]
    return [
        name
        for one, sound, analysis in zip(lufs, sounds, analyses, strict=True)
        for name in _first_name(analysis, sound)
        if one >= max(lufs) - COVERED_DB
    ]


def _lufs(samples: np.ndarray) -> float:
    from sonic_ui.audio.loudness import integrated_lufs

    return integrated_lufs(samples, SAMPLE_RATE)


def _following(context: RunContext, sound: Sound) -> tuple[np.ndarray, list[NamedSound]] | None:
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
    rows = zip(parts, analysis.probabilities, analysis.is_known, strict=True)
    return analysis.embeddings, [
        NamedSound(labels[int(row.argmax())], level_of(_lufs(part)))
        for part, row, is_known in rows
        if is_known and row.size
    ]
