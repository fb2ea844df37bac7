"""The endpoint `volume_sweep`: the same request, for programs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sonic_ui.requests import FILM_S, GAINS_DB, SEED, SMOOTHING, STRENGTH, VolumeSweepRequest
from sonic_ui.ui.desk import Desk
from sonic_ui.ui.strip_api import Answer, answer_strip, strip_outputs
from sonic_ui.ui.volume_strips import files_of

DESCRIPTION = """Turn a sound from a whisper to a roar: a strip of pictures from one seed, and its film.

`gains_db` is a list of gains (-40 to 20 dB) of the waveform before it is heard, `scales` a list of factors on
the strength (0 to 2); either may hold one value for all frames, of which there are at most 16. Returns the
frames as PNG files, the film (null for a single frame), a GIF (the same) and the settings as JSON: its
`frames` tell the gain, the scale, the loudness in LUFS and the judged level (0 to 1) of each. All files carry
the settings. What is left empty takes the engine's own. What is out of range is refused with a sentence that
names the range.
"""


def build(desk: Desk) -> None:
    """Add the endpoint to the current page. Its components are for the schema alone and are never shown."""

    def volume_sweep(
        sound: str | None = None,  # what defaults to None here may be left out by a program
        gains_db: Any = None,
        scales: Any = None,
        prompt: str = "",
        negative_prompt: str = "",
        strength: Any = None,
        guidance_scale: float | None = None,
        steps: float | None = None,
        seed: float = 0,
        room: str = "dry",
        loop: bool = True,
        smoothing: float = 5,
        film_s: float = 6,
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> Answer:
        given = locals()
        values = {name: given[name] for name in VolumeSweepRequest.model_fields if name in given}
        for name, own in (("gains_db", GAINS_DB), ("scales", (1.0,)), ("strength", STRENGTH.default)):
            values[name] = own if values[name] is None else values[name]
        return answer_strip(desk, lambda: VolumeSweepRequest.from_values(values), files_of)

    with gr.Group(visible=False):
        inputs = [
            gr.Audio(label="sound", type="filepath"),
            gr.JSON(None, label="gains_db"),
            gr.JSON(None, label="scales"),
            gr.Textbox("", label="prompt"),
            gr.Textbox("", label="negative_prompt"),
            gr.JSON(None, label="strength"),
            gr.Number(None, label="guidance_scale"),
            gr.Number(None, label="steps"),
            gr.Number(SEED.default, label="seed"),
            gr.Textbox("dry", label="room"),
            gr.Checkbox(True, label="loop"),
            gr.Number(SMOOTHING.default, label="smoothing"),
            gr.Number(FILM_S.default, label="film_s"),
            gr.Number(None, label="start_s"),
            gr.Number(None, label="end_s"),
        ]
        gr.Button("volume_sweep").click(
            volume_sweep,
            inputs,
            strip_outputs(),
            api_name="volume_sweep",
            api_description=DESCRIPTION,
            concurrency_limit=4,
        )
