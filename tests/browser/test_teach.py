"""The tab Teach: a new sound is taught, and the engine that knows it paints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.steps import ENGINE_MS, generate, ready

pytestmark = pytest.mark.browser

TAB = "teach"


def test_a_sound_is_taught_and_used(
    new_page: Any, bundle: Path, examples: Path, sounds: Path, tmp_path: Path
) -> None:
    from tests.browser.conftest import serve

    name = f"gong{time.time_ns() % 10**6}"  # what another attempt taught is still there
    picture = tmp_path / "gong.png"
    Image.new("RGB", (70, 60), (220, 180, 30)).save(picture)
    served = serve(
        bundle, examples, tmp_path / "log.txt"
    )  # of its own: another engine would be the others' too
    try:
        page = new_page(next(served))
        page.get_by_role("tab", name="Teach").click()
        expect(page.locator(".su-taught-frame")).to_contain_text("Give recordings and pictures")
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
        page.get_by_label("Name of the new sound").fill(name)
        page.get_by_text("More settings").last.click()
        page.get_by_label("Steps of training").first.fill("20")
        teach.click()
        use = page.get_by_role("button", name="Use it now")
        expect(use).to_be_visible(timeout=ENGINE_MS)
        expect(page.locator(".su-taught-after img")).to_have_count(4)
        expect(page.locator(".su-taught-note")).to_contain_text("letter.wav")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download (ZIP)").click()
        assert download.value.suggested_filename == f"{name}.zip"
        use.click()
        expect(page.locator(".su-engine[data-state=ready]")).to_contain_text(
            f"Debug + {name}", timeout=ENGINE_MS
        )
        page.reload()
        page.get_by_role("button", name="Change engine").press("Enter")
        expect(page.locator("#su-engines").get_by_label(f"Debug + {name}")).to_be_checked()
        page.keyboard.press("Escape")
        page.get_by_role("tab", name="Sound → Image").click()
        ready(page, "sound-to-image")
        generate(page, "sound-to-image")
    finally:
        served.close()  # type: ignore[attr-defined]
