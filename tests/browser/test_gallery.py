"""What was made stays in the browser, and is seen large by keyboard."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.steps import download, generate, ready, set_number

pytestmark = pytest.mark.browser

CARDS = ".su-gallery-card"
COUNT = ".su-large-count"


def open_gallery(page: Any, results: int) -> None:
    page.get_by_role("tab", name="Gallery").click()
    expect(page.locator(CARDS)).to_have_count(results)


def star_and_unstar(page: Any) -> None:
    """A result becomes a favourite below its picture, and is none any more by F."""
    star = page.locator("#sound-to-image-stage .su-favourite")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.locator("#sound-to-image-stage .su-picture").focus()
    page.keyboard.press("f")
    expect(star).to_have_attribute("aria-pressed", "false")


def test_results_stay_over_a_reload_and_are_seen_large(new_page: Any, address: str, tmp_path: Path) -> None:
    page = new_page(address, accept_downloads=True)
    ready(page, "sound-to-image")
    set_number(page, "Pictures", 2)
    page.get_by_label("Words (optional)").fill("ink")
    generate(page, "sound-to-image")
    page.get_by_label("Words (optional)").fill("chalk")
    generate(page, "sound-to-image")
    expect(page.locator(".su-gallery[data-kept='2']")).to_be_attached()
    star_and_unstar(page)
    # From the result: Enter on its picture; the arrows go through the run and on.
    page.locator("#sound-to-image-stage .su-picture").press("Enter")
    expect(page.locator(COUNT)).to_have_text("1 of 4")
    page.keyboard.press("End")
    expect(page.locator(COUNT)).to_have_text("4 of 4")
    expect(page.locator(".su-large-detail")).to_contain_text("ink")
    page.keyboard.press("Escape")
    expect(page.locator(".su-large")).to_be_hidden()
    expect(page.locator("#sound-to-image-stage .su-picture")).to_be_focused()

    page.reload()
    open_gallery(page, 2)
    first = page.locator(CARDS).first
    page.wait_for_function("document.querySelector('.su-gallery-open img').naturalWidth === 64")
    page.locator(".su-gallery-open").first.press("Enter")
    for key in ("ArrowRight", "s", "+", "f"):
        page.keyboard.press(key)
    expect(page.locator(COUNT)).to_have_text("2 of 4")
    expect(page.locator(".su-large-side")).to_contain_text("chalk")
    expect(page.locator(".su-large-fit")).to_have_text("150 %")
    page.wait_for_function("document.querySelector('.su-large-sound').duration > 0.5")
    page.keyboard.press("Escape")
    expect(first.locator(".su-gallery-star")).to_have_attribute("aria-pressed", "true")

    # The favourite goes home as a ZIP with its settings, and comes back from it.
    packed = download(page, page.get_by_role("button", name="Favourites as ZIP"), tmp_path)
    with zipfile.ZipFile(packed) as archive:
        (entry,) = json.loads(archive.read("gallery.json"))["results"]
        assert archive.testzip() is None
        assert {part["file"] for part in (*entry["parts"], *entry["inputs"])} < set(archive.namelist())
    assert entry["settings"]["request"]["prompt"] == "chalk"
    page.get_by_label("Search the gallery").fill("chalk")
    expect(page.locator(CARDS)).to_have_count(1)
    page.get_by_label("Choose: ").check()
    page.get_by_role("button", name="Delete 1").click()
    expect(page.locator(CARDS)).to_have_count(0)
    page.locator(".su-gallery-file").set_input_files(str(packed))
    expect(first.locator(".su-gallery-star")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Search the gallery").fill("")
    page.get_by_role("button", name="Choose all").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".su-large-over")).to_be_visible()
    expect(page.locator(".su-large-detail")).to_contain_text("ink")
