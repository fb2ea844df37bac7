"""How near generated sounds are to true ones, and what a vocoder alone takes away.

Fréchet audio distance (arXiv 1812.08466) on features of a classifier that made nothing and ranked nothing.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonic_ui.audio.loudness import set_lufs
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.models.mel import HOP, SAMPLE_RATE, GriffinLimVocoder, log_mel, spectrum
from sonic_ui.models.sound_classifier import SoundClassifier
from sonic_ui.scenes.world import SOURCES

COMPARED_LUFS = -24.0
AUDIBLE_DB = 60.0
"""Bins that are further below a sound's loudest one are not compared."""

TEXTURE_WINDOWS = (256, 1024)
TEXTURE_BANDS = 8
TEXTURE_FROM_HZ = 250.0
TEXTURE_FLOOR = 1e-3

Sounds = Sequence[NDArray[np.float32]]


def mels_of(sounds: Sounds) -> Tensor:
    """Log-mels [N, T, M] of sounds [T] at 16 kHz, all at one loudness."""
    length = min(sound.size for sound in sounds)
    levelled = np.stack([set_lufs(sound[:length], SAMPLE_RATE, COMPARED_LUFS) for sound in sounds])
    return log_mel(torch.from_numpy(levelled.astype(np.float32)))


@torch.no_grad()
def name_sound(classifier: SoundClassifier, samples: NDArray[np.float32]) -> str:
    """The source that a sound [T] at 16 kHz is taken for."""
    return SOURCES[int(classifier(mels_of([samples]))[0].argmax())]


@torch.no_grad()
def features_of(classifier: SoundClassifier, sounds: Sounds) -> NDArray[np.float64]:
    """Features [N, D] of every second of some sounds."""
    return classifier.window_features(mels_of(sounds)).double().numpy()


def texture_features(sounds: Sounds) -> NDArray[np.float64]:
    """Statistics [N, D] of the grain of every second of sounds [T] at 16 kHz, all at one loudness.

    In eight bands and two resolutions (16 and 64 ms): mean and deviation of the magnitudes in nats, and their
    mean change from frame to frame, which tells clicks from hiss and hiss from tones. No network has part in
    it, and it sees what log-mels of 25 ms lack. Sound textures are told apart by such statistics of bands
    (McDermott and Simoncelli 2011).
    """
    length = min(sound.size for sound in sounds) // SAMPLE_RATE * SAMPLE_RATE
    levelled = [set_lufs(sound[:length], SAMPLE_RATE, COMPARED_LUFS) for sound in sounds]
    seconds = torch.from_numpy(np.stack(levelled).astype(np.float32)).reshape(-1, SAMPLE_RATE)
    features = []
    for window in TEXTURE_WINDOWS:
        logs = spectrum(seconds, window, window // 4).abs().clamp(min=TEXTURE_FLOOR).log()
        edges = np.geomspace(TEXTURE_FROM_HZ, SAMPLE_RATE / 2, TEXTURE_BANDS + 1) * window / SAMPLE_RATE
        for low, high in pairwise(np.round(edges).astype(int)):
            band = logs[:, low : max(high, low + 2)]
            change = band.diff(dim=2).abs().mean((1, 2))
            features += [band.mean((1, 2)), band.std((1, 2)), change]
    return torch.stack(features, 1).double().numpy()


def texture_distance(sounds: Sounds, reference: NDArray[np.float64]) -> float:
    """Fréchet distance of sounds' textures to those of others, in units of the others' deviation."""
    scale = reference.std(0).clip(min=1e-6)
    return frechet_distance(texture_features(sounds) / scale, reference / scale)


def frechet_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Fréchet distance of the Gaussians that fit features [N, D] and [M, D]."""
    from scipy.linalg import sqrtm

    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    cross = np.real(sqrtm(first @ second))
    mean = np.square(a.mean(0) - b.mean(0)).sum()
    return float(max(0.0, mean + np.trace(first) + np.trace(second) - 2 * np.trace(cross)))


def log_spectral_distance(true: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Mean over time of the RMS difference in dB of two sounds' spectra; of audible bins alone."""
    length = min(true.size, other.size)
    pair = torch.from_numpy(np.stack([true[:length], other[:length]]))
    db = 20 * spectrum(pair).abs().clamp(min=1e-7).log10()
    floor = db[0].max() - AUDIBLE_DB
    loud = db[0].amax(0) > floor
    gap = (db[0].clamp(min=floor) - db[1].clamp(min=floor))[:, loud]
    return float(gap.square().mean(0).sqrt().mean())


@torch.no_grad()
def resynthesised(vocoder: Any, sounds: Sounds) -> list[NDArray[np.float32]]:
    """Sounds [T] at 16 kHz as a vocoder gives them back from their log-mels."""
    whole = [sound[: sound.size - sound.size % HOP] for sound in sounds]
    return [vocoder(log_mel(torch.from_numpy(sound)[None]))[0].numpy() for sound in whole]


def quality_metrics(
    vocoder: Any, classifier: SoundClassifier, true: Sounds, generated: Sounds
) -> list[Metric]:
    """Distance of generated sounds to true ones, over that of true log-mels through Griffin-Lim; and each
    vocoder alone. The reference are other true sounds than those that go through a vocoder.
    """
    half = len(true) // 2
    reference, spoken = features_of(classifier, true[:half]), true[half:]
    textures = texture_features(true[:half])
    vocoders: dict[str, Any] = {"Griffin-Lim": GriffinLimVocoder()}
    if not isinstance(vocoder, GriffinLimVocoder):
        vocoders["learned"] = vocoder
    metrics, note = [], f"{len(spoken)} held-out sounds"
    for name, one in vocoders.items():
        back = resynthesised(one, spoken)
        pairs = zip(spoken, back, strict=True)
        distance = float(np.mean([log_spectral_distance(*pair) for pair in pairs]))
        metrics.append(Metric(f"vocoder, {name}: log-spectral distance in dB", distance, note=note))
        grain = texture_distance(back, textures)
        metrics.append(Metric(f"vocoder, {name}: Fréchet distance of textures", grain, note=note))
        far = frechet_distance(features_of(classifier, back), reference)
        metrics.append(Metric(f"vocoder, {name}: Fréchet audio distance of true log-mels", far, note=note))
    grain = texture_distance(spoken, textures)
    metrics.append(Metric("true sounds: Fréchet distance of textures to others", grain, note=note))
    grain = texture_distance(generated, textures)
    metrics.append(Metric("generated sounds: Fréchet distance of textures", grain, note=note))
    own = frechet_distance(features_of(classifier, generated), reference)
    whole = f"{len(generated)} sounds, no curve"
    metrics.append(Metric("Fréchet audio distance of generated sounds", own, note=whole))
    plain = next(
        metric.value for metric in metrics if metric.name.startswith("vocoder, Griffin-Lim: Fréchet")
    )
    ratio = own / max(plain, 1e-9)
    metrics.append(Metric("the same over that of Griffin-Lim on true log-mels", ratio, note=whole))
    return metrics
