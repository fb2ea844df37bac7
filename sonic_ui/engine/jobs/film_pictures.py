"""From what is heard along a track to the pictures of its film: segments, embeddings, strengths, kicks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio import tracks
from sonic_ui.engine.events import FilmSegment
from sonic_ui.engine.jobs.sound_condition import ALONE
from sonic_ui.engine.tracks import TrackAnalysis
from sonic_ui.media.film_frames import Kicks
from sonic_ui.pipelines.film_path import (
    REFINE_S,
    FilmCourse,
    FilmPath,
    FilmPicture,
    Loudness,
    Segment,
    Swell,
    change_points,
    choose_pictures,
    loudness_scales,
    refined_cut,
    settled_loudness,
    window_weights,
)
from sonic_ui.requests import MakeFilmRequest

SILENCE = "silence"
LEAST_WINDOWS = 3
"""Windows of a segment, at least: what is shorter is no change of what is heard."""

LEAST_SILENCE_S = 1.0

MOST_FLASHES_A_SECOND = 1.5
"""Of the kicks that are painted the strongest ones, so many on average."""

FRESH_NOISE = 0.5
"""Share of fresh noise in the picture of a kick of full size."""

HELD_SHARE = 0.4
"""Of a picture that is held for beats: how much of that time the change to the next may take."""

LEAST_SWELL_DB, SWELL_STEP_DB, SWELL_WINDOWS = 6.0, 3.0, 3
"""Range of loudness from which on a stretch swells; at how many windows, and loudnesses, it is heard then."""

EmbedAt = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float32]]
"""Middles [W] of windows in seconds, and gains in dB [K, W] -> their embeddings [K, W, D]."""

NO_BEATS = "No steady beat was found in this track: nothing is held for beats or kicked by them."


@dataclass(frozen=True)
class DecidedFilm:
    """The pictures of a film.

    pictures   `along` of them along the track, in order; then one for each kick that is painted
    segments   what is heard along the track
    notices    sentences about what could not be done
    """

    pictures: tuple[FilmPicture, ...] = field(repr=False)
    along: int
    segments: tuple[FilmSegment, ...]
    notices: tuple[str, ...]

    def picture_at(self, at_s: float) -> FilmPicture:
        """The picture nearest to a time, whole."""
        nearest = min(self.pictures[: self.along], key=lambda one: abs(one.at_s - at_s))
        return replace(nearest, begin=None)


def decide_film(
    request: MakeFilmRequest, track: TrackAnalysis, embed_at: EmbedAt | None = None
) -> DecidedFilm:
    """The pictures of a request's film; `embed_at` hears stretches that swell at every loudness they have."""
    course = film_course(request, track, embed_at)
    pictures = choose_pictures(course)
    kicks = kicks_of(request, track) if request.kick == "noise" else Kicks()
    flashes = [
        course.picture(at_s, noise=round(FRESH_NOISE * request.kick_amount, 3)) for at_s in kicks.times
    ]
    needs_beats = request.hold_beats > 0 or (request.kick != "none" and request.kick_by == "beats")
    notices = (NO_BEATS,) if needs_beats and not len(track.rhythm.beats) else ()
    segments = describe_segments(segments_of(track), track)
    return DecidedFilm((*pictures, *flashes), len(pictures), segments, notices)


def film_course(
    request: MakeFilmRequest, track: TrackAnalysis, embed_at: EmbedAt | None = None
) -> FilmCourse:
    """What decides the pictures, as functions of time."""
    part, half_window = track.part, tracks.WINDOW_S / 2
    settled_db = settled_loudness(track.levels.power_db, tracks.LEVEL_S)
    scales = loudness_scales(settled_db, request.loudness)
    if not request.content:
        whole = (Segment(part.begin_s, part.end_s),)
        mean = track.embeddings.mean(0, keepdims=True)
        path = FilmPath(whole, track.times[:1], mean, np.ones((1, 1)), request.change_s)
        return FilmCourse(path, part.begin_s, part.end_s, scales, tracks.LEVEL_S)
    held = bool(request.hold_beats) and len(track.rhythm.beats) > 0
    segments = _held(track.rhythm.beats[:: request.hold_beats], part) if held else segments_of(track)
    shortest = min(segment.end_s - segment.begin_s for segment in segments)
    change_s = min(request.change_s, HELD_SHARE * shortest if held else shortest)
    weights = window_weights(segments, track.times, half_window) * audible_windows(track)[None]
    weights = _carried_over_silence(weights)
    loudness = Loudness(settled_db, part.begin_s, tracks.LEVEL_S)
    path = FilmPath(segments, track.times, track.embeddings, weights, change_s)
    if request.by_name and request.picture is None:
        names = _names_to_paint(segments, track)
        path = replace(path, names=names, loudness=loudness if request.loudness else None)
    if held:
        path = replace(path, smooth_s=np.inf)
    elif request.loudness and embed_at is not None:
        swells = tuple(
            _swell(segment, weight, track.times, loudness, embed_at)
            for segment, weight in zip(segments, weights, strict=True)
        )
        path = replace(path, loudness=loudness, swells=swells)
    return FilmCourse(path, part.begin_s, part.end_s, scales, tracks.LEVEL_S)


def _swell(
    segment: Segment,
    weight: NDArray[np.float64],
    times: NDArray[np.float64],
    loudness: Loudness,
    embed_at: EmbedAt,
) -> Swell | None:
    """What a segment is heard as over the loudness that it has: a few of its loudest windows, at gains. None
    where it stays as loud as it is.

    weight   how far each window, at `times` [W], belongs to it
    """
    level_db = loudness.at(np.arange(segment.begin_s, segment.end_s, tracks.LEVEL_S))
    inside = np.flatnonzero(weight > 0.5)
    if not len(inside) or np.ptp(level_db) < LEAST_SWELL_DB:
        return None
    windows_db = loudness.at(times[inside])
    loudest = inside[np.argsort(-windows_db)[: max(SWELL_WINDOWS, len(inside) // 3)]]
    chosen = loudest[np.unique(np.linspace(0, len(loudest) - 1, SWELL_WINDOWS).round().astype(int))]
    count = round(float(np.ptp(level_db)) / SWELL_STEP_DB) + 1
    lufs = np.linspace(level_db.min(), level_db.max(), count)
    gains_db = lufs[:, None] - loudness.at(times[chosen])[None]
    return Swell(lufs, embed_at(times[chosen], gains_db).mean(1))


def _carried_over_silence(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights [S, W]; a segment in which nothing sounds has those of the one before, or after."""
    sounding = np.flatnonzero(weights.max(1) > 1e-3)
    carried = weights.copy()
    for number in range(len(weights)):
        if len(sounding) and number not in sounding:
            before = sounding[sounding < number]
            carried[number] = weights[before[-1] if len(before) else sounding[0]]
    return carried


def audible_windows(track: TrackAnalysis) -> NDArray[np.float64]:
    """How much of each window [W] is not silent; all of them, where a track has nothing else to go by."""
    silent = tracks.is_silent_at(track.levels)
    half = tracks.WINDOW_S / 2
    shares = []
    for middle in track.times:
        first = max(0, int((middle - half - track.part.begin_s) / tracks.LEVEL_S))
        last = max(first + 1, int((middle + half - track.part.begin_s) / tracks.LEVEL_S))
        shares.append(1.0 - float(silent[first:last].mean()) if first < len(silent) else 1.0)
    return np.maximum(np.array(shares), 1e-6)


def segments_of(track: TrackAnalysis) -> tuple[Segment, ...]:
    """The stretches of a track in which one thing is heard."""
    part, rows = track.part, round(REFINE_S / tracks.LEVEL_S)
    shortest = LEAST_WINDOWS * tracks.HOP_S / 2
    edges = [part.begin_s]
    for index in change_points(track.embeddings, least=LEAST_WINDOWS):
        rough = track.times[index] - tracks.HOP_S / 2
        row = refined_cut(track.levels.bands, round((rough - part.begin_s) / tracks.LEVEL_S), rows)
        cut = part.begin_s + row * tracks.LEVEL_S
        if cut - edges[-1] >= shortest and part.end_s - cut >= shortest:
            edges.append(cut)
    quiet = [edge for begin, end in silent_stretches(track) for edge in (begin, end)]
    kept = [edge for edge in edges[1:] if all(abs(edge - other) > tracks.WINDOW_S / 2 for other in quiet)]
    inside = [edge for edge in quiet if part.begin_s + 0.3 < edge < part.end_s - 0.3]
    return _joined(_between_edges([part.begin_s, *sorted([*kept, *inside]), part.end_s]), track)


def _joined(segments: Sequence[Segment], track: TrackAnalysis) -> tuple[Segment, ...]:
    """Segments; neighbours of one known name are one: a source that swells moves far and is still itself."""
    joined: list[Segment] = []
    before = ""
    for segment, name in zip(segments, names_of(segments, track), strict=True):
        begin_s = joined.pop().begin_s if name and name == before else segment.begin_s
        joined.append(Segment(begin_s, segment.end_s))
        before = name
    return tuple(joined)


def silent_stretches(track: TrackAnalysis) -> list[tuple[float, float]]:
    """Begin and end in seconds of every stretch of LEAST_SILENCE_S and more in which nothing sounds."""
    silent = np.concatenate([[False], tracks.is_silent_at(track.levels), [False]]).astype(np.int8)
    begins, ends = np.flatnonzero(np.diff(silent) == 1), np.flatnonzero(np.diff(silent) == -1)
    pairs = zip(begins * tracks.LEVEL_S, ends * tracks.LEVEL_S, strict=True)
    origin = track.part.begin_s
    return [
        (origin + float(begin), origin + float(end)) for begin, end in pairs if end - begin >= LEAST_SILENCE_S
    ]


def _held(changes: NDArray[np.float64], part: tracks.TrackPart) -> tuple[Segment, ...]:
    """Segments from beat to beat."""
    inside = [float(one) for one in changes if part.begin_s + 0.2 < one < part.end_s - 0.2]
    return _between_edges([part.begin_s, *inside, part.end_s])


def _between_edges(edges: Sequence[float]) -> tuple[Segment, ...]:
    return tuple(Segment(float(begin), float(end)) for begin, end in pairwise(edges))


def describe_segments(segments: Sequence[Segment], track: TrackAnalysis) -> tuple[FilmSegment, ...]:
    """What is heard in each segment, by name; neighbours of one name are one."""
    found: list[FilmSegment] = []
    for segment, label in zip(segments, names_of(segments, track), strict=True):
        begin_s = round(segment.begin_s, 3)
        if found and found[-1].label == label:
            begin_s = found.pop().begin_s
        found.append(FilmSegment(begin_s, round(segment.end_s, 3), label))
    return tuple(found)


def names_of(segments: Sequence[Segment], track: TrackAnalysis) -> list[str]:
    """What is heard in each segment; empty where it is not known."""
    weights = window_weights(segments, track.times, tracks.WINDOW_S / 2)
    silent = tracks.is_silent_at(track.levels)
    names = []
    for segment, weight in zip(segments, weights, strict=True):
        first = int((segment.begin_s - track.part.begin_s) / tracks.LEVEL_S)
        last = max(first + 1, round((segment.end_s - track.part.begin_s) / tracks.LEVEL_S))
        name = ""
        if silent[first:last].mean() > 0.8:
            name = SILENCE
        elif track.probabilities.shape[1] and _is_known(segment, weight, track):
            name = track.labels[int((weight @ track.probabilities).argmax())]
        names.append(name)
    return names


def _names_to_paint(segments: Sequence[Segment], track: TrackAnalysis) -> tuple[str, ...]:
    """What is heard in each segment, by name; empty of silence, what is not known, and perhaps several."""
    found = []
    weights = window_weights(segments, track.times, tracks.WINDOW_S / 2)
    for name, weight in zip(names_of(segments, track), weights, strict=True):
        inside = weight >= min(0.5, float(weight.max()))
        chances = np.sort(np.median(track.probabilities[inside], 0))
        several = len(chances) > 1 and chances[-2] >= ALONE
        found.append("" if several or name == SILENCE else name)
    return tuple(found)


def _is_known(segment: Segment, weight: NDArray[np.float64], track: TrackAnalysis) -> bool:
    """Whether most of a segment is of known sources; by the long windows in it where several have room:
    over a change two known sounds make one that is not known.

    weight   how far each window [W] belongs to it
    """
    half, flags = tracks.KNOWN_WINDOW_S / 2, track.known
    if segment.end_s - segment.begin_s >= tracks.KNOWN_WINDOW_S + tracks.KNOWN_HOP_S:
        weight = weight * (track.times >= segment.begin_s + half) * (track.times <= segment.end_s - half)
        flags = track.known_long
    return float(weight @ flags) >= 0.5 * float(weight.sum())


def kicks_of(request: MakeFilmRequest, track: TrackAnalysis) -> Kicks:
    """When the picture is kicked, and how far; where that is painted, the strongest alone."""
    rhythm = track.rhythm
    times, strengths = rhythm.onsets, rhythm.strengths
    if request.kick == "none":
        return Kicks()
    if request.kick_by == "beats":
        times, strengths = rhythm.beats, np.where(np.isin(rhythm.beats, rhythm.bars), 1.0, 0.6)
    if request.kick == "noise":
        most = round(MOST_FLASHES_A_SECOND * track.part.duration_s)
        chosen = np.sort(np.argsort(-strengths, kind="stable")[:most])
        times, strengths = times[chosen], strengths[chosen]
        return Kicks(tuple(map(float, times)), tuple(map(float, strengths)))
    return Kicks(tuple(map(float, times)), tuple(map(float, request.kick_amount * strengths)))
