"""Turn one sound from a whisper to a roar."""

from typing import Annotated, Literal, Self

from pydantic import model_validator

from sonic_ui.requests.aspects import SQUARE, Aspect
from sonic_ui.requests.base import EndS, StartS
from sonic_ui.requests.edit_image import OwnPictureRequest
from sonic_ui.requests.fields import BadInput, Numbers, Range, Room, SoundPath
from sonic_ui.requests.interpolate import FilmS, Smoothing

MAX_GAINS = 16
VOLUME = Range("Gain in dB", -40.0, 20.0, 0.5, 0.0)
SCALE = Range("How much the picture listens", 0.0, 2.0, 0.05, 1.0)
GAINS_DB = (-24.0, -12.0, 0.0, 6.0, 12.0)


class VolumeSweepRequest(OwnPictureRequest):
    """Turn a sound up: one picture a gain, from one seed.

    sound            path of a sound file; start_s, end_s: the part to listen to
    gains_db         gain of the waveform before it is heard, one a frame, limited to -1 dB true peak
    scales           loudness reweighting: factor on `strength`, one a frame (Align, Adapt and
                     Inject, A.1.4)
    room             where it is heard
    aspect           width to height of the pictures, one that the engine offers; a picture keeps its own
    by_name          what is heard, by name and as loud as it is, follows the prompt; not on a picture

    Either of `gains_db` and `scales` may hold a single value for all frames.
    """

    verb: Literal["volume_sweep"] = "volume_sweep"
    sound: SoundPath
    start_s: StartS = None
    end_s: EndS = None
    gains_db: Annotated[tuple[float, ...], Numbers(VOLUME, MAX_GAINS)] = GAINS_DB
    scales: Annotated[tuple[float, ...], Numbers(SCALE, MAX_GAINS)] = (1.0,)
    room: Room = "dry"
    loop: bool = True
    smoothing: Smoothing = 5
    film_s: FilmS = 6.0
    aspect: Aspect = SQUARE
    by_name: bool = True

    @property
    def outputs(self) -> int:
        return len(self.turns)

    @property
    def turns(self) -> tuple[tuple[float, float], ...]:
        """(gain in dB, scale) of every frame."""
        count = max(len(self.gains_db), len(self.scales))
        gains = self.gains_db * (count if len(self.gains_db) == 1 else 1)
        scales = self.scales * (count if len(self.scales) == 1 else 1)
        return tuple(zip(gains, scales, strict=True))

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        gains, scales = len(self.gains_db), len(self.scales)
        if 1 not in (gains, scales) and gains != scales:
            raise BadInput(
                f"There are {gains} gains and {scales} scales; give as many of both, or one of either.",
                "scales",
            )
        return self
