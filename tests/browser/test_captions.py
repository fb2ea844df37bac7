"""What is heard, in words, in a real browser: written, edited, and the picture follows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.steps import generate, ready

pytestmark = pytest.mark.browser

TAB = "sound-to-image"
CAPTION = "#sound-to-image-caption textarea"
PIXELS = """() => {
  const image = document.querySelector('.su-picture');
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL();
}"""


def painted(page: Any) -> str:
    """The picture that Generate gives, as text."""
    before = page.locator(".su-picture").get_attribute("src")
    generate(page, TAB)
    expect(page.locator(".su-picture")).not_to_have_attribute("src", before)
    page.wait_for_function("document.querySelector('.su-picture').naturalWidth === 64")
    return str(page.evaluate(PIXELS))


def test_a_caption_is_edited_and_another_picture_comes(new_page: Any, address: str) -> None:
    page = new_page(address)
    ready(page, TAB)
    expect(page.locator(CAPTION)).to_have_count(0), "folded: it is not there yet"
    page.get_by_role("button", name="What is heard, in words").click()
    page.get_by_role("button", name="Write what is heard").click()
    expect(page.locator(CAPTION)).to_have_value(re.compile(r"\w"))
    expect(page.locator("#sound-to-image-caption-chances")).to_have_text(re.compile(r"\d%"))
    page.get_by_role("radio", name="By its words alone").check()
    page.get_by_role("checkbox", name="Keep").check()
    page.locator(CAPTION).fill("a dog and rain")
    first = painted(page)
    page.locator(CAPTION).fill("rain")
    second = painted(page)
    assert first != second
    page.locator(CAPTION).fill("a dog and rain")
    assert painted(page) == first
    page.locator(".su-example").nth(2).click()
    expect(page.locator(CAPTION)).to_have_value("")
