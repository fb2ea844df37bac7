"""A picture on its way to its sounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sonic_ui import __version__
from sonic_ui.engine.backend import (
    Backend,
    CancelToken,
    ImageAnalysis,
    ImagesDone,
    InversionDone,
    Notice,
    PositionsAdded,
    SoundJob,
    SoundsDone,
)
from sonic_ui.engine.events import Event, SoundResult, Take
from sonic_ui.engine.libraries import Libraries
from sonic_ui.engine.picture_inputs import EditPicture, read_upright
from sonic_ui.requests import ImageToSoundRequest

if TYPE_CHECKING:
    from PIL.Image import Image

LABELS_KEPT = 5
NO_CURVE = "No curve was drawn: the sound rises and falls by itself."
FLAT = "The curve is zero from end to end: the sound is close to silence."


@dataclass(frozen=True)
class AnalyzedImage:
    """A picture, and what it shows that sounds."""

    image: Image = field(repr=False)
    digest: str
    seen: ImageAnalysis


def analyze_picture(picture: EditPicture, backend: Backend) -> AnalyzedImage:
    """Ask the backend about a picture. Raises `BadInput`."""
    return AnalyzedImage(picture.image, picture.digest, backend.analyze_image(picture.image))


@dataclass
class ImageToSoundRun:
    """A request: `prepare` reads its files, `analyze_image` names what they show, `events` makes sounds."""

    backend: Backend
    libraries: Libraries
    request: ImageToSoundRequest
    cancel: CancelToken
    started: float = field(default_factory=time.perf_counter)
    notices: list[str] = field(default_factory=list)
    library: Path | None = None
    picture: EditPicture | None = None
    looked: AnalyzedImage | None = None

    def prepare(self) -> None:
        """Fill in the bundle's defaults, read the picture, find the library. Raises `BadInput`."""
        self.request = self.request.with_defaults(self.backend.bundle.info.defaults.model_dump())
        self.picture = read_upright(self.request.picture)
        if self.request.source == "recordings":
            self.library = self.libraries.folder_of(self.request.library)
        self.cancel.check()

    def analyze_image(self, analyze_image: Callable[[EditPicture], AnalyzedImage]) -> None:
        """See the picture, and say what follows from what was asked."""
        if self.picture is None:
            raise RuntimeError("look is called after prepare")
        self.looked = analyze_image(self.picture)
        if self.request.curve is None and self.request.moments is None:
            if self.looked.seen.suggestion is not None and self.request.control != "none":
                self.notices.append(NO_CURVE)
        elif not np.any(self.request.curve if self.request.curve is not None else self.request.moments):
            self.notices.append(FLAT)

    def events(self) -> Iterator[Event]:
        """Notices and progress, then one `SoundResult`."""
        if self.looked is None:
            raise RuntimeError("events is called after look")
        yield from map(Notice, self.notices)
        job = SoundJob(self.request, self.looked.image, self.library)
        for event in self.backend.sound(job, self.cancel):
            if isinstance(event, SoundsDone):
                if event.skipped:
                    told = _skipped(event.skipped)
                    self.notices.append(told)
                    yield Notice(told)
                yield self._result(event, self.looked)
            elif isinstance(event, Notice):
                self.notices.append(event.message)
                yield event
            elif not isinstance(event, (InversionDone, ImagesDone, PositionsAdded)):
                yield event

    def _result(self, sounded: SoundsDone, looked: AnalyzedImage) -> SoundResult:
        takes = tuple(_take(sounded, number) for number in range(len(sounded.samples)))
        settings = _settings(self.backend.bundle.info.name, self.request, looked, takes)
        return SoundResult(
            takes,
            sounded.sample_rate,
            sounded.wish,
            looked.image,
            self.request,
            looked.seen.labels,
            settings,
            time.perf_counter() - self.started,
            tuple(self.notices),
        )


def _take(sounded: SoundsDone, number: int) -> Take:
    """A take with what it measures."""
    from sonic_ui.audio.energy import energy_l1, pearson_r, resample_curve, smooth
    from sonic_ui.audio.loudness import integrated_lufs

    energy, r, e_l1 = sounded.energy[number], None, None
    if sounded.wish is not None:
        wished = smooth(resample_curve(sounded.wish, energy.size))
        r, e_l1 = pearson_r(wished, smooth(energy)), energy_l1(wished, smooth(energy))
    samples = sounded.samples[number]
    picks = sounded.picks[number] if sounded.picks else ()
    return Take(samples, energy, r, e_l1, integrated_lufs(samples, sounded.sample_rate), picks)


def _settings(
    bundle: str, request: ImageToSoundRequest, looked: AnalyzedImage, takes: tuple[Take, ...]
) -> dict[str, Any]:
    named = {**request.model_dump(mode="json"), "picture": Path(request.picture).name}
    return {
        "app": f"Sonic UI {__version__}",
        "bundle": bundle,
        "request": named,
        "picture_sha256": looked.digest,
        "picture_px": list(looked.image.size),
        "picture_shows": [
            [label.name, round(label.probability, 4)] for label in looked.seen.labels[:LABELS_KEPT]
        ],
        "takes": [_told(take) for take in takes],
    }


def _told(take: Take) -> dict[str, Any]:
    """What a result's metadata says of one take."""
    said: dict[str, Any] = {"lufs": round(take.lufs, 2)}
    if take.r is not None and take.e_l1 is not None:
        said |= {"pearson_r": round(take.r, 4), "e_l1": round(take.e_l1, 4)}
    if take.picks:
        said["recordings"] = [
            {
                "concept": pick.concept,
                "file": pick.excerpt.path.name,
                "sha256": pick.excerpt.digest,
                "start_s": round(pick.excerpt.start_s, 3),
                "similarity": round(pick.similarity, 4),
                "lufs": round(pick.lufs, 2),
            }
            for pick in take.picks
        ]
    return said


def _skipped(count: int) -> str:
    files = "One file" if count == 1 else f"{count} files"
    return f"{files} of the folder could not be read as sound and {'was' if count == 1 else 'were'} left out."
