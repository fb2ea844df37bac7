"""The endpoint `edit_image`: the same request, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr

from sonic_ui.engine import Result
from sonic_ui.requests import EditImageRequest
from sonic_ui.ui.api import FILES, PictureFile, SoundFile, add_endpoint, parse_request, run_to_result
from sonic_ui.ui.session.context import AppContext

DESCRIPTION = """Keep a picture's layout and let it take on what a sound depicts.

`mode` is "replace", "add" or "style"; `tau_attn` and `tau_feature` (0 to 1: how long layout and detail are
held) and `layers` ("paper" or "harder") take the mode's own when left empty. `mask` is a picture of the same
shape, white where the picture may change. `strengths` is a list, one edit each, instead of `strength`, which
may be a list with one number for each decoder attention layer. Returns the edits as PNG files of the
picture's size, each carrying its settings, and the settings as JSON; `reused` tells that the picture's
inversion was kept from an earlier call of the same client, and `kept_bytes` what is kept of it now. What is
out of range is refused with a sentence that names the range.
"""


def build(context: AppContext) -> None:
    """Add the endpoint to the current page."""

    def edit_image(
        picture: PictureFile = None,
        sound: SoundFile = None,
        mode: str = "replace",
        prompt: str = "",
        negative_prompt: str = "",
        strength: Any = None,
        strengths: Any = None,
        tau_attn: float | None = None,
        tau_feature: float | None = None,
        layers: str | None = None,
        mask: PictureFile = None,
        source_prompt: str = "",
        variation: float = 0,
        guidance_scale: float | None = None,
        steps: float | None = None,
        seed: float = 0,
        start_s: float | None = None,
        end_s: float | None = None,
        gain_db: float = 0,
        room: str = "dry",
        request: gr.Request | None = None,
    ) -> tuple[list[str], dict[str, Any]]:
        wanted = parse_request(EditImageRequest, locals(), own_if_none=["strength"])
        session = (request.session_hash if request else None) or ""
        result = run_to_result(context, wanted, Result, session)
        files = context.pictures.write(result.images, result.settings)
        told = {
            **result.settings,
            "edits": [asdict(info) for info in result.frames],
            "notices": [*result.notices],
            "reused": result.reused,
            "kept_bytes": context.studio.cache_usage(session, wanted.picture).nbytes,
        }
        return [str(path) for path in files], told

    add_endpoint(edit_image, {"pictures": FILES, "settings": gr.JSON}, DESCRIPTION)
