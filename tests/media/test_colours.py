"""Colours of pictures: as seen whatever the profile, and back with an edit."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from sonic_ui.media.colours import standard_colours
from sonic_ui.media.images import read_picture

SIZE = (60, 40)
WIDE_XYZ = {
    "red": (0.5151, 0.2412, -0.0011),
    "green": (0.2920, 0.6922, 0.0419),
    "blue": (0.1571, 0.0666, 0.7841),
}
"""Display P3's primaries, adapted to D50; in ICC order X, Y, Z."""


def wide_profile() -> bytes:
    """A small ICC profile (version 2) of Display P3's primaries with a gamma of 2.2."""

    def fixed(*values: float) -> bytes:
        return b"".join(round(value * 65536).to_bytes(4, "big", signed=True) for value in values)

    text = b"desc\0\0\0\0" + (5).to_bytes(4, "big") + b"Wide\0" + bytes(78 + 5)
    curve = b"curv\0\0\0\0" + (1).to_bytes(4, "big") + (563).to_bytes(2, "big") + bytes(2)
    tags = {
        b"desc": text + bytes(-len(text) % 4),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1.0, 0.8249),
        **{name[0].encode() + b"XYZ": b"XYZ \0\0\0\0" + fixed(*xyz) for name, xyz in WIDE_XYZ.items()},
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, data, begin = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + (begin + len(data)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        data += content
    head = (
        bytes(4)
        + b"lcms\2\x10\0\0mntrRGB XYZ "
        + bytes(12)
        + b"acsp"
        + bytes(28)
        + fixed(0.9642, 1.0, 0.8249)
    )
    body = head.ljust(128, b"\0") + len(tags).to_bytes(4, "big") + table + data
    return len(body).to_bytes(4, "big") + body[4:]


def wide_picture(colour: tuple[int, int, int] = (220, 40, 40)) -> Image.Image:
    """Half of one colour of the wide profile, half grey."""
    picture = Image.new("RGB", SIZE, colour)
    picture.paste((128, 128, 128), (30, 0, 60, 40))
    picture.info["icc_profile"] = wide_profile()
    return picture


def test_a_wide_profile_is_brought_to_srgb_and_back() -> None:
    standard, own = standard_colours(wide_picture())
    red, green, blue = np.asarray(standard)[0, 0].astype(int)
    assert red >= 235 and green == 0 and blue <= 25, "more saturated than its plain numbers"
    assert np.abs(np.asarray(standard)[0, 40].astype(int) - 128).max() <= 2, "grey stays grey"
    assert "icc_profile" not in standard.info, "or it would be applied twice"
    assert own is not None
    edited = standard.copy()
    edited.paste((0, 200, 0), (0, 0, 10, 40))
    back = own.restore(standard, edited)
    assert back.info["icc_profile"] == wide_profile()
    assert np.array_equal(np.asarray(back)[:, 10:], np.asarray(wide_picture())[:, 10:]), "to the bit"
    seen, _ = standard_colours(back)
    assert np.abs(np.asarray(seen)[:, :10].astype(int) - (0, 200, 0)).max() <= 3


def test_srgb_and_damaged_profiles_change_nothing(tmp_path: Path) -> None:
    plain = Image.new("RGB", SIZE, (220, 40, 40))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, b"nonsense", wide_profile()[:200]):
        plain.save(tmp_path / "picture.png", icc_profile=profile)
        read = read_picture(tmp_path / "picture.png")
        assert read.own is None and np.array_equal(np.asarray(read.image), np.asarray(plain))


@pytest.mark.parametrize("profile", [None, wide_profile()], ids=["plain", "wide"])
def test_transparency_comes_back_with_an_edit(profile: bytes | None) -> None:
    picture = Image.new("RGBA", SIZE, (200, 60, 60, 255))
    picture.paste((10, 20, 30, 0), (0, 0, 20, 40))
    picture.paste((90, 120, 90, 128), (20, 0, 30, 40))
    if profile:
        picture.info["icc_profile"] = profile
    standard, own = standard_colours(picture)
    assert standard.mode == "RGB" and standard.getpixel((5, 5)) == (255, 255, 255) and own is not None
    same = own.restore(standard, standard)
    assert same.mode == "RGBA" and same.tobytes() == picture.tobytes()
    edited = standard.copy()
    edited.paste((30, 90, 220), (20, 0, 60, 40))
    changed = own.restore(standard, edited)
    assert changed.getchannel("A").tobytes() == picture.getchannel("A").tobytes()
    assert changed.crop((0, 0, 20, 40)).tobytes() == picture.crop((0, 0, 20, 40)).tobytes()
    again, _ = standard_colours(changed)
    assert np.abs(np.asarray(again)[:, 30:].astype(int) - (30, 90, 220)).max() <= 3


def test_opaque_alpha_is_no_transparency() -> None:
    picture = Image.new("RGBA", SIZE, (200, 60, 60, 255))
    standard, own = standard_colours(picture)
    assert own is None and standard.getpixel((0, 0)) == (200, 60, 60)


def test_cmyk_and_grey_go_one_way(tmp_path: Path) -> None:
    stored = BytesIO()
    grey = Image.new("L", SIZE, 120)
    grey.save(stored, "PNG", icc_profile=wide_profile())
    (tmp_path / "grey.png").write_bytes(stored.getvalue())
    read = read_picture(tmp_path / "grey.png")
    assert np.abs(np.asarray(read.image).astype(int) - 120).max() <= 2
    Image.new("CMYK", SIZE, (0, 200, 200, 0)).save(tmp_path / "print.jpg", icc_profile=wide_profile())
    assert read_picture(tmp_path / "print.jpg").own is None, "a profile of another kind counts as none"
