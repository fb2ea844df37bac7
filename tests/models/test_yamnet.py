"""YAMNet's features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sonic_ui.models.yamnet import FEATURES, PATCH_FRAMES, YamnetFeatures, yamnet_patches
from sonic_ui.training.yamnet_file import yamnet_weights

ENCODER = Path(__file__).parents[2] / "assets" / "miniature" / "audio_to_image" / "audio_encoder"

RELEASED = (
    *(0.697, 1.066, 0.458, 0.564, 0.288, 0.487, 1.015, 0.469, 0.02, 0.056, 0.311, 0.903),
    *(0.167, 0.262, 0.274, 0.408, 0.183, 0.419, 0.831, 1.275, 0.518, 0.671, 0.932, 0.529),
)


def chirp(seconds: float, sample_rate: int) -> np.ndarray:
    """A tone that rises from 100 Hz to 4100 Hz in a second, again and again."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate % 1.0
    return (0.5 * np.sin(2 * np.pi * (100 * times + 2000 * times**2))).astype(np.float32)


@pytest.fixture(scope="module")
def shipped() -> YamnetFeatures:
    network = YamnetFeatures()
    network.load_state_dict(yamnet_weights(ENCODER / "model.safetensors"))
    return network.eval()


def test_features_are_those_of_the_released_network(shipped: YamnetFeatures) -> None:
    """Means of the same maps of Google's file, as LiteRT 2.3 computes them (in steps of 0.024)."""
    features = shipped(yamnet_patches([chirp(0.975, 16_000)], 16_000))
    assert features.shape == (1, FEATURES)
    expected = torch.tensor(RELEASED)
    assert (features[0, : len(expected)] - expected).abs().max() < 0.02


def test_patches_of_other_rates_are_the_same() -> None:
    low, high = (yamnet_patches([chirp(5.0, rate)], rate) for rate in (16_000, 48_000))
    assert low.shape == high.shape == (1, 9, PATCH_FRAMES, 64)
    assert (low - high).abs().mean() < 0.05


def test_of_several_patches_there_are_the_mean_and_the_most(shipped: YamnetFeatures) -> None:
    patches = yamnet_patches([chirp(3.0, 16_000)], 16_000)
    each = torch.cat([shipped(patches[:, i : i + 1])[:, : FEATURES // 2] for i in range(patches.shape[1])])
    expected = torch.cat([each.mean(0), each.amax(0)])
    assert torch.allclose(shipped(patches)[0], expected, atol=1e-4)


def test_too_short_a_sound_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.50 s"):
        yamnet_patches([chirp(0.5, 16_000)], 16_000)


def test_a_bundle_without_these_weights_is_refused() -> None:
    projector = ENCODER.parent / "audio_projector" / "diffusion_pytorch_model.safetensors"
    with pytest.raises(ValueError, match="no weights of YAMNet"):
        yamnet_weights(projector)
