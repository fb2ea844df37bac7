"""Several sounds at once become one picture each, and a ZIP of them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from sonic_ui.media.metadata import read_settings
from sonic_ui.ui.tabs.sound_to_image.batch import MOST_FILES
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.tabs import ME, event, last
from tests.ui.test_handlers import page_values, tab_of


def zip_of(shown: dict[str, Any]) -> zipfile.ZipFile:
    return zipfile.ZipFile(shown["batch"]["zip"]["path"])


def test_a_broken_file_among_good_ones(write_sound: WriteSound, tmp_path: Path) -> None:
    (tmp_path / "letter.wav").write_text("not a sound")
    files = [str(write_sound("rain.wav")), str(tmp_path / "letter.wav"), str(write_sound("dog.wav", hz=900))]
    tab = tab_of(FakeBackend())
    steps = [*tab.generate_batch(ME, files, *page_values(None, prompt="ink", count=4, start_s=0.3))]
    shown = last(steps)
    rows = [(row["name"], row["state"]) for row in shown["batch"]["rows"]]
    assert rows == [("rain.wav", "done"), ("letter.wav", "failed"), ("dog.wav", "done")]
    assert "“letter.wav” cannot be read as sound" in shown["batch"]["rows"][1]["words"]
    assert shown["batch"]["words"] == "2 of 3 painted, 1 could not be."
    card = shown["stage"]["result"]
    assert shown["stage"]["kind"] == "done"
    assert [picture["caption"] for picture in card["pictures"]] == ["rain.wav", "dog.wav"]
    counted = [step["stage"] for step in steps if step.get("stage", {}).get("kind") == "working"]
    shares = [value["step"] / value["total"] for value in counted if value["total"]]
    assert shares == sorted(shares) and shares[-1] > 0.9
    with zip_of(shown) as packed:
        assert sorted(packed.namelist()) == ["dog.png", "rain.png", "settings.json"]
        settings = json.loads(packed.read("settings.json"))
        packed.extract("dog.png", tmp_path)
    assert [one["sound"] for one in settings["pictures"]] == ["rain.wav", "dog.wav"]
    assert settings["failed"][0]["sound"] == "letter.wav"
    request = read_settings(tmp_path / "dog.png")["request"]
    assert (request["sound"], request["prompt"], request["count"], request["start_s"]) == (
        "dog.wav",
        "ink",
        1,
        None,
    )

    # Each picture has settings of its own to come back to.
    back = tab.reuse.shown(shown["records"], event(id=card["id"], index=1))
    assert back["sound"] == files[2] and back["prompt"] == "ink"


def test_cancelling_keeps_what_is_done(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    files = [str(write_sound(f"{name}.wav", hz=300 + 10 * index)) for index, name in enumerate("abc")]
    shown: dict[str, Any] = {}
    for update in tab.generate_batch(ME, files, *page_values(None)):
        shown |= update
        states = [row["state"] for row in shown.get("batch", {}).get("rows", [])]
        if states == ["done", "working", "waiting"]:
            tab.runs.cancel(ME)
    assert [row["state"] for row in shown["batch"]["rows"]] == ["done", "waiting", "waiting"]
    assert shown["batch"]["words"].startswith("Stopped. 1 of 3") and shown["stage"]["kind"] == "done"
    with zip_of(shown) as packed:
        assert packed.namelist() == ["a.png", "settings.json"]


def test_files_of_one_name_do_not_overwrite_each_other(write_sound: WriteSound, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first = write_sound("rain.wav")
    second = (tmp_path / "b" / "rain.wav").resolve()
    second.write_bytes(write_sound("other.wav", hz=700).read_bytes())
    shown = last(tab_of(FakeBackend()).generate_batch(ME, [str(first), str(second)], *page_values(None)))
    with zip_of(shown) as packed:
        assert sorted(packed.namelist()) == ["rain-2.png", "rain.png", "settings.json"]


def test_what_makes_no_batch(write_sound: WriteSound, tmp_path: Path) -> None:
    tab = tab_of(FakeBackend())
    assert [*tab.generate_batch(ME, None, *page_values(None))] == []
    many = [str(write_sound())] * (MOST_FILES + 1)
    shown = last(tab.generate_batch(ME, many, *page_values(None)))
    assert "up to 24 become pictures at once" in shown["sound_message"]["text"]
    (tmp_path / "letter.wav").write_text("not a sound")
    shown = last(tab.generate_batch(ME, [str(tmp_path / "letter.wav")], *page_values(None)))
    assert shown["stage"]["kind"] == "ended" and shown["batch"]["rows"][0]["state"] == "failed"
    assert shown["batch"]["zip"] is None
