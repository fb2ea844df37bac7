"""A finished strip as files to take along: the film with its sound, a GIF, one long picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonic_ui.engine import SAMPLE_RATE, CancelToken
from sonic_ui.media.films import Timeline, film_timeline, in_between, write_film, write_gif, write_strip
from sonic_ui.media.metadata import stem_of
from sonic_ui.requests import BadInput, InterpolateRequest, VolumeSweepRequest

if TYPE_CHECKING:
    from PIL.Image import Image

    from sonic_ui.audio.mixing import Samples

GIF_RATE = 12.5
"""Frames a second of a GIF: the browser's common ground, 8 hundredths each."""


@dataclass(frozen=True)
class FilmFiles:
    """What was written; `note` says why a film is missing."""

    video: Path | None = None
    gif: Path | None = None
    strip: Path | None = None
    note: str = ""

    @property
    def downloads(self) -> list[tuple[str, Path]]:
        """The files with their names for people."""
        kind = self.video.suffix.removeprefix(".").upper() if self.video else ""
        named = ((f"Film ({kind})", self.video), ("GIF", self.gif), ("Strip (PNG)", self.strip))
        return [(label, path) for label, path in named if path is not None]


def film_files(
    folder: Path,
    images: Sequence[Image],
    places: Sequence[float],
    captions: Sequence[str],
    request: InterpolateRequest | VolumeSweepRequest,
    settings: dict[str, Any],
    sound: Callable[[Timeline], Samples],
    cancel: CancelToken | None = None,
) -> FilmFiles:
    """Write the files of a strip: its pictures, their places in order, and what stands under each.

    `sound` gives the film's sound, [duration_s * SAMPLE_RATE], for its frames in time. One frame makes no
    film. Raises `Cancelled` between the files once the token is set.
    """
    cancel = cancel or CancelToken()
    stem = folder / stem_of(settings)
    long = write_strip(images, captions, stem.with_name(f"{stem.name}-strip.png"), settings)
    if len(images) < 2:
        return FilmFiles(strip=long, note="A film needs two frames.")
    shown, along = in_between(images, places, request.smoothing)
    cancel.check()
    slow = film_timeline(shown, along, duration_s=request.film_s, frame_rate=GIF_RATE, loop=request.loop)
    gif = write_gif(
        slow.frames, f"{stem}.gif", frame_rate=slow.frame_rate, loop=request.loop, settings=settings
    )
    cancel.check()
    timeline = film_timeline(shown, along, duration_s=request.film_s, loop=request.loop)
    try:
        video = write_film(
            timeline.frames,
            sound(timeline),
            SAMPLE_RATE,
            stem,
            frame_rate=timeline.frame_rate,
            settings=settings,
        )
    except BadInput as problem:
        return FilmFiles(None, gif, long, problem.message)
    return FilmFiles(video, gif, long)
