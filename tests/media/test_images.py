"""Pictures of every kind: read upright or refused in words, into the square and back without cropping."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.media.images import (
    MAX_PIXELS,
    composite,
    feathered,
    fit_picture,
    load_mask,
    load_picture,
    painted_area,
    read_mask,
    read_picture,
    upright_rgb,
)
from sonic_ui.media.picture_kinds import readable_formats
from sonic_ui.requests import BadInput
from tests.picture_files import png_that_claims, tiff_of

SIZE = 64


def landscape(width: int = 90, height: int = 40) -> Image.Image:
    """Sky over ground: red grows to the right, green downwards."""
    y, x = np.mgrid[0:height, 0:width]
    channels = (255 * x / max(width - 1, 1), 255 * y / max(height - 1, 1), np.full_like(x, 90))
    return Image.fromarray(np.stack(channels, -1).astype(np.uint8))


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean())


# Files


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "gif", "bmp", "tiff"])
def test_common_files_are_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{kind}"
    landscape().save(path)
    read = load_picture(path)
    assert read.mode == "RGB" and read.size == (90, 40)
    assert mean_difference(read, landscape()) < 12


def test_a_picture_and_its_digest_come_from_one_opening(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    landscape().save(path)
    read = read_picture(path)
    assert read.image.tobytes() == load_picture(path).tobytes()
    assert read.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read.own is None and not read.is_cut


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "LA", "RGBA", "HSV", "LAB"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    grey = landscape().convert("L")
    source = landscape() if mode == "LAB" else landscape().convert("P" if mode == "P" else "RGB")
    if mode == "LAB":
        pytest.importorskip("PIL.ImageCms")
        from PIL import ImageCms

        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        source = ImageCms.profileToProfile(source, srgb, lab, outputMode="LAB")
    else:
        source = grey.convert(mode) if mode in ("L", "1", "LA") else source.convert(mode)
    read = upright_rgb(source)
    assert read.mode == "RGB" and read.size == (90, 40)


def test_colours_survive_cmyk_and_palettes(tmp_path: Path) -> None:
    landscape().convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    assert mean_difference(load_picture(tmp_path / "cmyk.jpg"), landscape()) < 12
    landscape().quantize(128).save(tmp_path / "palette.png")
    assert mean_difference(load_picture(tmp_path / "palette.png"), landscape()) < 12


def test_sixteen_bits_keep_their_scale(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 90 * 40).reshape(40, 90).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    read = np.asarray(load_picture(tmp_path / "deep.png"))
    assert read.min() == 0 and read.max() == 255
    assert np.abs(read[..., 0] - values / 257.0).max() <= 1
    floating = Image.fromarray(np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20))
    assert np.asarray(upright_rgb(floating)).max() == 255
    assert np.asarray(upright_rgb(Image.fromarray(np.full((20, 20), np.nan, np.float32)))).max() == 0


@pytest.mark.parametrize("shape", [(40, 90), (40, 90, 3)], ids=["grey", "colour"])
@pytest.mark.parametrize(("dtype", "top"), [("float32", 4.0), ("uint16", 4095), ("uint16", 65535)])
def test_a_tiff_is_scaled_by_its_range(
    dtype: str, top: float, shape: tuple[int, ...], tmp_path: Path
) -> None:
    values = np.linspace(0, top, int(np.prod(shape))).reshape(shape).astype(dtype)
    (tmp_path / "deep.tif").write_bytes(tiff_of(values))
    read = np.asarray(load_picture(tmp_path / "deep.tif")).astype(float)
    expected = values / top * 255 if values.ndim == 3 else np.repeat(values[..., None] / top * 255, 3, -1)
    assert np.abs(read - expected).max() <= 1


def test_a_jpeg_without_its_end_opens_as_in_a_browser(tmp_path: Path) -> None:
    landscape(300, 200).save(tmp_path / "whole.jpg", quality=95)
    data = (tmp_path / "whole.jpg").read_bytes()
    for cut in (2, 40, len(data) // 3):
        (tmp_path / "cut.jpg").write_bytes(data[:-cut])
        read = read_picture(tmp_path / "cut.jpg")
        assert read.is_cut and read.image.size == (300, 200)
        upper = (0, 0, 300, 90)
        assert mean_difference(read.image.crop(upper), landscape(300, 200).crop(upper)) < 4


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    clear = landscape().convert("RGBA")
    clear.putalpha(Image.fromarray(np.repeat(np.array([[0] * 45 + [255] * 45], np.uint8), 40, axis=0)))
    clear.save(tmp_path / "clear.png")
    read = np.asarray(load_picture(tmp_path / "clear.png"))
    assert (read[:, :45] == 255).all()
    assert (read[:, 45:] == np.asarray(landscape())[:, 45:]).all()


def test_phone_pictures_stand_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the phone on its side
    landscape().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "phone.png", exif=exif)
    assert mean_difference(load_picture(tmp_path / "phone.png"), landscape()) < 1


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [landscape(), Image.new("RGB", (90, 40), "red")]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    assert mean_difference(load_picture(tmp_path / "film.gif"), landscape()) < 12


def test_files_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    whole = tmp_path / "whole.png"
    landscape(300, 200).save(whole)
    contents = {
        "text.png": b"this is no picture",
        "empty.png": b"",
        "cut.png": whole.read_bytes()[: whole.stat().st_size // 2],
        "bomb.png": png_that_claims(100_000, 100_000),
        "huge.png": png_that_claims(12_000, 9_000),
        "drawing.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "drawing.svg": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        "layers.psd": b"8BPS" + bytes(40),
        "photo.jxl": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40),
        "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40),
        "film.mp4": b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(40),
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    landscape(1, 1).save(tmp_path / "dot.png")
    landscape(900, 20).save(tmp_path / "strip.png")
    for name, message in {
        "text.png": "“text.png” cannot be read as a picture.*PNG, JPEG",
        "drawing.eps": "“drawing.eps” cannot be read as a picture: it is an EPS drawing. Open it in",
        "drawing.svg": "it is an SVG drawing, which has no pixels. Open it in .* export it as PNG",
        "layers.psd": r"it is a Photoshop document \(PSD\)\. Open it in",
        "photo.jxl": "it is a JPEG XL picture. Save or export it as JPEG or PNG.",
        "film.mp4": "it is a film. Save one of its frames",
        "empty.png": r"is empty \(0 bytes\)",
        "cut.png": "“cut.png” is damaged",
        "bomb.png": "more pixels than can be opened safely; at most 50 million",
        "huge.png": "12000 × 9000 px; at most 50 million",
        "dot.png": "1 × 1 px; at least 8 px",
        "strip.png": "900 × 20 px; at most 10 times",
        "gone.png": "no picture “gone.png”",
    }.items():
        with pytest.raises(BadInput, match=message) as caught:
            load_picture(tmp_path / name)
        assert caught.value.field == "picture"
    with pytest.raises(BadInput, match="no picture"):
        load_picture(tmp_path)


# The square


@pytest.mark.parametrize(
    "size", [(64, 64), (16, 16), (8, 8), (90, 40), (40, 90), (600, 60), (1000, 707), (63, 65)]
)
def test_no_picture_is_cropped_on_the_way_there_and_back(size: tuple[int, int]) -> None:
    picture = landscape(*size)
    fitted = fit_picture(picture, SIZE)
    assert fitted.square.size == (SIZE, SIZE) and fitted.tensor().shape == (1, 3, SIZE, SIZE)
    left, top, right, bottom = fitted.box
    assert max(right - left, bottom - top) == SIZE
    back = fitted.restore(fitted.square)
    assert back.size == size
    assert mean_difference(back, picture) < 4
    corners = np.asarray(back).astype(int)
    assert corners[0, 0, 0] < 40 and corners[0, -1, 0] > 215 and corners[-1, 0, 1] > 200


def test_a_square_of_the_right_size_passes_untouched() -> None:
    picture = landscape(SIZE, SIZE)
    fitted = fit_picture(picture, SIZE)
    assert fitted.restore(fitted.square).tobytes() == fitted.square.tobytes() == picture.tobytes()
    assert fitted.nbytes == 2 * 4 * SIZE * SIZE


def test_padding_is_the_pictures_mirror_image() -> None:
    fitted = fit_picture(landscape(), SIZE)
    pixels, (_, top, _, bottom) = np.asarray(fitted.square), fitted.box
    assert np.array_equal(pixels[top - 1], pixels[top]) and np.array_equal(pixels[bottom], pixels[bottom - 1])
    assert np.array_equal(pixels[top - 5], pixels[top + 4])


def test_a_smaller_preview_is_cut_in_proportion() -> None:
    fitted = fit_picture(landscape(), SIZE)
    assert fitted.cut(fitted.square).size == (64, 28)
    assert fitted.cut(fitted.square.resize((32, 32))).size == (32, 14)


def test_large_pictures_are_refused_before_any_work() -> None:
    with pytest.raises(BadInput, match="million pixels"):
        fit_picture(Image.new("1", (MAX_PIXELS // 1000 + 1, 1000)), SIZE)
    fitted = fit_picture(Image.new("L", (4000, 3000), 7), SIZE)
    assert fitted.restore(fitted.square).size == (4000, 3000)


def test_a_camera_s_raw_file_is_not_taken_for_its_thumbnail(tmp_path: Path) -> None:
    landscape().save(tmp_path / "raw.dng", "TIFF", tiffinfo={254: 1})
    with pytest.raises(BadInput, match=r"a camera's raw file\. Develop it"):
        load_picture(tmp_path / "raw.dng")


def test_heic_is_read_where_its_reader_is_installed(tmp_path: Path) -> None:
    photo = tmp_path / "photo.heic"
    photo.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40))
    if "HEIF" in readable_formats():
        landscape().save(photo, "HEIF")
        assert mean_difference(load_picture(photo), landscape()) < 12
        return
    with pytest.raises(BadInput, match=r"a HEIC picture.*JPEG.*pip install pillow-heif"):
        load_picture(photo)


# Masks


@pytest.mark.parametrize("colour", ["white", "black", (217, 132, 56)])
@pytest.mark.parametrize("alpha", [255, 100])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_not_painted(mode: str, alpha: int, colour: Any, tmp_path: Path) -> None:
    beneath = Image.new("RGB", (90, 40), "white" if colour == "black" else "black")
    beneath.paste(colour, (30, 10, 60, 20))
    opacity = Image.new("L", (90, 40), 0)
    opacity.paste(alpha, (30, 10, 60, 20))
    beneath.putalpha(opacity)
    if mode == "P":
        beneath.quantize(8).save(tmp_path / "mask.png")
    else:
        beneath.convert(mode).save(tmp_path / "mask.png")
    painted, digest = load_mask(tmp_path / "mask.png")
    assert np.array_equal(np.asarray(painted), np.where(np.asarray(opacity) > 0, 255, 0))
    assert len(digest) == 64


def test_black_and_white_paint_is_read_as_such() -> None:
    drawn = Image.new("RGBA", (90, 40), (255, 255, 255, 0))
    drawn.paste((255, 255, 255, 255), (0, 0, 60, 40))
    drawn.paste((0, 0, 0, 255), (20, 10, 40, 30))
    mask = np.asarray(painted_area(drawn))
    assert mask[5, 5] == 255 and mask[20, 30] == 0 and mask[5, 80] == 0
    on_black = Image.new("RGB", (90, 40), (3, 2, 4))  # as a JPEG leaves it
    on_black.paste("red", (20, 10, 40, 30))
    mask = np.asarray(painted_area(on_black))
    assert mask[20, 30] == 255 and mask[5, 5] == 0


def test_masks_of_any_kind() -> None:
    booleans = np.zeros((40, 90), bool)
    booleans[10:20, 30:60] = True
    as_floats, as_bytes = booleans.astype(float), booleans.astype(np.uint8) * 255
    drawn = Image.new("RGBA", (90, 40), (0, 0, 0, 0))
    drawn.paste((255, 255, 255, 255), (30, 10, 60, 20))
    for given in (booleans, as_floats, as_bytes, Image.fromarray(as_bytes), drawn):
        assert np.array_equal(np.asarray(read_mask(given, (90, 40))), as_bytes)
    assert read_mask(as_bytes, (180, 80)).size == (180, 80)


def test_unusable_masks_say_why() -> None:
    for given, message in (
        (np.ones((40, 40)), "40 × 40 px, the picture 90 × 40 px"),
        (np.zeros((40, 90)), "empty, so nothing would change"),
        (Image.new("RGBA", (90, 40), (255, 255, 255, 0)), "empty"),
        (np.ones((40, 90, 3)), r"shape \(40, 90, 3\)"),
    ):
        with pytest.raises(BadInput, match=message) as caught:
            read_mask(given, (90, 40))
        assert caught.value.field == "mask"


def test_a_mask_in_the_square_counts_every_touched_pixel() -> None:
    fitted = fit_picture(landscape(900, 400), SIZE)
    mask = np.zeros((400, 900), bool)
    mask[200, 450] = True
    square = fitted.fit_mask(read_mask(mask, (900, 400)))
    assert square.shape == (1, 1, SIZE, SIZE) and int((square > 0).sum()) in (1, 2, 4)
    whole = fitted.fit_mask(read_mask(np.ones((400, 900)), (900, 400)))
    _, top, _, bottom = fitted.box
    assert whole[..., top:bottom, :].min() == 1
    assert whole[..., :top, :].max() == 0 and whole[..., bottom:, :].max() == 0


def test_outside_of_the_mask_pixels_are_the_sources_own() -> None:
    source, edited = landscape(300, 200), Image.new("RGB", (300, 200), "white")
    inside = np.zeros((200, 300), bool)
    inside[50:150, 100:200] = True
    pixels = np.asarray(composite(edited, source, read_mask(inside, (300, 200))))
    assert np.array_equal(pixels[~inside], np.asarray(source)[~inside])
    assert (pixels[90:110, 140:160] == 255).all()
    edge = pixels[100, 100:112, 2].astype(int)
    assert (np.diff(edge) >= 0).all() and edge[0] < 130 and edge[-1] == 255
    thin = np.zeros((200, 300), bool)
    thin[20, 50:250] = True
    stroke = np.asarray(composite(edited, source, read_mask(thin, (300, 200))))
    assert (stroke[thin] == 255).all() and np.array_equal(stroke[~thin], np.asarray(source)[~thin])
    both = np.asarray(composite(edited, source, read_mask(thin | inside, (300, 200))))
    assert (both[thin] == 255).all() and np.array_equal(both[50:150], pixels[50:150])


def test_a_feathered_edge_leaves_no_seam() -> None:
    y, x = np.mgrid[0:1500, 0:2000]
    disc = Image.fromarray(((x - 1000) ** 2 + (y - 750) ** 2 < 400**2).astype(np.uint8) * 255)
    soft = np.asarray(feathered(disc)).astype(int)
    assert (soft[np.asarray(disc) == 0] == 0).all() and soft[750, 1000] == 255
    steps = np.abs(np.diff(soft[750]))
    assert steps.max() <= 16, "over 40 px, at most twice an even step"
    whole = Image.new("L", (90, 40), 255)
    assert feathered(whole).tobytes() == whole.tobytes(), "nothing lies beyond the picture"
