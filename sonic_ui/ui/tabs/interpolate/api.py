"""The endpoint `interpolate`: the same request, for programs."""

from __future__ import annotations

from typing import Any

from sonic_ui.requests import InterpolateRequest
from sonic_ui.ui.api import SoundFile, add_endpoint, parse_request
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.tabs.interpolate.results import files_of
from sonic_ui.ui.tabs.strip_api import STRIP, Answer, answer_strip

DESCRIPTION = """Glide from one sound to another: a strip of pictures from one seed, and its film.

`method` is "linear" or "spherical" (between the audio embeddings) or "mix" (of the sounds, at `lufs_a` and
`lufs_b` if given). With `spacing` "seen" the frames are where the picture changes, with "heard" evenly
between the sounds; `positions` is a list of places from 0 to 1, one a frame, instead of both `frames` and
`spacing`. The frames between start from a blend of both ends as these stand after the share `continuity` of
the steps, 0 to 0.9; 0 paints each by itself. Returns the frames as PNG files, the film (null for a single
frame), a GIF (the same) and the settings as JSON; all files carry the settings. What is left empty takes the
engine's own. What is out of range is refused with a sentence that names the range.
"""


def build(context: AppContext) -> None:
    """Add the endpoint to the current page."""

    def interpolate(
        sound_a: SoundFile = None,
        sound_b: SoundFile = None,
        method: str = "linear",
        frames: float = 8,
        spacing: str = "seen",
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
        continuity: float = 0.5,
    ) -> Answer:
        request = parse_request(InterpolateRequest, locals(), own_if_none=["strength"])
        return answer_strip(context, request, files_of)

    add_endpoint(interpolate, STRIP, DESCRIPTION)
