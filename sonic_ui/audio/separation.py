"""A recording split into stems: what is sustained and what is struck, or a few parts of its spectrogram.

Harmonic-percussive separation by median filters (Fitzgerald, 2010) and non-negative matrix factorisation
(Lee and Seung, 1999) by librosa's `decompose`. Each stem is the recording's own spectrogram under a soft
mask, and the masks sum to one: together the stems are the recording.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_FFT, HOP = 2048, 512
BASES = 4
"""Spectra that the factorisation gives to each part: one thing that sounds has more than one spectrum."""

ITERATIONS = 200
SMALLEST_DB = -40.0
"""Energy of a stem beside that of the recording, below which there is nothing in it."""

HARMONIC = "harmonic"
PARTS = ("2", "3", "4")
WAYS = (HARMONIC, *PARTS)

Samples = NDArray[np.float32]
Magnitude = NDArray[np.float32]


@dataclass(frozen=True)
class Stem:
    """A part of a recording: what it is called, and its samples [T]."""

    name: str
    samples: Samples


def separate(samples: NDArray[np.floating], sample_rate: int, way: str) -> tuple[Stem, ...]:
    """The stems of mono samples [T], the loudest first; those with nothing in them are left out.

    way   one of WAYS: HARMONIC for sustained and struck sounds, or into how many parts. Raises ValueError for
          others
    """
    from librosa import istft, stft
    from librosa.decompose import hpss

    if way not in WAYS:
        raise ValueError(f"way is {way!r}; it is one of {', '.join(WAYS)}")
    samples = np.asarray(samples, dtype=np.float32)
    spectrum = stft(samples, n_fft=N_FFT, hop_length=HOP)
    magnitude = np.abs(spectrum)
    if way == HARMONIC:
        sustained, struck = hpss(magnitude)
        names, parts = ["sustained", "struck"], [sustained, struck]
    else:
        parts = factorised(magnitude, int(way))
        names = [f"part {number + 1}" for number in range(len(parts))]
    stems = [
        Stem(name, istft(spectrum * mask, hop_length=HOP, length=samples.size).astype(np.float32))
        for name, mask in zip(names, soft_masks(parts), strict=True)
    ]
    whole = float(np.sum(np.square(samples))) * 10.0 ** (SMALLEST_DB / 10.0)
    energies = {stem.name: float(np.sum(np.square(stem.samples))) for stem in stems}
    stems.sort(key=lambda stem: -energies[stem.name])
    return tuple(stem for stem in stems if energies[stem.name] > whole)


def soft_masks(parts: Sequence[Magnitude]) -> list[Magnitude]:
    """Wiener masks [F, N] of the magnitudes of parts; they sum to 1."""
    powers = [np.square(part) + 1e-12 for part in parts]
    total = np.sum(powers, axis=0)
    return [(power / total).astype(np.float32) for power in powers]


def factorised(magnitude: Magnitude, count: int) -> list[Magnitude]:
    """Magnitudes [F, N] of `count` parts of a spectrogram [F, N].

    Each part is a group of BASES or so bases of the factorisation whose activations rise and fall together.
    """
    from librosa.decompose import decompose
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    model = NMF(
        BASES * count, init="nndsvda", beta_loss="frobenius", max_iter=ITERATIONS, tol=1e-3, random_state=0
    )
    with warnings.catch_warnings():  # it is bounded, not run to its end
        warnings.simplefilter("ignore", ConvergenceWarning)
        spectra, activations = decompose(magnitude, transformer=model, sort=True)
    centred = activations - activations.mean(axis=1, keepdims=True)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    groups = AgglomerativeClustering(count, linkage="average", metric="precomputed").fit_predict(
        np.maximum(1.0 - centred @ centred.T, 0.0)
    )
    return [
        (spectra[:, groups == group] @ activations[groups == group]).astype(np.float32)
        for group in range(count)
    ]
