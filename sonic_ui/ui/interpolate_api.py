"""The endpoint `interpolate`: the same request, for programs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sonic_ui.requests import FILM_S, FRAMES, SEED, SMOOTHING, STRENGTH, InterpolateRequest
from sonic_ui.ui.desk import Desk
from sonic_ui.ui.interpolate_strips import files_of
from sonic_ui.ui.strip_api import Answer, answer_strip, strip_outputs

DESCRIPTION = """Glide from one sound to another: a strip of pictures from one seed, and its film.

`method` is "linear" or "spherical" (between the audio embeddings) or "mix" (of the sounds, at `lufs_a` and
`lufs_b` if given). `positions` is a list of places from 0 to 1, one a frame, instead of `frames` evenly
spaced ones. Returns the frames as PNG files, the film (null for a single frame), a GIF (the same) and the
settings as JSON; all files carry the settings. What is left empty takes the engine's own. What is out of
range is refused with a sentence that names the range.
"""


def build(desk: Desk) -> None:
    """Add the endpoint to the current page. Its components are for the schema alone and are never shown."""

    def interpolate(
        sound_a: str | None = None,  # what defaults to None here may be left out by a program
        sound_b: str | None = None,
        method: str = "linear",
        frames: float = 8,
        positions: Any = None,
        prompt: str = "",
        negative_prompt: str = "",
        strength: Any = None,
        guidance_scale: float | None = None,
        steps: float | None = None,
        seed: float = 0,
        room: str = "dry",
        lufs_a: float | None = None,
        lufs_b: float | None = None,
        loop: bool = True,
        smoothing: float = 5,
        film_s: float = 6,
        start_a_s: float | None = None,
        end_a_s: float | None = None,
        start_b_s: float | None = None,
        end_b_s: float | None = None,
    ) -> Answer:
        given = locals()
        values = {name: given[name] for name in InterpolateRequest.model_fields if name in given}
        values["strength"] = STRENGTH.default if strength is None else strength
        return answer_strip(desk, lambda: InterpolateRequest.from_values(values), files_of)

    with gr.Group(visible=False):
        inputs = [
            gr.Audio(label="sound_a", type="filepath"),
            gr.Audio(label="sound_b", type="filepath"),
            gr.Textbox("linear", label="method"),
            gr.Number(FRAMES.default, label="frames"),
            gr.JSON(None, label="positions"),
            gr.Textbox("", label="prompt"),
            gr.Textbox("", label="negative_prompt"),
            gr.JSON(None, label="strength"),
            gr.Number(None, label="guidance_scale"),
            gr.Number(None, label="steps"),
            gr.Number(SEED.default, label="seed"),
            gr.Textbox("dry", label="room"),
            gr.Number(None, label="lufs_a"),
            gr.Number(None, label="lufs_b"),
            gr.Checkbox(True, label="loop"),
            gr.Number(SMOOTHING.default, label="smoothing"),
            gr.Number(FILM_S.default, label="film_s"),
            *(gr.Number(None, label=name) for name in ("start_a_s", "end_a_s", "start_b_s", "end_b_s")),
        ]
        gr.Button("interpolate").click(
            interpolate,
            inputs,
            strip_outputs(),
            api_name="interpolate",
            api_description=DESCRIPTION,
            concurrency_limit=4,
        )
