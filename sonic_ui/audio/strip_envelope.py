"""The natural course of a sound at the moments of a strip, out of the courses of sounds that are like it.

A strip says when something sounds, not how it rises and falls; envelopes of whole sounds say how. Every
stretch of the strip takes the course of a stretch of a remembered envelope, as long as it must be.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.energy import energy_l1, resample_curve, smooth, timestamps

AGREEMENT_SLACK = 0.05
"""Envelopes that agree with the strip nearly as well as the best one are compared with each other."""

MOST_COMPARED = 12
REST = 0.02
"""Level of rests where the remembered envelope has none, relative to the loudest."""

Curve = NDArray[np.float32]
Given = NDArray[np.floating[Any]]
Run = tuple[int, int, bool]


def envelope_of_strip(strip: Given, remembered: Given) -> Curve:
    """A curve [frames] in [0, 1] that sounds where the strip [frames] is on, and goes as such sounds go.

    remembered   envelopes [K, frames] of sounds of this kind, in [0, 1]

    Of those that agree best with the strip, at whatever shift, the one is taken that is most like the others.
    """
    on = np.asarray(strip) > 0.5
    placed = [placed_on_strip(on, rolled) for rolled in _agreeing(on, np.asarray(remembered, np.float64))]
    distances = [sum(energy_l1(one, other) for other in placed) for one in placed]
    return placed[int(np.argmin(distances))]


def placed_on_strip(on: NDArray[np.bool_], envelope: Given) -> Curve:
    """An envelope [frames] whose stretches of sound and of rest are stretched to those of a strip."""
    course = np.asarray(envelope, np.float64) / max(float(np.max(envelope, initial=0.0)), 1e-9)
    own = runs_of(timestamps(course) > 0.5)
    out = np.empty(on.size)
    for start, end, sounding in runs_of(on):
        alike = [run for run in own if run[2] == sounding]
        if not alike:
            out[start:end] = 1.0 if sounding else REST
            continue
        first, last, _ = max(
            alike, key=lambda run: (_overlap(run, start, end), -abs(run[1] - run[0] - end + start))
        )
        out[start:end] = resample_curve(course[first:last], end - start)
    return np.clip(smooth(out, 0.02), 0.0, 1.0)


def runs_of(on: NDArray[np.bool_]) -> list[Run]:
    """Stretches [start, end) in which a strip [frames] stays the same, and whether it is on there."""
    edges = [0, *(np.flatnonzero(np.diff(on.astype(np.int8))) + 1).tolist(), on.size]
    return [(a, b, bool(on[a])) for a, b in pairwise(edges) if b > a]


def _overlap(run: Run, start: int, end: int) -> int:
    return max(0, min(run[1], end) - max(run[0], start))


def _agreeing(on: NDArray[np.bool_], envelopes: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The envelopes, each rolled to where its moments agree best with the strip's, that agree best of all."""
    wanted = np.fft.rfft(2.0 * on - 1.0)
    shifts, agreements = [], []
    for envelope in envelopes:
        own = np.fft.rfft(2.0 * timestamps(envelope) - 1.0)
        along = np.fft.irfft(wanted * own.conj(), on.size) / on.size
        shifts.append(int(along.argmax()))
        agreements.append(float(along.max()))
    best = max(agreements)
    near = [k for k, value in enumerate(agreements) if value >= best - 2 * AGREEMENT_SLACK]
    near.sort(key=lambda k: -agreements[k])
    return [np.roll(envelopes[k], shifts[k]) for k in near[:MOST_COMPARED]]
