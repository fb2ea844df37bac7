"""The tab "Word" in a browser: a sound becomes a word, prompts hold it, and it is let go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from sonic_ui.media.word_files import read_word
from tests.browser.steps import ENGINE_MS, download, generate, open_tab, ready, set_number


def test_a_word_is_learned_used_and_removed(new_page: Any, address: str, tmp_path: Path) -> None:
    page = new_page(address)
    expect(page.locator(".su-engine[data-state=ready]")).to_be_visible(timeout=ENGINE_MS)
    open_tab(page, "Word", "word")
    ready(page, "word")
    tab = page.locator("#word-tab")
    expect(tab.locator(".su-frame-empty")).to_contain_text("Learn the word")

    generate(page, "word")  # without a name
    expect(page.locator("#word-name-message")).to_contain_text("no name yet")

    name = page.get_by_label("Its name")
    name.fill("<Storm>")
    tab.get_by_role("button", name="Advanced").click()
    set_number(tab, "Steps of learning", 10)
    generate(page, "word")
    expect(tab.locator(".su-status")).to_have_text("<storm> is a word now")
    expect(tab.locator(".su-thumbs .su-thumb-caption").first).to_have_text("a photo of <storm>")
    row = tab.locator(".su-word-row")
    expect(row.locator("code")).to_have_text("<storm>")
    file = download(page, row.get_by_role("link", name="Download <storm>"), tmp_path)
    assert file.name == "storm.safetensors" and read_word(file).name == "storm"

    generate(page, "word")  # the name is taken
    expect(page.locator("#word-name-message")).to_contain_text("There is a word <storm> already")

    open_tab(page, "Sound → Image", "sound-to-image")
    page.get_by_label("Words (optional)").first.fill("<storm>")
    generate(page, "sound-to-image")
    expect(page.locator("#sound-to-image-words-message")).not_to_contain_text("not here")

    open_tab(page, "Word", "word")
    row.get_by_role("button", name="Remove <storm>").click()
    expect(tab.locator(".su-word-empty")).to_be_visible()
    tab.locator("#word-file input[type=file]").set_input_files(str(file))
    expect(row.locator("code")).to_have_text("<storm>")
    row.get_by_role("button", name="Remove <storm>").click()
    expect(row).to_have_count(0)
