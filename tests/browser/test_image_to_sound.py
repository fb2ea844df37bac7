"""A person's way through "Image → Sound", in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import soundfile
from playwright.sync_api import TimeoutError, expect

from sonic_ui.media.metadata import read_settings
from tests.browser.steps import ENGINE_MS, download, generate, open_tab, set_number

pytestmark = pytest.mark.browser

TAB = "image-to-sound"
BOARD = ".su-pad-board"
GENERATE = f"#{TAB}-generate"
LOOK_MS = 30_000
DRAWING = "() => document.querySelector('.su-pad-line').getAttribute('d')"


def choose_example(page: Any) -> None:
    """Click an example until what may be heard in it is named: a tab just opened may miss a click."""
    example, labels = (
        page.locator(f"#{TAB}-picture-examples .su-example").nth(2),
        page.locator(f"#{TAB}-concepts .su-concept"),
    )
    for _ in range(ENGINE_MS // LOOK_MS):
        example.click()
        try:
            labels.first.wait_for(timeout=LOOK_MS)
            return
        except TimeoutError:
            continue
    expect(labels.first).to_be_visible()


def open_sounding(page: Any) -> None:
    """Open the tab and wait until the picture was looked at, with its own curve behind the pad."""
    expect(page.locator(".su-engine[data-state=ready]")).to_be_visible(timeout=ENGINE_MS)
    open_tab(page, "Image → Sound", TAB)
    choose_example(page)
    expect(page.locator(".su-pad-ghost")).to_have_attribute("d", re.compile("^M0"))


def draw(page: Any, points: list[tuple[float, float]]) -> None:
    """Draw through places of the pad: shares of its width, and levels."""
    board = page.locator(BOARD)
    board.evaluate("board => board.scrollIntoView({ block: 'center' })")
    box = board.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def make(page: Any) -> None:
    generate(page, TAB)


def levels(page: Any) -> list[float]:
    """What is drawn, as the numbers that the page writes."""
    more = page.get_by_role("button", name="As numbers")
    if more.get_attribute("aria-expanded") == "true":
        more.click()
    more.click()
    rows = page.locator(".su-pad-text").input_value().split()
    return [float(row.split(",")[1]) for row in rows[1:]]


def test_draw_hear_compare_and_send_on(new_page: Any, address: str, tmp_path: Path) -> None:
    page = new_page(address, accept_downloads=True)
    open_sounding(page)
    draw(page, [(0.02, 0.05), (0.3, 0.2), (0.5, 0.95), (0.7, 0.1), (0.85, 0.7), (0.98, 0.02)])
    drawn = page.evaluate(DRAWING)
    page.get_by_label("Build from recordings").check()
    make(page)
    expect(page.locator(".su-take")).to_have_count(1)
    expect(page.locator(".su-take-title")).to_have_text("Follows your curve closely")
    figures = page.locator(".su-take-figures").text_content()
    r = re.match(r"r (0\.\d\d|1\.00) · difference 0\.\d\d · ", figures)
    assert r and float(r[1]) >= 0.8, figures
    assert page.locator(".su-take-energy").get_attribute("d") and page.locator(".su-take-wish").count() == 1
    assert page.locator(".su-pad-made").get_attribute("d"), "what came out lies over the wish"
    assert page.evaluate(DRAWING) == drawn
    assert page.locator(".su-take audio").evaluate("audio => audio.paused && !audio.autoplay")
    expect(page.locator(".su-take-made")).to_have_text(re.compile(r" from sound_\d\.wav"))

    path = download(page, page.get_by_role("link", name="Download WAV"), tmp_path)
    samples, rate = soundfile.read(path)
    assert rate == 48_000 and 4 < samples.size / rate < 6
    request = read_settings(path)["request"]
    assert len(request["curve"]) == 100 and request["source"] == "recordings"

    # The settings come back from the sound that is dropped, the drawing too.
    page.get_by_role("button", name="Clear", exact=True).last.click()
    expect(page.locator(".su-pad")).to_have_attribute("data-empty", "true")
    page.locator(f"#{TAB}-picture input[type=file]").last.set_input_files(str(path))
    expect(page.locator(f"#{TAB}-picture-message").last).to_contain_text("are back")
    expect(page.locator(".su-pad")).to_have_attribute("data-empty", "false")
    assert levels(page) == pytest.approx(request["curve"], abs=1e-3)

    page.get_by_role("button", name="Send to Sound → Image").click()
    expect(page.get_by_role("tab", name="Sound → Image", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    expect(page.locator("#sound-to-image-drawing .su-sound-caption")).to_have_text(re.compile(r"^[45]\.\d s"))


COMPARED_AT = "() => document.querySelector('.su-ab-time').textContent"


def test_a_chip_is_corrected_and_two_takes_are_compared(new_page: Any, address: str, tmp_path: Path) -> None:
    page = new_page(address, accept_downloads=True)
    open_sounding(page)
    chips = page.locator(".su-concept")
    chips.first.click()
    while chips.count():
        chips.first.click()
    expect(page.locator(".su-concepts-line")).to_contain_text("No sound is chosen: add one")
    page.locator(f"#{TAB}-generate").click()
    expect(page.locator(f"#{TAB}-concepts-message")).to_contain_text("No sound is chosen")
    for name in ("rain", "a dog"):
        page.get_by_role("textbox", name="Another sound to add").fill(name)
        page.get_by_role("button", name="Add", exact=True).click()
    expect(chips).to_have_count(2)
    fader = page.locator(".su-concept-fader").last
    fader.locator("input").fill("-6")
    expect(fader.locator("output")).to_have_text("−6 dB")

    set_number(page, "Length in seconds", 12)
    expect(page.locator(".su-pad-axis")).to_contain_text("12 s")
    page.get_by_role("button", name="As numbers").click()
    page.get_by_role("button", name="Swell").click()
    assert page.locator(".su-pad-text").input_value().split()[-1].startswith("11.940,")
    draw(page, [(0.02, 0.05), (0.3, 0.2), (0.5, 0.95), (0.98, 0.02)])
    assert (
        max(float(row.split(",")[1]) for row in page.locator(".su-pad-text").input_value().split()[1:]) > 0.9
    )
    expect(page.locator(".su-pad-words")).to_have_text("")
    page.get_by_label("Both, layered").check()
    make(page)
    takes = page.locator(".su-take")
    expect(takes).to_have_count(3)
    expect(page.locator(".su-take-title").last).to_contain_text("Recorded: ")
    asked, came = (
        page.locator(one).evaluate_all("all => all.map(one => getComputedStyle(one).stroke)")
        for one in (".su-pad-line, .su-take-wish", ".su-pad-made, .su-take-energy")
    )
    assert len({*asked}) == len({*came}) == 1 and {*asked} != {*came}, "one colour each, everywhere"

    compare_takes(page)

    path = download(page, takes.first.get_by_role("link", name="Download WAV"), tmp_path)
    assert path.stem.endswith("-layered") and soundfile.info(path).duration == pytest.approx(12, abs=0.01)
    request = read_settings(path)["request"]
    assert request["concept_levels"] == [["rain", 0], ["a dog", -6]] and request["length_s"] == 12

    choose_example(page)
    page.locator(f"#{TAB}-picture-examples .su-example").nth(4).click()
    expect(page.get_by_role("button", name="Back to the picture’s own")).to_be_hidden()


def compare_takes(page: Any) -> None:
    """Two takes are heard against each other, one player at a time."""
    pair, takes = page.locator(".su-ab"), page.locator(".su-take")
    pair.get_by_label("Sound B").select_option(label="Recorded")
    pair.get_by_role("button", name="Play").click()
    expect(pair.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function("document.querySelector('.su-ab-time').textContent > '0:00.3'")
    before = page.evaluate(COMPARED_AT)
    pair.get_by_role("button", name="Hear B").click()
    expect(pair.get_by_role("button", name="Hear B")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(COMPARED_AT) >= before, "the position stays"
    expect(pair).to_contain_text("as loud as each other")
    takes.first.get_by_role("button", name="Play").click()
    expect(pair.get_by_role("button", name="Play")).to_be_visible()
    expect(takes.first.get_by_role("button", name="Pause")).to_be_visible()


def test_the_learned_pipeline_gives_takes(new_page: Any, address: str) -> None:
    page = new_page(address)
    open_sounding(page)
    page.get_by_role("button", name="Three knocks").click()
    page.get_by_label("number input for Takes").fill("2")
    page.get_by_role("button", name="Advanced").last.click()
    page.get_by_label(re.compile("^number input for Steps")).last.fill("2")
    make(page)
    expect(page.locator(".su-take")).to_have_count(2)
    expect(page.locator(".su-take-figures").first).to_have_text(re.compile(r"^r −?[01]\.\d\d · difference 0"))
    expect(page.locator(f"#{TAB}-takes .su-history li")).to_have_count(1)
    expect(page.locator(f"#{TAB}-takes .su-live")).to_have_text(re.compile("^Done. 2 sounds of "))


def test_the_pad_by_keyboard_presets_numbers_and_undo(new_page: Any, address: str, tmp_path: Path) -> None:
    page = new_page(address)
    open_sounding(page)
    board = page.locator(BOARD)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    board.focus()
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("ArrowUp")
    expect(board).to_have_attribute("aria-valuenow", "20")
    expect(board).to_have_attribute("aria-valuetext", "0.03 seconds: 20 percent")
    page.keyboard.press("Control+z")
    expect(board).to_have_attribute("aria-valuenow", "15")
    page.keyboard.press("Control+Shift+z")
    expect(board).to_have_attribute("aria-valuenow", "20")

    page.get_by_role("button", name="The picture’s own").click()
    own = levels(page)
    assert len(own) == 100 and max(own) > 0.5 and page.locator(".su-pad-ghost").get_attribute("d")
    page.get_by_role("button", name="Swell").click()
    swell = levels(page)
    assert len(swell) == 100 and max(swell) == 1 and swell[0] < 0.01
    undo.click()
    assert levels(page) == own
    undo.click()
    assert levels(page)[0] == pytest.approx(0.2)
    for _ in range(2):
        page.get_by_role("button", name="Redo").click()
    assert levels(page) == swell

    text = page.locator(".su-pad-text")
    text.fill("0, 0.5\n1, 1\n5, 0")
    page.get_by_role("button", name="Use these").click()
    assert levels(page)[19] == pytest.approx(0.99, abs=0.03) and levels(page)[-1] < 0.02
    text.fill("0.5")
    page.get_by_role("button", name="Use these").click()
    expect(page.locator(".su-pad-words")).to_contain_text("drawn")
    assert levels(page) == pytest.approx([0.5] * len(levels(page)), abs=0.03), "one number is a level line"
    for wrong, says in (("0\nloud", "“loud” is no number"), ("-1 1", "smallest")):
        text.fill(wrong)
        page.get_by_role("button", name="Use these").click()
        expect(page.locator(".su-pad-words")).to_contain_text(says)
    text.fill("0 5 10")
    page.get_by_role("button", name="Use these").click()
    expect(page.locator(".su-pad-words")).to_contain_text("divided by it")
    table = download(page, page.get_by_role("button", name="Download CSV"), tmp_path)
    assert table.read_text().startswith("seconds,energy\n")

    page.get_by_role("button", name="Moments").click()
    page.locator(".su-pad-acts [data-act=clear]").click()
    draw(page, [(0.2, 0.5), (0.4, 0.5)])
    strip = levels(page)
    assert set(strip) == {0.0, 1.0} and strip[25:38] == [1.0] * 13 and sum(strip) < 25
    board.focus()
    page.keyboard.press("End")
    page.keyboard.press("Space")
    expect(board).to_have_attribute("aria-valuetext", re.compile("seconds: sounds$"))


def test_a_hum_is_drawn_on_the_pad(new_page: Any, address: str, tmp_path: Path, sounds: Path) -> None:
    page = new_page(address)
    open_tab(page, "Image → Sound", TAB)
    page.get_by_role("button", name="Hum it, or take the curve from a sound").click()
    hum = page.locator(f"#{TAB}-hum-drawing")
    pad, told = page.locator(".su-pad"), page.locator(f"#{TAB}-hum-message")
    expect(pad).to_have_attribute("data-empty", "true")
    hum.get_by_role("button", name="Record").click()
    page.wait_for_timeout(2200)  # the microphone hears two bursts of noise a second
    hum.get_by_role("button", name="Stop").click()
    expect(told).to_contain_text(
        re.compile(r"The first \d\.\d seconds follow your recording|were squeezed into 5")
    )
    expect(pad).to_have_attribute("data-empty", "false")
    assert page.evaluate(DRAWING)
    heard = levels(page)
    loud = [level > 0.5 for level in heard]
    rises = sum(now and not before for before, now in zip([False, *loud], loud, strict=False))
    assert max(heard) > 0.95 and min(heard) < 0.3 and 2 <= rises <= 30, heard

    # A file does it as well, and takes the place of what was drawn.
    hum.get_by_role("button", name="Clear").click()
    expect(told.locator(".su-message")).to_be_hidden()
    click = tmp_path / "late.wav"
    samples, rate = soundfile.read(sounds / "microphone.wav")
    soundfile.write(click, samples[: 5 * rate] * ([0.15] * (3 * rate) + [1.0] * (2 * rate)), rate)
    hum.locator("input[type=file]").set_input_files(str(click))
    expect(told).to_contain_text("The first 5.0 seconds follow your recording")
    late = levels(page)
    assert max(late[:55]) < 0.25 and max(late[60:]) > 0.95

    # It is heard in the same player as every sound, and a part of it does as well.
    hum.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "id => document.querySelector(id).currentTime > 0.1", arg=f"#{TAB}-hum-drawing audio"
    )
    hum.get_by_role("button", name="Pause").click()
    hum.get_by_role("slider", name="Start of the part").press("Shift+ArrowRight")
    expect(told).to_contain_text("The first 4.0 seconds follow your recording")

    # What was said of it goes once something else is drawn.
    page.get_by_role("button", name="Swell").click()
    expect(told.locator(".su-message")).to_be_hidden()
    expect(page.locator(".su-pad-words")).to_have_text("Swell.")


def test_on_a_phone_a_finger_draws(new_page: Any, address: str) -> None:
    page = new_page(address, 390, 844, has_touch=True, is_mobile=True)
    expect(page.locator(".su-engine[data-state=ready]")).to_be_visible(timeout=ENGINE_MS)
    page.get_by_role("tab", name="Image → Sound").click()
    expect(page.locator(BOARD)).to_be_visible()
    choose_example(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    order = page.evaluate(
        "['.su-sounding-picture', '.su-pad', '.su-takes', '.su-ways', '.su-sounding-words']"
        ".map(one => document.querySelector(one).getBoundingClientRect().top)"
    )
    assert order == sorted(order)
    board = page.locator(BOARD)
    board.evaluate("board => board.scrollIntoView({ block: 'center' })")
    box = board.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
    expect(page.locator(".su-pad")).to_have_attribute("data-empty", "false")
    expect(board).to_have_attribute("aria-valuenow", re.compile("^7[0-9]$"))
    assert board.evaluate("board => getComputedStyle(board).touchAction") == "none"
