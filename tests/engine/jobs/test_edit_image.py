"""Edits: the inversion of a picture is kept for whoever asked, and nothing half-made is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.caches import CacheUsage, InversionCache, InversionKey
from sonic_ui.engine.events import Cancelled, CancelToken, Event, Progress, Result
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput, EditImageRequest
from tests.fakes import FakeBackend

WriteSound = Callable[..., Path]


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "meadow.png"
    Image.fromarray(np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)).save(path)
    return str(path)


def result_of(events: list[Event]) -> Result:
    assert isinstance(events[-1], Result)
    return events[-1]


def test_the_second_edit_of_a_picture_starts_from_its_inversion(
    write_sound: WriteSound, picture: str
) -> None:
    backend = FakeBackend()
    studio = Studio(backend)
    wanted = EditImageRequest(picture=picture, sound=str(write_sound()))
    result = result_of(list(studio.run(wanted, session="me")))
    assert studio.cache_usage("me") == CacheUsage(1, 1000)
    other = wanted.changed(sound=str(write_sound("other.wav", hz=900)), strength=0.5, tau_attn=0.2, seed=9)
    list(studio.run(other, session="me"))
    assert [job.source.inversion for job in backend.edits] == [None, "inversion of (60, 40)"]
    assert result.images[0].size == (60, 40)
    assert result.settings["request"]["picture"] == "meadow.png"
    assert len(result.settings["picture_sha256"]) == 64
    assert str(Path(picture).parent) not in str(result.settings)


@pytest.mark.parametrize("change", [{"steps": 7}, {"source_prompt": "a meadow"}])
def test_what_the_inversion_depends_on_makes_a_new_one(
    write_sound: WriteSound, picture: str, change: dict[str, object]
) -> None:
    backend = FakeBackend()
    studio = Studio(backend)
    wanted = EditImageRequest(picture=picture, sound=str(write_sound()))
    for request in (wanted, wanted.changed(**change)):
        list(studio.run(request, session="me"))
    assert [job.source.inversion for job in backend.edits] == [None, None]


def test_sessions_do_not_share_and_leave_nothing(write_sound: WriteSound, picture: str) -> None:
    backend = FakeBackend()
    studio = Studio(backend)
    wanted = EditImageRequest(picture=picture, sound=str(write_sound()))
    list(studio.run(wanted, session="me"))
    list(studio.run(wanted, session="you"))
    assert backend.edits[-1].source.inversion is None
    studio.release("me")
    assert (studio.cache_usage("me").count, studio.cache_usage("you").count) == (0, 1)


def test_cancelling_during_the_inversion_keeps_nothing(write_sound: WriteSound, picture: str) -> None:
    token = CancelToken()
    studio = Studio(FakeBackend())
    with pytest.raises(Cancelled):
        for event in studio.run(EditImageRequest(picture=picture, sound=str(write_sound())), token, "me"):
            if isinstance(event, Progress) and event.message == "Studying the picture":
                token.cancel()
    assert studio.cache_usage("me") == CacheUsage(0, 0)


def test_the_inversion_used_least_recently_gives_way() -> None:
    cache = InversionCache(max_bytes=100)
    keys = {name: InversionKey("me", "bundle", name, "", 3) for name in ("a", "b", "c", "d", "huge")}
    for name in "abc":
        cache.put(keys[name], name, 40)
    assert [cache.find(keys[name]) for name in "abc"] == [None, "b", "c"]
    cache.find(keys["b"])
    cache.put(keys["d"], "d", 40)
    assert [cache.find(keys[name]) for name in "bcd"] == ["b", None, "d"]
    assert cache.usage("me") == CacheUsage(2, 80) and cache.usage("me", "d") == CacheUsage(1, 40)
    cache.put(keys["huge"], "huge", 101)
    assert cache.find(keys["huge"]) is None
    cache.put(keys["a"], "a", 1)
    cache.release("me")
    assert cache.usage("me") == CacheUsage(0, 0)


def test_an_edit_has_its_picture_s_transparency_and_stays_outside_of_the_mask(
    write_sound: WriteSound, tmp_path: Path
) -> None:
    picture, mask = tmp_path / "cut-out.png", tmp_path / "mask.png"
    given = Image.new("RGBA", (60, 40), (200, 60, 60, 255))
    given.paste((10, 20, 30, 0), (0, 0, 20, 40))
    given.save(picture)
    painted = Image.new("RGBA", (60, 40), (255, 255, 255, 0))
    painted.paste((0, 0, 0, 120), (40, 0, 60, 40))
    painted.save(mask)
    backend = FakeBackend()
    request = EditImageRequest(picture=str(picture), sound=str(write_sound()), mask=str(mask))
    result = result_of(list(Studio(backend).run(request)))
    assert result.images[0].mode == "RGBA" and result.images[0].tobytes() == given.tobytes()
    job = backend.edits[-1]
    assert job.source.picture.getpixel((5, 5)) == (255, 255, 255) and job.source.mask is not None
    assert np.array_equal(np.asarray(job.source.mask) > 0, np.asarray(painted)[..., 3] > 0)


def test_a_cut_jpeg_is_edited_with_a_notice(write_sound: WriteSound, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.jpg", tmp_path / "cut.jpg"
    Image.effect_noise((60, 40), 90).save(whole)
    cut.write_bytes(whole.read_bytes()[:-60])
    result = result_of(
        list(Studio(FakeBackend()).run(EditImageRequest(picture=str(cut), sound=str(write_sound()))))
    )
    assert any("The end of “cut.jpg” is missing" in notice for notice in result.notices)


def test_several_strengths_make_several_edits(write_sound: WriteSound, picture: str) -> None:
    wanted = EditImageRequest(picture=picture, sound=str(write_sound()), strengths=(0.3, 1.0, 1.7))
    result = result_of(list(Studio(FakeBackend()).run(wanted)))
    assert [info.strength for info in result.frames] == [0.3, 1.0, 1.7]


@pytest.mark.parametrize(
    ("name", "content", "field", "says"),
    [
        ("letter.png", b"this is a letter", "picture", "cannot be read as a picture"),
        ("missing.png", None, "picture", "no picture"),
    ],
)
def test_a_picture_that_cannot_be_used_is_named(
    write_sound: WriteSound, tmp_path: Path, name: str, content: bytes | None, field: str, says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=says) as refusal:
        list(
            Studio(FakeBackend()).run(
                EditImageRequest(picture=str(tmp_path / name), sound=str(write_sound()))
            )
        )
    assert refusal.value.field == field
    assert name in refusal.value.message


def test_an_empty_mask_is_refused(write_sound: WriteSound, picture: str, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    Image.new("L", (60, 40)).save(mask)
    with pytest.raises(BadInput, match="empty") as refusal:
        list(
            Studio(FakeBackend()).run(
                EditImageRequest(picture=picture, sound=str(write_sound()), mask=str(mask))
            )
        )
    assert refusal.value.field == "mask"
