"""From the few frames of a strip to the many of a film: stretched over time, blended in between, enlarged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

FRAME_RATE = 24.0
"""Frames a second of a film."""


@dataclass(frozen=True)
class Timeline:
    """The frames of a film, one every 1 / `frame_rate` seconds, and the strip's position at each."""

    frames: tuple[Image, ...]
    positions: tuple[float, ...]
    frame_rate: float

    @property
    def duration_s(self) -> float:
        return len(self.frames) / self.frame_rate


def film_timeline(
    frames: Sequence[Image],
    positions: Sequence[float],
    *,
    duration_s: float,
    frame_rate: float = FRAME_RATE,
    loop: bool = True,
) -> Timeline:
    """A strip [N] stretched over `duration_s` one way; with `loop` there and back, twice as long.

    Every frame of the strip is shown equally long, its position is reached in the middle of that time, and
    positions between frames are interpolated, so that a sound can glide where pictures step. A loop shows its
    two turning points once: it goes on without a seam. Raises ValueError for no frames.
    """
    if not frames or len(frames) != len(positions):
        raise ValueError(f"{len(frames)} frames and {len(positions)} positions; each frame needs one")
    there_and_back = loop and len(frames) > 1
    order = [*range(len(frames)), *(range(len(frames) - 2, 0, -1) if there_and_back else ())]
    count = max(1, round(duration_s * (2 if there_and_back else 1) * frame_rate))
    passed = (np.arange(count) + 0.5) * (len(order) / count)  # in frames of the strip
    shown = [frames[order[int(index)]] for index in passed]
    places = np.interp(
        passed - 0.5,
        np.arange(len(order)),
        [positions[index] for index in order],
        period=len(order) if there_and_back else None,
    )
    return Timeline(tuple(shown), tuple(places.tolist()), frame_rate)


def in_between(
    frames: Sequence[Image], positions: Sequence[float], count: int
) -> tuple[list[Image], list[float]]:
    """The strip with `count` cross-faded frames between each two, and the positions of all of them.

    Blends in linear light, where a fade neither darkens nor greys, with smoothstep weights: motion slows down
    at the frames that were painted. 0 gives the strip as it is.
    """
    from PIL import Image as images

    steps = np.arange(1, count + 1) / (count + 1)
    shown, places = list(frames[:1]), list(positions[:1])
    for k in range(1, len(frames)):
        before, after = _linear_light(frames[k - 1]), _linear_light(frames[k])
        for step in steps:
            mixed = before + np.float32(step * step * (3.0 - 2.0 * step)) * (after - before)
            shown.append(images.fromarray(_curves()[1][np.rint(mixed).astype(np.uint16)]))
            places.append(float(positions[k - 1] + step * (positions[k] - positions[k - 1])))
        shown.append(frames[k])
        places.append(positions[k])
    return shown, places


@lru_cache(maxsize=1)
def _curves() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """sRGB's transfer curve (IEC 61966-2-1): bytes [256] to light of 0..65535, and that [65536] to bytes."""
    code = np.arange(256) / 255.0
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    back = np.arange(65536) / 65535.0
    bytes_of = np.where(back <= 0.0031308, 12.92 * back, 1.055 * back ** (1 / 2.4) - 0.055)
    return (65535.0 * light).astype(np.float32), np.rint(255.0 * bytes_of).astype(np.uint8)


def _linear_light(image: Image) -> NDArray[np.float32]:
    return _curves()[0][np.asarray(image.convert("RGB"))]


def enlarged(image: Image, shortest_px: int) -> Image:
    """As RGB, with its shortest side at least `shortest_px` long (Lanczos)."""
    from PIL import Image as images

    factor = shortest_px / min(image.size)
    image = image.convert("RGB")
    if factor <= 1.0:
        return image
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, images.Resampling.LANCZOS)
