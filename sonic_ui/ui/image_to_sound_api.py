"""The endpoint `image_to_sound`: the same request, for programs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sonic_ui.requests import (
    CONCEPTS,
    ENERGY_STRENGTH,
    LOUDNESS,
    SEED,
    TAKES,
    BadInput,
    ImageToSoundRequest,
)
from sonic_ui.studio import Failure, SoundResult
from sonic_ui.ui.desk import Desk
from sonic_ui.ui.image_to_sound_results import write_takes

DESCRIPTION = """Let a picture sound, with its energy along a curve.

`curve` is a list of numbers from 0 to 1 over the whole time; `moments` says instead when something sounds:
[[start, end], ...] in seconds, or a list of 0 and 1. With neither, the picture's own curve is used. `mode` is
"exact" (as drawn) or "natural" (as it would sound). `source` is "generate" or "recordings"; `library` is a
folder inside the one that the app was started with, empty for the examples. `control` is "trained", "guided"
or "none". Returns the takes as WAV files, each carrying its settings, and the settings as JSON, with
Pearson's r and E-L1 between wish and result, and `wish` and `energy` themselves at 100 values a second. What
is out of range is refused with a sentence that names the range.
"""


def build(desk: Desk) -> None:
    """Add the endpoint to the current page. Its components are for the schema alone and are never shown."""

    def image_to_sound(
        picture: str | None = None,  # what defaults to None here may be left out by a program
        curve: Any = None,
        moments: Any = None,
        mode: str = "exact",
        source: str = "generate",
        prompt: str = "",
        negative_prompt: str = "",
        takes: float = 1,
        loudness_lufs: float | None = -20,
        energy_strength: float = 1,
        control: str = "trained",
        guidance_scale: float | None = None,
        steps: float | None = None,
        seed: float = 0,
        library: str | None = None,
        concepts: float = 2,
        quietest_lufs: float = -26,
        loudest_lufs: float = -20,
    ) -> tuple[list[str], dict[str, Any]]:
        given = locals()
        values = {name: given[name] for name in ImageToSoundRequest.model_fields if name in given}
        try:
            result = _result(desk, ImageToSoundRequest.from_values(values))
        except (BadInput, Failure) as problem:
            raise gr.Error(str(problem), print_exception=False) from problem
        files = write_takes(desk, result)
        return [str(path) for path in files], _told(result)

    with gr.Group(visible=False):
        gr.Button("image_to_sound").click(
            image_to_sound,
            _inputs(),
            [gr.File(label="sounds", file_count="multiple"), gr.JSON(label="settings")],
            api_name="image_to_sound",
            api_description=DESCRIPTION,
            concurrency_limit=4,
        )


def _inputs() -> list[gr.components.Component]:
    return [
        gr.File(label="picture", type="filepath"),
        gr.JSON(None, label="curve"),
        gr.JSON(None, label="moments"),
        gr.Textbox("exact", label="mode"),
        gr.Textbox("generate", label="source"),
        gr.Textbox("", label="prompt"),
        gr.Textbox("", label="negative_prompt"),
        gr.Number(TAKES.default, label="takes"),
        gr.Number(LOUDNESS.default, label="loudness_lufs"),
        gr.Number(ENERGY_STRENGTH.default, label="energy_strength"),
        gr.Textbox("trained", label="control"),
        gr.Number(None, label="guidance_scale"),
        gr.Number(None, label="steps"),
        gr.Number(SEED.default, label="seed"),
        gr.Textbox(None, label="library"),
        gr.Number(CONCEPTS.default, label="concepts"),
        gr.Number(-26, label="quietest_lufs"),
        gr.Number(-20, label="loudest_lufs"),
    ]


def _told(result: SoundResult) -> dict[str, Any]:
    wish = None if result.wish is None else [round(float(level), 4) for level in result.wish]
    energy = [[round(float(level), 5) for level in take.energy] for take in result.takes]
    return {**result.settings, "notices": [*result.notices], "wish": wish, "energy": energy}


def _result(desk: Desk, request: ImageToSoundRequest) -> SoundResult:
    for event in desk.studio.run(request):
        if isinstance(event, SoundResult):
            return event
    raise Failure("The engine ended without a sound. Try again.")
