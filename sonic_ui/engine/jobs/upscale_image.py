"""A picture made larger by the bundle's upscaler, tile by tile."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sonic_ui.engine.events import Event, FramesDone, JobEvent, UpscaleResult
from sonic_ui.engine.inputs import InputPicture
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, Plan, RunContext
from sonic_ui.engine.jobs.settings import request_settings
from sonic_ui.media.images import MAX_PIXELS, upright_rgb
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput, UpscaleImageRequest

TILE_PX = 128
CANNOT_UPSCALE = "The weights “{title}” have no upscaler. Change to another engine, such as the miniature."
TOO_LARGE = (
    "“{name}” is {width} × {height} px; {factor} times as large it would have {made:.0f} million pixels, and "
    "at most {most:.0f} are made. Choose a smaller factor or a smaller picture."
)


@dataclass(frozen=True)
class UpscaleJob:
    """A picture to make larger: upright RGB.

    opacity   its transparency as 8-bit grey of the same size, 255 where it is opaque; None if it has none
    """

    request: UpscaleImageRequest
    picture: Image.Image = field(repr=False)
    opacity: Image.Image | None = field(repr=False, default=None)


@dataclass
class UpscaleRunner(JobRunner):
    """Makes the picture larger: one `FramesDone`."""

    job: UpscaleJob

    def load(self) -> Any:
        """The bundle's upscaler. Raises `BadInput` if it has none."""
        upscaler = self.components.upscaler
        if upscaler is None:
            title = self.components.bundle.info.title
            raise BadInput(CANNOT_UPSCALE.format(title=title), "picture")
        return upscaler

    def work(self) -> None:
        """Go over the picture as often as the factor needs, then to the very size."""
        import torch

        picture, factor, scale = self.job.picture, self.job.request.factor, self.pipeline.scale
        pixels = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 255
        tiles, reached = self._tiles(), 1
        total, done = sum(tiles), 0
        self.report_progress("Making it larger", 0, total)
        for count in tiles:
            whole = pixels
            for number, made in enumerate(self.pipeline.enlarge(pixels, TILE_PX), 1):
                whole = made
                self.cancel.check()
                self.report_progress("Making it larger", done + number, total, (done + number) / total)
            pixels, done, reached = whole, done + count, reached * scale
        larger = (pixels[0].permute(1, 2, 0) * 255).round().byte().numpy()
        size = (picture.width * factor, picture.height * factor)
        image = Image.fromarray(larger)
        if reached != factor:
            image = image.resize(size, Image.Resampling.LANCZOS)
        if self.job.opacity is not None:
            image.putalpha(self.job.opacity.resize(size, Image.Resampling.LANCZOS))
        self.queue.put(FramesDone((0,), (image,)))

    def _tiles(self) -> list[int]:
        """How many tiles each pass has."""
        from sonic_ui.models.upscaler import tile_edges

        picture, reached, passes = self.job.picture, 1, []
        while reached < self.job.request.factor:
            sides = (picture.width * reached, picture.height * reached)
            rows, columns = (len(tile_edges(side, TILE_PX)) for side in sides)
            passes.append(rows * columns)
            reached *= self.pipeline.scale
        return passes


@dataclass
class UpscalePlan(Plan):
    """A picture that is made larger. Its settings are those that its file carries, and the factor."""

    images: tuple[Image.Image, ...] = ()

    def take(self, event: JobEvent) -> Iterator[Event]:
        """As `Plan.take`."""
        if isinstance(event, FramesDone):
            self.images = event.images
        else:
            yield from super().take(event)

    def result(self, elapsed_s: float, stopped: bool) -> UpscaleResult:
        """The larger picture with its settings."""
        request, picture = self.job.request, self.context.input_picture
        info = self.context.backend.bundle.info
        settings = _carried_settings(request.picture) or request_settings(info, request)
        enlarged = {"factor": request.factor, "bundle": info.name, "picture_sha256": picture.digest}
        settings = {**settings, "upscaled": enlarged}
        return UpscaleResult(self.images, request, settings, elapsed_s, tuple(self.notices))


def _carried_settings(path: str) -> dict[str, Any] | None:
    """The settings that a picture's file carries, if it is one of ours."""
    try:
        return read_settings(Path(path))
    except BadInput:
        return None


def plan_upscale(request: UpscaleImageRequest, context: RunContext) -> UpscalePlan:
    """One picture. Raises `BadInput` for one that would become too large."""
    picture = context.input_picture
    width, height = picture.image.size
    made = width * height * request.factor**2
    if made > MAX_PIXELS:
        sizes = {"width": width, "height": height, "made": made / 1e6, "most": MAX_PIXELS / 1e6}
        name = Path(request.picture).name
        raise BadInput(TOO_LARGE.format(name=name, factor=request.factor, **sizes), "picture")
    notices = [picture.notice] if picture.notice else []
    return UpscalePlan(context, UpscaleJob(request, *_layers(picture)), notices=notices)


def _layers(picture: InputPicture) -> tuple[Image.Image, Image.Image | None]:
    """Colours in sRGB and opacity of a picture; without transparency the picture itself, and None."""
    own = picture.own
    if own is None or own.pixels.mode != "RGBA":
        return picture.image, None
    opacity = own.pixels.getchannel("A")
    colours = _spread_colours(own.pixels.convert("RGB"), opacity)
    if own.profile is not None:
        colours.info["icc_profile"] = own.profile
    return upright_rgb(colours), opacity


def _spread_colours(colours: Image.Image, opacity: Image.Image) -> Image.Image:
    """What nobody sees takes the colour of the nearest pixel that is seen: at the edges of the larger picture
    the two are mixed.
    """
    from scipy.ndimage import distance_transform_edt

    unseen = np.asarray(opacity) == 0
    if unseen.all():
        return colours
    rows, columns = distance_transform_edt(unseen, return_distances=False, return_indices=True)
    return Image.fromarray(np.asarray(colours)[rows, columns])


JOB_TYPES[UpscaleImageRequest] = JobType(plan_upscale, UpscaleRunner, "Looking at the picture")
