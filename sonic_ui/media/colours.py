"""Colours of a picture: brought to 8-bit sRGB on white, as networks read them, and back after an edit.

ICC profiles are applied by LittleCMS, as browsers do; one that is damaged or belongs to another kind of
picture counts as sRGB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

INTEGER_SCALES = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""Largest values of 8, 10, 12, 14 and 16 bits: cameras and scanners save all of them in 16."""

ALIKE = 2
"""A profile whose colours differ from sRGB's by no more than this, of 255, is sRGB."""

MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Pillow's mode of a profile's colour space."""

GREY_MODES = ("1", "L", "LA", "La")

CHANGED = 32.0
"""Levels, of 255, by which an edit differs where nothing is left of a colour that sRGB does not have."""

BAND_PX = 1 << 20
"""So many pixels are restored at a time: they take 12 bytes each several times over."""

MAX_SAMPLE_VALUES = (341, 281)
"""TIFF 6.0: SMaxSampleValue and MaxSampleValue."""


@dataclass(frozen=True)
class OwnColours:
    """What a picture's pixels were before they became sRGB on white.

    pixels    RGB or RGBA of 8 bits, upright, in the colours of `profile`
    profile   ICC profile of RGB; None for sRGB
    """

    pixels: Image.Image = field(repr=False)
    profile: bytes | None = field(repr=False, default=None)

    @property
    def picture(self) -> Image.Image:
        """The pixels with their profile, for programs that apply it."""
        return self._tagged(self.pixels.copy())

    def restore(self, source: Image.Image, edited: Image.Image) -> Image.Image:
        """An edit of the picture with its profile and its transparency.

        source    the picture as networks read it, RGB
        edited    RGB of the same size. Where it is as `source`, the picture's own pixels come back to the
                  bit, with colours that sRGB does not have; the more it differs, the less of these
        """
        width, height = self.pixels.size
        rows = max(1, BAND_PX // width)
        restored = Image.new(self.pixels.mode, self.pixels.size)
        transform = _transform_of(self.profile, back=True)
        for top in range(0, height, rows):
            box = (0, top, width, min(height, top + rows))
            own = np.asarray(self.pixels.crop(box))
            alpha = own[..., 3:] if own.shape[2] == 4 else None
            before, after = (np.asarray(one.crop(box), np.float32) for one in (source, edited))
            change = np.abs(after - before).max(-1, keepdims=True)
            lost = own[..., :3] - _lifted(before, alpha, transform)
            colours = _lifted(after, alpha, transform) + lost * (1 - change / CHANGED).clip(0, 1)
            band = colours.round().clip(0, 255).astype(np.uint8)
            band = band if alpha is None else np.concatenate([band, alpha], -1)
            restored.paste(Image.fromarray(band), box)
        return self._tagged(restored)

    def _tagged(self, picture: Image.Image) -> Image.Image:
        if self.profile is not None:
            picture.info["icc_profile"] = self.profile
        return picture


def _lifted(
    pixels: NDArray[np.float32], alpha: NDArray[np.uint8] | None, transform: ImageCms.ImageCmsTransform | None
) -> NDArray[np.float32]:
    """Pixels [h, w, 3] on white -> the colours that, at `alpha` [h, w, 1], give them; transformed."""
    if alpha is not None:
        opacity = np.maximum(alpha, 1).astype(np.float32) / 255
        pixels = (255 - (255 - pixels) / opacity).astype(np.float32)
    if transform is None:
        return pixels
    colours = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
    return np.asarray(_applied(transform, colours), np.float32)


def standard_colours(picture: Image.Image) -> tuple[Image.Image, OwnColours | None]:
    """A picture of 8 bits -> RGB in sRGB on white, and what that took from it; None if nothing."""
    rgba = picture.convert("RGBA") if picture.has_transparency_data else picture
    alpha = rgba.getchannel("A") if rgba.mode == "RGBA" else None
    if alpha is not None and alpha.getextrema()[0] == 255:
        alpha = None
    profile = picture.info.get("icc_profile")
    profile = profile if isinstance(profile, bytes) else None
    plain = picture.convert("L") if picture.mode in GREY_MODES else rgba
    standard, own = _to_srgb(plain, profile)
    if alpha is None:
        return standard, None if own is None else OwnColours(own, profile)
    pixels = Image.merge("RGBA", (*(standard if own is None else own).split(), alpha))
    on_white = Image.new("RGBA", standard.size, (255, 255, 255, 255))
    on_white.alpha_composite(Image.merge("RGBA", (*standard.split(), alpha)))
    return on_white.convert("RGB"), OwnColours(pixels, None if own is None else profile)


def _to_srgb(picture: Image.Image, profile: bytes | None) -> tuple[Image.Image, Image.Image | None]:
    """RGB in sRGB, and the RGB before that where a profile leads there and back."""
    own = None
    try:
        mode = MODES.get(_space_of(profile), "")
        colours = picture.convert("RGB") if mode == "RGB" and picture.mode != "CMYK" else picture
        transform = _transform_of(profile, mode) if colours.mode == mode else None
        if transform is None:
            return _bare(picture.convert("RGB")), None
        standard = _bare(_applied(transform, colours))
        if mode == "RGB" and _transform_of(profile, back=True) is not None:
            own = _bare(colours)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _bare(picture.convert("RGB")), None
    return standard, own


def _space_of(profile: bytes | None) -> str:
    """The colour space of a profile: "RGB", "GRAY", "CMYK" and others; "" for none."""
    return "" if profile is None else ImageCms.ImageCmsProfile(BytesIO(profile)).profile.xcolor_space.strip()


def _transform_of(
    profile: bytes | None, mode: str = "RGB", back: bool = False
) -> ImageCms.ImageCmsTransform | None:
    """The way from a profile to sRGB, or `back`; None where it would change nothing."""
    if profile is None:
        return None
    given, srgb = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
    if back:
        return ImageCms.buildTransform(srgb, given, "RGB", mode)
    transform = ImageCms.buildTransform(given, srgb, mode, "RGB")
    if mode == "RGB":
        levels = np.linspace(0, 255, 9).round().astype(np.uint8)
        samples = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(27, 27, 3)
        seen = np.asarray(_applied(transform, Image.fromarray(samples)), int)
        if np.abs(seen - samples).max() <= ALIKE:
            return None
    return transform


def _applied(transform: ImageCms.ImageCmsTransform, picture: Image.Image) -> Image.Image:
    """A picture of the transform's mode in its other colours. Raises `PyCMSError`."""
    applied: Image.Image | None = ImageCms.applyTransform(picture, transform)
    return picture if applied is None else applied


def _bare(picture: Image.Image) -> Image.Image:
    """The picture without the rest of what its file holds: a profile must not be applied twice."""
    picture.info = {}
    return picture


def eight_bit(picture: Image.Image) -> Image.Image:
    """One channel of 16 or 32 bits, whole or floating, as grey of 8 bits; see `scaled`."""
    return Image.fromarray(scaled(np.asarray(picture), getattr(picture, "tag_v2", {})))


def scaled(values: NDArray[Any], tags: Mapping[int, Any]) -> NDArray[np.uint8]:
    """Values of more than 8 bits, whole or floating, as 0..255: black is 0, or the least if that is below.

    White is, of floating numbers, 1 or the largest of them; of whole ones what the TIFF `tags` declare, else
    the largest of the fewest bits that hold them all, so that 12 bits that lie in 16 are not almost black.
    """
    finite = np.where(np.isfinite(values), values, 0).astype(np.float64)
    low, top = min(0.0, float(finite.min(initial=0.0))), float(finite.max(initial=0.0))
    if values.dtype.kind == "f":
        white = max(top, 1.0)
        finite = np.where(np.isposinf(values), white, finite)
    else:
        declared = _declared_white(tags)
        fewest = next((bound for bound in INTEGER_SCALES if top <= bound), top)
        white = declared if declared is not None and declared >= top else fewest
    return ((finite - low) / (white - low) * 255).round().astype(np.uint8)


def _declared_white(tags: Mapping[int, Any]) -> float | None:
    """The largest value that a TIFF says it may hold; None if it names none that makes sense."""
    for tag in MAX_SAMPLE_VALUES:
        value = tags.get(tag)
        value = value[0] if isinstance(value, tuple) and value else value
        if isinstance(value, (int, float)) and value > 0:
            return float(value)
    return None
