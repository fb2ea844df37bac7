"""The tab "Film" in a browser: a made track becomes a film, and it plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from tests.browser.steps import ENGINE_MS, generate, open_tab, set_number

RATE = 48_000


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Two seconds of a low tone, then two of noise."""
    times = np.arange(2 * RATE) / RATE
    noise = 0.2 * np.random.default_rng(0).standard_normal(times.size)
    path = tmp_path / "made.wav"
    soundfile.write(path, np.concatenate([0.3 * np.sin(2 * np.pi * 300 * times), noise]), RATE)
    return path


def test_a_made_track_becomes_a_film_that_plays(new_page: Any, address: str, track: Path) -> None:
    page = new_page(address)
    open_tab(page, "Film", "film")
    expect(page.locator(".su-engine[data-state=ready]")).to_be_visible(timeout=ENGINE_MS)
    timeline = page.locator("#film-drawing")
    timeline.locator("input[type=file]").set_input_files(str(track))
    expect(timeline.locator(".su-editor-name")).to_have_text("made.wav")
    expect(timeline.locator(".su-lanes[data-state=heard]")).to_be_visible(timeout=ENGINE_MS)
    expect(timeline.locator(".su-lanes-words")).to_contain_text("4 s")

    timeline.locator(".su-lanes-moment").press("End")
    timeline.locator(".su-lanes-moment").press("Enter")
    expect(timeline.locator(".su-lanes-thumb[data-still=true] img")).to_be_visible(timeout=ENGINE_MS)
    expect(page.locator("#film-view .su-filmed-picture")).to_be_visible()

    set_number(page.locator("#film-tab"), "Frames a second", 6)
    generate(page, "film")
    video = page.locator("#film-view video")
    expect(video).to_be_visible()
    assert timeline.locator(".su-lanes-thumb[data-still=false]").count() >= 2
    page.wait_for_function("document.querySelector('#film-view video').readyState >= 2")
    played = page.evaluate(
        """async () => {
          const video = document.querySelector('#film-view video');
          video.muted = true;
          await video.play();
          await new Promise(done => setTimeout(done, 700));
          return [video.currentTime, video.duration];
        }"""
    )
    assert played[0] > 0.1 and abs(played[1] - 4.0) < 0.3
    name = page.locator("#film-view .su-filmed-download").get_attribute("download")
    assert name.startswith("made-") and name.endswith((".mp4", ".webm"))
