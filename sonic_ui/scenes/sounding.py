"""A scene's sound: each source at its loudness, all of them together, in the scene's room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import apply_gain, integrated_lufs, set_lufs
from sonic_ui.audio.reverb import reverberate
from sonic_ui.scenes.sounds import synthesise


class SoundingSource(Protocol):
    """What is read of a source."""

    @property
    def name(self) -> str: ...
    @property
    def level(self) -> float: ...


class SoundingScene(Protocol):
    """What is read of a scene; `scenes.world.Scene` is one."""

    @property
    def sources(self) -> Sequence[SoundingSource]: ...
    @property
    def room(self) -> str: ...
    @property
    def seed(self) -> int: ...


def level_to_lufs(level: float) -> float:
    """Loudness of a source's level: 0 is a whisper at -48 LUFS, 1 a roar at -12 LUFS."""
    return -48.0 + 36.0 * level


def lufs_to_level(lufs: float) -> float:
    """The level in [0, 1] of a loudness."""
    return float(np.clip((lufs + 48.0) / 36.0, 0.0, 1.0))


def at_loudness(sound: NDArray[np.float32], sample_rate: int, lufs: float) -> NDArray[np.float32]:
    """The sound at `lufs`, limited; what limiting takes from a sound full of clicks is given back.

    The limiter is a quick one: it flattens single clicks, where a slow one would turn down what lies between.
    """
    heard, missing = set_lufs(sound, sample_rate, lufs), 0.0
    for _ in range(8):
        louder = apply_gain(heard, 2.0 * missing, sample_rate, limit=False)
        heard = limit_true_peak(louder, sample_rate, look_ahead_s=0.001, release_db_per_s=1000.0)
        missing = lufs - integrated_lufs(heard, sample_rate)
        if missing < 0.3:
            break
    return apply_gain(heard, min(missing, 0.0), sample_rate, limit=False)


def sound_source(
    source: SoundingSource,
    rng: np.random.Generator,
    room: str,
    seed: int,
    duration_s: float,
    sample_rate: int,
) -> NDArray[np.float32]:
    """One source in a room, whose echoes `seed` draws, brought to -48 + 36 * level LUFS: mono [T]."""
    sound = synthesise(source.name, rng, duration_s, sample_rate, source.level)
    sound = reverberate(sound, sample_rate, room, seed=seed)
    return at_loudness(sound, sample_rate, level_to_lufs(source.level))


def render_sound(
    scene: SoundingScene, duration_s: float = 5.0, sample_rate: int = 48000
) -> NDArray[np.float32]:
    """The scene as mono float32 [duration_s * sample_rate]; the same scene gives the same samples.

    Every source is heard in the room and then brought to -48 + 36 * level LUFS. No true peak passes -1 dBTP.
    """
    mix = np.zeros(round(duration_s * sample_rate), dtype=np.float32)
    for index, source in enumerate(scene.sources):
        rng = np.random.default_rng([scene.seed, index])
        mix += sound_source(source, rng, scene.room, scene.seed, duration_s, sample_rate)
    return limit_true_peak(mix, sample_rate)
