"""The endpoint `sound_to_image`: the same request, for programs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sonic_ui.engine import Result
from sonic_ui.requests import SoundToImageRequest
from sonic_ui.ui.api import FILES, SoundFile, add_endpoint, parse_request, run_to_result
from sonic_ui.ui.session.context import AppContext

DESCRIPTION = """Paint what a sound depicts.

Returns the pictures as PNG files, each carrying its settings, and the settings as JSON. `strength` is one
number, or a list with one for each decoder attention layer. Settings left empty take the engine's own.
Numbers out of range are refused with a sentence that names the range.
"""


def build(context: AppContext) -> None:
    """Add the endpoint to the current page."""

    def sound_to_image(
        sound: SoundFile = None,
        prompt: str = "",
        negative_prompt: str = "",
        strength: Any = None,
        guidance_scale: float | None = None,
        steps: float | None = None,
        seed: float = 0,
        count: float = 1,
        start_s: float | None = None,
        end_s: float | None = None,
        gain_db: float = 0,
    ) -> tuple[list[str], dict[str, Any]]:
        request = parse_request(SoundToImageRequest, locals(), own_if_none=["strength"])
        result = run_to_result(context, request, Result)
        files = context.pictures.write(result.images, result.settings)
        return [str(path) for path in files], {**result.settings, "notices": list(result.notices)}

    add_endpoint(sound_to_image, {"pictures": FILES, "settings": gr.JSON}, DESCRIPTION)
