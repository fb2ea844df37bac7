"""Path of a film: what is heard from moment to moment as embeddings, and which pictures are painted for it.

The embeddings of overlapping windows are cut where what is heard changes (least squares with a penalty for
each cut, found by dynamic programming: Killick, Fearnhead and Eckley, "Optimal detection of changepoints with
a linear computational cost", 2012, section 2). Between two cuts the path is smooth; over a cut it leads from
one side to the other within `change_s`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sonic_ui.media.sound_words import Blend, NamedSound, SoundWords, level_of, mixed_blends

Vectors = NDArray[np.float32]

PENALTY = 0.9
"""Squared distance to the mean that a further cut has to save, for embeddings of unit length."""

SMOOTH_S = 6.0
"""Deviation of the weights by which windows between two cuts are averaged."""

REFINE_S = 1.0
"""A cut is moved by so much at most, to where the bands of the sound change most."""


@dataclass(frozen=True)
class Segment:
    """A stretch in which one thing is heard, in seconds."""

    begin_s: float
    end_s: float


def change_points(vectors: Vectors, penalty: float = PENALTY, least: int = 3) -> list[int]:
    """Where the mean of vectors [N, D] changes: the first index of every segment but the first.

    least   vectors of a segment, at least
    """
    count = len(vectors)
    if count < 2 * least:
        return []
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, 0, dtype=np.float64)])
    squares = np.concatenate([[0.0], np.cumsum(np.square(vectors, dtype=np.float64).sum(1))])
    best = np.full(count + 1, np.inf)
    best[0] = -penalty
    came_from = np.zeros(count + 1, int)
    for end in range(least, count + 1):
        starts = np.arange(0, end - least + 1)
        lengths = end - starts
        within = squares[end] - squares[starts] - np.square(sums[end] - sums[starts]).sum(1) / lengths
        total = best[starts] + within + penalty
        came_from[end] = int(starts[total.argmin()])
        best[end] = float(total.min())
    cuts, at = [], count
    while at > 0:
        at = int(came_from[at])
        cuts.append(at)
    return sorted(cuts)[1:]


def refined_cut(bands: Vectors, at: int, reach: int) -> int:
    """The index near `at` where bands [N, D] are split best into two means; at most `reach` away."""
    begin, end = max(0, at - 2 * reach), min(len(bands), at + 2 * reach)
    low, high = max(begin + 2, at - reach), min(end - 2, at + reach)
    if high <= low:
        return at
    part = bands[begin:end]
    errors = [_error(part[: k - begin]) + _error(part[k - begin :]) for k in range(low, high + 1)]
    return low + int(np.argmin(errors))


def _error(rows: Vectors) -> float:
    return float(np.square(rows - rows.mean(0)).sum())


@dataclass(frozen=True)
class Loudness:
    """Loudness along a track, in LUFS: one value [N] for each `level_s` from `begin_s` on."""

    values: NDArray[np.float64] = field(repr=False)
    begin_s: float
    level_s: float

    def at(self, times: ArrayLike) -> NDArray[np.float64]:
        """Loudness at times [...] in seconds."""
        places = (np.asarray(times, np.float64) - self.begin_s) / self.level_s - 0.5
        return np.asarray(np.interp(places, np.arange(len(self.values)), self.values))


@dataclass(frozen=True)
class Swell:
    """What a segment's sound is heard as, louder or softer: embeddings [K, D] at `lufs` [K], rising."""

    lufs: NDArray[np.float64] = field(repr=False)
    embeddings: Vectors = field(repr=False)

    def at(self, lufs: float) -> NDArray[np.float64]:
        """The embedding [D] at a loudness; beyond the ends that of the end."""
        place = float(np.interp(lufs, self.lufs, np.arange(len(self.lufs))))
        below = min(int(place), len(self.lufs) - 1)
        above = min(below + 1, len(self.lufs) - 1)
        share = place - below
        return (1 - share) * self.embeddings[below] + share * self.embeddings[above]


@dataclass(frozen=True)
class FilmPath:
    """Embeddings along a track.

    segments     one after the other, without gaps
    times        middles [W] of the windows; embeddings: theirs [W, D]
    weights      how far each window belongs to each segment [S, W]
    change_s     how long a change takes
    smooth_s     deviation of the weights by which the windows of a segment are averaged; infinite where it is
                 held as one
    loudness     of the track
    swells       of every segment, None of those whose loudness stays: by them the averaged embedding follows
                 the loudness, which the average blurs
    names        of what is heard in every segment, "" where it has none; empty where none is to be said
    """

    segments: tuple[Segment, ...]
    times: NDArray[np.float64] = field(repr=False)
    embeddings: Vectors = field(repr=False)
    weights: NDArray[np.float64] = field(repr=False)
    change_s: float
    smooth_s: float = SMOOTH_S
    loudness: Loudness | None = None
    swells: tuple[Swell | None, ...] = ()
    names: tuple[str, ...] = ()

    def embedding(self, at_s: float) -> Vectors:
        """The embedding [D] at a time, of unit length."""
        index, other, share = self._sides(at_s)
        own = self._within(index, at_s)
        return own if share == 0.0 else _unit((1 - share) * own + share * self._within(other, at_s))

    def words(self, at_s: float) -> Blend:
        """What is heard at a time, by name and as loud as it is: texts and their shares; none without."""
        if not self.names:
            return ()
        index, other, share = self._sides(at_s)
        blends = [(self._named(index, at_s), 1 - share), (self._named(other, at_s), share)]
        return tuple((text, round(part, 3)) for text, part in mixed_blends(blends))

    def _named(self, index: int, at_s: float) -> Blend:
        name = self.names[index]
        if not name:
            return (("", 1.0),)
        segment = self.segments[index]
        if self.loudness is None or np.isinf(self.smooth_s):
            at_s = (segment.begin_s + segment.end_s) / 2
        level = 0.5 if self.loudness is None else level_of(float(self.loudness.at(at_s)))
        return SoundWords((NamedSound(name, level),)).blend()

    def _sides(self, at_s: float) -> tuple[int, int, float]:
        """The number of the segment at a time, of the one beside it that is near, and the share of that one:
        half where they meet, 0 from half a change on.
        """
        index = self.segment_at(at_s)
        here, half = self.segments[index], self.change_s / 2
        for other, edge, sign in ((index - 1, here.begin_s, 1.0), (index + 1, here.end_s, -1.0)):
            away = sign * (at_s - edge)
            if 0 <= other < len(self.segments) and away < half:
                return index, other, 0.5 - 0.5 * _ease(away / half)
        return index, index, 0.0

    def segment_at(self, at_s: float) -> int:
        """The number of the segment at a time."""
        begins = [segment.begin_s for segment in self.segments]
        return max(0, int(np.searchsorted(begins, at_s, side="right")) - 1)

    def _within(self, index: int, at_s: float) -> Vectors:
        """The smoothed embedding of a segment at a time, also beyond its ends."""
        weights = self.weights[index] * np.exp(-0.5 * np.square((self.times - at_s) / self.smooth_s))
        total = weights.sum()
        if total < 1e-9:  # far from all of its windows
            weights = self.weights[index]
            total = weights.sum()
        shares = weights / total
        mean: NDArray[np.floating] = shares @ self.embeddings
        swell = self.swells[index] if self.swells else None
        if swell is None or self.loudness is None:
            return _unit(mean)
        here, averaged = self.loudness.at(at_s), shares @ self.loudness.at(self.times)
        return _unit(mean + swell.at(float(here)) - swell.at(float(averaged)))


def _ease(x: float) -> float:
    """0 at 0 and 1 at 1, with no speed at 1 (half a smoothstep)."""
    return x * (1.5 - 0.5 * x * x)


def _unit(vector: NDArray[np.floating]) -> Vectors:
    return (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)


def window_weights(
    segments: Sequence[Segment], times: NDArray[np.float64], half_s: float
) -> NDArray[np.float64]:
    """How far each window [W] belongs to each segment: [S, W]; its share inside, to the fourth power.

    half_s   half the length of a window
    """
    rows = []
    for segment in segments:
        inside = np.minimum(times + half_s, segment.end_s) - np.maximum(times - half_s, segment.begin_s)
        rows.append(np.clip(inside / (2 * half_s), 0.0, 1.0) ** 4)
    weights = np.array(rows)
    lonely = weights.sum(1) < 1e-6
    for index in np.flatnonzero(lonely):  # shorter than a hop: the nearest window
        segment = segments[int(index)]
        middle = (segment.begin_s + segment.end_s) / 2
        weights[int(index), int(np.abs(times - middle).argmin())] = 1.0
    return weights


@dataclass(frozen=True)
class FilmPicture:
    """A picture of a film.

    at_s        its second of the track
    embedding   [D]; scale: factor on the strength of the sound
    begin       None for one that is painted from the noise; else (left, right, position): it starts from a
                blend
                of the pictures so numbered, half denoised, at a position from 0 to 1 between them
    noise       share of fresh noise, 0..1
    words       what is heard, by name, to follow the prompt: texts and their shares
    """

    at_s: float
    embedding: Vectors = field(repr=False)
    scale: float
    begin: tuple[int, int, float] | None = None
    noise: float = 0.0
    words: Blend = ()


# Which pictures are painted

KEY_GAP_S = 2.5
"""Pictures of a steady sound are so far apart at most."""

LEAST_GAP_S = 0.6
"""Between two changes, pictures are so far apart at least."""

MOVED = 0.12
"""How far the embedding, or the scale, may move before another picture is painted."""

BETWEEN_S = 0.25
"""Of a change: pictures between its two sides are about so far apart."""


@dataclass(frozen=True)
class FilmCourse:
    """Everything that decides a film's pictures, as functions of time in seconds.

    path    what is heard; scales: factor on the strength at LEVEL_S steps from `begin_s` on
    """

    path: FilmPath
    begin_s: float
    end_s: float
    scales: NDArray[np.float64] = field(repr=False)
    level_s: float

    def scale(self, at_s: float) -> float:
        """The factor on the strength at a time."""
        if np.isinf(self.path.smooth_s):
            segment = self.path.segments[self.path.segment_at(at_s)]
            at_s = (segment.begin_s + segment.end_s) / 2
        at = (at_s - self.begin_s) / self.level_s - 0.5
        return float(np.interp(at, np.arange(len(self.scales)), self.scales))

    def picture(self, at_s: float, **more: Any) -> FilmPicture:
        """The picture of a time."""
        path = self.path
        scale = round(self.scale(at_s), 3)
        return FilmPicture(at_s, path.embedding(at_s), scale, words=path.words(at_s), **more)


def choose_pictures(course: FilmCourse) -> list[FilmPicture]:
    """The pictures of a film, in order; the first stands at its beginning, the last at its end.

    Whole ones where a segment has its own look, more where what is heard or its loudness moves; over a cut,
    pictures between that start from blends of the whole ones on both sides.
    """
    path, half = course.path, course.path.change_s / 2
    pictures: list[FilmPicture] = []
    last = len(path.segments) - 1
    for number, segment in enumerate(path.segments):
        begin = segment.begin_s + (half if number else 0.0)
        end = segment.end_s - (half if number < last else 0.0)
        if end < begin:  # shorter than a change
            begin = end = (begin + end) / 2
        whole = [course.picture(at_s) for at_s in _moments(course, begin, end)]
        if pictures:
            pictures += _between(course, len(pictures) - 1, pictures[-1], whole[0])
        pictures += whole
    return pictures


def _moments(course: FilmCourse, begin: float, end: float) -> list[float]:
    """Times of whole pictures from `begin` to `end`, both included: denser where more happens."""
    found, at = [begin], begin
    grid = np.arange(begin, end, 0.1)
    if len(grid) < 2:
        return [begin, end] if end - begin > LEAST_GAP_S / 2 else found
    embeddings = np.stack([course.path.embedding(float(one)) for one in grid])
    scales = np.array([course.scale(float(one)) for one in grid])
    anchor = 0
    for index in range(1, len(grid)):
        moved = max(
            float(np.linalg.norm(embeddings[index] - embeddings[anchor])), abs(scales[index] - scales[anchor])
        )
        gap = grid[index] - at
        if gap >= KEY_GAP_S or (gap >= LEAST_GAP_S and moved > MOVED):
            found.append(float(grid[index]))
            at, anchor = float(grid[index]), index
    if end - found[-1] > LEAST_GAP_S / 2:
        found.append(end)
    return found


def _between(
    course: FilmCourse, left_number: int, left: FilmPicture, right: FilmPicture
) -> list[FilmPicture]:
    """Pictures of a change, whose left side has the number `left_number`."""
    gap = right.at_s - left.at_s
    count = max(0, round(gap / BETWEEN_S) - 1)
    pictures = []
    for step in range(1, count + 1):
        position = step / (count + 1)
        at_s = left.at_s + position * gap
        begin = (left_number, left_number + count + 1, position)
        pictures.append(course.picture(at_s, begin=begin))
    return pictures


def settled_loudness(lufs: NDArray[np.float32], level_s: float) -> NDArray[np.float64]:
    """Loudness [N] in LUFS, one for each `level_s`, smoothed and settled; at most RANGE_DB below the loud
    parts.

    What goes to and fro by less than SETTLED_DB on either side moves nothing: barks and strokes do not make
    the picture of a steady sound tremble, a swell is followed all the way.
    """
    width = max(1, round(LOUDNESS_SMOOTH_S / level_s))
    power = 10.0 ** (np.asarray(lufs, np.float64) / 10)
    kernel = np.hanning(2 * width + 1)
    padded = np.pad(power, width, mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")[: len(power)]
    level_db = 10 * np.log10(np.maximum(smooth, 1e-10))
    top = float(np.percentile(level_db, 95))
    return _settled(np.maximum(level_db, top - RANGE_DB), SETTLED_DB)


def loudness_scales(settled_db: NDArray[np.float64], amount: float) -> NDArray[np.float64]:
    """Factors [N] on the strength that follow settled loudness [N]: of the loud parts (95th percentile) 1,
    RANGE_DB below them 1 - amount.
    """
    top = float(np.percentile(settled_db, 95))
    return 1.0 - amount * np.clip((top - settled_db) / RANGE_DB, 0.0, 1.0)


LOUDNESS_SMOOTH_S = 1.5
RANGE_DB = 50.0
SETTLED_DB = 4.0


def _settled(values: NDArray[np.float64], play: float) -> NDArray[np.float64]:
    """Values [N] followed with a play: what moves by less than that to either side stands still."""
    followed, at = np.empty_like(values), float(values[0]) if len(values) else 0.0
    for index, value in enumerate(values):
        at = min(max(at, value - play), value + play)
        followed[index] = at
    return followed
