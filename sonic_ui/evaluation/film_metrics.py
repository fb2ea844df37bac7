"""Films: whether the picture follows the sound, stays still where that does, what it costs and what it holds.

Tracks are made: sources one after the other, or one that swells. The judge, which has no part in painting,
sees every frame of the finished file. Costs are processor time of this process, over that of one picture in
the same run.
"""

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import spearmanr

from sonic_ui.audio.loudness import apply_gain, set_lufs
from sonic_ui.engine.events import FilmResult
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.models.presence_classifier import PresenceClassifier, predict_intensities
from sonic_ui.pipelines.embedding_path import perceptual_distances
from sonic_ui.requests import MakeFilmRequest
from sonic_ui.scenes.render import render_sound
from sonic_ui.scenes.world import SOURCES, sample_scene
from sonic_ui.training.data.rendering import SPLITS

RATE = 48_000
EACH_S = 5.0
SIX = ("rain", "dog", "train", "crackling_fire", "birds", "church_bell")
"""Sources of the track whose film is reported."""

SWELLING = ("sea_waves", "wind", "crackling_fire", "rain", "stream")
"""Sources that sound without a pause; each swells in SWELLS tracks."""

SWELLS = 4
SWELL_S = 12.0
FPS = 12
AWAY_S = 1.0
"""Frames nearer than this to a change belong to neither side."""

NEAR_S = 0.5
"""Neighbours within this of a change are counted as changing."""

SHORT_TERM_S = 3.0
"""As ITU-R BS.1771 has short-term loudness."""

LONG_S, MINUTE_S = 600.0, 60.0


@dataclass(frozen=True)
class MadeTrack:
    """A sound file of known sources: which of SOURCES sounds in each stretch of EACH_S."""

    path: Path
    sources: tuple[str, ...]

    @property
    def changes(self) -> list[float]:
        """When one source follows another, in seconds."""
        return [EACH_S * number for number in range(1, len(self.sources))]


def made_track(folder: Path, sources: Sequence[str], stream: int) -> MadeTrack:
    """A track of sources at clearly audible levels, from a part of the world that nothing was trained on."""
    rng = np.random.default_rng([SPLITS["held_out"], 7000, stream])
    parts = [
        render_sound(sample_scene(rng, sources=(name,), levels=(float(rng.uniform(0.5, 0.9)),)), EACH_S)
        for name in sources
    ]
    return MadeTrack(_written(folder / f"film_track_{stream}.wav", np.concatenate(parts)), tuple(sources))


def swelling_track(folder: Path, source: str, stream: int) -> Path:
    """One source from -40 to -14 LUFS."""
    rng = np.random.default_rng([SPLITS["held_out"], 7001, stream])
    samples = render_sound(sample_scene(rng, sources=(source,), levels=(0.6,)), SWELL_S)
    steady = set_lufs(samples, RATE, -14.0)
    gain_db = np.linspace(-26.0, 0.0, steady.size)
    return _written(folder / f"film_swell_{source}_{stream}.wav", steady * 10 ** (gain_db / 20))


def _written(path: Path, samples: NDArray[np.floating]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, apply_gain(samples.astype(np.float32), 0.0, RATE), RATE)
    return path


def make_film(studio: Studio, **values: Any) -> tuple[FilmResult, float]:
    """A film, and the processor time that it took, in seconds."""
    begun = time.process_time()
    *_, result = studio.run(MakeFilmRequest.from_values(values))
    if not isinstance(result, FilmResult):
        raise TypeError("no film came")
    return result, time.process_time() - begun


def frames_of(path: Path) -> Iterator[Image.Image]:
    """The frames of a film."""
    import av

    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            yield frame.to_image()


def judged(
    classifier: PresenceClassifier, frames: Sequence[Image.Image], side_px: int
) -> NDArray[np.float32]:
    """Intensity of every source in every frame [N, S]."""
    parts = [frames[start : start + 32] for start in range(0, len(frames), 32)]
    return np.concatenate([predict_intensities(classifier, part, side_px) for part in parts])


def agreement(seen: NDArray[np.int64], track: MadeTrack, fps: int) -> tuple[float, list[float]]:
    """Share of frames away from changes in which the track's source is judged first, and when each change is
    seen: seconds from the track's change, infinite if never.

    seen   number of the judged source of every frame [N]
    """
    times = np.arange(len(seen)) / fps
    true = np.array(
        [SOURCES.index(track.sources[min(int(t / EACH_S), len(track.sources) - 1)]) for t in times]
    )
    away = np.all([np.abs(times - change) > AWAY_S for change in track.changes], axis=0)
    late = []
    for number, change in enumerate(track.changes):
        new = SOURCES.index(track.sources[number + 1])
        inside = (times > change - EACH_S / 2) & (times < change + EACH_S)
        there = np.flatnonzero(inside & (seen == new))
        late.append(abs(float(times[there[0]]) - change) if len(there) else float("inf"))
    return float((seen == true)[away].mean()), late


def flicker(frames: Sequence[Image.Image], changes: Sequence[float], fps: int) -> float:
    """Mean distance of neighbouring frames in steady stretches over that at changes."""
    apart = np.array([perceptual_distances(a, b) for a, b in pairwise(frames)])
    times = (np.arange(len(apart)) + 0.5) / fps
    nearest = np.min([np.abs(times - change) for change in changes], axis=0)
    return float(apart[nearest > AWAY_S].mean() / max(apart[nearest < NEAR_S].mean(), 1e-9))


def picture_cost(pipeline: Any, steps: int, guidance_scale: float, rounds: int = 3) -> float:
    """Processor time of one picture of `steps` steps, in seconds: the median after one to warm up."""
    embeds = torch.nn.functional.normalize(
        torch.randn(1, pipeline.audio_projector.config.embedding_dim), dim=-1
    )
    costs = []
    for seed in range(rounds + 1):
        begun = time.process_time()
        pipeline(audio_embeds=embeds, seed=seed, num_inference_steps=steps, guidance_scale=guidance_scale)
        costs.append(time.process_time() - begun)
    return statistics.median(costs[1:])


def swell_metrics(
    classifier: PresenceClassifier, studio: Studio, folder: Path, side_px: int, quality: str
) -> tuple[list[Metric], dict[str, float]]:
    """Rank correlation of judged intensity in films of sounds that swell, with their loudness, which comes
    and goes in waves and gusts besides, and with time; the latter also by source.
    """
    found: dict[str, float] = {}
    by_loudness: list[float] = []
    for number, source in enumerate(SWELLING):
        rows = []
        for stream in range(number, SWELLS * len(SWELLING), len(SWELLING)):
            track = swelling_track(folder, source, stream)
            result, _ = make_film(studio, sound=str(track), seed=11, quality=quality)
            frames = [*frames_of(result.film)][:: FPS // 2]
            levels = judged(classifier, frames, side_px)[:, SOURCES.index(source)]
            rows.append(float(spearmanr(np.arange(len(levels)), levels).statistic))
            by_loudness.append(float(spearmanr(short_term_power(track, len(levels)), levels).statistic))
        found[source] = float(np.mean(rows))
    count = SWELLS * len(SWELLING)
    note = f"{count} tracks of {len(SWELLING)} sources, -40 to -14 LUFS in {SWELL_S:g} s, {quality}"
    name = "film: judged intensity of a swell, Spearman with"
    return [
        Metric(f"{name} its loudness", float(np.mean(by_loudness)), 0.8, note=note),
        Metric(f"{name} time", float(np.mean([*found.values()])), note=note),
    ], found


def short_term_power(path: Path, count: int) -> NDArray[np.float64]:
    """Mean power of a sound over SHORT_TERM_S around `count` moments, evenly spaced from its beginning."""
    samples, rate = soundfile.read(path, dtype="float64")
    sums = np.concatenate([[0.0], np.cumsum(np.square(samples))])
    middles, half = np.arange(count) * samples.size / count, SHORT_TERM_S * rate / 2
    begins = np.clip(middles - half, 0, samples.size).astype(int)
    ends = np.clip(middles + half, 0, samples.size).astype(int)
    return (sums[ends] - sums[begins]) / (ends - begins)


def tiny_memory_metric(folder: Path, track: MadeTrack) -> Metric:
    """`memory_metric` with tiny random weights: the film's own work is as with others, the networks' less."""
    from sonic_ui.testing.tiny_bundle import debug_bundle

    studio = Studio(LocalBackend(str(debug_bundle(folder / "tiny"))))
    settings = {"quality": "fine", "steps": 2, "guidance_scale": 1.0, "fps": FPS}
    return memory_metric(studio, folder, track, "tiny random weights", **settings)


def long_memory_metric(bundle: Path, folder: Path) -> Metric:
    """`memory_metric` with a bundle's weights in few steps, at the lowest frame rate: it takes minutes."""
    studio = Studio(LocalBackend(str(bundle)))
    studio.backend.load()
    return memory_metric(studio, folder, made_track(folder, SIX, 0), "shipped weights", fps=6)


def memory_metric(studio: Studio, folder: Path, track: MadeTrack, kind: str, **settings: Any) -> Metric:
    """Memory of the last minute of a film of ten, of a track again and again, over that of the first."""
    samples, _ = soundfile.read(track.path, dtype="float32")
    long = _written(folder / "film_long.wav", np.resize(samples, round(LONG_S * RATE)))
    request = MakeFilmRequest.from_values({"sound": str(long), "seed": 5, "size_px": 256, **settings})
    reached, sizes, done = [0.0], [], threading.Event()

    def watch() -> None:
        while not done.wait(0.25):
            if reached[0] > 0:
                sizes.append((reached[0], _resident_bytes()))

    threading.Thread(target=watch, daemon=True).start()
    for event in studio.run(request):
        for info in getattr(event, "infos", ()):
            reached[0] = max(reached[0], info.position or 0.0)
    done.set()
    first = [size for at_s, size in sizes if at_s <= MINUTE_S]
    last = [size for at_s, size in sizes if at_s >= LONG_S - MINUTE_S]
    ratio = float(np.mean(last) / np.mean(first))
    name = f"film: memory of the last minute over the first, {kind}"
    return Metric(name, ratio, 1.05, at_least=False, note="ten minutes, resident memory of the process")


def _resident_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc tells no resident memory")


def film_metrics(
    classifier: PresenceClassifier,
    bundle: Path,
    folder: Path,
    side_px: int,
    *,
    quality: str = "draft",
    sources: Sequence[str] = SIX,
    stream: int = 0,
    save: Callable[[str, Sequence[Image.Image]], None] = lambda name, images: None,
) -> tuple[list[Metric], dict[str, Any]]:
    """The figures of a film of six sources, and details."""
    studio = Studio(LocalBackend(str(bundle)))
    studio.backend.load()
    track = made_track(folder, sources, stream)
    info = studio.info.defaults
    pipeline = studio.backend.components.pipeline  # type: ignore[attr-defined]
    one = picture_cost(pipeline, info.steps, info.guidance_scale)
    result, cost = make_film(studio, sound=str(track.path), seed=21, fps=FPS, quality=quality)
    frames = [*frames_of(result.film)]
    save(f"film_{quality}_{stream}", frames[:: FPS // 2])
    seen = judged(classifier, frames, side_px).argmax(1)
    share, late = agreement(seen, track, FPS)
    kind = f"{len(sources)} sources, {EACH_S:g} s each, {quality}"
    metrics = [
        Metric("film: judged source agrees away from changes", share, 0.85, note=kind),
        Metric(
            "film: a change is seen within seconds, the latest", max(late), 1.0, at_least=False, note=kind
        ),
        Metric(
            "film: flicker of steady sounds over changes",
            flicker(frames, track.changes, FPS),
            0.15,
            at_least=False,
            note=kind,
        ),
        Metric(
            "film: cost of 30 s in pictures of 25 steps",
            cost / one,
            75.0,
            at_least=False,
            note=f"{kind}, {FPS} frames a second",
        ),
    ]
    details = {
        "changes_seen_s": late,
        "segments": [one.label for one in result.segments],
        "painted": result.painted,
    }
    swells, each = swell_metrics(classifier, studio, folder, side_px, quality)
    return [*metrics, *swells, tiny_memory_metric(folder, track)], {**details, "swells": each}
