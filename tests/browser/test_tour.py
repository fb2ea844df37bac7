"""The tour of the first visit, and what the page says of itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_tour_comes_once_and_by_keyboard(address: str, new_page: Any) -> None:
    page = new_page(address, tour=True)
    tour = page.get_by_role("region", name="A short tour")
    expect(tour).to_contain_text("1 of 4")
    tour.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    expect(tour).to_contain_text("2 of 4")
    page.keyboard.press("ArrowRight")
    expect(tour).to_contain_text("3 of 4")
    page.keyboard.press("ArrowLeft")
    expect(tour).to_contain_text("2 of 4")
    page.keyboard.press("Escape")
    expect(tour).to_be_hidden()
    page.reload()
    page.locator("#sound-to-image-stage .su-picture").wait_for()
    page.wait_for_timeout(2500)
    expect(tour).to_be_hidden()
    page.keyboard.press("?")
    page.get_by_role("button", name="Show the tour").click()
    expect(tour).to_contain_text("1 of 4")
    for _ in range(4):
        page.keyboard.press("Enter")
    expect(tour).to_be_hidden()


def test_shared_addresses_have_a_card(address: str, new_page: Any) -> None:
    page = new_page(address)
    expect(page.locator("meta[name=description]")).to_have_attribute(
        "content", re.compile("sound into pictures")
    )
    with urlopen(address) as answer:  # readers of cards run no scripts
        html = answer.read().decode()
    assert 'property="og:image" content="/social-card.jpg"' in html and "sound into pictures" in html
    with urlopen(f"{address}/social-card.jpg") as answer:
        assert answer.headers["content-type"] == "image/jpeg" and len(answer.read()) > 10_000
    with urlopen(f"{address}/favicon.ico") as answer:
        assert b"<svg" in answer.read()
