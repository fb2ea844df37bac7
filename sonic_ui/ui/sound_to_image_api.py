"""The endpoint `sound_to_image`: the same request, for programs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sonic_ui.requests import COUNT, GAIN, SEED, STRENGTH, BadInput, SoundToImageRequest
from sonic_ui.studio import Failure, Result
from sonic_ui.ui.desk import Desk

DESCRIPTION = """Paint what a sound depicts.

Returns the pictures as PNG files, each carrying its settings, and the settings as JSON. `strength` is one
number, or a list with one for each decoder attention layer. Settings left empty take the engine's own.
Numbers out of range are refused with a sentence that names the range.
"""


def build(desk: Desk) -> None:
    """Add the endpoint to the current page. Its components are for the schema alone and are never shown."""

    def sound_to_image(
        sound: str | None = None,  # what defaults to None here may be left out by a program
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
        try:
            request = SoundToImageRequest.from_values(
                {
                    "sound": sound,
                    "prompt": prompt,
                    "negative_prompt": negative_prompt,
                    "strength": STRENGTH.default if strength is None else strength,
                    "guidance_scale": guidance_scale,
                    "steps": steps,
                    "seed": seed,
                    "count": count,
                    "start_s": start_s,
                    "end_s": end_s,
                    "gain_db": gain_db,
                }
            )
            result = _result(desk, request)
        except (BadInput, Failure) as problem:
            raise gr.Error(str(problem), print_exception=False) from problem
        files = desk.pictures.write(result.images, result.settings)
        return [str(path) for path in files], {**result.settings, "notices": list(result.notices)}

    with gr.Group(visible=False):
        inputs = [
            gr.Audio(label="sound", type="filepath"),
            gr.Textbox("", label="prompt"),
            gr.Textbox("", label="negative_prompt"),
            gr.JSON(None, label="strength"),
            gr.Number(None, label="guidance_scale"),
            gr.Number(None, label="steps"),
            gr.Number(SEED.default, label="seed"),
            gr.Number(COUNT.default, label="count"),
            gr.Number(None, label="start_s"),
            gr.Number(None, label="end_s"),
            gr.Number(GAIN.default, label="gain_db"),
        ]
        outputs = [gr.File(label="pictures", file_count="multiple"), gr.JSON(label="settings")]
        gr.Button("sound_to_image").click(
            sound_to_image,
            inputs,
            outputs,
            api_name="sound_to_image",
            api_description=DESCRIPTION,
            concurrency_limit=4,
        )


def _result(desk: Desk, request: SoundToImageRequest) -> Result:
    for event in desk.studio.run(request):
        if isinstance(event, Result):
            return event
    raise Failure("The engine ended without a picture. Try again.")
