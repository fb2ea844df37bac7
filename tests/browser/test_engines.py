"""Changing engines on the page: what each takes, one that cannot be had, and painting on."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.steps import ENGINE_MS, generate, ready

pytestmark = pytest.mark.browser

TAB = "sound-to-image"


def test_one_that_cannot_be_had_is_told_and_the_current_one_paints(new_page: Any, address: str) -> None:
    """The app under test has no network (HF_HUB_OFFLINE)."""
    page = new_page(address)
    ready(page, TAB)
    panel, button = page.locator("#su-engines"), page.get_by_role("button", name="Change engine")
    expect(panel).to_be_hidden()
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(panel.get_by_text("5.2 GB to fetch once").first).to_be_visible()
    expect(panel.get_by_text("Licence CreativeML OpenRAIL-M").first).to_be_visible()
    expect(panel.locator("input:checked")).to_be_focused()
    panel.get_by_label("Stable Diffusion 1.4 + SonicDiffusion (landscape)").check()
    page.get_by_role("button", name="Use this engine").click()
    told = page.locator("#su-engines-message [data-kind=error]")
    expect(told).to_contain_text("cannot be reached", timeout=ENGINE_MS)
    expect(told).to_contain_text("The current engine stays")
    expect(page.locator(".su-engine[data-state=ready]")).to_contain_text("Debug")
    button.click()
    expect(panel).to_be_hidden()
    picture = page.locator(f"#{TAB}-tab .su-picture")
    example = picture.get_attribute("src")
    generate(page, TAB)
    expect(picture).not_to_have_attribute("src", example or "")
