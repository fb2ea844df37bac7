"""The handlers of "Edit", each update checked by the name of the part it changes."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from sonic_ui.requests import EDIT_MODES
from sonic_ui.studio import Failure, Kept, Studio
from sonic_ui.ui.desk import Desk, Shared
from sonic_ui.ui.edit import TAB, Holding, Parts, Several
from sonic_ui.ui.edit_handlers import SETTINGS, Handlers, mode_settings
from sonic_ui.ui.edit_results import REUSED, STUDIED
from sonic_ui.ui.examples import Example
from sonic_ui.ui.parts.picture_drop import PictureDrop, Reuse
from sonic_ui.ui.parts.picture_input import PREVIEW_PX, PictureInput
from sonic_ui.ui.parts.runs import RunBar, Runs
from sonic_ui.ui.parts.sound_input import SoundInput
from sonic_ui.ui.parts.words import Words
from sonic_ui.ui.pictures import read_settings
from tests.conftest import WriteSound
from tests.fakes import FakeBackend

ME = gr.Request(session_hash="me")
SIZE = (60, 40)


def part(kind: Any, **names: Any) -> Any:
    """A part whose components are their own names."""
    return kind(**{field.name: names.get(field.name, field.name) for field in fields(kind)})


@dataclass(frozen=True)
class Tab:
    """The tab's handlers, on components that are their own names."""

    desk: Desk
    runs: Runs
    handlers: Handlers
    reuse: Reuse


def tab_of(backend: FakeBackend, examples: tuple[Example, ...] = ()) -> Tab:
    desk, shared = Desk(Studio(backend), examples), part(Shared)
    parts = part(
        Parts,
        picture=part(PictureInput, message="picture_message"),
        sound=part(SoundInput, message="sound_message"),
        holding=part(Holding, message="how_message"),
        words=part(Words, message="words_message", beside="variation"),
        several=part(Several, message="several_message"),
        bar=part(RunBar, message="run_message"),
        drop=part(PictureDrop, message="drop_message", picture="dropped"),
        shared=shared,
    )
    runs = Runs(desk, shared, TAB, parts.stage, parts.bar, parts.messages)
    handlers = Handlers(desk, parts, runs)
    return Tab(desk, runs, handlers, Reuse(desk, parts.drop, parts.settings, handlers.updates))


MESSAGES = {f"{name}_message" for name in ("picture", "mask", "sound", "how", "words", "several", "run")}


@pytest.fixture
def meadow(tmp_path: Path) -> Path:
    path = tmp_path / "meadow.png"
    pixels = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def page_values(picture: Path | None, sound: Path | None, **values: Any) -> list[Any]:
    settings = {
        "picture": None if picture is None else str(picture),
        "mask": [],
        "sound": None if sound is None else str(sound),
        "start_s": None,
        "end_s": None,
        "gain_db": 0,
        "room": "dry",
        "mode": "replace",
        "tau_attn": 0.5,
        "tau_feature": 0.4,
        "held": "paper",
        "source_prompt": "",
        "prompt": "",
        "negative_prompt": "",
        "strength": 1,
        "layers": "",
        "guidance_scale": 4.0,
        "steps": 3,
        "seed": 5,
        "keep_seed": True,
        "variation": 0,
        "several": False,
        "strengths": "0.5, 1",
        **values,
    }
    return [settings[name] for name in SETTINGS] + [{}]


def last(updates: Any) -> dict[str, Any]:
    """Everything the page shows in the end."""
    shown: dict[str, Any] = {}
    for update in updates:
        shown |= update
    return shown


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


def stroke(left: int = 10, right: int = 30, size: tuple[int, int] = SIZE) -> bytes:
    """A layer as the editor sends it: half-transparent paint on nothing."""
    layer = Image.new("RGBA", size)
    layer.paste((217, 132, 56, 158), (left, 10, right, 20))
    buffer = BytesIO()
    layer.save(buffer, "PNG")
    return buffer.getvalue()


# Editing


def test_an_edit_shows_progress_then_before_and_after(write_sound: WriteSound, meadow: Path) -> None:
    tab = tab_of(FakeBackend())
    updates = list(tab.handlers.generate(ME, *page_values(meadow, write_sound("rain.wav"))))
    kinds = [update["stage"]["kind"] for update in updates if "stage" in update]
    assert kinds[0] == "working" and kinds[-1] == "done"
    shown = last(updates)
    card = shown["stage"]["result"]
    assert card["title"] == "Heard rain" and card["pair"] and card["aspect"] == 1.5
    for said in ("meadow.png", "rain.wav", "seed 5", "3 steps", "Replace", STUDIED):
        assert said in card["detail"]
    before, after = map(Image.open, shown["compare"])
    assert before.size == after.size == SIZE
    assert np.array_equal(np.asarray(before), np.asarray(Image.open(meadow)))
    path = Path(card["pictures"][0]["file"]["path"])
    assert path.name == "meadow-with-rain-5.png" and str(path) == shown["compare"][1]
    request = read_settings(path)["request"]
    assert (request["picture"], request["tau_attn"], request["mask"]) == ("meadow.png", 0.5, None)
    assert shown["kept"].startswith(
        "Kept of this picture: 1 KB. The next edit of it takes about a third less"
    )


def test_the_second_edit_starts_from_what_was_kept(write_sound: WriteSound, meadow: Path) -> None:
    backend = FakeBackend()
    tab, sound = tab_of(backend), write_sound()
    assert "Nothing is kept" in tab.handlers.look(ME, str(meadow))["kept"]
    first = last(tab.handlers.generate(ME, *page_values(meadow, sound)))
    second = last(tab.handlers.generate(ME, *page_values(meadow, sound, strength=0.3, tau_attn=0.9)))
    assert STUDIED in first["stage"]["result"]["detail"] and REUSED in second["stage"]["result"]["detail"]
    assert [job.inversion is None for job in backend.edits] == [True, False]
    somebody = gr.Request(session_hash="somebody else")
    assert "Nothing is kept" in tab.handlers.look(somebody, str(meadow))["kept"]
    tab.desk.studio.forget("me")
    assert "Nothing is kept" in tab.handlers.look(ME, str(meadow))["kept"]


def test_several_strengths_make_a_grid(write_sound: WriteSound, meadow: Path) -> None:
    tab = tab_of(FakeBackend())
    values = page_values(meadow, write_sound(), several=True, strengths="0.5; 1 1.5")
    shown = last(tab.handlers.generate(ME, *values))
    card = shown["stage"]["result"]
    captions = [picture["caption"] for picture in card["pictures"]]
    assert captions == ["strength 0.5", "strength 1", "strength 1.5"]
    third = tab.handlers.compare(ME, event(id=card["id"], index=2))["compare"]
    assert third == (shown["compare"][0], card["pictures"][2]["file"]["path"])
    for wrong in ({"id": card["id"], "index": 3}, {"id": "result-99", "index": 0}, {"id": card["id"]}):
        assert tab.handlers.compare(ME, event(**wrong))["compare"] is None
    stranger = gr.Request(session_hash="somebody else")
    assert tab.handlers.compare(stranger, event(id=card["id"], index=0))["compare"] is None


def test_what_is_painted_is_the_mask(write_sound: WriteSound, meadow: Path) -> None:
    backend = FakeBackend()
    tab = tab_of(backend)
    shown = last(tab.handlers.generate(ME, *page_values(meadow, write_sound(), mask=[stroke()])))
    mask = backend.edits[-1].mask
    assert mask is not None and mask.size == SIZE
    assert np.asarray(mask)[10:20, 10:30].min() == 255 and int((np.asarray(mask) > 0).sum()) == 200
    assert "only where painted" in shown["stage"]["result"]["detail"]
    last(tab.handlers.generate(ME, *page_values(meadow, write_sound(), mask=[stroke(0, 0)])))
    assert backend.edits[-1].mask is None, "nothing painted is no mask"


@pytest.mark.parametrize(
    ("values", "place", "says"),
    [
        ({"picture": None}, "picture_message", "no picture yet"),
        ({"sound": None}, "sound_message", "no sound yet"),
        ({"start_s": 30}, "sound_message", "earlier start"),
        ({"room": "cave"}, "sound_message", "dry, room, hall, church"),
        ({"mode": "melt"}, "how_message", "replace, add, style"),
        ({"tau_attn": 1.5}, "how_message", "from 0 to 1"),
        ({"tau_feature": None, "tau_attn": -1}, "how_message", "from 0 to 1"),
        ({"held": "all"}, "how_message", "paper, harder"),
        ({"source_prompt": "x" * 1001}, "how_message", "at most 1000"),
        ({"prompt": "x" * 1001}, "words_message", "at most 1000"),
        ({"several": True, "strengths": "1 " * 7}, "several_message", "7 values were given; 1 to 6"),
        ({"several": True, "strengths": ""}, "several_message", "at least one"),
        ({"several": True, "strengths": "loud"}, "several_message", "'loud'"),
        ({"several": True, "layers": "1 1"}, "several_message", "one for each layer as well"),
        ({"mask": [b"no layer"]}, "mask_message", "paint again"),
        ({"mask": [stroke(size=(40, 40))]}, "mask_message", "40 × 40 px, the picture 60 × 40 px"),
        ({"mask": [stroke(), stroke(size=(40, 40))]}, "mask_message", "paint again"),
        ({"variation": 2}, "run_message", "from 0 to 1"),
        ({"steps": 1000}, "run_message", "from 1 to 100"),
    ],
)
def test_a_refusal_stands_beside_its_cause(
    write_sound: WriteSound, meadow: Path, values: dict[str, Any], place: str, says: str
) -> None:
    tab, sound = tab_of(FakeBackend()), write_sound()
    named = page_values(meadow, sound)
    for name, value in values.items():
        named[SETTINGS.index(name)] = value
    shown = last(tab.handlers.generate(ME, *named))
    assert says in shown[place]["text"] and shown[place]["kind"] == "error"
    assert shown["stage"]["kind"] == "ended"
    assert all(not shown[other]["text"] for other in MESSAGES - {place})
    again = last(tab.handlers.generate(ME, *page_values(meadow, sound)))
    assert again["stage"]["kind"] == "done" and not again[place]["text"]


def test_cancelling_while_the_picture_is_studied_keeps_nothing(write_sound: WriteSound, meadow: Path) -> None:
    tab = tab_of(FakeBackend())
    shown: dict[str, Any] = {}
    for update in tab.handlers.generate(ME, *page_values(meadow, write_sound())):
        shown |= update
        if update.get("stage", {}).get("message") == "Studying the picture":
            tab.runs.cancel(ME)
    assert shown["stage"]["kind"] == "ended" and "Stopped" in shown["stage"]["message"]
    assert tab.desk.studio.kept("me") == Kept(0, 0)
    assert "Nothing is kept" in tab.handlers.look(ME, str(meadow))["kept"]


def test_failures_are_sentences(write_sound: WriteSound, meadow: Path) -> None:
    tab = tab_of(FakeBackend(problem="unet/config.json is missing."))
    shown = last(tab.handlers.generate(ME, *page_values(meadow, write_sound())))
    assert shown["run_message"]["text"] == "unet/config.json is missing."
    assert isinstance(Failure("x"), RuntimeError) and shown["head"]["state"] == "failed"


# Pictures of every kind


def png_that_claims(width: int, height: int) -> bytes:
    """The head of a PNG of this size, with next to nothing in it."""
    chunks = b""
    for kind, data in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"0")),
    ):
        chunks += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunks


BAD: dict[str, tuple[bytes | Callable[[Path], None], str]] = {
    "letter.png": (b"This is a letter.", "“letter.png” cannot be read as a picture"),
    "dot.png": (lambda path: Image.new("RGB", (1, 1)).save(path), "1 × 1 px; at least 8 px"),
    "huge.png": (png_that_claims(12_000, 9_000), "12000 × 9000 px; at most 50 million"),
    "bomb.png": (png_that_claims(100_000, 100_000), "more pixels than can be opened safely"),
    "panorama.png": (lambda path: Image.new("RGB", (900, 20)).save(path), "900 × 20 px; at most 10 times"),
    "cut.jpg": (b"\xff\xd8\xff\xe0" + b"\0" * 50, "cannot be read|is damaged"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_pictures_that_cannot_be_used_say_why(
    write_sound: WriteSound, meadow: Path, tmp_path: Path, name: str
) -> None:
    content, says = BAD[name]
    path = tmp_path / name
    if callable(content):
        content(path)
    else:
        path.write_bytes(content)
    tab = tab_of(FakeBackend())
    looked = tab.handlers.look(ME, str(path))
    pattern = re.compile(says)
    assert looked["picture_message"]["kind"] == "error" and pattern.search(looked["picture_message"]["text"])
    assert "stage" not in tab.handlers.take(str(path)), "the last good result stays"
    shown = last(tab.handlers.generate(ME, *page_values(path, write_sound())))
    assert pattern.search(shown["picture_message"]["text"]) and shown["stage"]["kind"] == "ended"
    assert last(tab.handlers.generate(ME, *page_values(meadow, write_sound())))["stage"]["kind"] == "done"


def phone(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 60), "teal").save(path, exif=exif)


def animation(path: Path) -> None:
    frames = [Image.new("RGB", SIZE, colour) for colour in ("teal", "red")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


GOOD: dict[str, Callable[[Path], None]] = {
    "clear.png": lambda path: Image.new("RGBA", SIZE, (0, 0, 0, 0)).save(path),
    "print.jpg": lambda path: Image.new("CMYK", SIZE, (90, 20, 0, 0)).save(path),
    "deep.png": lambda path: Image.fromarray(np.full(SIZE[::-1], 40_000, np.uint16)).save(path),
    "phone.jpg": phone,
    "film.gif": animation,
    "black.png": lambda path: Image.new("RGB", SIZE).save(path),
    "scan.tiff": lambda path: Image.new("L", SIZE, 90).save(path),
    "wide.png": lambda path: Image.new("RGB", (600, 60), "teal").save(path),
}


@pytest.mark.parametrize("name", list(GOOD))
def test_pictures_of_every_kind_are_edited_upright(
    write_sound: WriteSound, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    GOOD[name](path)
    backend = FakeBackend()
    tab = tab_of(backend)
    size = (600, 60) if name == "wide.png" else SIZE
    taken = tab.handlers.take(str(path))
    assert taken["stage"]["result"]["detail"] == f"{name} · {size[0]} × {size[1]} px"
    assert Image.open(taken["mask"]["background"]).size == size and taken["mask"]["layers"] == []
    shown = last(tab.handlers.generate(ME, *page_values(path, write_sound())))
    assert shown["stage"]["kind"] == "done", shown
    assert backend.edits[-1].picture.mode == "RGB" and backend.edits[-1].picture.size == size
    assert Image.open(shown["compare"][0]).size == Image.open(shown["compare"][1]).size == size


def test_large_pictures_are_shown_smaller_and_finished_whole(write_sound: WriteSound, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (PREVIEW_PX + 800, 1040), "teal").save(path)
    tab = tab_of(FakeBackend())
    shown = last(tab.handlers.generate(ME, *page_values(path, write_sound())))
    assert {Image.open(one).size for one in shown["compare"]} == {(PREVIEW_PX, 640)}
    assert Image.open(shown["stage"]["result"]["pictures"][0]["file"]["path"]).size == (
        PREVIEW_PX + 800,
        1040,
    )
    same = tab.handlers.compare(ME, event(id=shown["stage"]["result"]["id"], index=0))
    assert same["compare"] == shown["compare"]


def test_no_picture_is_no_error() -> None:
    handlers = tab_of(FakeBackend()).handlers
    assert handlers.look(ME, None) == {"kept": "", "picture_message": {"kind": "", "text": ""}}
    assert handlers.take(None)["mask"] is None and "stage" not in handlers.take(None)


def test_examples_and_pictures_that_are_sent_here(meadow: Path, write_sound: WriteSound) -> None:
    sound = write_sound()
    examples = (Example(sound, "Silent film", None), Example(sound, "Meadow", meadow))
    handlers = tab_of(FakeBackend(), examples).handlers
    chosen = handlers.choose(event(index=0))
    assert chosen["picture"] == str(meadow) and chosen["stage"]["result"]["pictures"]
    assert handlers.receive(meadow)["picture"] == str(meadow)
    with pytest.raises(gr.Error, match="no longer there"):
        handlers.choose(event(index=1))
    card = Handlers.first_card(Desk(Studio(FakeBackend()), examples), 0)
    assert card is not None and card.detail == "Meadow · 60 × 40 px" and not card.ours
    assert Handlers.first_card(Desk(Studio(FakeBackend())), 0) is None


# Settings that come back


def test_settings_come_back_with_picture_and_paint(write_sound: WriteSound, meadow: Path) -> None:
    tab, sound = tab_of(FakeBackend()), write_sound("rain.wav")
    values = page_values(
        meadow,
        sound,
        mask=[stroke()],
        mode="style",
        held="harder",
        room="hall",
        gain_db=-6,
        several=True,
        strengths="0.5 1.5",
        variation=0.2,
        source_prompt="a meadow",
    )
    shown = last(tab.handlers.generate(ME, *values))
    name = shown["stage"]["result"]["id"]
    back = tab.reuse.shown(shown["records"], event(id=name))
    assert (back["mode"], back["held"], back["tau_attn"], back["tau_feature"]) == (
        "style",
        "harder",
        0.5,
        0.4,
    )
    assert (back["several"], back["strengths"], back["variation"]) == (True, "0.5, 1.5", 0.2)
    assert (back["picture"], back["sound"], back["room"], back["gain_db"]) == (
        *(str(meadow), str(sound)),
        *("hall", -6),
    )
    (layer,) = back["mask"]["layers"]
    alpha = np.asarray(Image.open(layer).getchannel("A"))
    assert alpha.shape == SIZE[::-1] and alpha[15, 20] > 100 and alpha[0, 0] == 0
    assert "are back." in back["drop_message"]["text"]

    path = shown["stage"]["result"]["pictures"][1]["file"]["path"]
    alone = tab.reuse.dropped(path, {})
    assert alone["mode"] == "style" and "picture" not in alone and "mask" not in alone
    assert "the picture “meadow.png”" in alone["drop_message"]["text"]
    assert "the sound “rain.wav”" in alone["drop_message"]["text"]
    known = tab.reuse.dropped(path, shown["records"])
    assert known["picture"] == str(meadow) and known["mask"]["layers"]


def test_what_a_request_left_to_its_mode_comes_back_as_the_modes_own(
    write_sound: WriteSound, meadow: Path
) -> None:
    tab = tab_of(FakeBackend())
    values = page_values(meadow, write_sound(), mode="add", tau_attn=None, tau_feature=None, held=None)
    shown = last(tab.handlers.generate(ME, *values))
    back = tab.reuse.shown(shown["records"], event(id=shown["stage"]["result"]["id"]))
    assert [back["tau_attn"], back["tau_feature"], back["held"]] == mode_settings()["add"]
    assert back["several"] is False and "strengths" not in back and back["mask"]["layers"] == []


def test_every_mode_says_what_it_does_and_what_it_holds() -> None:
    assert set(mode_settings()) == set(EDIT_MODES) == {"replace", "add", "style"}
    assert all(mode.line.endswith(".") and len(mode.line) < 90 for mode in EDIT_MODES.values())
    assert mode_settings()["style"][2] == "harder"
