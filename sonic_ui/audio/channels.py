"""Mono as a listener hears it: which channels of a file are summed, and how loud their sum is.

Each is weighted as ITU-R BS.775-3, annex 4, table 2 does for mono where the layout is known (L and R 0.7071,
centre 1, surrounds 0.5, no LFE), else all alike; the weights are divided by their sum, so that channels which
carry the same keep its level. Then:

- silent channels, those of a constant too, do not count: one of sixteen is as loud as it is alone;
- where channels cancel each other (a cable wired the wrong way), the loudest is taken as it is;
- a sum that is up to 4 dB quieter than its loudest channel stays so (two unrelated channels lose 3 dB): an
  ordinary stereo file is the mean of its channels, to the bit. From 6 dB on, which a sound in one of two
  loses, all of the loss is made good, and between the two in proportion;
- first-order ambisonics is its omnidirectional channel W: AmbiX with the weight 1 (SN3D), FuMa with sqrt(2)
  (Malham, "Higher order Ambisonic systems", 2003). Where W is 10 dB quieter than another channel it is no W,
  and the rules above hold.
"""

import numpy as np
from numpy.typing import NDArray

Layout = tuple[str, ...]
"""Names of channels in order, as FFmpeg calls them (FL, FR, FC, LFE, ...); empty where they are not known."""

AMBIX: Layout = ("AMBI0", "AMBI1", "AMBI2", "AMBI3")
FUMA: Layout = ("W", "X", "Y", "Z")

BS_775 = {"FL": 0.7071, "FR": 0.7071, "FC": 1.0, "BC": 0.7071, "LFE": 0.0, "LFE2": 0.0}
SURROUND = 0.5
"""Weight of every other channel."""

SILENT_DB = -60.0
"""A channel this far below the loudest does not count."""

CANCELLED = 0.25
"""Power of a sum, relative to that of unrelated channels, below which they cancel each other."""

KEPT_LOSS_DB, RESTORED_LOSS_DB = 4.0, 6.0
LEAST_W_DB = -10.0


class Moments:
    """Sums over frames, from which the covariance of channels [C, C] follows; add blocks [frames, C]."""

    def __init__(self, channels: int) -> None:
        self._frames = 0
        self._sums = np.zeros(channels)
        self._products = np.zeros((channels, channels))

    def add(self, block: NDArray[np.floating]) -> None:
        """Add a block [frames, C] of finite samples."""
        wide = block.astype(np.float64)
        self._frames += len(wide)
        self._sums += wide.sum(axis=0)
        self._products += wide.T @ wide

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance [C, C]: what is constant has no power."""
        mean = self._sums / max(self._frames, 1)
        return self._products / max(self._frames, 1) - np.outer(mean, mean)


def mono_weights(covariance: NDArray[np.float64], layout: Layout = ()) -> NDArray[np.float64]:
    """Weights [C] of the channels in the mono sum of a stretch, by their covariance [C, C] and layout."""
    power = np.maximum(np.diag(covariance), 0.0)
    audible = power > 10 ** (SILENT_DB / 10) * power.max()
    if layout in (AMBIX, FUMA) and power[0] >= 10 ** (LEAST_W_DB / 10) * power.max():
        return np.array([1.0 if layout == AMBIX else np.sqrt(2.0), 0.0, 0.0, 0.0])
    weights = _layout_weights(layout, power.size)
    if (weights * audible).any():
        weights = weights * audible
    elif audible.any():
        weights = audible.astype(np.float64)
    weights = weights / weights.sum()
    loudest = int(np.argmax(np.where(weights > 0, power, -1.0)))
    mixed = float(weights @ covariance @ weights)
    if mixed <= CANCELLED * float(np.square(weights) @ power):
        return np.eye(power.size)[loudest] if audible.any() else weights
    loss_db = 10 * np.log10(power[loudest] / mixed)
    share = np.clip((loss_db - KEPT_LOSS_DB) / (RESTORED_LOSS_DB - KEPT_LOSS_DB), 0.0, 1.0)
    return weights * 10 ** (share * loss_db / 20)


def _layout_weights(layout: Layout, channels: int) -> NDArray[np.float64]:
    """Weights [C] before anything is known of the sound."""
    if len(layout) != channels or layout in (AMBIX, FUMA):
        return np.ones(channels)
    weights = np.array([BS_775.get(name, SURROUND) for name in layout])
    return weights if weights.any() else np.ones(channels)


def weighted_sum(block: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Mono samples [frames] of a block [frames, C] by the weights [C] of its channels."""
    used = np.flatnonzero(weights)
    if used.size == 1 and weights[used[0]] == 1.0:
        return block[:, used[0]] + np.float32(0)
    return np.asarray(block @ weights.astype(np.float32))


def block_to_mono(block: NDArray[np.float32], layout: Layout = ()) -> NDArray[np.float32]:
    """One block [frames, C] of finite samples by itself as mono samples [frames]."""
    moments = Moments(block.shape[1])
    moments.add(block)
    return weighted_sum(block, mono_weights(moments.covariance, layout))
