"""The sound of a film in which a sound is turned up and down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.mixing import loop_to, with_soft_ends


def swell_along(
    samples: NDArray[np.floating],
    sample_rate: int,
    gains_db: Sequence[float] | NDArray[np.floating],
    duration_s: float,
) -> NDArray[np.float32]:
    """A sound [T] at the gains of a film's frames: float32 [duration_s * sample_rate].

    `gains_db` [N] are those of N frames of equal length; each is reached in the middle of its frame, and the
    way from one to the next is even in dB. The sound runs on underneath, looped. No true peak passes -1 dBTP,
    and the ends fade. Raises ValueError for no gains, or one that is no number.
    """
    gains = np.asarray(gains_db, dtype=np.float64)
    if gains.size == 0 or not np.isfinite(gains).all():
        raise ValueError(f"gains are {gains_db!r}; at least one is needed, each a number of dB")
    length = round(duration_s * sample_rate)
    middles = (np.arange(gains.size) + 0.5) * (length / gains.size)
    gain_db = np.interp(np.arange(length), middles, gains)
    louder = loop_to(samples, length, sample_rate) * 10.0 ** (gain_db / 20.0)
    return with_soft_ends(limit_true_peak(louder.astype(np.float32), sample_rate), sample_rate)
