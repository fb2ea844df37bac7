"""Make a picture larger."""

from typing import Annotated, Literal

from sonic_ui.requests.base import MakingRequest
from sonic_ui.requests.fields import PicturePath, Range

FACTOR = Range("How many times as large", 2, 4, 1, 2, whole=True)


class UpscaleImageRequest(MakingRequest):
    """Make a picture larger; one that carries settings of this app keeps them.

    picture   path of a picture file
    factor    how many times as wide and as high
    """

    verb: Literal["upscale_image"] = "upscale_image"
    picture: PicturePath
    factor: Annotated[int, FACTOR] = 2
