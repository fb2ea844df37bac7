"""What the endpoints that paint strips have in common: their answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.requests import BadInput, PaintingRequest
from sonic_ui.studio import CancelToken, Failure, Result
from sonic_ui.ui.desk import Desk
from sonic_ui.ui.parts.film_files import FilmFiles

Answer = tuple[list[str], str | None, str | None, dict[str, Any]]
"""The frames, the film and the GIF as files (None for a single frame), and the settings."""


def strip_outputs() -> list[gr.components.Component]:
    """Components for the schema of an `Answer`."""
    return [
        gr.File(label="frames", file_count="multiple"),
        gr.File(label="film"),
        gr.File(label="gif"),
        gr.JSON(label="settings"),
    ]


def answer_strip(
    desk: Desk,
    request: Callable[[], PaintingRequest],
    files_of: Callable[[Desk, Result, CancelToken], FilmFiles],
) -> Answer:
    """Run the request that `request` builds and write its files.

    Raises `gr.Error` with the sentence for what cannot be done.
    """
    try:
        result = _result(desk, request())
        made = files_of(desk, result, CancelToken())
    except (BadInput, Failure) as problem:
        raise gr.Error(str(problem), print_exception=False) from problem
    told = {
        **result.settings,
        "frames": [asdict(info) for info in result.frames],
        "notices": [*result.notices, *([made.note] if made.note else [])],
    }
    frames = [str(path) for path in desk.pictures.write(result.images, result.settings)]
    return frames, _path(made.video), _path(made.gif), told


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _result(desk: Desk, request: PaintingRequest) -> Result:
    for event in desk.studio.run(request):
        if isinstance(event, Result):
            return event
    raise Failure("The engine ended without a picture. Try again.")
