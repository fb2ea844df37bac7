"""A real browser on the real page: the app as a process of its own, on tiny networks and its own examples."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.media.metadata import write_pictures
from sonic_ui.requests import SoundToImageRequest

ROOT = Path(__file__).resolve().parent.parent.parent
RATE = 48_000
PATIENCE_MS = 60_000
"""Other work may share the machine."""

RETRIES = 2
"""A browser on a crowded machine can be late: its test is tried again, and the report says so."""

SERVED = "Sonic UI is at"
"""What the app says once it is served."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder another try."""
    here = Path(__file__).resolve().parent
    for item in items:
        if here in item.path.resolve().parents:
            item.add_marker(pytest.mark.flaky(reruns=RETRIES))


def find_chromium() -> str | None:
    """A Chromium: the one named by CHROMIUM, one on the path, or Playwright's own.

    The headless shell comes first: the others draw a window of their own as well, which nobody sees.
    """
    names = (
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found:
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


def noise_bursts(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise that comes and goes twice a second: something to see in a drawing."""
    times = np.arange(int(seconds * RATE)) / RATE
    hiss = np.random.default_rng(seed).standard_normal(times.size)
    return (0.2 * hiss * (0.15 + (np.sin(2 * np.pi * 2 * times) > 0))).astype(np.float32)


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sounds: what the microphone hears, a long one, silence, a text with a sound's name."""
    folder = tmp_path_factory.mktemp("sounds")
    soundfile.write(folder / "microphone.wav", noise_bursts(12, 1), RATE, subtype="PCM_16")
    long = noise_bursts(14, 2)
    long[: 4 * RATE] *= 0.02
    soundfile.write(folder / "long.flac", long, RATE)
    soundfile.write(folder / "silence.wav", np.zeros(RATE), RATE)
    (folder / "letter.wav").write_text("This is not a sound.")
    return folder


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight example sounds with pictures."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "sounds").mkdir()
    entries = []
    for index in range(8):
        name = f"sound_{index}"
        soundfile.write(folder / "sounds" / f"{name}.wav", noise_bursts(1 + index / 4, index), RATE)
        request = SoundToImageRequest(sound=f"{name}.wav", seed=index, steps=2)
        settings = {"app": "test", "request": request.model_dump()}
        (picture,) = write_pictures([Image.new("RGB", (64, 64), (30 * index, 100, 160))], settings, folder)
        picture.rename(folder / f"{name}.png")
        entries.append({"file": f"{name}.wav", "title": f"Sound {index}", "picture": f"{name}.png"})
    (folder / "examples.json").write_text(json.dumps(entries))
    return folder


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    return debug_bundle(tmp_path_factory.mktemp("bundle"))


def start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """The app, once it says that it is there."""
    with log.open("w") as file:
        app = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 300
    while SERVED not in log.read_text():
        if app.poll() is not None or time.monotonic() > deadline:
            app.kill()
            raise AssertionError(log.read_text())
        time.sleep(0.1)
    return app


def serve(bundle: Path, examples: Path, log: Path) -> Iterator[str]:
    """The app's address; the app ends with the fixture."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [str(examples), "--port", str(port), "--bundle", str(bundle)]
    app = start([sys.executable, "-u", "-m", "tests.browser.served", *options], log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        app.terminate()
        app.wait(20)


@pytest.fixture(scope="session")
def address(bundle: Path, examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the app is served with working weights."""
    yield from serve(bundle, examples, tmp_path_factory.mktemp("app") / "log.txt")


@pytest.fixture(scope="session")
def broken_address(bundle: Path, examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the app is served with a weights file that was cut."""
    copy = tmp_path_factory.mktemp("broken") / "bundle"
    shutil.copytree(bundle, copy)
    weights = next((copy / "audio_to_image" / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])
    yield from serve(copy, examples, tmp_path_factory.mktemp("broken-app") / "log.txt")


@pytest.fixture(scope="session")
def browser(sounds: Path) -> Iterator[Any]:
    """Chromium whose microphone plays `microphone.wav`."""
    pytest.importorskip(
        "playwright", reason="playwright is not installed: pip install -r requirements-dev.txt"
    )
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium found: install one, set CHROMIUM, or run `playwright install chromium`")
    flags = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={sounds / 'microphone.wav'}",
    ]
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=executable, args=flags)
        yield made
        made.close()


@pytest.fixture
def new_page(browser: Any) -> Iterator[Any]:
    """A function that opens an address in a fresh context; an error that the page reports fails the test."""
    contexts, problems = [], []

    def opened(address: str, width: int = 1440, height: int = 900, tour: bool = False, **options: Any) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, permissions=["microphone"], **options
        )
        contexts.append(context)
        if not tour:
            context.add_init_script("localStorage.setItem('sonic-ui-tour', 'seen')")
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.wait_for_selector(".su-frame")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []
