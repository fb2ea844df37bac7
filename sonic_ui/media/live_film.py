"""The film of a session that was live: its sound as it came, each frame where the sound was that it shows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.media.films import write_film
from sonic_ui.requests import BadInput

MOST_S = 300.0
"""A recording ends by itself after so many seconds: 29 MB of sound, and some 1,000 frames of 20 KB."""

FRAME_RATE = 15.0
NOTHING_RECORDED = "Nothing was recorded: no picture came meanwhile. Record for a few seconds, with a sound."


class LiveRecording:
    """Sound and frames of a session, in memory."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._sound: list[NDArray[np.int16]] = []
        self._count = 0
        self._times: list[float] = []
        self._frames: list[bytes] = []

    @property
    def duration_s(self) -> float:
        return self._count / self._sample_rate

    @property
    def is_full(self) -> bool:
        return self.duration_s >= MOST_S

    def add_sound(self, samples: NDArray[np.float32]) -> None:
        """Samples [T] that follow the last ones; what is beyond MOST_S is left out."""
        if not self.is_full:
            self._sound.append(np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16))
            self._count += samples.size

    def add_frame(self, image: bytes, time_s: float) -> None:
        """A frame as JPEG, and the second of the recording that it shows; the first one begins it."""
        if time_s <= MOST_S:
            self._times.append(max(time_s, self._times[-1] if self._times else 0.0))
            self._frames.append(image)

    def write(self, path_stem: Path, settings: dict[str, Any], check: Callable[[], None]) -> Path:
        """The film; `check` is called before each of its frames and may raise. Raises `BadInput`."""
        if not self._frames or not self._count:
            raise BadInput(NOTHING_RECORDED)
        frames = BlendedFrames(self._frames, self._times, self.duration_s, check)
        sound = np.concatenate(self._sound).astype(np.float32) / 32767.0
        return write_film(
            frames, sound, self._sample_rate, path_stem, frame_rate=FRAME_RATE, settings=settings
        )


class BlendedFrames(Sequence[Image.Image]):
    """The frames of a film, each made when it is asked for: picture k stands alone at times[k], and before
    that it comes through the one before it.
    """

    def __init__(
        self, images: Sequence[bytes], times: Sequence[float], duration_s: float, check: Callable[[], None]
    ) -> None:
        self._images = images
        self._times = times
        self._count = max(1, round(duration_s * FRAME_RATE))
        self._check = check
        self._decoded: dict[int, Image.Image] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Image.Image: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Image.Image]: ...
    def __getitem__(self, index: int | slice) -> Image.Image | Sequence[Image.Image]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        self._check()
        time_s = (index + 0.5) / FRAME_RATE
        following = bisect_right(self._times, time_s)
        if following == 0:
            return self._image(0)
        if following == len(self._times):
            return self._image(following - 1)
        begin, end = self._times[following - 1], self._times[following]
        share = (time_s - begin) / max(end - begin, 1e-6)
        return Image.blend(self._image(following - 1), self._image(following), share)

    def _image(self, number: int) -> Image.Image:
        """A picture as RGB, of the first one's size; the two that were used last stay decoded."""
        if number not in self._decoded:
            image = Image.open(BytesIO(self._images[number])).convert("RGB")
            first = next(iter(self._decoded.values()), image)
            self._decoded = {one: self._decoded[one] for one in (number - 1,) if one in self._decoded}
            self._decoded[number] = image.resize(first.size) if image.size != first.size else image
        return self._decoded[number]
