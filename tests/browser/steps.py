"""What a person does on any tab, and how to tell that it is done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

ENGINE_MS = 240_000
"""Loading torch, or painting a strip, may take minutes on a machine that does other work."""


def ready(page: Any, place: str) -> None:
    """Wait until the engine runs and the sound at `place` is named."""
    expect(page.locator(".su-engine[data-state=ready]")).to_be_visible(timeout=ENGINE_MS)
    expect(page.locator(f"#{place}-labels li").first).to_be_visible()


def open_tab(page: Any, title: str, tab: str) -> None:
    """Open a tab and wait until it stands.

    Gradio makes what is in a tab when it is first opened, and hands each piece its value a moment later: no
    person is so fast, but a test is.
    """
    page.get_by_role("tab", name=title).click()  # on a phone the bar scrolls
    expect(page.locator(f"#{tab}-tab .su-frame").first).to_be_visible()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def settled(page: Any, tab: str) -> None:
    """Wait until the tab's run is over."""
    expect(page.locator(f"#{tab}-run[data-busy=false]")).to_be_attached(timeout=ENGINE_MS)


BEGINS = """run => {
  window.suBegun = false;
  const observer = new MutationObserver(changes => {
    window.suBegun = changes.some(change => [change.oldValue, change.target.dataset.busy].includes('true'));
    if (window.suBegun) observer.disconnect();
  });
  const only = { attributes: true, attributeOldValue: true, attributeFilter: ['data-busy'] };
  observer.observe(document.querySelector(run), only);
}"""


def generate(page: Any, tab: str) -> None:
    """Press the tab's Generate and wait until its run is over.

    Tiny networks can be done before a test has looked whether they have begun: the page is watched meanwhile.
    """
    page.evaluate(BEGINS, f"#{tab}-run")
    page.locator(f"#{tab}-generate").click()
    page.wait_for_function("window.suBegun")
    settled(page, tab)


def set_number(page: Any, label: str, value: float) -> None:
    """Type a slider's number; `page` may be a part of it, `label` is a regular expression."""
    box = page.get_by_label(re.compile(f"^number input for {label}"))
    box.fill(str(value))
    box.press("Tab")


def download(page: Any, link: Any, folder: Path) -> Path:
    """The file that a link or button hands out, in `folder`."""
    with page.expect_download() as handed:
        link.click()
    path = folder / str(handed.value.suggested_filename)
    handed.value.save_as(path)
    return path


def upload(page: Any, place: str, path: Path) -> None:
    """Put a file into a sound's place, as a person who clears what is there first."""
    audio = page.locator(f"#{place}-audio")
    clear = audio.locator("button[aria-label=Clear]")
    if clear.is_visible():
        clear.click()
    audio.locator("input[type=file]").set_input_files(str(path))


CANCEL_SOON = """([done, cancel]) => {
  // Tiny networks paint fast: press the button in the moment in which the second picture is there.
  if (document.querySelectorAll(done).length < 2) return false;
  document.querySelector(cancel).click();
  return true;
}"""


def cancel_after_two(page: Any, done: str, cancel: str) -> None:
    """Press `cancel` as soon as two of a strip's pictures, those that match `done`, are there."""
    page.wait_for_function(CANCEL_SOON, arg=[done, cancel], timeout=ENGINE_MS)
