"""The sound of a film that grows louder."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.audio.loudness import integrated_lufs, true_peak_dbfs
from sonic_ui.audio.mixing import apply_gain_envelope

RATE = 48_000


def tone(seconds: float = 1.0) -> np.ndarray:
    times = np.arange(int(seconds * RATE)) / RATE
    return (0.1 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)


def test_it_grows_in_step_with_the_frames() -> None:
    swell = apply_gain_envelope(tone(), RATE, [-24.0, -12.0, 0.0, 12.0], 4.0)
    assert swell.dtype == np.float32 and swell.size == 4 * RATE
    at_frames = [integrated_lufs(swell[s : s + 4800], RATE) for s in range(RATE // 2, 4 * RATE, RATE)]
    assert np.diff(at_frames) == pytest.approx([12.0, 12.0, 12.0], abs=1.0)
    assert abs(swell[0]) < 1e-3 and abs(swell[-1]) < 1e-3


def test_peaks_stay_below_the_ceiling() -> None:
    loud = apply_gain_envelope(10 * tone(), RATE, [0.0, 20.0], 1.5)
    assert true_peak_dbfs(loud) <= -0.95


def test_a_steady_gain_leaves_the_sound_as_it_is() -> None:
    samples = tone(2.0)
    middle = slice(RATE // 2, RATE)
    assert apply_gain_envelope(samples, RATE, [0.0], 1.5)[middle] == pytest.approx(samples[middle], abs=1e-6)


@pytest.mark.parametrize("gains", [[], [0.0, float("nan")]])
def test_gains_that_cannot_be(gains: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one is needed"):
        apply_gain_envelope(tone(), RATE, gains, 1.0)
