"""Latents: the same two functions for every autoencoder, and exact inverses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from diffusers import AutoencoderDC, AutoencoderKL, AutoencoderTiny

from sonic_ui.models.latents import (
    LatentNormalizer,
    compression_factor,
    decode_latents,
    encode_picture,
    one_scale_normalizer,
    upper_band_power,
    upper_band_share,
)


def kl() -> AutoencoderKL:
    blocks = ("DownEncoderBlock2D",) * 2, ("UpDecoderBlock2D",) * 2
    return AutoencoderKL(
        3, 3, *blocks, (4, 8), norm_num_groups=2, latent_channels=4, scaling_factor=0.5, shift_factor=0.1
    )


def dc() -> AutoencoderDC:
    return AutoencoderDC(
        3, 4, 4, encoder_block_out_channels=(4, 8), decoder_block_out_channels=(4, 8),
        encoder_layers_per_block=(0, 1), decoder_layers_per_block=(0, 1),
        encoder_qkv_multiscales=((), ()), decoder_qkv_multiscales=((), ()), scaling_factor=0.4,
    )  # fmt: skip


def tiny() -> AutoencoderTiny:
    return AutoencoderTiny(
        encoder_block_out_channels=(4, 4), decoder_block_out_channels=(4, 4),
        num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1),
    )  # fmt: skip


@pytest.mark.parametrize("build", [kl, dc, tiny])
def test_every_autoencoder_reads_and_writes_latents(build: object) -> None:
    torch.manual_seed(0)
    vae = build().eval()  # type: ignore[operator]
    pictures = torch.rand(2, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        latents = encode_picture(vae, pictures)
        decoded = decode_latents(vae, latents)
        normalizer = LatentNormalizer.from_latents(encode_picture(vae, pictures))
        normalized = encode_picture(vae, pictures, normalizer)
        again = decode_latents(vae, normalized, normalizer)
    assert latents.shape == (2, 4, 8, 8)
    assert decoded.shape == pictures.shape == again.shape
    assert compression_factor(vae) == 2


def test_own_scaling_and_normalizer_decode_to_the_same_picture() -> None:
    torch.manual_seed(0)
    vae = kl().eval()
    pictures = torch.rand(2, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        raw = vae.encode(pictures).latent_dist.mode()
        assert torch.allclose(encode_picture(vae, pictures), (raw - 0.1) * 0.5)
        normalizer = LatentNormalizer.from_latents(raw)
        plain = decode_latents(vae, encode_picture(vae, pictures))
        through = decode_latents(vae, encode_picture(vae, pictures, normalizer), normalizer)
    assert torch.allclose(plain, through, atol=1e-4)


def test_a_generator_samples_the_posterior() -> None:
    torch.manual_seed(0)
    vae = kl().eval()
    pictures = torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        one = encode_picture(vae, pictures, generator=torch.Generator().manual_seed(1))
        same = encode_picture(vae, pictures, generator=torch.Generator().manual_seed(1))
        mode = encode_picture(vae, pictures)
    assert torch.equal(one, same) and not torch.equal(one, mode)


def test_normalizer_gives_unit_variance_and_inverts() -> None:
    latents = torch.randn(64, 3, 4, 4) * torch.tensor([1.0, 5.0, 0.1]).view(1, 3, 1, 1) + 3
    normalizer = LatentNormalizer.from_latents(latents)
    normalized = normalizer(latents)
    assert torch.allclose(normalized.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(normalized.std(dim=(0, 2, 3)), torch.ones(3), atol=1e-4)
    assert torch.allclose(normalizer.denormalize(normalized), latents, atol=1e-4)


def test_statistics_survive_saving_and_half_precision(tmp_path: Path) -> None:
    normalizer = LatentNormalizer.from_statistics([1 / 3, -2 / 3], [1 / 7, 3.0])
    expected = normalizer.mean.clone(), normalizer.std.clone()
    normalizer.to(torch.float16).save_pretrained(tmp_path)
    loaded = LatentNormalizer.from_pretrained(tmp_path, torch_dtype=torch.float16)
    for kept in (normalizer, loaded):
        assert torch.equal(kept.mean, expected[0]) and torch.equal(kept.std, expected[1])
    assert loaded.normalize(torch.ones(1, 2, 2, 2, dtype=torch.float16)).dtype == torch.float16


def test_wrong_shapes_name_both_numbers() -> None:
    normalizer = LatentNormalizer(channels=4)
    with pytest.raises(ValueError, match=r"4 latent channels.*\(1, 3, 2, 2\)"):
        normalizer(torch.zeros(1, 3, 2, 2))
    with pytest.raises(ValueError, match=r"\[B, 3, H, W\]"):
        encode_picture(kl(), torch.zeros(3, 16, 16))
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        LatentNormalizer.from_statistics([0.0, 0.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="SimpleNamespace"):
        compression_factor(SimpleNamespace(config={}))  # type: ignore[arg-type]


def test_one_scale_keeps_the_channels_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(200, 2, 4, 4, generator=generator) * torch.tensor([2.0, 0.5]).view(1, 2, 1, 1) + 3
    normalizer = one_scale_normalizer(latents)
    normal = normalizer.normalize(latents)
    assert normal.mean((0, 2, 3)).abs().max() < 1e-4
    assert normal.square().mean() == pytest.approx(1, abs=1e-4)
    assert normal[:, 0].std() / normal[:, 1].std() == pytest.approx(4, abs=0.2)
    assert torch.allclose(normalizer.denormalize(normal), latents, atol=1e-5)


def test_upper_bands_of_noise_and_of_smooth_latents() -> None:
    generator = torch.Generator().manual_seed(0)
    white = torch.randn(64, 4, 8, 8, generator=generator)
    smooth = torch.nn.functional.interpolate(white[..., :2, :2], size=(8, 8), mode="bilinear")
    assert upper_band_share(white) == pytest.approx(54 / 64, abs=0.03), "10 of 64 bands lie below"
    assert upper_band_share(smooth) < 0.05
    checks = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1
    assert upper_band_share(checks.expand(3, 2, 8, 8) + 5) > 0.9


def test_gradients_pass_through_the_power_of_upper_bands() -> None:
    latents = torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)
    before = upper_band_power(latents)
    before.backward()
    assert latents.grad is not None
    assert upper_band_power(latents.detach() - 10 * latents.grad) < before
