"""Any picture file to an upright RGB picture, to the square that a denoiser works on, and back.

Nothing is cropped: the picture is padded with its own mirror image, and the padding is cut off at the end.
"""

from __future__ import annotations

import hashlib
import struct
import warnings
import zlib
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from sonic_ui.requests import BadInput

if TYPE_CHECKING:
    from torch import Tensor

MIN_SIDE_PX = 8
MAX_PIXELS = 50_000_000
MAX_ASPECT = 10.0

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""Those that are read. Others that Pillow knows run outside programs (EPS) or are no pictures of people's."""

ACCEPTED = "PNG, JPEG, WebP, AVIF, GIF, BMP and TIFF are accepted"
SOFT_EDGE = 0.02
"""Width of a mask's soft inner edge, as a share of the picture's longer side."""

_DECODING = (OSError, ValueError, SyntaxError, EOFError, ArithmeticError, LookupError, TypeError, MemoryError)
_DAMAGE = (*_DECODING, struct.error, zlib.error)


# From a file


def load_picture(path: str | Path) -> Image.Image:
    """A picture file as upright RGB: EXIF rotation applied, transparency on white, first frame of several.

    Grey, palette, CMYK and 16-bit files are brought to 8-bit RGB. Size is judged before anything is decoded.
    Raises BadInput for what is missing, not a picture, too large, too small, too long, or damaged.
    """
    with _open_file(Path(path)) as file:
        return _decode(file, Path(path).name)


def read_picture(path: str | Path) -> tuple[Image.Image, str]:
    """A picture as `load_picture` gives it and the SHA-256 of its file in hexadecimal, from one opening."""
    with _open_file(Path(path)) as file:
        picture = _decode(file, Path(path).name)
        file.seek(0)
        return picture, hashlib.file_digest(file, "sha256").hexdigest()


def _open_file(file: Path) -> BufferedReader:
    try:
        if not file.is_file():
            raise BadInput(f"There is no picture “{file.name}”. Upload it again.", "picture")
        if file.stat().st_size == 0:
            raise BadInput(f"“{file.name}” is empty (0 bytes). Save or upload it again.", "picture")
        return file.open("rb")
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise _unreadable(file.name) from error


def _decode(file: BufferedReader, name: str) -> Image.Image:
    """The picture in an open file, upright and RGB. Raises BadInput as `load_picture` does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # `check_size` is stricter
            Image.init()
            opened = Image.open(file, formats=[kind for kind in FORMATS if kind in Image.OPEN])
    except Image.DecompressionBombError as error:
        raise _too_large(name, "more pixels than can be opened safely") from error
    except _DAMAGE as error:
        raise _unreadable(name) from error
    check_size(opened.size, name)
    try:
        opened.load()
        return upright_rgb(opened)
    except _DAMAGE as error:
        raise BadInput(
            f"“{name}” is damaged: it begins like a picture and does not end like one. Save or "
            "download it again.",
            "picture",
        ) from error


def _unreadable(name: str) -> BadInput:
    return BadInput(
        f"“{name}” cannot be read as a picture: it is of another kind, or damaged. {ACCEPTED}.", "picture"
    )


def check_size(size: tuple[int, int], name: str = "the picture") -> None:
    """Raises BadInput unless a picture of `size` (width, height) can be worked on."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise _too_large(name, f"{width} × {height} px")
    if min(width, height) < MIN_SIDE_PX:
        raise BadInput(
            f"“{name}” is {width} × {height} px; at least {MIN_SIDE_PX} px a side are needed. "
            "Choose a larger picture.",
            "picture",
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise BadInput(
            f"“{name}” is {width} × {height} px; at most {MAX_ASPECT:g} times as long as wide is accepted, "
            "since it is worked on as a whole. Crop the part to edit.",
            "picture",
        )


def _too_large(name: str, size: str) -> BadInput:
    return BadInput(
        f"“{name}” has {size}; at most {MAX_PIXELS // 10**6} million pixels are accepted. Save it smaller.",
        "picture",
    )


def upright_rgb(picture: Image.Image) -> Image.Image:
    """Any of Pillow's pictures as upright 8-bit RGB, transparency on white."""
    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith("I") or turned.mode == "F":
        turned = _eight_bit(turned)
    if turned.has_transparency_data:
        rgba = turned.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        turned = Image.alpha_composite(white, rgba)
    return turned.convert("RGB")


def _eight_bit(picture: Image.Image) -> Image.Image:
    """One channel of 16 or 32 bits, whole or floating, as grey of 8 bits: full scale stays full scale."""
    values = np.nan_to_num(np.asarray(picture, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    if picture.mode == "F" and top <= 1.0:
        full = 1.0
    else:
        full = next((bound for bound in (255.0, 65535.0) if top <= bound), top)
    return Image.fromarray((values.clip(0.0, full) / full * 255).round().astype(np.uint8))


# To the denoiser's square and back


@dataclass(frozen=True)
class FittedPicture:
    """Picture that fits a denoiser's square: its source, and where it lies in the square."""

    source: Image.Image = field(repr=False)
    """As it was given, RGB."""
    square: Image.Image = field(repr=False)
    """[size, size]: the whole picture, made smaller and padded."""
    box: tuple[int, int, int, int]
    """Left, top, right and bottom of the picture within the square."""

    @property
    def nbytes(self) -> int:
        """Memory that the two pictures take; Pillow keeps RGB in four bytes a pixel."""
        pictures = [self.square] if self.source is self.square else [self.source, self.square]
        return 4 * sum(picture.width * picture.height for picture in pictures)

    def tensor(self) -> Tensor:
        """[1, 3, size, size] in [-1, 1], as an autoencoder reads it."""
        import torch

        pixels = torch.from_numpy(np.array(self.square)).permute(2, 0, 1)
        return (pixels.float() / 127.5 - 1)[None]

    def cut(self, picture: Image.Image) -> Image.Image:
        """A painted square, of any size, without the padding."""
        scale = picture.width / self.square.width
        left, top, right, bottom = (round(side * scale) for side in self.box)
        return picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))

    def restore(self, picture: Image.Image) -> Image.Image:
        """A painted square, of any size -> the source's aspect ratio and resolution."""
        inner = self.cut(picture)
        if inner.size == self.source.size:
            return inner
        return inner.resize(self.source.size, Image.Resampling.LANCZOS)

    def fit_mask(self, mask: Image.Image) -> Tensor:
        """A mask as `read_mask` gives it -> [1, 1, size, size] in 0..1; any touch counts, padding is 0."""
        import torch

        left, top, right, bottom = self.box
        inner = torch.from_numpy(np.array(mask, np.float32) / 255)[None, None]
        inner = torch.nn.functional.adaptive_max_pool2d(inner, (bottom - top, right - left))
        return torch.nn.functional.pad(
            inner, (left, self.square.width - right, top, self.square.height - bottom)
        )


def fit_picture(picture: Image.Image, size: int) -> FittedPicture:
    """A picture of any size and aspect ratio -> a square of `size` px that holds the whole of it.

    The longer side fills the square; the rest is the picture's own mirror image. `.tensor()` is what an
    autoencoder reads, `.restore()` the way back. Raises BadInput for a size that cannot be worked on.
    """
    check_size(picture.size)
    source = upright_rgb(picture)
    longer = max(source.size)
    width, height = (max(1, round(side * size / longer)) for side in source.size)
    left, top = (size - width) // 2, (size - height) // 2
    small = source
    if small.size != (width, height):
        small = source.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    margins = ((top, size - height - top), (left, size - width - left), (0, 0))
    square = Image.fromarray(np.pad(np.asarray(small), margins, mode="symmetric"))
    return FittedPicture(source, square, (left, top, left + width, top + height))


# Masks


def read_mask(mask: Image.Image | NDArray[Any], size: tuple[int, int]) -> Image.Image:
    """A mask of what may change -> 8-bit grey at `size`, the source's width and height; white may change.

    Takes Pillow pictures (transparent counts as black) and arrays [H, W] of booleans, 0..1 or 0..255.
    Raises BadInput for a mask of another aspect ratio and for an empty one.
    """
    grey = _mask_picture(mask)
    (width, height), (full_width, full_height) = grey.size, size
    if abs(width * full_height - height * full_width) > max(full_width, full_height):
        raise BadInput(
            f"The mask is {width} × {height} px, the picture {full_width} × {full_height} px. Paint the "
            "mask on this picture.",
            "mask",
        )
    if grey.size != size:
        grey = grey.resize(size, Image.Resampling.BILINEAR)
    if grey.getextrema()[1] == 0:
        raise BadInput(
            "The mask is empty, so nothing would change. Paint over the part to change, or remove the mask "
            "to change the whole picture.",
            "mask",
        )
    return grey


def _mask_picture(mask: Image.Image | NDArray[Any]) -> Image.Image:
    if isinstance(mask, Image.Image):
        if mask.has_transparency_data:
            rgba = mask.convert("RGBA")
            black = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
            mask = Image.alpha_composite(black, rgba)
        return mask.convert("L")
    values = np.asarray(mask)
    if values.ndim != 2 or 0 in values.shape:
        raise BadInput(f"The mask is an array of shape {values.shape}; [H, W] is needed.", "mask")
    scale = 1 if values.dtype == np.uint8 else 255
    return Image.fromarray((np.nan_to_num(values.astype(np.float64)) * scale).clip(0, 255).astype(np.uint8))


def composite(edited: Image.Image, source: Image.Image, mask: Image.Image) -> Image.Image:
    """`edited` where the mask is white, `source` elsewhere: outside of the mask its pixels are kept exactly.

    The edge is soft towards the inside. All three are of one size; the mask as `read_mask` gives it.
    """
    return Image.composite(edited, source, _soft_inside(mask))


def _soft_inside(mask: Image.Image) -> Image.Image:
    """The mask fading out towards its edge from inside, 0 wherever it was 0. Too thin for that, it stays."""
    radius = SOFT_EDGE * max(mask.size) / 2
    blurred = np.asarray(mask.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255
    inside = np.asarray(mask, np.float32) / 255
    faded = inside * (2 * blurred - 1).clip(0, 1)
    if faded.max() < inside.max() / 2:
        faded = inside
    return Image.fromarray((faded * 255).round().astype(np.uint8))
