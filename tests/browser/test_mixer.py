"""Several sounds in one picture: a person mixes three, moves one, and hears and paints the mix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from sonic_ui.media.metadata import read_settings
from tests.browser.steps import download, generate, ready

pytestmark = pytest.mark.browser

TAB = "sound-to-image"
LINE = ".su-mix-line"


def loudness(mixer: Any, name: str) -> Any:
    return mixer.get_by_role("slider", name=f"Loudness of {name}")


def test_three_sounds_are_mixed_and_one_is_moved(
    new_page: Any, address: str, sounds: Path, tmp_path: Path
) -> None:
    page = new_page(address, 390, 844, accept_downloads=True)
    ready(page, TAB)
    mixer = page.locator(f"#{TAB}-mixer")
    expect(mixer).to_have_count(0)
    page.get_by_role("button", name="Mix and room").click()
    rows = mixer.locator(".su-mix-row")
    expect(rows).to_have_count(1)

    # Three more files, of which one is broken: the others stay.
    files = [sounds / name for name in ("long.flac", "letter.wav", "microphone.wav")]
    mixer.locator("input[type=file]").set_input_files(files)
    expect(rows).to_have_count(4)
    expect(rows.nth(2)).to_contain_text("“letter.wav” cannot be read as sound")
    expect(mixer.locator(LINE)).to_contain_text("The others are mixed without it")
    mixer.get_by_role("button", name="Remove letter.wav").click()
    expect(rows).to_have_count(3)
    expect(mixer.locator(LINE)).to_have_text(re.compile(r"^Together −\d+ LUFS, heard as [^.]+\.$"))
    before = mixer.locator(LINE).inner_text()

    # By keyboard: one all the way down, another a little up.
    loudness(mixer, "long.flac").press("Home")
    expect(rows.nth(1)).to_have_attribute("data-silent", "true")
    expect(rows.nth(1).locator("output").first).to_have_text("off")
    loudness(mixer, "microphone.wav").press("ArrowRight")
    expect(mixer.locator(LINE)).not_to_have_text(before)
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    page.get_by_role("button", name="Play the mix").click()
    audio = page.locator(f"#{TAB}-mix-player audio")
    expect(audio).to_have_attribute("src", re.compile(r"mix\.wav"))

    generate(page, TAB)
    path = download(page, page.locator(f"#{TAB}-stage .su-download"), tmp_path)
    request = read_settings(path)["request"]
    named = {name: request[name] for name in ("sound", "sound2", "sound3", "sound4")}
    assert named == {
        "sound": "sound_0.wav",
        "sound2": "long.flac",
        "sound3": None,
        "sound4": "microphone.wav",
    }
    assert request["faders"][1]["mute"] and request["faders"][3]["lufs"] is not None

    # All of it comes back with the settings.
    mixer.get_by_role("button", name="Remove microphone.wav").click()
    expect(rows).to_have_count(2)
    page.locator(f"#{TAB}-stage .su-reuse").click()
    expect(rows).to_have_count(3)
    muted = mixer.get_by_role("button", name="Mute long.flac")  # what was all the way down comes back muted
    expect(muted).to_have_attribute("aria-pressed", "true")
