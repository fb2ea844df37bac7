"""A person's way through "Edit", in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from sonic_ui.media.metadata import read_settings
from tests.browser.steps import ENGINE_MS, download, generate, open_tab, ready, set_number, upload

pytestmark = pytest.mark.browser

TAB = "edit"
GENERATE, CANCEL = "#edit-generate", "#edit-cancel"
STAGE = "#edit-stage"
DETAIL, KEPT = f"{STAGE} .su-detail", "#edit-kept"
IMAGE, MASK, COMPARE = "#edit-photo-image", "#edit-mask", "#edit-compare"
PICTURE_MESSAGE = "#edit-photo-message"
HANDLE = f"{COMPARE} [data-testid=slider]"
KEPT_FORM = "localStorage.getItem('sonic-ui-form-edit')"
TRIES = 6
STEPS = 8
TO_EDIT = ".su-send[data-to=edit]"
WATCH = """() => {
  // Tiny networks edit fast: note what is said meanwhile, instead of looking at the right moment.
  window.said = new Set();
  const status = document.querySelector('#edit-stage .su-status');
  new MutationObserver(() => window.said.add(status.textContent.split(' ·')[0]))
    .observe(status, { childList: true, characterData: true, subtree: true });
}"""


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures: a landscape, a portrait, a text with a picture's name, one that is too long."""
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(4).integers(0, 255, (8, 12, 3), dtype=np.uint8)
    meadow = Image.fromarray(noise).resize((300, 200), Image.Resampling.BICUBIC)
    meadow.save(folder / "meadow.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the phone on its side
    meadow.save(folder / "phone.jpg", exif=exif)
    (folder / "letter.png").write_text("This is not a picture.")
    Image.new("RGB", (900, 20)).save(folder / "panorama.png")
    return folder


def give(page: Any, path: Path) -> None:
    """Put a file into the place of the picture, as a person who clears what is there first."""
    clear = page.locator(f"{IMAGE} button[aria-label='Remove Image']")
    if clear.count():
        clear.click()
    page.locator(f"{IMAGE} input[type=file]").first.set_input_files(str(path))


def opened(new_page: Any, address: str, *size: int, **options: Any) -> Any:
    """The page with the tab open, its sound named, and few steps: an edit takes two passes of them."""
    page = new_page(address, *size, **options)
    open_tab(page, "Edit", TAB)
    ready(page, TAB)
    page.locator("#edit-tab").get_by_role("button", name="Advanced").click()
    set_number(page.locator("#edit-tab"), "Steps", STEPS)
    return page


def run(page: Any) -> set[str]:
    """Edit; returns what the status said meanwhile."""
    page.evaluate(WATCH)
    generate(page, TAB)
    return set(page.evaluate("[...window.said]"))


def paint(page: Any) -> None:
    """A stroke in the middle of the picture."""
    canvas = page.locator(f"{MASK} canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 20, y)
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=5)
    page.mouse.up()


def painted(page: Any) -> bool:
    """Whether the picture shown was edited under a mask."""
    return "only where painted" in page.locator(DETAIL).inner_text()


def slide_between(page: Any) -> None:
    """Before and after lie over each other; the slider between them moves by mouse and by keyboard."""
    image = page.locator(f"{COMPARE} img").nth(1)
    box = page.locator(COMPARE).bounding_box()
    assert abs(box["width"] / box["height"] - 1.5) < 0.05, "it has the picture's shape"
    expect(page.locator(HANDLE)).to_have_attribute("role", "slider")
    clip = image.evaluate("image => image.style.clipPath")
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, y, steps=6)
    page.mouse.up()
    moved = image.evaluate("image => image.style.clipPath")
    assert moved != clip
    page.locator(HANDLE).focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(HANDLE)).to_have_attribute("aria-valuetext", re.compile("^(29|30|31) percent"))
    assert image.evaluate("image => image.style.clipPath") != moved


def test_edit_a_picture_and_edit_it_again(
    new_page: Any, address: str, photos: Path, sounds: Path, tmp_path: Path
) -> None:
    page = opened(new_page, address, accept_downloads=True)
    expect(page.locator(DETAIL)).to_have_text("Sound 3 · 64 × 64 px")
    give(page, photos / "meadow.png")
    expect(page.locator(DETAIL)).to_have_text("meadow.png · 300 × 200 px")
    expect(page.locator(KEPT)).to_contain_text("The first edit")
    expect(page.locator(COMPARE)).to_be_hidden()
    upload(page, TAB, sounds / "long.flac")
    expect(page.locator("#edit-drawing .su-sound-caption")).to_have_text(re.compile(r"of 14\.0 s"))

    first = run(page)
    assert "Studying the picture" in first and "Editing" in first
    expect(page.locator(DETAIL)).to_have_text(
        re.compile(r"^meadow\.png · long\.flac · seed \d+ .* Replace · the picture was studied first$")
    )
    expect(page.locator(KEPT)).to_have_text(re.compile(r"This picture is known: .* \(\d+ [KM]B kept\)"))

    expect(page.locator(COMPARE)).to_be_visible()
    images = page.locator(f"{COMPARE} img")
    expect(images).to_have_count(2)
    before, after = (images.nth(k).get_attribute("src") for k in range(2))
    assert before.endswith("/before.png") and re.search(r"/meadow-with-long-\d+\.png$", after)
    slide_between(page)

    # Another strength of the same picture: what was kept of it is not made again.
    set_number(page.locator("#edit-tab"), "Strength of the sound", 0.4)
    second = run(page)
    assert "Editing" in second and "Studying the picture" not in second
    expect(page.locator(DETAIL)).to_have_text(re.compile("the picture was not studied again$"))
    expect(page.locator(f"{STAGE} .su-history li")).to_have_count(2)
    page.locator(f"{STAGE} .su-history button").nth(1).click()
    expect(images.nth(1)).to_have_attribute("src", after)

    path = download(page, page.locator(f"{STAGE} .su-download"), tmp_path)
    assert Image.open(path).size == (300, 200)
    request = read_settings(path)["request"]
    assert (request["picture"], request["mode"], request["strength"]) == ("meadow.png", "replace", 1)

    # Dropped back after another picture was chosen, it brings its own along.
    page.locator("#edit-photo-examples .su-example").nth(1).click()
    expect(page.locator(DETAIL)).to_have_text("sound_1.png · 64 × 64 px")
    page.locator("#edit-picture input[type=file]").set_input_files(str(path))
    expect(page.locator("#edit-picture-message")).to_contain_text("are back.")
    expect(page.locator(f"{IMAGE} img")).to_have_attribute("src", re.compile(r"/meadow\.png$"))
    expect(page.locator("#edit-seed-number input")).to_have_value(str(request["seed"]))
    third = run(page)
    assert "Studying the picture" not in third
    expect(images.nth(1)).to_have_attribute("src", after), "the same request, the same picture"


def test_paint_a_mask_and_clear_it(new_page: Any, address: str, photos: Path, tmp_path: Path) -> None:
    page = opened(new_page, address, accept_downloads=True)
    give(page, photos / "meadow.png")
    expect(page.locator(DETAIL)).to_have_text("meadow.png · 300 × 200 px")
    page.get_by_role("button", name="Edit only where you paint").click()
    expect(page.locator(f"{MASK} canvas").first).to_be_visible()
    expect(page.locator(f"{MASK} button[aria-label=Undo]")).to_be_enabled()  # the picture lies there
    for _ in range(TRIES):  # the editor makes its brush ready a moment after it is seen
        paint(page)
        run(page)
        if painted(page):
            break
    assert painted(page)
    path = download(page, page.locator(f"{STAGE} .su-download"), tmp_path)
    source, edited = (np.asarray(Image.open(one)) for one in (photos / "meadow.png", path))
    changed = (source != edited).any(-1)
    assert changed.any() and not changed[:20].any() and not changed[-20:].any()
    assert not changed[:, :20].any() and not changed[:, -20:].any()
    assert changed[90:110, 140:160].mean() > 0.5

    page.locator(f"{MASK} canvas").first.scroll_into_view_if_needed()
    page.locator("#edit-clear-mask").click()
    for _ in range(TRIES):  # nothing on the page tells that the editor is empty
        run(page)
        if not painted(page):
            break
    assert not painted(page)
    page.locator(f"{STAGE} .su-history button").last.click()
    page.locator(f"{STAGE} .su-reuse").click()
    expect(page.locator("#edit-picture-message")).to_contain_text("are back.")
    for _ in range(TRIES):
        run(page)
        if painted(page):
            break
    assert painted(page)

    # A reload brings it back with the form.
    page.wait_for_function(f"Boolean(JSON.parse({KEPT_FORM} || '{{}}').painted?.file)")
    page.reload()
    expect(page.locator(DETAIL)).to_have_text("meadow.png · 300 × 200 px")
    expect(page.locator("#edit-mask-message")).to_contain_text("What you painted is here again")
    run(page)
    assert painted(page)


def test_modes_turn_the_sliders_and_strengths_make_a_grid(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    tab = page.locator("#edit-tab")
    layout = tab.get_by_label(re.compile("^number input for Keep the layout"))
    page.get_by_role("radio", name="Style").check()
    expect(layout).to_have_value("1")
    page.get_by_role("button", name="How hard to hold, and words for the picture").click()
    expect(page.get_by_role("radio", name=re.compile("Hold harder"))).to_be_checked()
    set_number(tab, "Keep the layout", 0.6)
    tab.get_by_label("Try a few strengths at once").check()
    tab.locator("#edit-strengths :is(input, textarea)").fill("0.3, 1, 2")
    run(page)
    expect(page.locator(f"{STAGE} .su-thumbs li")).to_have_count(3)
    captions = page.locator(f"{STAGE} .su-thumb-caption").all_inner_texts()
    assert captions[:3] == ["strength 0.3", "strength 1", "strength 2"]
    after = page.locator(f"{COMPARE} img").nth(1)
    first = after.get_attribute("src")
    page.locator(f"{STAGE} .su-thumbs button").nth(2).click()
    expect(after).not_to_have_attribute("src", first)
    expect(page.locator(f"{STAGE} .su-picture")).to_have_attribute("alt", re.compile("strength 2"))
    assert page.locator(f"{STAGE} .su-picture").get_attribute("src") == after.get_attribute("src")


def test_bad_pictures_are_sentences_and_the_next_request_works(
    new_page: Any, address: str, photos: Path
) -> None:
    page = opened(new_page, address)
    for name, says in (
        ("letter.png", "“letter.png” cannot be read as a picture"),
        ("panorama.png", "at most 10 times"),
    ):
        give(page, photos / name)
        expect(page.locator(PICTURE_MESSAGE)).to_contain_text(says)
        generate(page, TAB)
        expect(page.locator(PICTURE_MESSAGE)).to_contain_text(says)
    page.locator(f"{IMAGE} button[aria-label='Remove Image']").click()
    page.locator(GENERATE).click()
    expect(page.locator(PICTURE_MESSAGE)).to_contain_text("There is no picture yet")
    give(page, photos / "phone.jpg")
    expect(page.locator(DETAIL)).to_have_text("phone.jpg · 200 × 300 px")
    expect(page.locator(f"{PICTURE_MESSAGE} .su-message")).to_be_hidden()
    run(page)
    expect(page.locator(f"{STAGE} .su-history li")).to_have_count(1)
    page.wait_for_function(
        "([place, size]) => { const { naturalWidth, naturalHeight } = document.querySelector(place);"
        " return naturalWidth === size[0] && naturalHeight === size[1]; }",
        arg=[f"{COMPARE} img", [200, 300]],
    )


def test_cancel_while_the_picture_is_studied_keeps_nothing(new_page: Any, address: str, photos: Path) -> None:
    page = opened(new_page, address)
    give(page, photos / "meadow.png")
    set_number(page.locator("#edit-tab"), "Steps", 100)
    page.evaluate("""() => {
      const status = document.querySelector('#edit-stage .su-status');
      new MutationObserver(() => {
        if (status.textContent.startsWith('Studying')) document.querySelector('#edit-cancel').click();
      }).observe(status, { childList: true, characterData: true, subtree: true });
    }""")
    page.locator(GENERATE).click()
    expect(page.locator(DETAIL)).to_have_text("Stopped. The last picture stays.", timeout=ENGINE_MS)
    expect(page.locator(KEPT)).to_contain_text("The first edit")
    expect(page.locator(COMPARE)).to_be_hidden()


def test_results_of_other_tabs_are_sent_here(new_page: Any, address: str) -> None:
    page = new_page(address)
    ready(page, "sound-to-image")
    generate(page, "sound-to-image")
    painted = page.locator("#sound-to-image-stage .su-download").get_attribute("download")
    page.locator(f"#sound-to-image-stage {TO_EDIT}").click()
    expect(page.locator(DETAIL)).to_have_text(f"{painted} · 64 × 64 px")
    expect(page.locator(f"{IMAGE} img")).to_have_attribute("src", re.compile(re.escape(painted)))
    run(page)
    edited = page.locator(f"{STAGE} .su-download").get_attribute("download")
    page.locator(f"{STAGE} {TO_EDIT}").click()
    expect(page.locator(DETAIL)).to_have_text(f"{edited} · 64 × 64 px")
    for title, tab in (("Interpolate", "interpolate"), ("Volume", "volume")):
        open_tab(page, title, tab)
        page.locator(f"#{tab}-film .su-film-thumb").last.click()
        page.locator(f"#{tab}-film {TO_EDIT}").click()
        name = {"interpolate": "sound_3.png", "volume": "sound_0.png"}[tab]
        expect(page.locator(DETAIL)).to_have_text(f"{name} · 64 × 64 px")


def test_on_a_phone_it_stacks_without_overflow(new_page: Any, address: str, photos: Path) -> None:
    page = opened(new_page, address, 390, 844, has_touch=True, is_mobile=True)
    give(page, photos / "meadow.png")
    for name in ("Edit only where you paint", "How hard to hold, and words for the picture"):
        page.locator("#edit-tab").get_by_role("button", name=name).click()
    run(page)
    expect(page.locator(COMPARE)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    edges = page.evaluate(
        "[...document.querySelectorAll('#edit-tab :is(.su-panel :is(input, button), textarea, .su-action)')]"
        ".filter(e => e.offsetParent && e.type !== 'file')"
        ".filter(e => !e.closest('.su-example-list, .su-below > .su-actions'))"
        ".map(e => [e.getBoundingClientRect().right, e.outerHTML.slice(0, 80)]).filter(e => e[0] > 391)"
    )
    assert edges == []
    frame, over = (page.locator(one).bounding_box() for one in (f"{STAGE} .su-frame", COMPARE))
    assert all(abs(frame[side] - over[side]) < 2 for side in ("x", "y", "width", "height"))
    assert frame["width"] > 340
