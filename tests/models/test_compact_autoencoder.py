"""The picture autoencoder of few latents."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sonic_ui.models.compact_autoencoder import CompactAutoencoder, sharpened
from sonic_ui.models.latents import compression_factor, decode_latents, encode_picture

SMALL = {
    "latent_channels": 4,
    "encoder_block_out_channels": (8, 16),
    "encoder_layers_per_block": (0, 1),
    "reduction": 4,
    "decoder_channels": (16, 8, 8),
    "decoder_blocks": (1, 1, 0),
}


def test_pictures_go_in_and_come_out_at_their_size() -> None:
    vae = CompactAutoencoder(**SMALL)
    pictures = torch.rand(2, 3, 32, 64) * 2 - 1
    latents = encode_picture(vae, pictures)
    assert latents.shape == (2, 4, 4, 8) and compression_factor(vae) == 8
    assert decode_latents(vae, latents).shape == vae(pictures).shape == pictures.shape


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    vae = CompactAutoencoder(**SMALL).eval()
    vae.save_pretrained(tmp_path)
    again = CompactAutoencoder.from_pretrained(tmp_path).eval()
    pictures = torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(vae(pictures), again(pictures))


def test_an_encoder_and_a_decoder_of_different_factors_are_refused() -> None:
    with pytest.raises(ValueError, match="8 times smaller, the decoder 4 times larger"):
        CompactAutoencoder(**SMALL | {"decoder_channels": (16, 8), "decoder_blocks": (1, 1)})


def test_sharpened_edges_are_steeper_and_flat_parts_stay() -> None:
    edge = torch.cat([torch.full((1, 3, 16, 8), -0.5), torch.full((1, 3, 16, 8), 0.5)], -1)
    soft = torch.nn.functional.avg_pool2d(edge, 3, 1, 1, count_include_pad=False)
    sharp = sharpened(soft, 0.5)

    def steepest(picture: torch.Tensor) -> float:
        return float(picture.diff(dim=-1).max())

    assert steepest(sharp) > 1.1 * steepest(soft)
    torch.testing.assert_close(sharp[..., :4], soft[..., :4])
    assert sharpened(soft, 0.0) is soft
    plain, other = CompactAutoencoder(**SMALL).eval(), CompactAutoencoder(**SMALL, sharpness=0.5).eval()
    other.load_state_dict(plain.state_dict())
    with torch.no_grad():
        decoded = (vae.decode(torch.ones(1, 4, 2, 2)).sample for vae in (plain, other))
        first, second = decoded
    torch.testing.assert_close(second, sharpened(first, 0.5))
