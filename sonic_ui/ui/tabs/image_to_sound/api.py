"""The endpoint `image_to_sound`: the same request, for programs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sonic_ui.engine import SoundResult
from sonic_ui.requests import ImageToSoundRequest
from sonic_ui.ui.api import FILES, PictureFile, add_endpoint, parse_request, run_to_result
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.tabs.image_to_sound.results import write_takes

DESCRIPTION = """Let a picture sound, with its energy along a curve.

`curve` is a list of numbers from 0 to 1 over the whole time; `moments` says instead when something sounds:
[[start, end], ...] in seconds, or a list of 0 and 1. With neither, the sound rises and falls by itself.
`mode` is "exact" (as drawn) or "natural" (as it would sound). `source` is "generate" or "recordings";
`library` is a folder inside the one that the app was started with, empty for the examples. `control` is
"trained", "guided" or "none". Returns the takes as WAV files, each carrying its settings, and the settings
as JSON, with Pearson's r and E-L1 between wish and result, and `wish` and `energy` themselves at 100 values a
second. What is out of range is refused with a sentence that names the range.
"""


def build(context: AppContext) -> None:
    """Add the endpoint to the current page."""

    def image_to_sound(
        picture: PictureFile = None,
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
        result = run_to_result(context, parse_request(ImageToSoundRequest, locals()), SoundResult)
        files = write_takes(context, result)
        return [str(path) for path in files], _told(result)

    add_endpoint(image_to_sound, {"sounds": FILES, "settings": gr.JSON}, DESCRIPTION)


def _told(result: SoundResult) -> dict[str, Any]:
    wish = None if result.target is None else [round(float(level), 4) for level in result.target]
    energy = [[round(float(level), 5) for level in take.energy] for take in result.takes]
    return {**result.settings, "notices": [*result.notices], "wish": wish, "energy": energy}
