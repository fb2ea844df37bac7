"""What the endpoints that paint strips have in common: their answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.engine import CancelToken, Result
from sonic_ui.requests import PaintingRequest
from sonic_ui.ui.api import FILES, Component, run_to_result
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.film_files import FilmFiles

Answer = tuple[list[str], str | None, str | None, dict[str, Any]]
"""The frames, the film and the GIF as files (None for a single frame), and the settings."""


STRIP: dict[str, Component] = {"frames": FILES, "film": gr.File, "gif": gr.File, "settings": gr.JSON}
"""The components of an `Answer`, for its schema."""


def answer_strip(
    context: AppContext,
    request: PaintingRequest,
    files_of: Callable[[AppContext, Result, CancelToken], FilmFiles],
) -> Answer:
    """Paint a strip and write its files. Raises `BadInput` and `Failure`."""
    result = run_to_result(context, request, Result)
    files = files_of(context, result, CancelToken())
    told = {
        **result.settings,
        "frames": [asdict(info) for info in result.frames],
        "notices": [*result.notices, *([files.note] if files.note else [])],
    }
    frames = [str(path) for path in context.pictures.write(result.images, result.settings)]
    return frames, _path(files.video), _path(files.gif), told


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)
