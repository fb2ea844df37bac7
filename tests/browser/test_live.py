"""Live in a real browser: a microphone that plays known sounds, two people at once, a tab out of sight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, RATE, ROOT, find_chromium, serve
from tests.browser.steps import ENGINE_MS

pytestmark = pytest.mark.browser

VIEW = ".su-live-view"
EXAMPLES = ROOT / "assets" / "examples" / "sounds"
SAID = f"{VIEW} .su-live-said"


def open_live(page: Any) -> None:
    expect(page.locator(".su-engine[data-state=ready]")).to_be_visible(timeout=ENGINE_MS)
    page.get_by_role("tab", name="Film").click()
    page.locator("#film-mode").get_by_text("Live", exact=True).click()
    expect(page.locator(VIEW)).to_be_visible()


def frames(page: Any) -> int:
    return int(page.locator(VIEW).get_attribute("data-frames") or 0)


def wait_for_frames(page: Any, count: int) -> None:
    page.wait_for_function(
        "count => Number(document.querySelector('.su-live-view').dataset.frames || 0) >= count",
        arg=count,
        timeout=ENGINE_MS,
    )


def press(page: Any, name: str) -> None:
    page.locator(VIEW).get_by_role("button", name=name, exact=True).click()


@pytest.fixture(scope="module")
def miniature_address(tmp_path_factory: pytest.TempPathFactory, examples: Path) -> Iterator[str]:
    """Where the app is served with the weights that ship."""
    bundle = ROOT / "assets" / "miniature"
    yield from serve(bundle, examples, tmp_path_factory.mktemp("miniature") / "log.txt")


@pytest.fixture
def rain_and_fire(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A page whose microphone hears rain for a while, then a fire, again and again."""
    from sonic_ui.audio.clips import load_clip

    clips = [load_clip(EXAMPLES / f"{name}.mp3", RATE).samples for name in ("rain", "crackling_fire")]
    long = [np.resize(clip, 12 * RATE) for clip in clips]
    soundfile.write(tmp_path / "known.wav", np.concatenate(long), RATE, subtype="PCM_16")
    flags = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={tmp_path / 'known.wav'}",
    ]
    made = browser.browser_type.launch(executable_path=find_chromium(), args=flags)
    context = made.new_context(permissions=["microphone"])
    context.add_init_script("localStorage.setItem('sonic-ui-tour', 'seen')")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    made.close()


def shown_sources(picture: Image.Image) -> dict[str, float]:
    """Levels of the sources in a picture, by the classifier that ships."""
    from sonic_ui.models.presence_classifier import load_classifier, predict_intensities
    from sonic_ui.scenes.world import SOURCES

    classifier = load_classifier(ROOT / "assets" / "miniature").float()
    return dict(zip(SOURCES, predict_intensities(classifier, [picture], 256)[0].tolist(), strict=True))


def test_the_picture_follows_a_microphone_that_plays_known_sounds(
    rain_and_fire: Any, miniature_address: str
) -> None:
    page = rain_and_fire
    page.goto(miniature_address)
    open_live(page)
    press(page, "Start")
    for label, source in (("rain", "rain"), ("crackling fire", "crackling_fire")):
        expect(page.locator(f"{VIEW}[data-label='{label}']")).to_be_attached(timeout=ENGINE_MS)
        expect(page.locator(f"{VIEW} .su-live-heard")).to_have_text(re.compile(f"I hear {label}"))
        wait_for_frames(page, frames(page) + 1)  # smoothed: the next one is of it wholly
        if page.locator(f"{VIEW}[data-label='{label}']").count():
            png = page.locator(f"{VIEW} canvas").screenshot()
            assert shown_sources(Image.open(BytesIO(png)).convert("RGB"))[source] > 0.3

    press(page, "Freeze")
    expect(page.locator(SAID)).to_have_text(re.compile("^Frozen"), timeout=ENGINE_MS)
    frozen = frames(page)
    press(page, "Keep this frame")
    expect(page.locator(f"{VIEW} .su-live-kept li")).to_have_count(1)
    expect(page.locator(".su-gallery[data-kept='1']")).to_be_attached()
    assert frames(page) == frozen
    press(page, "Go on")
    wait_for_frames(page, frozen + 1)
    press(page, "Stop")
    expect(page.locator(f"{VIEW}[data-state=idle]")).to_be_attached()
    page.get_by_role("tab", name="Gallery").click()
    expect(page.locator(".su-gallery-card")).to_have_count(1)
    expect(page.locator(".su-gallery-title")).to_have_text(re.compile("^Live: heard"))


def test_a_file_is_recorded_another_person_waits_and_a_closed_page_frees_the_engine(
    new_page: Any, address: str, sounds: Path
) -> None:
    page = new_page(address)
    open_live(page)
    press_file(page)
    press(page, "Start")
    expect(page.locator(SAID)).to_have_text(re.compile("There is no file yet"))
    page.locator(f"{VIEW} input[type=file]").set_input_files(str(sounds / "long.flac"))
    press(page, "Start")
    wait_for_frames(page, 2)
    press(page, "Record a film")
    wait_for_frames(page, frames(page) + 2)
    press(page, "Stop recording")
    expect(page.locator(f"{VIEW} .su-live-film video[src]")).to_be_visible(timeout=ENGINE_MS)
    expect(page.locator(".su-gallery[data-kept='1']")).to_be_attached()

    other = new_page(address)
    open_live(other)
    press(other, "Start")
    expect(other.locator(SAID)).to_have_text(
        re.compile("Somebody else is live on this engine. You are next"), timeout=ENGINE_MS
    )
    assert frames(other) == 0
    page.context.close()  # while it is live, without a goodbye
    wait_for_frames(other, 1)
    press(other, "Stop")


def press_file(page: Any) -> None:
    page.locator(VIEW).get_by_label("A file, played here").check()


def test_out_of_sight_it_pauses_and_a_refused_microphone_is_a_sentence(new_page: Any, address: str) -> None:
    page = new_page(address)
    open_live(page)
    press(page, "Start")
    wait_for_frames(page, 1)
    page.get_by_role("tab", name="Volume").click()
    expect(page.locator(f"{VIEW}[data-state=paused]")).to_be_attached(timeout=ENGINE_MS)
    page.get_by_role("tab", name="Film").click()
    wait_for_frames(page, frames(page) + 1)
    press(page, "Stop")

    for problem, words in (
        ("NotAllowedError", "may not use the microphone.*press Start again"),
        ("NotFoundError", "No microphone was found"),
    ):
        refused = f"Promise.reject(new DOMException('no', '{problem}'))"
        page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = () => {refused}; }}")
        press(page, "Start")
        expect(page.locator(SAID)).to_have_text(re.compile(f"{words}.*Or choose “A file, played here”"))
