"""Pictures of every kind: read upright or refused in words, into the square and back without cropping."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonic_ui.media.images import (
    MAX_PIXELS,
    composite,
    fit_picture,
    load_picture,
    read_mask,
    read_picture,
    upright_rgb,
)
from sonic_ui.requests import BadInput
from tests.picture_files import png_that_claims

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
    picture, digest = read_picture(path)
    assert picture.tobytes() == load_picture(path).tobytes()
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


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
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    landscape(1, 1).save(tmp_path / "dot.png")
    landscape(900, 20).save(tmp_path / "strip.png")
    for name, message in {
        "text.png": "“text.png” cannot be read as a picture.*PNG, JPEG",
        "drawing.eps": "“drawing.eps” cannot be read as a picture",
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


# Masks


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
    thin[100, 50:250] = True
    stroke = np.asarray(composite(edited, source, read_mask(thin, (300, 200))))
    assert (stroke[thin] == 255).all() and np.array_equal(stroke[~thin], np.asarray(source)[~thin])
