"""The endpoint `edit_image`: the same request, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr

from sonic_ui.requests import GAIN, SEED, STRENGTH, VARIATION, BadInput, EditImageRequest
from sonic_ui.studio import Failure, Result
from sonic_ui.ui.desk import Desk

DESCRIPTION = """Keep a picture's layout and let it take on what a sound depicts.

`mode` is "replace", "add" or "style"; `tau_attn` and `tau_feature` (0 to 1: how long layout and detail are
held) and `layers` ("paper" or "harder") take the mode's own when left empty. `mask` is a picture of the same
shape, white where the picture may change. `strengths` is a list, one edit each, instead of `strength`, which
may be a list with one number for each decoder attention layer. Returns the edits as PNG files of the
picture's size, each carrying its settings, and the settings as JSON; `reused` tells that the picture's
inversion was kept from an earlier call of the same client, and `kept_bytes` what is kept of it now. What is
out of range is refused with a sentence that names the range.
"""


def build(desk: Desk) -> None:
    """Add the endpoint to the current page. Its components are for the schema alone and are never shown."""

    def edit_image(
        picture: str | None = None,  # what defaults to None here may be left out by a program
        sound: str | None = None,
        mode: str = "replace",
        prompt: str = "",
        negative_prompt: str = "",
        strength: Any = None,
        strengths: Any = None,
        tau_attn: float | None = None,
        tau_feature: float | None = None,
        layers: str | None = None,
        mask: str | None = None,
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
        given = locals()
        values = {name: given[name] for name in EditImageRequest.model_fields if name in given}
        values["strength"] = STRENGTH.default if strength is None else strength
        values["layers"] = layers or None
        session = (request.session_hash if request else None) or ""
        try:
            result = _result(desk, EditImageRequest.from_values(values), session)
        except (BadInput, Failure) as problem:
            raise gr.Error(str(problem), print_exception=False) from problem
        files = desk.pictures.write(result.images, result.settings)
        told = {
            **result.settings,
            "edits": [asdict(info) for info in result.frames],
            "notices": [*result.notices],
            "reused": result.reused,
            "kept_bytes": desk.studio.kept(session, str(picture)).nbytes,
        }
        return [str(path) for path in files], told

    with gr.Group(visible=False):
        gr.Button("edit_image").click(
            edit_image,
            _inputs(),
            [gr.File(label="pictures", file_count="multiple"), gr.JSON(label="settings")],
            api_name="edit_image",
            api_description=DESCRIPTION,
            concurrency_limit=4,
        )


def _inputs() -> list[gr.components.Component]:
    return [
        gr.File(label="picture", type="filepath"),
        gr.Audio(label="sound", type="filepath"),
        gr.Textbox("replace", label="mode"),
        gr.Textbox("", label="prompt"),
        gr.Textbox("", label="negative_prompt"),
        gr.JSON(None, label="strength"),
        gr.JSON(None, label="strengths"),
        gr.Number(None, label="tau_attn"),
        gr.Number(None, label="tau_feature"),
        gr.Textbox(None, label="layers"),
        gr.File(label="mask", type="filepath"),
        gr.Textbox("", label="source_prompt"),
        gr.Number(VARIATION.default, label="variation"),
        gr.Number(None, label="guidance_scale"),
        gr.Number(None, label="steps"),
        gr.Number(SEED.default, label="seed"),
        gr.Number(None, label="start_s"),
        gr.Number(None, label="end_s"),
        gr.Number(GAIN.default, label="gain_db"),
        gr.Textbox("dry", label="room"),
    ]


def _result(desk: Desk, request: EditImageRequest, session: str) -> Result:
    for event in desk.studio.run(request, session=session):
        if isinstance(event, Result):
            return event
    raise Failure("The engine ended without a picture. Try again.")
