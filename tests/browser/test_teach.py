"""The tab Teach: what is understood of files, and sentences for what cannot be taught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TAB = "teach"


def test_files_are_understood_and_names_are_checked(
    new_page: Any, bundle: Path, examples: Path, sounds: Path, tmp_path: Path
) -> None:
    from tests.browser.conftest import serve

    picture = tmp_path / "gong.png"
    Image.new("RGB", (70, 60), (220, 180, 30)).save(picture)
    served = serve(
        bundle, examples, tmp_path / "log.txt"
    )  # of its own: another engine would be the others' too
    try:
        page = new_page(next(served))
        page.get_by_role("tab", name="Teach").click()
        teach = page.get_by_role("button", name="Teach", exact=True)
        teach.click()
        expect(page.locator(f"#{TAB}-run-message, #{TAB}-recordings-message").first).to_be_visible()
        page.get_by_label("Name of the new sound").fill("two words")
        recordings = page.locator(f"#{TAB}-recordings input[type=file]")
        recordings.set_input_files([str(sounds / name) for name in ("microphone.wav", "letter.wav")])
        understood = page.locator(".su-understood")
        expect(understood.locator("li[data-state=refused]")).to_contain_text("letter.wav")
        page.locator(f"#{TAB}-pictures input[type=file]").set_input_files(str(picture))
        expect(understood.locator("li[data-kind=picture]")).to_contain_text("gong.png")
        teach.click()
        expect(page.locator(f"#{TAB}-name-message")).to_contain_text("one word of letters")
    finally:
        served.close()  # type: ignore[attr-defined]
