"""The endpoint `volume_sweep`: the same request, for programs."""

from __future__ import annotations

from typing import Any

from sonic_ui.requests import VolumeSweepRequest
from sonic_ui.ui.api import SoundFile, add_endpoint, parse_request
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.tabs.strip_api import STRIP, Answer, answer_strip
from sonic_ui.ui.tabs.volume.results import files_of

DESCRIPTION = """Turn a sound from a whisper to a roar: a strip of pictures from one seed, and its film.

`gains_db` is a list of gains (-40 to 20 dB) of the waveform before it is heard, `scales` a list of factors on
the strength (0 to 2); either may hold one value for all frames, of which there are at most 16. Returns the
frames as PNG files, the film (null for a single frame), a GIF (the same) and the settings as JSON: its
`frames` tell the gain, the scale, the loudness in LUFS and the judged level (0 to 1) of each. All files carry
the settings. What is left empty takes the engine's own. What is out of range is refused with a sentence that
names the range.
"""


def build(context: AppContext) -> None:
    """Add the endpoint to the current page."""

    def volume_sweep(
        sound: SoundFile = None,
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
        request = parse_request(VolumeSweepRequest, locals(), own_if_none=["gains_db", "scales", "strength"])
        return answer_strip(context, request, files_of)

    add_endpoint(volume_sweep, STRIP, DESCRIPTION)
