"""A person's way through "Sound → Image", in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from sonic_ui.media.metadata import read_settings
from tests.browser.served import UNHURRIED_STEPS
from tests.browser.steps import download, generate, ready, set_number, settled, upload

pytestmark = pytest.mark.browser

TAB = "sound-to-image"
GENERATE = "#sound-to-image-generate"
CANCEL = "#sound-to-image-cancel"
CAPTION = "#sound-to-image-drawing .su-sound-caption"
SOUND_MESSAGE = "#sound-to-image-sound-message"
LABELS = "#sound-to-image-labels li"
WATCH = """() => {
  // Tiny networks paint fast: note what is shown meanwhile, instead of looking at the right moment.
  const seen = window.seen = { previews: 0, progress: 0, focus: '' };
  const stage = document.querySelector('.su-stage');
  new MutationObserver(() => {
    const bar = stage.querySelector('.su-progress').getAttribute('aria-valuenow');
    if (stage.querySelector('.su-previews img')) seen.previews += 1;
    if (bar !== null && bar !== seen.bar) { seen.bar = bar; seen.progress += 1; }
    if (stage.dataset.state === 'working') seen.focus = document.activeElement.id;
  }).observe(stage, { subtree: true, childList: true, attributes: true });
}"""


def test_the_first_screen_sounds_and_shows_something(new_page: Any, address: str) -> None:
    page = new_page(address)
    expect(page.locator(".su-picture")).to_have_attribute("alt", re.compile("Sound 0"))
    page.wait_for_function("document.querySelector('.su-picture').naturalWidth === 64")
    assert page.locator(".su-example").count() == 8
    expect(page.locator(GENERATE)).to_be_in_viewport()
    expect(page.locator(CANCEL)).to_be_hidden()
    ready(page, TAB)
    expect(page.locator(".su-engine")).to_have_text(re.compile("Debug · this computer, "))
    assert page.locator("audio[autoplay]").count() == 0
    third = page.locator(".su-example").nth(3)
    third.click()
    expect(page.locator(".su-picture")).to_have_attribute("alt", re.compile("Sound 3"))
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^1\.8 s of sound"))


def record(page: Any) -> None:
    """Record through the microphone: the drawing and the labels are there at once."""
    page.locator("#sound-to-image-audio").get_by_role("button", name="Record").click()
    page.wait_for_timeout(1800)
    page.locator("#sound-to-image-audio").get_by_role("button", name="Stop").click()
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^[123]\.\d s of sound · -\d+ LUFS"))
    drawing = page.locator("#sound-to-image-drawing canvas")
    assert drawing.evaluate("canvas => canvas.width") > 300
    expect(drawing).to_have_attribute("aria-label", re.compile("mel spectrogram"))
    expect(page.locator(LABELS).first).to_be_visible()


def test_record_generate_cancel_download_and_reuse(new_page: Any, address: str, tmp_path: Path) -> None:
    page = new_page(address, accept_downloads=True)
    ready(page, TAB)
    record(page)

    # Generate: something changes at once, previews come, then the result.
    page.get_by_label("Words (optional)").fill("a watercolour")
    page.get_by_role("button", name="Advanced").click()
    set_number(page, "Steps", 8)
    page.evaluate(WATCH)
    page.locator(GENERATE).focus()
    changed = page.evaluate(
        f"() => {{ document.querySelector('{GENERATE}').click();"
        f" return getComputedStyle(document.querySelector('{CANCEL}')).display; }}"
    )
    assert changed != "none", "the click itself must change something, before any answer of the server"
    settled(page, TAB)
    seen = page.evaluate("window.seen")
    assert seen["focus"] == CANCEL[1:]
    assert seen["previews"] >= 1 and seen["progress"] >= 2
    expect(page.locator(GENERATE)).to_be_focused()
    expect(page.locator(".su-history li")).to_have_count(1)
    expect(page.locator(".su-live")).to_have_text(re.compile("^Done. Picture painted from a sound heard as "))
    result = page.locator(".su-picture").get_attribute("src")

    # Another one, cancelled: the last good picture stays.
    set_number(page, "Steps", UNHURRIED_STEPS)
    set_number(page, "Pictures", 8)
    page.locator(GENERATE).click()
    expect(page.locator(".su-previews img")).to_have_count(8)
    page.locator(CANCEL).click()
    settled(page, TAB)
    expect(page.locator(".su-detail")).to_have_text("Stopped. The last picture stays.")
    assert page.locator(".su-picture").get_attribute("src") == result
    expect(page.locator(".su-history li")).to_have_count(1)

    # Download: the PNG carries its settings.
    path = download(page, page.locator(".su-download"), tmp_path)
    assert path.suffix == ".png" and Image.open(path).size == (64, 64)
    request = read_settings(path)["request"]
    assert (request["prompt"], request["steps"], request["count"]) == ("a watercolour", 8, 1)

    # Reuse: from the result, then from the picture dropped back.
    words = page.get_by_label("Words (optional)")
    for way in ("button", "drop"):
        words.fill("something else")
        if way == "button":
            page.locator(".su-reuse").click()
        else:
            page.locator("#sound-to-image-picture input[type=file]").set_input_files(str(path))
        expect(words).to_have_value("a watercolour")
        expect(page.get_by_label("Keep")).to_be_checked()
        expect(page.locator("#sound-to-image-seed-number input")).to_have_value(str(request["seed"]))
        expect(page.locator("#sound-to-image-picture-message")).to_contain_text("are back")
    generate(page, TAB)
    expect(page.locator(".su-history li")).to_have_count(2)
    again = page.locator(".su-picture").get_attribute("src")
    assert again == result, "files are named by their content: the same request gave other bytes"


def test_several_pictures_and_a_history(new_page: Any, address: str) -> None:
    page = new_page(address)
    ready(page, TAB)
    set_number(page, "Pictures", 3)
    page.locator(GENERATE).click()
    expect(page.locator(".su-thumbs li")).to_have_count(3)
    settled(page, TAB)
    first = page.locator(".su-picture").get_attribute("src")
    page.locator(".su-thumbs button").nth(2).click()
    assert page.locator(".su-picture").get_attribute("src") != first
    expect(page.locator(".su-thumbs button").nth(2)).to_be_focused()
    page.locator(".su-example").nth(1).click()
    expect(page.locator(".su-picture")).to_have_attribute("alt", re.compile("Sound 1"))
    page.locator(".su-history button").nth(0).click()
    assert page.locator(".su-picture").get_attribute("src") == first


def test_bad_input_is_a_sentence_and_the_next_request_works(
    new_page: Any, address: str, sounds: Path
) -> None:
    page = new_page(address)
    ready(page, TAB)
    upload(page, TAB, sounds / "letter.wav")
    expect(page.locator(SOUND_MESSAGE)).to_contain_text("“letter.wav” cannot be read as sound")
    expect(
        page.locator("#sound-to-image-sound-message [role=alert], #sound-to-image-sound-message[role=alert]")
    ).to_have_count(1)
    generate(page, TAB)
    expect(page.locator(SOUND_MESSAGE)).to_contain_text("letter.wav")
    expect(page.locator(".su-picture")).to_have_attribute("alt", re.compile("Sound 0"))

    page.locator("#sound-to-image-audio button[aria-label=Clear]").click()
    expect(page.locator(".su-sound-empty")).to_be_visible()
    page.locator(GENERATE).click()
    expect(page.locator(SOUND_MESSAGE)).to_contain_text("There is no sound yet")

    upload(page, TAB, sounds / "long.flac")
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^4\.\d s to 14\.\d s of 14\.0 s"))
    expect(page.locator(f"{SOUND_MESSAGE} .su-message")).to_be_hidden()
    page.get_by_role("button", name="Exact numbers").click()
    page.get_by_label("To (seconds)").fill("3")
    page.get_by_label("To (seconds)").press("Enter")
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^0\.0 s to 3\.0 s of 14\.0 s"))
    generate(page, TAB)
    expect(page.locator(".su-history li")).to_have_count(1)
    expect(page.locator(".su-detail")).to_have_text(re.compile(r"^long\.flac · seed \d+ · 2 steps"))


def test_what_is_typed_is_never_overwritten(new_page: Any, address: str, sounds: Path) -> None:
    page = new_page(address)
    ready(page, TAB)
    page.get_by_role("button", name="Exact numbers").click()
    start, end = page.get_by_label("From (seconds)"), page.get_by_label("To (seconds)")
    expect(start).to_have_value("")
    start.fill("0.5")
    start.press("Enter")
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^0\.5 s to 1\.0 s of 1\.0 s"))

    slow, held = [True], []  # a slow server
    page.route("**/*", lambda route: held.append(route) if any(slow) else route.continue_())
    upload(page, TAB, sounds / "long.flac")
    expect(start).to_have_value("")
    end.fill("3")
    slow.clear()
    for route in held:
        route.continue_()
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"^0\.0 s to 3\.0 s of 14\.0 s"))
    expect(page.locator(LABELS).first).to_be_visible()
    expect(end).to_have_value("3")


def test_a_full_queue_gives_the_button_back(new_page: Any, address: str) -> None:
    page = new_page(address)
    ready(page, TAB)
    full = {"detail": "Queue is full. Max size is 32 and size is 32."}
    page.route("**/queue/join*", lambda route: route.fulfill(status=503, json=full))
    page.locator(GENERATE).click()
    expect(page.locator(".su-detail")).to_contain_text("busy or out of reach")
    expect(page.locator(GENERATE)).to_be_visible()
    page.unroute("**/queue/join*")
    page.locator(GENERATE).click()
    expect(page.locator(".su-history li")).to_have_count(1)


def test_damaged_weights_are_named_and_the_page_stays_alive(new_page: Any, broken_address: str) -> None:
    page = new_page(broken_address)
    expect(page.locator(".su-engine[data-state=failed]")).to_be_visible()
    expect(page.locator("#sound-to-image-run-message")).to_contain_text(
        re.compile(r"unet/.*\.safetensors cannot be used")
    )
    expect(page.locator(CAPTION)).to_have_text(re.compile(r"of sound"))
    generate(page, TAB)
    expect(page.locator("#sound-to-image-run-message")).to_contain_text("Fetch it again")
    page.locator(".su-example").nth(2).click()
    expect(page.locator(".su-picture")).to_have_attribute("alt", re.compile("Sound 2"))


def test_on_a_phone_it_stacks_without_overflow(new_page: Any, address: str) -> None:
    page = new_page(address, 390, 844, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Advanced").click()
    page.get_by_role("button", name="Exact numbers").click()
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    edges = page.evaluate(
        "[...document.querySelectorAll('.su-panel input, .su-panel button, .su-panel textarea, .su-action')]"
        ".filter(e => e.offsetParent && !e.closest('.su-below > .su-actions') && e.type !== 'file')"
        ".map(e => [e.getBoundingClientRect().right, e.outerHTML.slice(0, 80)]).filter(e => e[0] > 391)"
    )
    assert edges == []
    actions = page.locator(f"#{TAB}-stage .su-actions").last
    actions.get_by_text("Copy as Python").scroll_into_view_if_needed()  # their row scrolls by itself
    assert actions.evaluate("row => row.scrollLeft") > 0 and page.evaluate("scrollX") == 0
    panel = page.locator("#sound-to-image-tab .su-panel").first.bounding_box()
    frame = page.locator(".su-frame").bounding_box()
    assert frame["y"] < panel["y"] and frame["width"] > 340, "the picture comes first"
    expect(page.locator(GENERATE)).to_be_in_viewport()


def test_everything_can_be_reached_by_keyboard(new_page: Any, address: str) -> None:
    page = new_page(address, reduced_motion="reduce")
    ready(page, TAB)
    reached, without_ring = [], []
    for _ in range(70):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " const words = e.getAttribute('aria-label') || e.placeholder || e.textContent || '';"
            " const name = e === document.body ? 'BODY' : [e.id, e.className, words].join(' ').slice(0, 120);"
            " return [name, s.outlineStyle + ' ' + s.outlineWidth]; }"
        )
        reached.append(name)
        if ring != "solid 2px" and name != "BODY":
            without_ring.append((name, ring))
    everything = "\n".join(reached)
    for wanted in (
        "su-example",
        "su-editor-record",
        "watercolour at dusk",
        "range slider for Strength of the sound",
        "su-dice",
        "sound-to-image-generate",
        "su-download",
        "su-reuse",
    ):
        assert wanted in everything, f"{wanted} was not reached:\n{everything}"
    assert without_ring == []
    page.get_by_label("Words (optional)").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".su-history li")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_follows_the_systems_mode(new_page: Any, address: str, scheme: str) -> None:
    page = new_page(address, color_scheme=scheme)
    ground = page.locator(".gradio-container").evaluate("e => getComputedStyle(e).backgroundColor")
    brightness = sum(int(part) for part in re.findall(r"\d+", ground)[:3])
    assert brightness < 120 if scheme == "dark" else brightness > 650


def test_nothing_is_fetched_from_elsewhere(new_page: Any, address: str, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((address, "data:", "blob:")) else elsewhere.append(request.url)
        ),
    )
    page.goto(address)
    page.wait_for_selector(LABELS, timeout=60_000)
    context.close()
    assert elsewhere == []


def test_a_picture_is_varied_and_has_another_shape(address: str, new_page: Any) -> None:
    page = new_page(address)
    ready(page, "sound-to-image")
    stage = page.locator("#sound-to-image-stage")
    stage.get_by_role("button", name="Vary a little").click()
    captions = [f"variation {n}" for n in (1, 2, 3, 4)]
    expect(stage.locator(".su-thumbs .su-thumb-caption")).to_have_text(captions)
    expect(stage.locator(".su-detail")).to_contain_text("varied by 0.25")
    stage.locator(".su-thumbs button").nth(2).click()
    stage.get_by_role("button", name="Vary a lot").click()
    expect(stage.locator(".su-detail")).to_contain_text("varied by 0.25 and 0.5")
