"""Apps that run on loopback while a test asks them something."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sonic_ui.engine.studio import Studio
from sonic_ui.requests import SoundToImageRequest
from sonic_ui.ui.page import build_page, launch_options
from sonic_ui.ui.server import serve

PATIENCE_S = 60


@contextmanager
def serving(studio: Studio, nowhere: Path, queue: int | None = None, **options: Any) -> Iterator[str]:
    """The address of an app; `nowhere` is a folder without examples."""
    page = build_page(studio, nowhere)
    if queue is not None:
        page.queue(max_size=queue)
    _, address, _ = serve(page, **launch_options(), **options)
    try:
        yield address
    finally:
        page.close()


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for a state of another thread."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wanted(sound: Path, **values: Any) -> SoundToImageRequest:
    """A picture of a sound."""
    return SoundToImageRequest.from_values({"sound": str(sound), "seed": 5, **values})
