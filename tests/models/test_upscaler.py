"""The upscaler: begins as interpolation, tiles without seams, and released networks through spandrel."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from sonic_ui.models.upscaler import PictureUpscaler, Upscaler, load_network, load_released, tile_edges
from sonic_ui.requests import BadInput

CPU = torch.device("cpu")


def network(depth: int = 2) -> PictureUpscaler:
    """A network whose every layer does something."""
    torch.manual_seed(0)
    made = PictureUpscaler(channels=8, depth=depth).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return made


def enlarged(upscaler: Upscaler, picture: torch.Tensor, tile_px: int) -> torch.Tensor:
    with torch.inference_mode():
        *_, whole = upscaler.enlarge(picture, tile_px)
    return whole


def test_an_untrained_network_interpolates() -> None:
    picture = torch.rand(2, 3, 8, 12) * 2 - 1
    expected = F.interpolate(picture, scale_factor=2, mode="bicubic", align_corners=False)
    torch.testing.assert_close(PictureUpscaler(channels=4, depth=1)(picture), expected)


def test_tiles_show_no_seams() -> None:
    made = network()
    picture = torch.rand(1, 3, 37, 50)
    upscaler = Upscaler(made, 2, made.reach_px, CPU)
    whole = enlarged(upscaler, picture, 1000)
    assert whole.shape == (1, 3, 74, 100) and whole.std() > 0.1
    torch.testing.assert_close(enlarged(upscaler, picture, 16), whole, atol=1e-5, rtol=0)
    narrow = enlarged(Upscaler(made, 2, 1, CPU), picture, 16)
    assert (narrow - whole).abs().max() > 1e-3, "the neighbourhood counts"


def test_tiles_cover_every_pixel_once() -> None:
    for length in (1, 127, 128, 250, 1000):
        edges = tile_edges(length, 128)
        assert edges[0][0] == 0 and edges[-1][1] == length
        assert all(end == start for (_, end), (start, _) in pairwise(edges))
        assert max(end - start for start, end in edges) <= 192


def test_a_saved_network_comes_back(tmp_path: Path) -> None:
    made = network()
    made.half().save_pretrained(str(tmp_path))
    read = load_network(tmp_path, CPU)
    assert read.scale == 2 and read.reach_px == made.reach_px
    picture = torch.rand(1, 3, 16, 16)
    expected = enlarged(Upscaler(made.float(), 2, made.reach_px, CPU), picture, 64)
    torch.testing.assert_close(enlarged(read, picture, 64), expected)


def test_without_spandrel_a_released_network_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(BadInput, match="pip install spandrel"):
        load_released(tmp_path / "x4.pth", CPU)


def test_a_released_network_enlarges(tmp_path: Path) -> None:
    """Random weights of ESRGAN's own names and shapes, with two blocks."""
    pytest.importorskip("spandrel")
    from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet

    torch.manual_seed(0)
    released = RRDBNet(in_nc=3, out_nc=3, num_filters=8, num_blocks=2, scale=4)
    torch.save(released.state_dict(), tmp_path / "x4.pth")
    upscaler = load_released(tmp_path / "x4.pth", CPU)
    assert upscaler.scale == 4
    picture = torch.rand(1, 3, 20, 24)
    with torch.inference_mode():
        expected = released.eval()(picture).clamp(0, 1)
    torch.testing.assert_close(enlarged(upscaler, picture, 128), expected)
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(BadInput, match=r"“other\.pth” is no upscaler"):
        load_released(tmp_path / "other.pth", CPU)
