"""A sound turned up and down along a drawn curve, so that it stays what it is.

The curve is the sound's envelope, not its energy frame by frame: the gain evens out the sound's own course
over `LEVEL_S` and puts the curve in its place; what is faster (a bark, a stroke of a clock) stays. Where the
curve is high and nothing sounds for longer than `LONGEST_REST_S`, no gain would help: what sounds elsewhere
is put there once more, so that a dog barks more often where it shall be loud.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from sonic_ui.audio.energy import ENERGY_HZ, resample_curve, rms_energy, smooth

LEVEL_S = 0.3
"""What is slower than this is the envelope, and goes as the curve; what is faster is the sound's own."""

MOST_LIFT_DB = 18.0
"""No moment is turned up by more, relative to the loudest: that would bring up what is not the source's."""

QUIET_DB = -14.0
"""A moment whose level is so far below the loudest is a rest."""

LONGEST_REST_S = 0.35
"""Longer rests are filled where the curve is high."""

AUDIBLE_SHARE = 0.2
"""Share of the curve's largest value from which on something shall be heard."""

STROKE_S = 0.6
"""A shorter stretch of the curve is one event: something begins with it."""

MISSED = 0.2
"""A stroke in which less than this share of the loudest sounds is missed."""

PASSES = 3
FADE_S = 0.03

Samples = NDArray[np.float32]
Given = NDArray[np.floating[Any]]


def level_of(energy: Given, width_s: float = LEVEL_S) -> Samples:
    """The slow course [frames] of an energy [frames]: its largest value nearby, smoothed."""
    width = max(1, round(width_s * ENERGY_HZ))
    return smooth(maximum_filter1d(np.asarray(energy, np.float64), width, mode="nearest"), width_s / 2)


def follow_curve(samples: Samples, sample_rate: int, curve: Given, *, amount: float = 1.0) -> Samples:
    """The samples [T] with their envelope along `curve` [frames] in [0, 1].

    amount   1 puts the curve in place of the sound's own course, 0 leaves the sound as it is, 2 exaggerates
    """
    if samples.size == 0 or amount <= 0 or np.max(curve, initial=0.0) <= 0:
        return samples
    sound = fill_rests(samples, sample_rate, curve, share=min(amount, 1.0))
    energy = smooth(rms_energy(sound, sample_rate))
    level = level_of(energy)
    loudest = float(level.max(initial=0.0))
    if loudest <= 0:
        return samples
    target = resample_curve(curve, energy.size).astype(np.float64)
    lowest = loudest * 10 ** (-MOST_LIFT_DB / 20)
    gain = (target / target.max()) * loudest / np.maximum(level, lowest)
    gain = np.maximum(gain, 1e-4) ** amount
    at = (np.arange(sound.size) + 0.5) / sample_rate * ENERGY_HZ - 0.5
    return (sound * np.interp(at, np.arange(gain.size), gain)).astype(np.float32)


def fill_rests(samples: Samples, sample_rate: int, curve: Given, *, share: float = 1.0) -> Samples:
    """The samples [T] with what sounds in them put into rests as well, where `curve` [frames] is high.

    share   how loud that is, relative to where it was taken from
    """
    energy = smooth(rms_energy(samples, sample_rate)).astype(np.float64)
    loudest = float(energy.max(initial=0.0))
    if loudest <= 0:
        return samples
    relative = np.minimum(energy / loudest, 1.0)
    target = resample_curve(curve, energy.size).astype(np.float64)
    target /= max(float(target.max(initial=0.0)), 1e-9)
    filled, added, now = samples.copy(), samples * np.float32(share), relative
    for _ in range(PASSES):  # what is put into a long rest may end before it does
        for start, end in rests_of(now, target):
            source = best_source(relative, target[start:end])
            if source is not None:
                _lay(filled, added, sample_rate, start, source, end - start)
        now = np.minimum(smooth(rms_energy(filled, sample_rate)) / loudest, 1.0)
    return filled


def rests_of(relative: NDArray[np.float64], target: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Frames [start, end) in which a sound rests though the target is high: for long, or at a whole stroke.

    relative   energy over its largest value [frames]
    """
    audible = target > AUDIBLE_SHARE
    strokes = [
        (a, b)
        for a, b in runs_of(audible)
        if b - a <= STROKE_S * ENERGY_HZ and np.dot(relative[a:b], target[a:b]) < MISSED * target[a:b].sum()
    ]
    open_frames = (level_of(relative, 0.1) < 10 ** (QUIET_DB / 20)) & audible
    for a, b in strokes:
        open_frames[a:b] = False
    longest = LONGEST_REST_S * ENERGY_HZ
    return sorted(strokes + [(a, b) for a, b in runs_of(open_frames) if b - a > longest])


def runs_of(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches [start, end) that are on [frames]."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def best_source(relative: NDArray[np.float64], target: NDArray[np.float64]) -> int | None:
    """Where the stretch begins that sounds most along the target [n]: quietly, and it ends so if it can.

    None where nothing sounds.
    """
    count = target.size
    if relative.size <= count:
        return None
    along = np.correlate(np.minimum(2 * relative, 1.0), target, mode="valid") / max(float(target.sum()), 1e-9)
    starts, ends = relative[: along.size], relative[count - 1 : count - 1 + along.size]
    best = int(np.argmax(along - starts - 0.3 * ends))
    return best if along[best] > MISSED / 2 else None


def _lay(out: Samples, samples: Samples, sample_rate: int, start: int, source: int, frames: int) -> None:
    """Add a stretch of `samples`, faded in and out, to `out` in place."""
    per_frame = sample_rate / ENERGY_HZ
    a, b, n = round(start * per_frame), round(source * per_frame), round(frames * per_frame)
    n = min(n, out.size - a, samples.size - b)
    fade = min(round(FADE_S * sample_rate), n // 2)
    window = np.ones(n, np.float32)
    ramp = (np.arange(fade, dtype=np.float32) + 0.5) / max(fade, 1)
    window[:fade], window[n - fade :] = ramp, ramp[::-1]
    out[a : a + n] += samples[b : b + n] * window
