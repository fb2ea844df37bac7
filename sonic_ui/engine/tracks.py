"""Tracks of requests: what is heard in them from moment to moment, cached by the file's digest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio import tracks
from sonic_ui.audio.tracks import Chunk, Levels, Rhythm, TrackPart
from sonic_ui.engine.caches import LRUCache
from sonic_ui.engine.events import CancelToken, WindowAnalysis
from sonic_ui.engine.inputs import file_digest
from sonic_ui.requests import BadInput

EmbedWindows = Callable[[Sequence[NDArray[np.float32]]], WindowAnalysis]
Report = Callable[[int, int], None]

CACHED_BYTES = 128 * 2**20
"""Of all chunks: near 300 KB each, so hours of sound."""

SILENT = (
    "“{name}” is silent in the part to film: nothing passes −80 dB of full scale. Choose another "
    "part, or another track."
)


@dataclass(frozen=True)
class TrackAnalysis:
    """A part of a track, heard. Times are seconds of the file.

    levels    of the part, one value for each LEVEL_S from `part.begin_s` on
    rhythm    its times are of the file
    times     middles [W] of the windows; embeddings: theirs [W, D], unit length
    labels    names of the sources; probabilities: of each in each window [W, L]
    known     whether each window [W] is of any of these; known_long: whether KNOWN_WINDOW_S around it are
    """

    part: TrackPart
    digest: str
    levels: Levels = field(repr=False)
    rhythm: Rhythm = field(repr=False)
    times: NDArray[np.float64] = field(repr=False)
    embeddings: NDArray[np.float32] = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)
    probabilities: NDArray[np.float32] = field(repr=False)
    known: NDArray[np.bool_] = field(repr=False)
    known_long: NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True)
class ChunkAnalysis:
    """What is heard in a chunk; known_long as in `TrackAnalysis`."""

    levels: Levels = field(repr=False)
    windows: WindowAnalysis = field(repr=False)
    known_long: NDArray[np.bool_] = field(repr=False)


class TrackReader:
    """Reads tracks chunk by chunk, and remembers what was heard in each."""

    def __init__(self) -> None:
        self._chunks: LRUCache[ChunkAnalysis] = LRUCache(max_bytes=CACHED_BYTES)
        self._louder: LRUCache[NDArray[np.float32]] = LRUCache(max_bytes=CACHED_BYTES // 4)

    def is_analyzed(self, part: TrackPart) -> bool:
        """Whether all of a part is analyzed already."""
        digest = file_digest(part.path)
        return all(self._chunks.find((digest, number)) is not None for number in tracks.chunk_numbers(part))

    def analyze(
        self,
        part: TrackPart,
        embed: EmbedWindows,
        labels: tuple[str, ...],
        cancel: CancelToken,
        report: Report = lambda done, total: None,
    ) -> TrackAnalysis:
        """What is heard in a part. Raises `BadInput` for silence, and `Cancelled`.

        report   is told how many of how many chunks are done
        """
        digest, numbers = file_digest(part.path), tracks.chunk_numbers(part)
        found: list[ChunkAnalysis] = []
        for number in numbers:
            if (known := self._chunks.find((digest, number))) is None:
                break
            found.append(known)
        rest = range(numbers.start + len(found), numbers.stop)
        if rest:
            for chunk in tracks.read_chunks(part.path, rest):
                cancel.check()
                report(len(found), len(numbers))
                found.append(self._listen(digest, chunk, embed))
        if not found:
            raise BadInput(f"“{part.name}” is empty, or damaged. Save or record the sound again.", "sound")
        return _analysis(part, digest, numbers.start, found, labels)

    def embed_at(
        self,
        track: TrackAnalysis,
        embed: EmbedWindows,
        middles: NDArray[np.float64],
        gains_db: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        """Windows of a track, their middles [W] in seconds, at gains [K, W] -> their embeddings [K, W, D]."""
        key = (track.digest, middles.tobytes(), gains_db.round(2).tobytes())
        found = self._louder.find(key)
        if found is None:
            windows = tracks.read_windows(track.part.path, middles)
            louder = [
                window * np.float32(10 ** (gain_db / 20))
                for row in gains_db
                for window, gain_db in zip(windows, row, strict=True)
            ]
            found = embed(louder).embeddings.reshape(*gains_db.shape, -1)
            self._louder.put(key, found)
        return found

    def _listen(self, digest: str, chunk: Chunk, embed: EmbedWindows) -> ChunkAnalysis:
        middles, windows = chunk.windows()
        long_middles, long_windows = chunk.windows(tracks.KNOWN_WINDOW_S, tracks.KNOWN_HOP_S)
        nearest = np.abs(middles[:, None] - long_middles[None]).argmin(1)
        known_long = np.asarray(embed(long_windows).is_known)[nearest].astype(bool)
        found = ChunkAnalysis(
            tracks.measure_levels(chunk.own()), replace(embed(windows), times=middles), known_long
        )
        self._chunks.put((digest, chunk.number), found)
        return found


def _analysis(
    part: TrackPart,
    digest: str,
    first: int,
    found: Sequence[ChunkAnalysis],
    labels: tuple[str, ...],
) -> TrackAnalysis:
    origin = first * tracks.CHUNK_S
    levels = _cut(Levels.join([one.levels for one in found]), part.begin_s - origin, part.end_s - origin)
    if tracks.is_silent_at(levels).all():
        raise BadInput(SILENT.format(name=part.name), "sound")
    rhythm = tracks.find_rhythm(levels)
    windows = [one.windows for one in found]
    times = np.concatenate([one.times for one in windows])
    near = (times >= part.begin_s - tracks.HOP_S) & (times <= part.end_s + tracks.HOP_S)
    known = np.concatenate([one.is_known for one in windows]).astype(bool)
    return TrackAnalysis(
        part,
        digest,
        levels,
        replace(
            rhythm,
            onsets=rhythm.onsets + part.begin_s,
            beats=rhythm.beats + part.begin_s,
            bars=rhythm.bars + part.begin_s,
        ),
        times[near],
        np.concatenate([one.embeddings for one in windows])[near],
        labels,
        np.concatenate([one.probabilities for one in windows])[near],
        known[near],
        np.concatenate([one.known_long for one in found])[near],
    )


def _cut(levels: Levels, begin_s: float, end_s: float) -> Levels:
    """Levels from `begin_s` to `end_s`."""
    rows = slice(int(begin_s / tracks.LEVEL_S), max(1, int(np.ceil(end_s / tracks.LEVEL_S - 1e-6))))
    frames = slice(int(begin_s / tracks.ONSET_S), max(1, int(np.ceil(end_s / tracks.ONSET_S - 1e-6))))
    return Levels(levels.power_db[rows], levels.peak_db[rows], levels.bands[rows], levels.onset[frames])
