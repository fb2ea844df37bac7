"""Microsoft CLAP 2022: the published names and sizes, torchlibrosa's log-mel, CNN14's forward pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sonic_ui.audio.decode import resample
from sonic_ui.models.encoders import encode_sound
from sonic_ui.models.microsoft_clap import (
    MicrosoftClap,
    MicrosoftClapFeatures,
    load_microsoft_clap,
    log_mel,
    mel_filters,
)
from sonic_ui.requests import BadInput

RNG = np.random.default_rng(5)
SMALL = {"widths": (4, 4, 6, 6, 8, 8), "embedding_dim": 12}
FULL = {"widths": (64, 128, 256, 512, 1024, 2048), "embedding_dim": 1024}


def tower_shapes(widths: tuple[int, ...], embedding_dim: int) -> dict[str, tuple[int, ...]]:
    """The layout of `audio_encoder.*` in the published file, written out."""
    norms = {"bn0": 64}
    shapes: dict[str, tuple[int, ...]] = {}
    for i, (inner, outer) in enumerate(zip((1, *widths), widths, strict=False), start=1):
        shapes[f"base.conv_block{i}.conv1.weight"] = (outer, inner, 3, 3)
        shapes[f"base.conv_block{i}.conv2.weight"] = (outer, outer, 3, 3)
        norms |= {f"conv_block{i}.bn1": outer, f"conv_block{i}.bn2": outer}
    for name, size in norms.items():
        shapes |= {f"base.{name}.{x}": (size,) for x in ("weight", "bias", "running_mean", "running_var")}
        shapes[f"base.{name}.num_batches_tracked"] = ()
    last = widths[-1]
    return shapes | {
        "base.fc1.weight": (last, last),
        "base.fc1.bias": (last,),
        "projection.linear1.weight": (embedding_dim, last),
        "projection.linear2.weight": (embedding_dim, embedding_dim),
        "projection.layer_norm.weight": (embedding_dim,),
        "projection.layer_norm.bias": (embedding_dim,),
    }


def random_tower() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for name, shape in tower_shapes(**SMALL).items():
        value = torch.randn(shape, generator=generator) * 0.3
        tensors[name] = value.abs() + 0.5 if name.endswith("running_var") else value
    for name in tensors:
        if name.endswith("num_batches_tracked"):
            tensors[name] = torch.tensor(7)
    return tensors


def published(tower: dict[str, Tensor], mel: np.ndarray | None = None) -> dict[str, object]:
    """What the file holds: both towers, constants of the log-mel, AudioSet's classifier, the temperature."""
    last = tower["base.fc1.bias"].shape[0]
    extra = {
        "base.spectrogram_extractor.stft.conv_real.weight": torch.zeros(513, 1, 1).expand(513, 1, 1024),
        "base.spectrogram_extractor.stft.conv_imag.weight": torch.zeros(513, 1, 1).expand(513, 1, 1024),
        "base.logmel_extractor.melW": torch.from_numpy(slaney_filters() if mel is None else mel),
        "base.fc_audioset.weight": torch.zeros(527, last),
        "base.fc_audioset.bias": torch.zeros(527),
    }
    model = {f"audio_encoder.{name}": value for name, value in {**extra, **tower}.items()}
    text = {"caption_encoder.base.embeddings.word_embeddings.weight": torch.zeros(5, 4)}
    return {"model": {**model, **text, "logit_scale": torch.tensor(4.0)}, "epoch": 3}


@pytest.fixture(scope="module")
def tower() -> dict[str, Tensor]:
    return random_tower()


@pytest.fixture(scope="module")
def path(tower: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ckpts") / "CLAP_weights_2022.pth"
    torch.save(published(tower), file)
    return file


# The log-mel, written out


def slaney_filters() -> np.ndarray:
    """[513, 64]: Slaney's mel scale (linear below 1 kHz, logarithmic above) and area normalisation."""
    step = 200 / 3
    octave = np.log(6.4) / 27

    def to_mel(hz: float) -> float:
        return hz / step if hz < 1000 else 1000 / step + np.log(hz / 1000) / octave

    def to_hz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < 15, mel * step, 1000 * np.exp(octave * (mel - 15)))

    edges = to_hz(np.linspace(to_mel(50), to_mel(14_000), 66))
    bins = np.arange(513) * 44_100 / 1024
    filters = np.zeros((513, 64))
    for m in range(64):
        low, centre, high = edges[m : m + 3]
        rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
        filters[:, m] = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    return filters.astype(np.float32)


def reference_log_mel(samples: np.ndarray) -> np.ndarray:
    """[frames, 64] in float64: reflect padding, periodic Hann window, DFT by its matrix, power, dB."""
    padded = np.pad(samples.astype(np.float64), 512, mode="reflect")
    n = np.arange(1024)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / 1024)
    matrix = np.exp(-2j * np.pi * np.outer(n, np.arange(513)) / 1024)
    frames = np.stack([padded[i : i + 1024] for i in range(0, len(padded) - 1023, 320)])
    power = np.abs((frames * window) @ matrix) ** 2
    return 10 * np.log10(np.maximum(power @ slaney_filters().astype(np.float64), 1e-10))


@pytest.mark.parametrize("gain", [0.3, 1e-3])
def test_log_mel_is_torchlibrosas(gain: float) -> None:
    times = np.arange(22_050) / 44_100
    sound = gain * (np.sin(2 * np.pi * 440 * times) + 0.5 * RNG.standard_normal(22_050))
    ours, expected = log_mel(sound.astype(np.float32)), reference_log_mel(sound.astype(np.float32))
    assert ours.shape == expected.shape == (1 + 22_050 // 320, 64)
    assert np.abs(ours - expected).max() < 0.01  # dB


def test_silence_lies_on_the_floor() -> None:
    assert np.allclose(log_mel(np.zeros(4410, np.float32)), -100.0)


def test_filters() -> None:
    assert np.allclose(mel_filters().numpy(), slaney_filters(), rtol=1e-3, atol=1e-7)


def test_features_of_clips() -> None:
    features = MicrosoftClapFeatures(clip_s=0.5)
    assert features.nb_max_samples == 22_050
    made = features([np.zeros(22_050, np.float32)], sampling_rate=44_100)["input_features"]
    assert [feature.shape for feature in made] == [(1, 69, 64)]
    with pytest.raises(ValueError, match="48000 Hz was given"):
        features([np.zeros(22_050, np.float32)], sampling_rate=48_000)


def test_features_keep_their_window_in_a_folder(tmp_path: Path) -> None:
    MicrosoftClapFeatures(clip_s=5.0).save_pretrained(tmp_path)
    again = MicrosoftClapFeatures.from_pretrained(tmp_path)
    assert (again.clip_s, again.nb_max_samples, again.sampling_rate) == (5.0, 220_500, 44_100)


# The network


def reference_embedding(w: dict[str, Tensor], x: Tensor) -> Tensor:
    """Features [B, 1, frames, 64] -> [B, D] from the file's tensors alone."""

    def norm(name: str, x: Tensor, axis: int) -> Tensor:
        shape = [1] * x.ndim
        shape[axis] = -1
        weight, bias, mean, var = (
            w[f"{name}.{k}"].view(shape) for k in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / (var + 1e-5).sqrt() * weight + bias

    x = norm("base.bn0", x, 3)
    for i in range(1, 7):
        for j in (1, 2):
            x = F.conv2d(x, w[f"base.conv_block{i}.conv{j}.weight"], padding=1)
            x = norm(f"base.conv_block{i}.bn{j}", x, 1).clamp(min=0)
        if i < 6:
            b, c, t, f = x.shape
            x = x[:, :, : t // 2 * 2, : f // 2 * 2].reshape(b, c, t // 2, 2, f // 2, 2).mean((3, 5))
    x = x.mean(3)
    x = x.max(2).values + x.mean(2)
    x = F.linear(x, w["base.fc1.weight"], w["base.fc1.bias"]).clamp(min=0)
    first = x @ w["projection.linear1.weight"].T
    gelu = first * 0.5 * (1 + torch.erf(first / 2**0.5))
    total = first + gelu @ w["projection.linear2.weight"].T
    centred = total - total.mean(-1, keepdim=True)
    unit = centred / (total.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    return unit * w["projection.layer_norm.weight"] + w["projection.layer_norm.bias"]


def test_forward_against_its_layers(path: Path, tower: dict[str, Tensor]) -> None:
    encoder = load_microsoft_clap(path, **SMALL)
    features = torch.randn(2, 1, 101, 64) * 10 - 40
    assert torch.allclose(encoder(features), reference_embedding(tower, features), atol=1e-4)
    assert torch.equal(encoder.get_audio_features(features).pooler_output, encoder(features))


def test_a_sound_at_48_khz_is_heard_as_published(path: Path, tower: dict[str, Tensor]) -> None:
    """Resampled, repeated to fill the window, embedded, of unit length."""
    encoder, features = load_microsoft_clap(path, **SMALL), MicrosoftClapFeatures(clip_s=2.0)
    clip = (0.1 * RNG.standard_normal(48_000)).astype(np.float32)
    window = np.resize(resample(clip, 48_000, 44_100), 88_200)
    expected = reference_embedding(tower, torch.from_numpy(log_mel(window))[None, None])
    heard = encode_sound(encoder, features, [clip])
    assert heard.shape == (1, 12)
    assert torch.allclose(heard, F.normalize(expected, dim=-1), atol=1e-4)
    assert torch.equal(heard, encode_sound(encoder, features, [clip]))


def test_full_width(tmp_path: Path) -> None:
    shapes = tower_shapes(**FULL)
    state = {name: torch.tensor(i + 1.0).expand(shape) for i, (name, shape) in enumerate(shapes.items())}
    file = tmp_path / "CLAP_weights_2022.pth"
    torch.save(published(state), file)
    encoder = load_microsoft_clap(file)
    loaded = encoder.state_dict()
    assert {name: tuple(value.shape) for name, value in loaded.items()} == shapes
    assert all(bool((loaded[name] == state[name]).all()) for name in shapes)
    with torch.device("meta"):
        empty = MicrosoftClap().eval()
    assert empty(torch.empty(1, 1, 1379, 64, device="meta")).shape == (1, 1024)


def test_round_trip_through_a_folder(path: Path, tmp_path: Path) -> None:
    encoder = load_microsoft_clap(path, **SMALL)
    encoder.save_pretrained(tmp_path)
    features = torch.randn(1, 1, 64, 64)
    assert torch.equal(MicrosoftClap.from_pretrained(tmp_path)(features), encoder(features))


def test_what_does_not_fit_is_named(tower: dict[str, Tensor], tmp_path: Path) -> None:
    bent = {**tower, "base.fc1.weight": torch.zeros(3, 8), "base.other": torch.zeros(1)}
    del bent["projection.linear2.weight"]
    file = tmp_path / "CLAP_weights_2022.pth"
    torch.save(published(bent), file)
    with pytest.raises(BadInput) as caught:
        load_microsoft_clap(file, **SMALL)
    words = str(caught.value)
    assert "missing: projection.linear2.weight" in words
    assert "unexpected: base.other" in words
    assert "misshapen: base.fc1.weight [3, 8] instead of [8, 8]" in words
    torch.save({"state": {}}, file)
    with pytest.raises(BadInput, match="no tensors by name under 'model'"):
        load_microsoft_clap(file, **SMALL)


def test_other_mel_filters_are_told(tower: dict[str, Tensor], tmp_path: Path) -> None:
    file = tmp_path / "CLAP_weights_2022.pth"
    torch.save(published(tower, slaney_filters() * 1.1), file)
    with pytest.raises(BadInput, match="other mel filters"):
        load_microsoft_clap(file, **SMALL)
