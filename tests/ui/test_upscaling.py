"""Any picture becomes larger and keeps its settings: the endpoint, and what the gallery asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from sonic_ui.engine.events import Cancelled, CancelToken, UpscaleResult
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.serialization import decode, encode
from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import read_settings, write_pictures
from sonic_ui.requests import BadInput, UpscaleImageRequest
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.upscaling import STOPPED, Upscaling
from tests.fakes import FakeBackend
from tests.ui.serving import serving

SETTINGS = {
    "app": "Sonic UI",
    "bundle": "fake",
    "request": {"verb": "sound_to_image", "sound": "rain.wav", "seed": 5, "count": 3},
    "sound_sha256": "0" * 64,
    "pictures": [{"seed": 5}, {"seed": 6}, {"seed": 7}],
}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """The second of three pictures of a result, 32 x 24 px."""
    images = [Image.new("RGB", (32, 24), (80 * number, 90, 160)) for number in range(3)]
    return write_pictures(images, SETTINGS, tmp_path / "result")[1]


@pytest.fixture(scope="module")
def debug_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    yield Studio(LocalBackend(str(debug_bundle(tmp_path_factory.mktemp("bundle")))))


def test_the_endpoint_keeps_the_settings(picture: Path, tmp_path: Path) -> None:
    with serving(Studio(FakeBackend()), tmp_path / "none") as address:
        client = Client(address, verbose=False, analytics_enabled=False, httpx_kwargs={"timeout": 60})
        (path,), settings = client.predict(handle_file(picture), 4, api_name="/upscale_image")
    assert Path(path).name == "rain-5-4x.png"
    with Image.open(path) as larger:
        assert larger.size == (128, 96) and larger.getpixel((3, 3)) == (80, 90, 160)
    kept, before = read_settings(path), read_settings(picture)
    assert kept.pop("upscaled")["factor"] == settings["upscaled"]["factor"] == 4
    assert kept == before and before["seed"] == 6 and before["picture"] == 1


@pytest.mark.parametrize(("factor", "size"), [(2, (300, 260)), (3, (450, 390)), (4, (600, 520))])
def test_the_networks_reach_every_factor(
    debug_studio: Studio, tmp_path: Path, factor: int, size: tuple[int, int]
) -> None:
    path = tmp_path / "holiday.png"
    Image.linear_gradient("L").resize((150, 130)).convert("RGB").save(path)
    *events, result = debug_studio.run(UpscaleImageRequest(picture=str(path), factor=factor))
    assert isinstance(result, UpscaleResult) and result.images[0].size == size
    steps = [event.step for event in events if getattr(event, "total", 0)]
    assert steps == sorted(steps) and len(steps) >= 2
    assert result.settings["request"]["picture"] == "holiday.png" and result.settings["bundle"] == "debug"
    # An untrained network interpolates: the picture is still the same one.
    small = result.images[0].resize((150, 130), Image.Resampling.BOX)
    assert abs(small.getpixel((75, 65))[0] - 127) < 4
    assert decode(encode(result)).request.factor == factor


def test_transparency_stays_and_no_fringe_appears(debug_studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "leaf.png"
    leaf = Image.new("RGBA", (60, 40), (0, 0, 0, 0))  # black beneath what is transparent, as programs save it
    leaf.paste((60, 180, 90, 255), (20, 0, 60, 40))
    leaf.save(path)
    result = [*debug_studio.run(UpscaleImageRequest(picture=str(path), factor=2))][-1]
    assert isinstance(result, UpscaleResult)
    (larger,) = result.images
    assert larger.mode == "RGBA" and larger.size == (120, 80)
    pixels = np.asarray(larger, int)
    assert pixels[:, :34, 3].max() == 0 and pixels[:, 46:, 3].min() == 255
    assert np.abs(pixels[..., :3] - (60, 180, 90)).max() <= 1
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (60, 40), (9, 9, 9, 0)).save(clear)
    (empty,) = [*debug_studio.run(UpscaleImageRequest(picture=str(clear), factor=4))][-1].images
    assert empty.size == (240, 160) and empty.getextrema()[3] == (0, 0)


def test_it_stops_at_the_next_tile(debug_studio: Studio, tmp_path: Path) -> None:
    path, token, seen = tmp_path / "wide.png", CancelToken(), []
    Image.new("RGB", (600, 200)).save(path)
    with pytest.raises(Cancelled):
        for event in debug_studio.run(UpscaleImageRequest(picture=str(path)), token):
            seen.append(event)
            if getattr(event, "step", 0) == 1:
                token.cancel()
    assert not any(isinstance(event, UpscaleResult) for event in seen)


def test_what_would_be_too_large_or_has_no_upscaler_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (2400, 2400)).save(path)
    studio = Studio(FakeBackend())
    with pytest.raises(BadInput, match="2400 × 2400 px; 4 times as large it would have 92 million pixels"):
        list(studio.run(UpscaleImageRequest(picture=str(path), factor=4)))
    with pytest.raises(BadInput, match="takes a whole number from 2 to 4"):
        UpscaleImageRequest(picture=str(path), factor=8)


def values_of(handlers: Upscaling, picture: str | None, factor: float = 2) -> list[dict[str, Any]]:
    request: Any = SimpleNamespace(session_hash="me")
    return [value["upscaling"] for value in handlers.upscale(request, picture, factor)]


def test_the_gallery_is_told_of_progress_and_the_picture(picture: Path) -> None:
    backend = FakeBackend()
    handlers = Upscaling(AppContext(Studio(backend)))
    *working, done = values_of(handlers, str(picture))
    assert [value["kind"] for value in working] == ["working"] * len(working) and working
    assert done["kind"] == "done" and (done["picture"]["width"], done["picture"]["height"]) == (64, 48)
    assert done["settings"]["request"] == SETTINGS["request"]
    (ended,) = values_of(handlers, None)
    assert ended["kind"] == "ended" and "no picture yet" in ended["message"]
    backend.gate.clear()
    run = iter(handlers.upscale(SimpleNamespace(session_hash="me"), str(picture), 2))  # type: ignore[arg-type]
    next(run)
    handlers.cancel(SimpleNamespace(session_hash="me"))  # type: ignore[arg-type]
    backend.gate.set()
    assert [*run][-1]["upscaling"]["message"] == STOPPED
