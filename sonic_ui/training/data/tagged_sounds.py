"""Sounds for CLAP's `TagHead`: scenes of the world, recordings alone and together, sounds of other kinds."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np

from sonic_ui.audio.decode import decode
from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.scenes.render import level_to_lufs, render_sound
from sonic_ui.scenes.sounds.synthesis import Signal, Synth
from sonic_ui.scenes.world import SOURCES, Scene, SourceInstance, sample_scene
from sonic_ui.training.data.machine_loops import LOOPS, machine_loop
from sonic_ui.training.data.other_kinds import other_sound
from sonic_ui.training.data.recordings import Recording
from sonic_ui.training.data.sounds import CLIP_S, REFERENCE_LUFS, SAMPLE_RATE
from sonic_ui.training.data.takes import draw_other_kind, take_of, through_room_and_microphone

LENGTH = round(CLIP_S * SAMPLE_RATE)
WORLD_SHARE, ALONE_SHARE, TOGETHER_SHARE = 0.28, 0.28, 0.26
"""Of the sounds: scenes of the world, a source as recorded, several at once; the rest are of other kinds."""
MICROPHONE_SHARE = 0.3
"""Of the scenes of the world: through a random room and microphone."""
KNOWN_TAKES, OTHER_TAKES = 110, 45
"""Of a shard; its sounds are made of them."""
LOOP_SHARE, LOOP_WEIGHT = 0.45, 2.0
"""Of the takes of a source that has machine loops: those; and how much more often it is drawn."""


@dataclass(frozen=True)
class DrawnSound:
    """Samples [LENGTH] and what they are of, no source where they are of another kind; `is_world`: a rendered
    scene as it is.
    """

    samples: Signal
    scene: Scene
    is_world: bool = False


class TakeBank:
    """Takes of known sources and of other kinds, [LENGTH] each at REFERENCE_LUFS: a shard's sounds are of
    them.
    """

    def __init__(
        self,
        recordings: list[Recording],
        rng: np.random.Generator,
        known: int = KNOWN_TAKES,
        other: int = OTHER_TAKES,
    ) -> None:
        self.rng, self.synth = rng, Synth(rng, LENGTH, SAMPLE_RATE)
        self._known = [r for r in recordings if r.source is not None]
        self._other = [r for r in recordings if r.is_other_kind]
        self.known = [self._known_take() for _ in range(known)]
        self.other = [self._other_take() for _ in range(other)]

    def draw(self) -> DrawnSound:
        """A sound [LENGTH] of any of the four kinds."""
        kind = float(self.rng.random())
        if kind < WORLD_SHARE:
            drawn = self._world()
        elif kind < WORLD_SHARE + ALONE_SHARE:
            drawn = self._alone()
        elif kind < WORLD_SHARE + ALONE_SHARE + TOGETHER_SHARE:
            drawn = self._together()
        else:
            samples = self._of_other_kinds(self._level(0.1))
            if self.rng.random() < 0.25:
                samples = samples + self._of_other_kinds(self._level(0.1))
            drawn = DrawnSound(samples, scene_of([]))
        return DrawnSound(_limited(drawn.samples), drawn.scene, drawn.is_world)

    def _world(self) -> DrawnSound:
        single = None if self.rng.random() < 0.6 else (str(self.rng.choice(SOURCES)),)
        scene = sample_scene(self.rng, sources=single)
        samples = render_sound(scene, CLIP_S)
        if self.rng.random() >= MICROPHONE_SHARE:
            return DrawnSound(samples, scene, True)
        return DrawnSound(_at(through_room_and_microphone(samples, self.synth), _lufs(samples)), scene)

    def _alone(self) -> DrawnSound:
        samples, source = self.known[int(self.rng.integers(len(self.known)))]
        level = self._level(0.1)
        samples = self._moved(samples) * _gain(level)
        if self.rng.random() < 0.25:  # over something else, 8 to 25 dB below
            samples = samples + self._of_other_kinds(level) * 10 ** (-self.rng.uniform(8, 25) / 20)
        return DrawnSound(samples, scene_of([SourceInstance(source, level)]))

    def _together(self) -> DrawnSound:
        count, loudest = 2 if self.rng.random() < 0.85 else 3, self._level(0.35)
        sources: dict[str, SourceInstance] = {}
        samples = np.zeros(LENGTH, np.float32)
        while len(sources) < count:
            take, source = self.known[int(self.rng.integers(len(self.known)))]
            of_the_world = self.rng.random() < 0.2
            source = str(self.rng.choice(SOURCES)) if of_the_world else source
            if source in sources:
                continue
            level = float(np.clip(loudest + self.rng.uniform(-0.3, 0.15), 0.05, 1.0)) if sources else loudest
            if of_the_world:
                scene = sample_scene(self.rng, sources=(source,), levels=(level,))
                take = _at(render_sound(scene, CLIP_S), REFERENCE_LUFS)
            samples = samples + self._moved(take) * _gain(level)
            sources[source] = SourceInstance(source, level)
        return DrawnSound(samples, scene_of([*sources.values()]))

    def _of_other_kinds(self, level: float) -> Signal:
        return self._moved(self.other[int(self.rng.integers(len(self.other)))]) * _gain(level)

    def _known_take(self) -> tuple[Signal, str]:
        sources = sorted({*LOOPS, *(cast(str, r.source) for r in self._known)})
        weight = np.array([LOOP_WEIGHT if source in LOOPS else 1.0 for source in sources])
        source = sources[int(self.rng.choice(len(sources), p=weight / weight.sum()))]
        mine = [r for r in self._known if r.source == source]
        if not mine or (source in LOOPS and self.rng.random() < LOOP_SHARE):
            return _reference(machine_loop(source, self.rng, CLIP_S, SAMPLE_RATE)), source
        samples = read_samples(mine[int(self.rng.integers(len(mine)))].path)
        if self.rng.random() < 0.2:  # as it is
            start = int(self.rng.integers(0, max(samples.size - LENGTH, 0) + 1))
            return _reference(samples[start : start + LENGTH]), source
        return _reference(take_of(samples, self.synth)), source

    def _other_take(self) -> Signal:
        if not self._other or self.rng.random() > 0.55:
            return _reference(other_sound(self.rng, CLIP_S, SAMPLE_RATE))
        recording = draw_other_kind(self._other, self.rng)
        return _reference(take_of(read_samples(recording.path), self.synth))

    def _moved(self, samples: Signal) -> Signal:
        return np.roll(samples, int(self.rng.integers(LENGTH))) if self.rng.random() < 0.5 else samples

    def _level(self, least: float) -> float:
        return float(self.rng.uniform(least, 1.0))


def scene_of(sources: list[SourceInstance]) -> Scene:
    """A scene of these sources outdoors: of recordings nothing else is known."""
    return Scene(tuple(sources), time_of_day="day", place="forest", style="painting", seed=0)


def _gain(level: float) -> np.float32:
    """From REFERENCE_LUFS to the loudness of a level."""
    return np.float32(10 ** ((level_to_lufs(level) - REFERENCE_LUFS) / 20))


def _reference(samples: Signal) -> Signal:
    return _at(np.resize(np.nan_to_num(samples[:LENGTH]), LENGTH), REFERENCE_LUFS)


def _at(samples: Signal, lufs: float) -> Signal:
    return np.asarray(samples * 10 ** ((lufs - _lufs(samples)) / 20), np.float32)


def _lufs(samples: Signal) -> float:
    """Loudness, near enough: of every third sample."""
    return integrated_lufs(samples[::3], SAMPLE_RATE // 3)


def _limited(samples: Signal) -> Signal:
    samples = np.asarray(samples, np.float32)
    return limit_true_peak(samples, SAMPLE_RATE) if np.abs(samples).max() > 0.89 else samples


@cache
def read_samples(path: Path) -> Signal:
    return decode(path, SAMPLE_RATE)
