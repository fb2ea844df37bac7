"""Any picture file to an upright RGB picture, to the square that a denoiser works on, and back.

Nothing is cropped: the picture is padded with its own mirror image, and the padding is cut off at the end.
What a file's pixels were before is kept beside (`colours`), for edits to come back in.
"""

from __future__ import annotations

import hashlib
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sonic_ui.media import tiff
from sonic_ui.media.colours import OwnColours, eight_bit, standard_colours
from sonic_ui.media.picture_kinds import ACCEPTED, HEAD_BYTES, RAW_ADVICE, readable_formats, unread_kind
from sonic_ui.requests import BadInput

if TYPE_CHECKING:
    from torch import Tensor

MIN_SIDE_PX = 8
MAX_PIXELS = 50_000_000
MAX_ASPECT = 10.0

SOFT_EDGE = 0.02
"""Width of a mask's soft inner edge, as a share of the picture's longer side."""

FEATHER_PX = 1024
"""Longest side at which that edge is drawn: it is smooth, and large pictures would take long."""

FAINT = 8
"""Levels of a mask up to this, of 255, are not painted: what a JPEG's rounding leaves of black."""

END_OF_JPEG = b"\xff\xd9"
ORIENTATION = 0x0112
"""EXIF's tag."""

_DECODING = (OSError, ValueError, SyntaxError, EOFError, ArithmeticError, LookupError, TypeError, MemoryError)
_DAMAGE = (*_DECODING, struct.error, zlib.error)


# From a file


@dataclass(frozen=True)
class PictureFile:
    """A picture file that was read.

    image      upright RGB of 8 bits in sRGB, transparency on white, first frame of several
    digest     SHA-256 of the file in hexadecimal
    own        its pixels before that, with its profile and its transparency; None if they are the same
    is_cut     whether the end of the file is missing: the part of the picture that it held is grey
    """

    image: Image.Image = field(repr=False)
    digest: str
    own: OwnColours | None = field(repr=False, default=None)
    is_cut: bool = False


def load_picture(path: str | Path) -> Image.Image:
    """A picture file as upright RGB: EXIF rotation applied, sRGB, transparency on white, first of several.

    Grey, palette, CMYK and 16-bit files are brought to 8-bit RGB. Size is judged before anything is decoded.
    Raises BadInput for what is missing, not a picture, too large, too small, too long, or damaged.
    """
    return read_picture(path).image


def read_picture(path: str | Path) -> PictureFile:
    """A picture file, read and hashed from one opening. Raises BadInput as `load_picture`."""
    file_path = Path(path)
    with _open_file(file_path) as file:
        with _damage_explained(file_path.name):
            decoded, is_cut = _decode(file, file_path.name)
            image, own = standard_colours(_upright(decoded))
        return PictureFile(image, _digest(file), own, is_cut)


def load_mask(path: str | Path) -> tuple[Image.Image, str]:
    """A mask file -> what is painted in it, as `painted_area`, and its SHA-256. Raises BadInput."""
    file_path = Path(path)
    with _open_file(file_path) as file:
        with _damage_explained(file_path.name):
            painted = painted_area(_upright(_decode(file, file_path.name)[0]))
        return painted, _digest(file)


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


def _digest(file: BufferedReader) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _decode(file: BufferedReader, name: str) -> tuple[Image.Image, bool]:
    """The picture in an open file, with all its pixels, and whether its end is missing.

    Raises BadInput for one that is not read, and whatever Pillow raises for one that is damaged.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if (kind := unread_kind(head)) is not None:
        raise BadInput(_not_read(name, kind.name, kind.advice), "picture")
    tags = tiff.read_tags(file)
    if tiff.is_float_colour(tags):
        check_size((tags.get(tiff.WIDTH, 0), tags.get(tiff.HEIGHT, 0)), name)
        return tiff.decode_deep(file, tags, MAX_PIXELS), False
    opened = _open_picture(file, name)
    check_size(opened.size, name)
    if tags.get(tiff.SUBFILE) == tiff.REDUCED_IMAGE:
        raise BadInput(_not_read(name, "a camera's raw file", RAW_ADVICE), "picture")
    try:
        opened.load()
    except OSError:
        if opened.format not in ("JPEG", "MPO"):
            raise
        file.seek(0)
        whole = Image.open(BytesIO(file.read() + END_OF_JPEG), formats=["JPEG"])
        whole.load()  # libjpeg fills in what is missing, as browsers do
        return whole, True
    if tiff.is_narrow(opened, tags):
        with suppress(ValueError):  # packed in a way that FFmpeg does not know: dark, but whole
            return _turned(tiff.decode_deep(file, tags, MAX_PIXELS), opened), False
    return opened, False


def _open_picture(file: BufferedReader, name: str) -> Image.Image:
    """A picture that Pillow has opened and not decoded. Raises BadInput."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # `check_size` is stricter
            return Image.open(file, formats=readable_formats())
    except Image.DecompressionBombError as error:
        raise _too_large(name, "more pixels than can be opened safely") from error
    except _DAMAGE as error:
        raise _unreadable(name) from error


@contextmanager
def _damage_explained(name: str) -> Iterator[None]:
    """Within the block, what a damaged file raises becomes a sentence."""
    try:
        yield
    except BadInput:
        raise
    except _DAMAGE as error:
        raise BadInput(
            f"“{name}” is damaged: it begins like a picture and does not end like one. Save or "
            "download it again.",
            "picture",
        ) from error


def _not_read(name: str, kind: str, advice: str) -> str:
    return f"“{name}” cannot be read as a picture: it is {kind}. {advice} {ACCEPTED}."


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
    """Any of Pillow's pictures as upright 8-bit RGB in sRGB, transparency on white."""
    return standard_colours(_upright(picture))[0]


def _upright(picture: Image.Image) -> Image.Image:
    """The picture as EXIF says that it stands; one channel of more than 8 bits as grey of 8."""
    if not picture.mode.startswith("I") and picture.mode != "F":
        return ImageOps.exif_transpose(picture)
    grey = eight_bit(picture)
    grey.info = {name: value for name, value in picture.info.items() if name == "icc_profile"}
    return _turned(grey, picture)


def _turned(picture: Image.Image, original: Image.Image) -> Image.Image:
    """The picture as the EXIF of the one that it was made of says that it stands."""
    picture.getexif()[ORIENTATION] = original.getexif().get(ORIENTATION, 1)
    return ImageOps.exif_transpose(picture)


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

    Takes Pillow pictures (see `painted_area`) and arrays [H, W] of booleans, 0..1 or 0..255.
    Raises BadInput for a mask of another aspect ratio and for an empty one.
    """
    grey = painted_area(mask) if isinstance(mask, Image.Image) else _mask_of_array(mask)
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


def painted_area(mask: Image.Image) -> Image.Image:
    """A picture of a mask -> 8-bit grey of its size: white is painted and may change.

    What is transparent is not painted, whatever colour lies beneath; the rest is, in any colour and however
    thin, unless it is painted black and white: then black is left out. Without transparency the brighter
    is painted the more.
    """
    if mask.mode.startswith("I") or mask.mode == "F":
        mask = eight_bit(mask)
    pixels = np.asarray(mask.convert("RGBA"))
    light, alpha = pixels[..., :3].max(-1), pixels[..., 3]
    painted = light
    if alpha.min() < 255:
        painted = np.where(alpha > FAINT, light if _is_black_and_white(pixels) else np.uint8(255), 0)
    return Image.fromarray(np.where(painted > FAINT, painted, 0).astype(np.uint8))


def _is_black_and_white(pixels: NDArray[np.uint8]) -> bool:
    """Whether what is opaque of pixels [H, W, 4] is grey, and both dark and light."""
    paint = pixels[pixels[..., 3] > 127][:, :3].astype(np.int16)
    if not paint.size or (paint.max(-1) - paint.min(-1)).max() > 32:
        return False
    return bool(paint.min() < 64 and paint.max() > 191)


def _mask_of_array(mask: NDArray[Any]) -> Image.Image:
    values = np.asarray(mask)
    if values.ndim != 2 or 0 in values.shape:
        raise BadInput(f"The mask is an array of shape {values.shape}; [H, W] is needed.", "mask")
    scale = 1 if values.dtype == np.uint8 else 255
    return Image.fromarray((np.nan_to_num(values.astype(np.float64)) * scale).clip(0, 255).astype(np.uint8))


def composite(edited: Image.Image, source: Image.Image, mask: Image.Image) -> Image.Image:
    """`edited` where the mask is white, `source` elsewhere: outside of the mask its pixels are kept exactly.

    The edge is soft towards the inside. All three are of one size; the mask as `read_mask` gives it.
    """
    return Image.composite(edited, source, feathered(mask))


def feathered(mask: Image.Image) -> Image.Image:
    """The mask fading out towards its edge from inside, 0 wherever it was 0.

    The fade is SOFT_EDGE wide, narrower where a stroke is thin: its middle stays as it was.
    """
    from scipy.ndimage import distance_transform_edt, maximum_filter

    inside = np.asarray(mask, np.float32) / 255
    small = Image.fromarray(inside > 0).convert("L")
    if max(small.size) > FEATHER_PX:
        small.thumbnail((FEATHER_PX, FEATHER_PX), Image.Resampling.BOX)
    region = np.asarray(small) > 0
    if region.all() or not region.any():
        return mask
    reach = max(1.0, SOFT_EDGE * max(small.size))
    depth = distance_transform_edt(region)
    thickness = maximum_filter(depth, size=2 * round(reach) + 1)
    share = (depth / np.minimum(reach, thickness).clip(1.0)).clip(0.0, 1.0).astype(np.float32)
    smooth = Image.fromarray(share * share * (3 - 2 * share)).resize(mask.size, Image.Resampling.BILINEAR)
    return Image.fromarray((inside * np.asarray(smooth) * 255).round().clip(0, 255).astype(np.uint8))
