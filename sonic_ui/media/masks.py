"""Mask files from what is painted over a picture in the editor, and the editor's canvas from them."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, UnidentifiedImageError

from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput

PAINT = (217, 132, 56)
"""The brush, in the page's warm accent."""

PAINT_OPACITY = 0.62

NOT_READ = "What was painted cannot be read. Clear it and paint again."


def empty_canvas(picture: Path) -> dict[str, Any]:
    """A value for the editor: the picture with nothing painted on it."""
    return {"background": str(picture), "layers": [], "composite": str(picture)}


def painted_canvas(picture: Path, mask: Path) -> dict[str, Any]:
    """A value for the editor: the picture with a mask painted on it. Raises `BadInput`."""
    from sonic_ui.media.images import painted_area

    try:
        with Image.open(picture) as below, Image.open(mask) as saved:
            size, alpha = below.size, painted_area(saved)
    except (OSError, ValueError, UnidentifiedImageError) as error:
        raise BadInput(NOT_READ, "mask") from error
    opacity = alpha.resize(size).point(lambda value: round(value * PAINT_OPACITY))
    layer = Image.new("RGB", size, PAINT)
    layer.putalpha(opacity)
    path = picture.with_name("painted.png")
    with writing(path):
        layer.save(path, "PNG")
    return {"background": str(picture), "layers": [str(path)], "composite": str(picture)}


def write_mask(layers: Sequence[bytes | str], folder: Path) -> Path | None:
    """What is painted on any layer as a mask, white where it is; None if nothing is. Raises `BadInput`."""
    mask: Image.Image | None = None
    for layer in layers:
        alpha = _painted(layer)
        if mask is None:
            mask = alpha
        elif mask.size == alpha.size:
            mask = ImageChops.lighter(mask, alpha)
        else:
            raise BadInput(NOT_READ, "mask")
    if mask is None or mask.getextrema()[1] == 0:
        return None
    path = folder / "mask.png"
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        mask.save(path, "PNG")
    return path


def _painted(layer: bytes | str) -> Image.Image:
    """White where a layer is painted, however thin the paint is."""
    from sonic_ui.media.images import check_size

    try:
        with Image.open(BytesIO(layer) if isinstance(layer, bytes) else layer) as image:
            check_size(image.size)
            alpha = image.convert("RGBA").getchannel("A")
    except BadInput:
        raise BadInput(NOT_READ, "mask") from None
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadInput(NOT_READ, "mask") from error
    return alpha.point(lambda value: 255 if value > 8 else 0)
