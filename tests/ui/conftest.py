"""An app with a backend without networks, which runs while a module's tests call it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.studio import Studio
from tests.fakes import FakeBackend
from tests.picture_files import SIZE
from tests.ui.serving import PATIENCE_S, serving


@pytest.fixture(scope="module")
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture(scope="module")
def studio(backend: FakeBackend) -> Studio:
    return Studio(backend)


@pytest.fixture(scope="module")
def address(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(studio, tmp_path_factory.mktemp("no-examples")) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A program that calls the app's endpoints."""
    from gradio_client import Client

    downloads = str(tmp_path_factory.mktemp("downloads"))
    return Client(address, verbose=False, download_files=downloads, httpx_kwargs={"timeout": PATIENCE_S})


@pytest.fixture
def meadow(tmp_path: Path) -> Path:
    """A picture that no example shows."""
    path = tmp_path / "meadow.png"
    pixels = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path
