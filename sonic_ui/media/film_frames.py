"""Frames of a film from the pictures painted for it: blends between them, and kicks.

Nothing holds more than the pictures on both sides of the frame that is made, so that the length of a film
does not count.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.media.films import from_linear_light, to_linear_light

ZOOM = 0.16
"""How far the strongest kick of full size pushes the picture: so much larger."""
ZOOM_FALL_S, NOISE_FALL_S = 0.14, 0.3
"""Time in which a kick falls to 1 / e."""
FORGOTTEN = 8.0
"""A kick is over after so many times that."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Kicks:
    """When the picture is pushed [K], in seconds, and how far, 0 to 1."""

    times: tuple[float, ...] = ()
    strengths: tuple[float, ...] = ()

    def at(self, at_s: float, fall_s: float) -> tuple[float, int]:
        """The strongest push at a time, 0 to 1, and the number of its kick (-1: none)."""
        last = bisect_right(self.times, at_s + 1e-6)
        strongest, number = 0.0, -1
        for index in range(last - 1, -1, -1):
            passed = at_s - self.times[index]
            if passed > FORGOTTEN * fall_s:
                break
            push = self.strengths[index] * float(np.exp(-passed / fall_s))
            if push > strongest:
                strongest, number = push, index
        return strongest, number


@dataclass
class FrameMaker:
    """The frames of a film.

    times       seconds [N] of its pictures, in order; load: the picture of a number
    begin_s     when the film begins, in the same seconds; fps: frames a second
    size        of the frames in pixels, even
    zoom        kicks that push the picture
    flashes     kicks at which the picture `flash(number)` shines through
    """

    times: Sequence[float]
    load: Callable[[int], Image.Image]
    begin_s: float
    fps: int
    size: tuple[int, int]
    zoom: Kicks = field(default_factory=Kicks)
    flashes: Kicks = field(default_factory=Kicks)
    flash: Callable[[int], Image.Image] | None = None
    number: int = 0
    _light: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    _flash_light: tuple[int, NDArray[np.float32]] | None = None
    _last: tuple[object, Image.Image] | None = None

    def until(self, end_s: float) -> Iterator[Pixels]:
        """The frames before `end_s`, from where the last call ended."""
        while (at_s := self.begin_s + self.number / self.fps) < end_s - 1e-6:
            self.number += 1
            yield self._frame(at_s, max(0, bisect_right(self.times, at_s + 1e-9) - 1))

    def _frame(self, at_s: float, left: int) -> Pixels:
        right = min(left + 1, len(self.times) - 1)
        gap = self.times[right] - self.times[left]
        share = min(1.0, max(0.0, (at_s - self.times[left]) / gap)) if gap > 0 else 0.0
        push, _ = self.zoom.at(at_s, ZOOM_FALL_S)
        shine, number = self.flashes.at(at_s, NOISE_FALL_S) if self.flash else (0.0, -1)
        blended = self._blend(left, right, round(share, 4), round(shine, 3), number)
        return np.asarray(zoomed(blended, self.size, 1.0 + ZOOM * push))

    def _blend(self, left: int, right: int, share: float, shine: float, number: int) -> Image.Image:
        key = (left, right if share else left, share, number if shine else -1, shine)
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        self._light = {index: one for index, one in self._light.items() if index in (left, right)}
        light = self._linear(left)
        if share:
            light = light + np.float32(share) * (self._linear(right) - light)
        if shine and self.flash is not None:
            if self._flash_light is None or self._flash_light[0] != number:
                self._flash_light = (number, to_linear_light(self.flash(number)))
            light = light + np.float32(shine) * (self._flash_light[1] - light)
        self._last = (key, from_linear_light(light))
        return self._last[1]

    def _linear(self, index: int) -> NDArray[np.float32]:
        if index not in self._light:
            self._light[index] = to_linear_light(self.load(index))
        return self._light[index]


def zoomed(picture: Image.Image, size: tuple[int, int], factor: float) -> Image.Image:
    """A picture at a size in pixels, its middle enlarged by a factor of at least 1 (Lanczos)."""
    if factor <= 1.0 and picture.size == size:
        return picture
    width, height = picture.width / factor, picture.height / factor
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    return picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))


def frame_size(picture: tuple[int, int], shortest_px: int) -> tuple[int, int]:
    """Width and height of a film's frames: the pictures' shape, even, at `shortest_px` on the shorter
    side."""
    factor = shortest_px / min(picture)
    width, height = (max(2, 2 * round(side * factor / 2)) for side in picture)
    return width, height
