"""What comes back from a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sonic_ui.engine.backend import Label, Notice, Preview, Progress
from sonic_ui.requests import ImageToSoundRequest, PaintingRequest

if TYPE_CHECKING:
    from PIL.Image import Image

    from sonic_ui.retrieval.matching import Pick


@dataclass(frozen=True)
class FrameInfo:
    """What one picture of a strip was made from, and what is seen in it; None where it does not apply.

    position   between two sounds, 0..1
    gain_db    gain of the sound; scale: factor on its strength; strength: that of an edit
    lufs       loudness of what is heard
    level      judged level in 0..1 of the source that is heard
    """

    position: float | None = None
    gain_db: float | None = None
    scale: float | None = None
    strength: float | None = None
    lufs: float | None = None
    level: float | None = None


@dataclass(frozen=True)
class FramesAdded:
    """Frames that a strip gets besides those known so far, whose numbers they continue."""

    infos: tuple[FrameInfo, ...]


@dataclass(frozen=True)
class FramesDone:
    """Frames of a strip that are finished; `indices` say which of the strip's they are."""

    indices: tuple[int, ...]
    images: tuple[Image, ...]
    infos: tuple[FrameInfo, ...]


@dataclass(frozen=True)
class Result:
    """A finished request.

    `request` has every setting filled in; `settings` is what a picture's metadata carries: the request with
    the sounds' names instead of their paths, each sound's SHA-256, the part listened to and the bundle.
    A strip has one `frames` entry a picture; `stopped` tells that it was cancelled, and that `images` are
    those that were finished by then. `labels` are what is heard in each sound, in the request's order.
    `reused` tells that an edit started from what was kept of its picture.
    """

    images: tuple[Image, ...]
    request: PaintingRequest
    labels: tuple[Label, ...]
    settings: dict[str, Any]
    elapsed_s: float
    notices: tuple[str, ...] = ()
    frames: tuple[FrameInfo, ...] = ()
    stopped: bool = False
    labels_b: tuple[Label, ...] = ()
    reused: bool = False


@dataclass(frozen=True)
class Take:
    """One sound of a picture.

    samples   float32 [T]
    energy    [frames], 100 a second: linear RMS
    r, e_l1   how it follows the wish: Pearson's r and E-L1; None if nothing was wished
    lufs      integrated loudness
    picks     the recordings that it was built from, if it was
    """

    samples: np.ndarray = field(repr=False)
    energy: np.ndarray = field(repr=False)
    r: float | None
    e_l1: float | None
    lufs: float
    picks: tuple[Pick, ...] = ()


@dataclass(frozen=True)
class SoundResult:
    """A finished request for sounds.

    `wish` [frames] in [0, 1] is the energy that was wished for, None if there was none; `labels` are what the
    picture shows; `settings` is what each sound's metadata carries, see `Result`.
    """

    takes: tuple[Take, ...]
    sample_rate: int
    wish: np.ndarray | None = field(repr=False)
    image: Image = field(repr=False)
    request: ImageToSoundRequest
    labels: tuple[Label, ...]
    settings: dict[str, Any]
    elapsed_s: float
    notices: tuple[str, ...] = ()


Event = Progress | Preview | Notice | FramesAdded | FramesDone | Result | SoundResult
