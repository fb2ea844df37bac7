"""Several sounds in one picture: are all of them seen, does each fader move its own, is the room the sound's?

Who judges never conditioned a picture: the bundle's classifier for sources and levels, and for rooms a linear
probe on the features of its second classifier, fitted to renders of the world.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.mixing import Level, mix_with_faders
from sonic_ui.audio.reverb import reverberate
from sonic_ui.audio.separation import HARMONIC, separate
from sonic_ui.evaluation.app_painter import AppPainter
from sonic_ui.evaluation.held_out import SAMPLE_RATE, HeldOutClip, renders_of
from sonic_ui.evaluation.image_metrics import Painter, as_tensor, rank_correlation, share_showing
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.requests.fields import ROOMS
from sonic_ui.scenes.render import render_sound
from sonic_ui.scenes.world import SOURCES, SPECS, Scene, sample_scene
from sonic_ui.training.data.rendering import SPLITS

BASE_LUFS = -24.0
"""Of each sound of a mix: the middle of what the world knows, -48 to -12."""

MOVED_DB = (-18.0, -12.0, -6.0, 0.0, 6.0, 12.0)
PRESENT = 0.5
"""Probability from which on a source counts as seen."""

RIDGE = 1.0
Samples = NDArray[np.float32]


def mixed(sounds: Sequence[Samples], levels: Sequence[Level]) -> Samples:
    """The mix [T] of sounds at their levels."""
    return limit_true_peak(mix_with_faders(sounds, SAMPLE_RATE, levels), SAMPLE_RATE)


def sequence_clips(count: int) -> list[HeldOutClip]:
    """Two sources of the world which follow each other in 10 s, such as one place may hold."""
    rng, clips = np.random.default_rng([SPLITS["held_out"], 9700]), list[HeldOutClip]()
    while len(clips) < count:
        a, b = rng.choice(SOURCES, 2, replace=False).tolist()
        if {*SPECS[a].places} & {*SPECS[b].places}:
            levels = rng.uniform(0.35, 1.0, 2)
            scenes = [
                sample_scene(rng, sources=(name,), levels=(float(level),), indoor_share=0.0)
                for name, level in zip((a, b), levels, strict=True)
            ]
            clips.append(HeldOutClip(f"{a}, {b}", np.concatenate([*map(render_sound, scenes)]), (a, b)))
    return clips


def joined_recordings(recordings: Sequence[HeldOutClip], count: int, seed: int = 9701) -> list[HeldOutClip]:
    """Two recordings of different sources one after the other, each as loud as the other (Multi-ESC50 of
    Seeing Sound joins two classes of ESC-50 so).
    """
    rng, clips = np.random.default_rng(seed), list[HeldOutClip]()
    while len(clips) < count:
        a, b = (recordings[int(number)] for number in rng.choice(len(recordings), 2, replace=False))
        if a.sources != b.sources:
            both = np.concatenate([mixed([one.samples], [Level(lufs=BASE_LUFS)]) for one in (a, b)])
            clips.append(HeldOutClip(f"{a.name}, {b.name}", both, (*a.sources, *b.sources)))
    return clips


def sequence_metric(
    judge: PresenceClassifier,
    painter: AppPainter,
    clips: Sequence[HeldOutClip],
    what: str,
    reach: float | None,
) -> tuple[Metric, list[Image.Image]]:
    """Share of pictures that show both of two sources which follow each other.

    what   the clips, in the figure's name
    """
    pictures = painter.paint([[clip.samples] for clip in clips])
    both = share_showing(judge, pictures, [clip.sources for clip in clips])
    return Metric(f"sequences{what}: both of two painted", both, reach, note=f"{len(clips)} sounds"), pictures


Pair = tuple[HeldOutClip, HeldOutClip]


def as_one(pair: Pair) -> HeldOutClip:
    """Two sounds of different sources as one recording, as loud as each other."""
    a, b = pair
    both = mixed([a.samples, b.samples], [Level(lufs=BASE_LUFS)] * 2)
    return HeldOutClip(f"{a.name}+{b.name}", both, (*a.sources, *b.sources))


def pair_metric(
    judge: PresenceClassifier, painter: AppPainter, pairs: Sequence[Pair], what: str, reach: float
) -> tuple[Metric, list[Image.Image]]:
    """Share of pictures that show both of two sounds, each of which has a fader; as loud as each other.

    what   the sounds, in the figure's name
    """
    levels = [[Level(lufs=BASE_LUFS)] * 2] * len(pairs)
    pictures = painter.paint([[one.samples for one in pair] for pair in pairs], levels)
    both = share_showing(judge, pictures, [[one.sources[0] for one in pair] for pair in pairs])
    name = f"mixing: both of two {what} found, each with its fader"
    return Metric(name, both, reach, note=f"{len(pairs)} pairs"), pictures


# Faders


@dataclass(frozen=True)
class Trio:
    """Three sounds of different sources; the fader of the one at `moved` is moved."""

    clips: tuple[HeldOutClip, HeldOutClip, HeldOutClip]
    moved: int


def groups_of(
    clips: Sequence[HeldOutClip], size: int, count: int, seed: int
) -> list[tuple[HeldOutClip, ...]]:
    """Groups of `size` clips that one place of the world may hold, of different layers of its pictures."""
    rng, found = np.random.default_rng(seed), list[tuple[HeldOutClip, ...]]()
    while len(found) < count:
        chosen = tuple(clips[int(number)] for number in rng.choice(len(clips), size, replace=False))
        names = [clip.sources[0] for clip in chosen]
        specs = [SPECS[name] for name in names]
        places = set.intersection(*(set(spec.places) for spec in specs))
        layers = [spec.layer for spec in specs]
        clash = any(layers.count(layer) > (2 if layer == "weather" else 1) for layer in layers)
        if len({*names}) == size and places and not clash:
            found.append(chosen)
    return found


def trios_of(clips: Sequence[HeldOutClip], count: int, seed: int = 71) -> list[Trio]:
    """Groups of three, of each of which another one is moved."""
    groups = groups_of(clips, 3, count, seed)
    return [Trio((a, b, c), number % 3) for number, (a, b, c) in enumerate(groups)]


def fitting_pairs(clips: Sequence[HeldOutClip], count: int, seed: int = 72) -> list[Pair]:
    """Groups of two."""
    return [(a, b) for a, b in groups_of(clips, 2, count, seed)]


def fader_metrics(
    judge: PresenceClassifier, painter: AppPainter, trios: Sequence[Trio]
) -> tuple[list[Metric], list[Image.Image]]:
    """Three sounds by faders: all painted where they are as loud as each other; and one moved by MOVED_DB.

    Spearman's correlation is of its gain and its judged level; the change of the others is that of their
    judged levels from where all are alike, on average over gains and sounds.
    """
    shown = list[Image.Image]()
    all_seen, correlations, changes = [], [], []
    for trio in trios:
        samples = [clip.samples for clip in trio.clips]
        levels, seeds = [_levels(trio, gain_db) for gain_db in MOVED_DB], [painter.seed] * len(MOVED_DB)
        pictures = painter.paint([samples] * len(MOVED_DB), levels, seeds)
        presence, level = judge.predict(as_tensor(pictures))
        columns = [SOURCES.index(clip.sources[0]) for clip in trio.clips]
        middle = MOVED_DB.index(0.0)
        all_seen.append(bool((presence[middle, columns] > PRESENT).all()))
        correlations.append(rank_correlation(MOVED_DB, level[:, columns[trio.moved]].numpy()))
        others = [column for number, column in enumerate(columns) if number != trio.moved]
        changes.append(float((level[:, others] - level[middle, others]).abs().mean()))
        shown += pictures
    note = f"{len(trios)} mixes of three, {MOVED_DB[0]:g} to +{MOVED_DB[-1]:g} dB"
    return [
        Metric("faders: all of three sounds painted", float(np.mean(all_seen)), 0.5, note=note),
        Metric(
            "faders: median Spearman of the moved one's gain and judged level",
            float(np.median(correlations)),
            0.85,
            note=note,
        ),
        Metric(
            "faders: mean change of the others' judged levels",
            float(np.mean(changes)),
            0.1,
            at_least=False,
            note=note,
        ),
    ], shown


def _levels(trio: Trio, gain_db: float) -> list[Level]:
    return [
        Level(lufs=BASE_LUFS, gain_db=gain_db if number == trio.moved else 0.0)
        for number in range(len(trio.clips))
    ]


# Rooms


class RoomProbe:
    """Names the room that a picture shows: ridge regression from features to one of ROOMS.

    features   [B, 3, H, W] in [-1, 1] -> [B, D]
    """

    def __init__(self, features: Callable[[Tensor], Tensor], pictures: Tensor, rooms: Sequence[str]) -> None:
        self._features = features
        found = features(pictures).double()
        self._mean, self._scale = found.mean(0), found.std(0).clamp_min(1e-6)
        inputs = self._inputs(found)
        target = torch.eye(len(ROOMS), dtype=torch.float64)[[ROOMS.index(room) for room in rooms]]
        weight = RIDGE * torch.eye(inputs.shape[1], dtype=torch.float64)
        self._weights = torch.linalg.solve(inputs.T @ inputs + weight, inputs.T @ target)

    def _inputs(self, features: Tensor) -> Tensor:
        scaled = (features - self._mean) / self._scale
        return torch.cat([scaled, torch.ones(len(scaled), 1, dtype=torch.float64)], -1)

    def predict(self, pictures: Tensor) -> list[str]:
        """The room of each picture [B, 3, H, W] in [-1, 1]."""
        scores = self._inputs(self._features(pictures).double()) @ self._weights
        return [ROOMS[int(number)] for number in scores.argmax(-1)]


def room_scenes(per_room: int, stream: int, rooms: Sequence[str] = ROOMS) -> list[Scene]:
    """Scenes of one source that may stand indoors, `per_room` of each of `rooms`, in their order."""
    rng = np.random.default_rng([SPLITS["held_out"], 4000, stream])
    found: dict[str, list[Scene]] = {room: [] for room in rooms}
    names = [name for name, spec in SPECS.items() if spec.indoors]
    while any(len(scenes) < per_room for scenes in found.values()):
        level = float(rng.uniform(0.35, 1.0))
        scene = sample_scene(rng, sources=(str(rng.choice(names)),), levels=(level,), indoor_share=0.75)
        if len(found.get(scene.room, ())) < per_room and scene.room in found:
            found[scene.room].append(scene)
    return [scene for room in rooms for scene in found[room]]


def fit_room_probe(features: PresenceClassifier, per_room: int, px: int) -> tuple[RoomProbe, Metric]:
    """The probe, fitted to renders, and how often it is right on others."""
    train, held = room_scenes(per_room, 0), room_scenes(max(4, per_room // 3), 1)
    features.eval()
    probe = RoomProbe(features.features, as_tensor(renders_of(train, px)), [scene.room for scene in train])
    named = probe.predict(as_tensor(renders_of(held, px)))
    right = float(np.mean([name == scene.room for name, scene in zip(named, held, strict=True)]))
    return probe, Metric("rooms: judge's accuracy on held-out renders", right, note=f"{len(held)} renders")


@dataclass(frozen=True)
class RoomSounds:
    """Dry sounds of scenes outdoors, each in every room: samples, rooms and sources, in one order."""

    dry: list[Samples]
    scenes: Sequence[Scene]

    @classmethod
    def of(cls, scenes: Sequence[Scene]) -> "RoomSounds":
        """The sounds of scenes of one source."""
        return cls([render_sound(scene) for scene in scenes], scenes)

    @property
    def rooms(self) -> list[str]:
        return [room for room in ROOMS for _ in self.dry]

    def paint(self, painter: AppPainter, *, by_control: bool, by_name: bool = True) -> list[Image.Image]:
        """Pictures by the app's room control of the dry sounds, or of sounds that are in rooms."""
        pictures: list[Image.Image] = []
        for number, room in enumerate(self.rooms):
            dry = self.dry[number % len(self.dry)]
            heard = dry if by_control else reverberate(dry, SAMPLE_RATE, room, seed=3)
            chosen = room if by_control else "dry"
            seeds = [painter.seed + number]
            pictures += painter.paint([[heard]], seeds=seeds, room=chosen, by_name=by_name)
        return pictures


def room_metrics(
    probe: RoomProbe, judge: PresenceClassifier, sounds: RoomSounds, pictures: Sequence[Image.Image], how: str
) -> tuple[list[Metric], dict[str, list[str]]]:
    """Share of pictures whose room is the sound's, and of those that show its source; what rooms were named,
    by the sound's.

    how   they were painted, for the figures' names
    """
    named = probe.predict(as_tensor(pictures))
    pairs = [*zip(sounds.rooms, named, strict=True)]
    sources = [[one.name for one in scene.sources] for _ in ROOMS for scene in sounds.scenes]
    found = judge.predict(as_tensor(pictures))[0].argmax(-1).tolist()
    shown = [SOURCES[number] in some for number, some in zip(found, sources, strict=True)]
    note = f"{len(pairs)} held-out sounds, {', '.join(ROOMS)}"
    figures = {
        "room of the picture is the sound's": [a == b for a, b in pairs],
        "indoors or not is the sound's": [(a == "dry") == (b == "dry") for a, b in pairs],
        "judged source is the sound's": shown,
    }
    reach = {"room of the picture is the sound's": 0.7}
    metrics = [
        Metric(f"rooms, {how}: {name}", float(np.mean(values)), reach.get(name), note=note)
        for name, values in figures.items()
    ]
    return metrics, {room: [b for a, b in pairs if a == room] for room in ROOMS}


# Separation


def separation_metrics(painter: Painter, judge: PresenceClassifier, pairs: Sequence[Pair]) -> list[Metric]:
    """What splitting a mix of two gives: how near the stems are to the sounds, beside the mix itself.

    The ratio is the scale-invariant one (Le Roux et al., SDR - half-baked or well done?, equation 3) in dB of
    the better assignment of two stems. Painted are the two sounds of the better stems, one picture each; it
    counts how often each stem's picture shows the sound that it is nearest to.
    """
    gains: dict[str, list[float]] = {"sustained and struck": [], "two parts": []}
    hits: dict[str, list[float]] = {name: [] for name in gains}
    for a, b in pairs:
        level = Level(lufs=BASE_LUFS)
        length = min(a.samples.size, b.samples.size)
        sounds = [mixed([one.samples[:length]], [level]) for one in (a, b)]
        mix = sounds[0] + sounds[1]
        before = float(np.mean([si_sdr(mix, sound) for sound in sounds]))
        for name, way in (("sustained and struck", HARMONIC), ("two parts", "2")):
            stems = [stem.samples for stem in separate(mix, SAMPLE_RATE, way)]
            ordered = best_order(stems, sounds)
            after = [si_sdr(stem, sound) for stem, sound in zip(ordered, sounds, strict=True)]
            gains[name].append(float(np.mean(after)) - before)
            presence, _ = judge.predict(as_tensor(painter.paint(painter.embed(ordered))))
            columns = [SOURCES.index(one.sources[0]) for one in (a, b)]
            hits[name].append(
                float(np.mean([presence[k, column] > PRESENT for k, column in enumerate(columns)]))
            )
    note = f"{len(pairs)} mixes of two"
    metrics = []
    for name in gains:
        metrics.append(
            Metric(f"separation, {name}: SI-SDR gained, dB", float(np.mean(gains[name])), note=note)
        )
        metrics.append(
            Metric(f"separation, {name}: stem's own sound painted", float(np.mean(hits[name])), note=note)
        )
    return metrics


def si_sdr(estimate: Samples, target: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio [dB] of an estimate [T]; at least -60."""
    estimate, target = estimate.astype(np.float64), target.astype(np.float64)
    part = target * (estimate @ target) / max(float(target @ target), 1e-12)
    ratio = float(part @ part) / max(float(np.sum(np.square(estimate - part))), 1e-12)
    return max(-60.0, 10.0 * float(np.log10(max(ratio, 1e-12))))


def best_order(stems: Sequence[Samples], sounds: Sequence[Samples]) -> list[Samples]:
    """Two stems in the order that fits two sounds; a lone stem stands for both."""
    first, second = (stems[0], stems[-1])
    straight = si_sdr(first, sounds[0]) + si_sdr(second, sounds[1])
    crossed = si_sdr(second, sounds[0]) + si_sdr(first, sounds[1])
    return [first, second] if straight >= crossed else [second, first]
