"""Pictures of sounds as the app makes them: through an engine, with all that a request does besides."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.audio.mixing import Level
from sonic_ui.engine.events import Result
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.evaluation.held_out import SAMPLE_RATE
from sonic_ui.requests import InterpolateRequest, PaintingRequest, SoundToImageRequest, VolumeSweepRequest
from sonic_ui.requests.faders import Fader
from sonic_ui.requests.sound_to_image import COUNT

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class AppPainter:
    """Paints sounds with a studio, at the bundle's settings.

    folder   where the sounds are written
    seed     of the first picture, where nobody says which; the next have the next
    """

    studio: Studio
    folder: Path
    seed: int = 100

    @classmethod
    def of(cls, bundle: Path, folder: Path) -> "AppPainter":
        """One for a bundle."""
        studio = Studio(LocalBackend(str(bundle)))
        studio.backend.load()
        folder.mkdir(parents=True, exist_ok=True)
        return cls(studio, folder)

    def paint(
        self,
        sounds: Sequence[Sequence[Samples]],
        levels: Sequence[Sequence[Level]] | None = None,
        seeds: Sequence[int] | None = None,
        **settings: Any,
    ) -> list[Image.Image]:
        """A picture of each group of sounds: of one recording, or of a mix, whose faders stand at `levels`.

        settings   of the request, for all
        """
        pictures = []
        for number, group in enumerate(sounds):
            seed = self.seed + number if seeds is None else seeds[number]
            moved = [] if levels is None else levels[number]
            faders = [Fader(level.lufs, level.gain_db, pan=level.pan) for level in moved]
            pictures.append(self._picture(group, {**settings, "seed": seed, "faders": faders}))
        return pictures

    def takes(self, samples: Samples, seed: int, count: int) -> list[Image.Image]:
        """`count` pictures of one sound, from a seed and those after it."""
        most = int(COUNT.maximum)
        parts = [(seed + start, min(most, count - start)) for start in range(0, count, most)]
        sound = self._written("sound", samples)
        requests = [SoundToImageRequest(sound=sound, seed=first, count=some) for first, some in parts]
        return [image for request in requests for image in self._images(request)]

    def sweep(
        self, samples: Samples, gains_db: Sequence[float] = (0.0,), scales: Sequence[float] = (1.0,)
    ) -> list[Image.Image]:
        """Pictures of one sound that is turned up, or listened to more and more, from one seed."""
        sound = self._written("sound", samples)
        values = {"gains_db": [*gains_db], "scales": [*scales], "seed": self.seed}
        return self._images(VolumeSweepRequest.from_values({"sound": sound, **values}))

    def glide(self, a: Samples, b: Samples, frames: int, method: str = "linear") -> list[Image.Image]:
        """Pictures between two sounds, from one seed, placed where they look evenly apart."""
        sounds = {"sound_a": self._written("sound", a), "sound_b": self._written("sound2", b)}
        values = {"frames": frames, "method": method, "seed": self.seed}
        return self._images(InterpolateRequest.from_values({**sounds, **values}))

    def _picture(self, group: Sequence[Samples], settings: dict[str, Any]) -> Image.Image:
        names = zip(SoundToImageRequest.SOUNDS, group, strict=False)
        files = {name: self._written(name, samples) for name, samples in names}
        return self._images(SoundToImageRequest.from_values({**files, **settings}))[0]

    def _written(self, name: str, samples: Samples) -> str:
        path = self.folder / f"{name}.wav"
        soundfile.write(path, samples, SAMPLE_RATE, subtype="FLOAT")
        return str(path)

    def _images(self, request: PaintingRequest) -> list[Image.Image]:
        *_, result = self.studio.run(request)
        if not isinstance(result, Result):
            raise TypeError("no picture came")
        return list(result.images)
