"""From what is heard along a track to the course of its film: segments, the path of embeddings, strengths."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio import tracks
from sonic_ui.engine.events import FilmSegment
from sonic_ui.engine.tracks import TrackAnalysis
from sonic_ui.pipelines.film_path import (
    REFINE_S,
    FilmCourse,
    FilmPath,
    Segment,
    change_points,
    loudness_scales,
    refined_cut,
    window_weights,
)
from sonic_ui.requests import MakeFilmRequest

SILENCE = "silence"
LEAST_WINDOWS = 3
"""Windows of a segment, at least: what is shorter is no change of what is heard."""

NO_BEATS = "No steady beat was found in this track, so that nothing can be held for beats or kicked by them."


def film_course(request: MakeFilmRequest, track: TrackAnalysis) -> tuple[FilmCourse, list[str]]:
    """What decides the pictures of a film, and sentences about what could not be done."""
    notices = []
    part = track.part
    needs_beats = request.hold_beats > 0 or (request.kick != "none" and request.kick_by == "beats")
    if needs_beats and not len(track.rhythm.beats):
        notices.append(NO_BEATS)
    if not request.content:
        segments: tuple[Segment, ...] = (Segment(part.begin_s, part.end_s),)
    elif request.hold_beats and len(track.rhythm.beats):
        segments = _held(track.rhythm.beats[:: request.hold_beats], part)
    else:
        segments = segments_of(track)
    weights = window_weights(segments, track.times, tracks.WINDOW_S / 2)
    shortest = min(segment.end_s - segment.begin_s for segment in segments)
    change_s = min(request.change_s, max(0.2, shortest))
    smooth = np.inf if not request.content else None
    path = FilmPath(segments, track.times, track.embeddings, weights, change_s)
    if smooth is not None:
        mean = track.embeddings.mean(0, keepdims=True)
        path = FilmPath(segments, track.times[:1], mean / np.linalg.norm(mean), np.ones((1, 1)), change_s)
    scales = loudness_scales(track.levels.power_db, request.loudness, tracks.LEVEL_S)
    return FilmCourse(path, part.begin_s, part.end_s, scales, tracks.LEVEL_S), notices


def segments_of(track: TrackAnalysis) -> tuple[Segment, ...]:
    """The stretches of a track in which one thing is heard."""
    part = track.part
    cuts = [
        track.times[index] - tracks.HOP_S / 2
        for index in change_points(track.embeddings, least=LEAST_WINDOWS)
    ]
    rows = round(REFINE_S / tracks.LEVEL_S)
    exact = []
    for cut in cuts:
        row = refined_cut(track.levels.bands, round((cut - part.begin_s) / tracks.LEVEL_S), rows)
        exact.append(part.begin_s + row * tracks.LEVEL_S)
    shortest = LEAST_WINDOWS * tracks.HOP_S / 2
    edges = [part.begin_s]
    for cut in exact:
        if cut - edges[-1] >= shortest and part.end_s - cut >= shortest:
            edges.append(cut)
    edges.append(part.end_s)
    return tuple(Segment(begin, end) for begin, end in itertools.pairwise(edges))


def _held(changes: NDArray[np.float64], part: tracks.TrackPart) -> tuple[Segment, ...]:
    """Segments from beat to beat."""
    inside = [float(one) for one in changes if part.begin_s + 0.2 < one < part.end_s - 0.2]
    edges = [part.begin_s, *inside, part.end_s]
    return tuple(Segment(begin, end) for begin, end in itertools.pairwise(edges))


def describe_segments(segments: Sequence[Segment], track: TrackAnalysis) -> tuple[FilmSegment, ...]:
    """What is heard in each segment, by name."""
    weights = window_weights(segments, track.times, tracks.WINDOW_S / 2)
    silent = tracks.is_silent_at(track.levels)
    found = []
    for segment, weight in zip(segments, weights, strict=True):
        first = int((segment.begin_s - track.part.begin_s) / tracks.LEVEL_S)
        last = max(first + 1, round((segment.end_s - track.part.begin_s) / tracks.LEVEL_S))
        share = weight / max(float(weight.sum()), 1e-9)
        label = ""
        if silent[first:last].mean() > 0.8:
            label = SILENCE
        elif track.probabilities.shape[1] and float(share @ track.known) >= 0.5:
            label = track.labels[int((share @ track.probabilities).argmax())]
        found.append(FilmSegment(round(segment.begin_s, 3), round(segment.end_s, 3), label))
    return tuple(found)
