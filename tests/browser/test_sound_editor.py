"""The editor of a sound in a real browser: a part by pointer and by keys, a loop, several files, a reload."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from sonic_ui.requests import SoundToImageRequest
from sonic_ui.requests.links import PARAMETER, write_link
from tests.browser.steps import ENGINE_MS, open_tab, ready, upload

pytestmark = pytest.mark.browser

TAB = "sound-to-image"
EDITOR = f"#{TAB}-audio"
CAPTION = f"{EDITOR} .su-sound-caption"
BATCH = f"#{TAB}-batch"
BACK_AT = """([from, to]) => {
  const at = document.querySelector('#sound-to-image-audio audio').currentTime;
  return at >= from && at < to;
}"""


def numbers(page: Any) -> tuple[str, str]:
    """What stands in the boxes of the part."""
    return tuple(  # type: ignore[return-value]
        page.locator(f"#{TAB}-tab").get_by_label(label).input_value()
        for label in ("From (seconds)", "To (seconds)")
    )


def drag(page: Any, begin: float, end: float) -> None:
    """Drag over the board, from and to shares of its width."""
    board = page.locator(f"{EDITOR} .su-editor-board")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    y = box["y"] + 20
    page.mouse.move(box["x"] + begin * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (begin + end) / 2 * box["width"], y)
    page.mouse.move(box["x"] + end * box["width"], y)
    page.mouse.up()


def test_a_part_is_dragged_moved_by_keys_undone_and_looped(new_page: Any, address: str, sounds: Path) -> None:
    page = new_page(address)
    ready(page, TAB)
    upload(page, TAB, sounds / "long.flac")  # 14 s, the first four of them quiet
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^4\.\d s to 14\.\d s of 14\.0 s"))
    drag(page, 0.5, 0.75)
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^7\.0 s to 10\.5 s of 14\.0 s · -\d+ LUFS"))
    start, end = (float(number) for number in numbers(page))
    assert start == pytest.approx(7, abs=0.1) and end == pytest.approx(10.5, abs=0.1)

    page.get_by_role("slider", name="Start of the part").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^8\.1 s to 10\.5 s"))
    page.get_by_role("slider", name="Part, moved as a whole").press("Shift+ArrowLeft")
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^7\.1 s to 9\.5 s"))
    page.locator(EDITOR).get_by_role("button", name="Undo").click()
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^8\.1 s to 10\.5 s"))
    page.locator(EDITOR).get_by_role("button", name="Redo").click()
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^7\.1 s to 9\.5 s"))

    # The end of the part is its beginning again, as long as it loops.
    page.locator(EDITOR).get_by_role("button", name="Loop").click()
    page.locator(EDITOR).get_by_role("button", name="Play").click()
    page.wait_for_function(BACK_AT, arg=[9.0, 9.6])
    page.wait_for_function(BACK_AT, arg=[7.0, 8.0])
    page.locator(EDITOR).get_by_role("button", name="Pause").click()
    assert page.locator(f"{EDITOR} audio").evaluate("audio => audio.paused")

    # Normalise: the loudness that is asked for is the one that is heard.
    page.locator(f"{EDITOR} .su-editor-lufs input").fill("-30")
    page.locator(EDITOR).get_by_role("button", name="Normalise").click()
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^7\.1 s to 9\.5 s of 14\.0 s · -30 LUFS"))
    page.locator(EDITOR).get_by_role("button", name="Loudest part").click()
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^4\.\d s to 14\.\d s"))
    assert numbers(page) == ("", "")


def test_several_files_make_one_picture_each(
    new_page: Any, address: str, sounds: Path, tmp_path: Path
) -> None:
    page = new_page(address, accept_downloads=True)
    ready(page, TAB)
    files = [str(sounds / name) for name in ("long.flac", "letter.wav", "microphone.wav")]
    page.locator(f"{EDITOR} input[type=file]").set_input_files(files)
    page.locator(BATCH).get_by_role("button", name="Paint all 3").click()
    expect(page.locator(f"{BATCH} .su-batch-words")).to_have_text(
        "2 of 3 painted, 1 could not be.", timeout=ENGINE_MS
    )
    rows = page.locator(f"{BATCH} li")
    expect(rows.nth(1)).to_contain_text("“letter.wav” cannot be read as sound")
    assert rows.evaluate_all("rows => rows.map(row => row.dataset.state)") == ["done", "failed", "done"]
    expect(page.locator(f"#{TAB}-stage .su-thumbs .su-thumb-caption")).to_have_text(
        ["long.flac", "microphone.wav"]
    )
    with page.expect_download() as download:
        page.locator(BATCH).get_by_role("link", name="Download ZIP").click()
    path = tmp_path / "batch.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as packed:
        assert sorted(packed.namelist()) == ["long.png", "microphone.png", "settings.json"]
        assert len(json.loads(packed.read("settings.json"))["pictures"]) == 2
    page.locator(BATCH).get_by_role("button", name="Close").click()
    expect(page.locator(f"{BATCH} .su-batch")).to_be_hidden()


def saved(page: Any, tab: str, field: str, value: Any) -> None:
    """Wait until the browser keeps a value of a tab's form."""
    page.wait_for_function(
        "([tab, field, value]) => {"
        " const kept = JSON.parse(localStorage.getItem('sonic-ui-form-' + tab) || '{}')[field];"
        " return JSON.stringify(kept?.file || kept) === JSON.stringify(value); }",
        arg=[tab, field, value],
    )


def test_a_reload_brings_the_form_back(new_page: Any, address: str, sounds: Path) -> None:
    page = new_page(address)
    ready(page, TAB)
    upload(page, TAB, sounds / "long.flac")
    expect(page.locator(CAPTION)).to_have_text(re.compile("of 14.0 s"))
    drag(page, 0.5, 0.75)
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^7\.0 s to 10\.5 s of 14\.0 s"))
    page.get_by_label("Words (optional)").fill("chalk on slate")
    page.locator(f"#{TAB}-tab").get_by_text("Roll", exact=True).click()
    for field, value in (("sound", "long.flac"), ("prompt", "chalk on slate"), ("keep_seed", True)):
        saved(page, TAB, field, value)
    seed = page.locator(f"#{TAB}-seed-number input").input_value()
    saved(page, TAB, "seed", int(seed))
    part = numbers(page)
    open_tab(page, "Volume", "volume")

    page.reload()
    expect(page.get_by_role("tab", name="Volume")).to_have_attribute("aria-selected", "true")
    open_tab(page, "Sound → Image", TAB)
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^7\.0 s to 10\.5 s of 14\.0 s"))
    expect(page.locator(f"{EDITOR} .su-editor-name")).to_have_text("long.flac")
    expect(page.locator(f"#{TAB}-prompt textarea")).to_have_value("chalk on slate")
    expect(page.locator(f"#{TAB}-seed-number input")).to_have_value(seed)
    assert numbers(page) == part

    # A link that was shared wins.
    request = SoundToImageRequest(
        sound="sound_2.wav", prompt="from a link", seed=3, steps=2, guidance_scale=2
    )
    page.goto(f"{address}/?{PARAMETER}={write_link(request, {})}")
    expect(page.locator(f"#{TAB}-prompt textarea")).to_have_value("from a link")
    page.wait_for_timeout(1500)  # longer than the form waits
    expect(page.locator(f"#{TAB}-prompt textarea")).to_have_value("from a link")
