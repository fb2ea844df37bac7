"""Settings given away as a link and as Python, and found again by whoever opens the link."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.steps import generate, open_tab, ready, set_number, upload

pytestmark = pytest.mark.browser


def share(page: Any, tab: str, name: str = "Share link") -> None:
    page.locator(f"#{tab}-tab").get_by_role("button", name=name).click()
    expect(page.locator(f"#{tab}-share .su-share")).to_be_visible()


def test_a_link_brings_settings_and_the_example(new_page: Any, address: str) -> None:
    page = new_page(address)
    ready(page, "sound-to-image")
    page.locator(".su-example").nth(4).click()
    expect(page.locator(".su-picture")).to_have_attribute("alt", re.compile("Sound 4"))
    page.get_by_label("Words (optional)").fill("ink / “at dusk”")
    page.get_by_role("button", name="Exact numbers").click()
    page.get_by_label("From (seconds)").fill("0.4")
    page.get_by_role("button", name="Advanced").click()
    set_number(page, "Steps", 3)
    generate(page, "sound-to-image")
    share(page, "sound-to-image")
    link = page.locator("#sound-to-image-share .su-share-link").input_value()
    assert link.startswith(f"{address}/?s=")
    seed = page.locator("#sound-to-image-seed-number input").input_value()
    share(page, "sound-to-image", "Copy as Python")
    code = page.locator("#sound-to-image-share .su-share-code")
    expect(code).to_contain_text(f'Client("{address}/")')
    expect(code).to_contain_text("handle_file('sound_4.wav')")

    other = new_page(link)
    expect(other.locator("#sound-to-image-share")).to_contain_text("settings of this link are here")
    expect(other.get_by_label("Words (optional)")).to_have_value("ink / “at dusk”")
    expect(other.locator("#sound-to-image-seed-number input")).to_have_value(seed)
    other.get_by_role("button", name="Exact numbers").click()
    expect(other.get_by_label("From (seconds)")).to_have_value("0.4")
    expect(other.locator("#sound-to-image-drawing .su-sound-caption")).to_have_text(
        re.compile(r"^0\.4 s to 2\.0 s of 2\.0 s")
    )


def test_a_link_opens_its_tab_and_leaves_private_sounds_out(
    new_page: Any, address: str, sounds: Path
) -> None:
    page = new_page(address)
    ready(page, "sound-to-image")
    open_tab(page, "Interpolate", "interpolate")
    upload(page, "interpolate-a", sounds / "long.flac")
    expect(page.locator("#interpolate-a-drawing .su-sound-caption")).to_have_text(re.compile("14.0 s"))
    tab = page.locator("#interpolate-tab")
    tab.get_by_role("button", name="Exact numbers").nth(1).click()
    tab.get_by_label("From (seconds)").nth(1).fill("0.3")
    set_number(tab, "Pictures$", 2)
    generate(page, "interpolate")
    share(page, "interpolate")
    panel = page.locator("#interpolate-share")
    expect(panel).to_contain_text("but not your first sound")
    link = panel.locator(".su-share-link").input_value()

    other = new_page(link)
    expect(other.locator("#interpolate-share")).to_contain_text("first sound it was made with did not come")
    expect(
        other.locator("#interpolate-tab").get_by_label(re.compile("^number input for Pictures$"))
    ).to_have_value("2")
    other.locator("#interpolate-tab").get_by_role("button", name="Exact numbers").nth(1).click()
    expect(other.locator("#interpolate-tab").get_by_label("From (seconds)").nth(1)).to_have_value("0.3")


def test_a_damaged_link_is_a_sentence_and_the_page_works(new_page: Any, address: str) -> None:
    page = new_page(f"{address}/?s=abc")
    expect(page.locator("#sound-to-image-share")).to_contain_text("cut or changed on the way")
    ready(page, "sound-to-image")
    generate(page, "sound-to-image")
    expect(page.locator(".su-history li")).to_have_count(1)
