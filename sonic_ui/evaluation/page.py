"""`python -m sonic_ui.evaluation.page`: how heavy, quick and accessible the page is, in Chromium.

The app and a hello-world page of Gradio are opened side by side, in turns. Measured: bytes and requests until
the page is usable, the time until then, the longest task of the main thread while tabs change, what axe-core
(Deque, rules of WCAG 2.2, levels A and AA) finds in each tab in dark and light, and clicks.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonic_ui.evaluation.app_process import app_command, free_port, running_app
from sonic_ui.evaluation.metrics import Metric, table, write_json

HELLO = (
    "import gradio as gr, sys; gr.Interface(lambda name: f'Hello {name}', 'text', 'text')"
    ".launch(server_port=int(sys.argv[1]), quiet=True)"
)
"""The page that the app is compared with."""

APP_USABLE = "#sound-to-image-generate, #sound-to-image-stage .su-picture:not([hidden])"
HELLO_USABLE = "button.primary"
SCHEMES = ("dark", "light")
AXE = "axe-core@4"
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
SIZE = {"width": 1440, "height": 900}
PATIENCE_MS = 120_000
QUIET_MS = 1500
"""How long a page is left alone after each step, so that what it began is counted."""

UNFOLD = """() => document.querySelectorAll('.su-fold-button[aria-expanded=false]').forEach(fold => {
  if (fold.offsetParent) fold.click();
})"""

RUN_AXE = """async rules => {
  const only = { type: 'tag', values: rules };
  const found = await axe.run(document, { runOnly: only, resultTypes: ['violations'] });
  return found.violations.map(one => ({ rule: one.id, nodes: one.nodes.map(node => node.target.join(' ')) }));
}"""


@dataclass(frozen=True)
class Opening:
    """One opening of a page with an empty cache: bytes over the wire, requests, and seconds until usable."""

    nbytes: int
    requests: int
    seconds: float


@dataclass(frozen=True)
class Violation:
    """A rule that elements of a tab break, by their selectors."""

    tab: str
    scheme: str
    rule: str
    nodes: tuple[str, ...]


class Traffic:
    """What a page fetches: bytes over the wire by request; data that the page brings along are none."""

    def __init__(self, page: Any) -> None:
        self._network = page.context.new_cdp_session(page)
        self._sizes: dict[str, int] = {}
        self._network.on("Network.requestWillBeSent", self._sent)
        self._network.on("Network.dataReceived", self._received)
        self._network.on("Network.loadingFinished", self._finished)
        self._network.send("Network.enable")

    def _sent(self, event: Mapping[str, Any]) -> None:
        if not event["request"]["url"].startswith(("data:", "blob:")):
            self._sizes.setdefault(event["requestId"], 0)

    def _received(self, event: Mapping[str, Any]) -> None:
        if event["requestId"] in self._sizes:
            self._sizes[event["requestId"]] += event["encodedDataLength"]

    def _finished(self, event: Mapping[str, Any]) -> None:
        if event["requestId"] in self._sizes:
            self._sizes[event["requestId"]] = int(event["encodedDataLength"])

    def totals(self) -> tuple[int, int]:
        """Bytes and requests so far."""
        return sum(self._sizes.values()), len(self._sizes)


@contextlib.contextmanager
def opened(browser: Any, **options: Any) -> Iterator[Any]:
    """A page of a fresh context, nothing cached."""
    context = browser.new_context(viewport=SIZE, **options)
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page
    finally:
        context.close()


def open_page(browser: Any, address: str, usable: str) -> Opening:
    """Open an address until all that `usable` lists is visible; bytes and requests until it is quiet then."""
    with opened(browser) as page:
        traffic, started = Traffic(page), time.perf_counter()
        page.goto(address, wait_until="commit")
        for selector in usable.split(", "):
            page.locator(selector).first.wait_for()
        seconds = time.perf_counter() - started
        page.wait_for_timeout(QUIET_MS)
        return Opening(*traffic.totals(), seconds)


def tab_names(page: Any) -> list[str]:
    """The titles of the tabs, in their order."""
    tabs = page.get_by_role("tab")
    tabs.first.wait_for()
    return [str(name).strip() for name in tabs.all_inner_texts()]


def open_tab(page: Any, name: str) -> None:
    """Open a tab and leave it alone for a moment."""
    page.get_by_role("tab", name=name).click()
    page.wait_for_timeout(QUIET_MS)


def tab_tasks(browser: Any, address: str) -> tuple[float, float]:
    """Longest tasks of the main thread in ms while all tabs are opened twice: busy time, clock time.

    Other work on the machine stretches the second, not the first.
    """
    with opened(browser) as page:
        page.goto(address)
        page.locator("#sound-to-image-generate").wait_for()
        page.wait_for_timeout(2 * QUIET_MS)
        names = tab_names(page)
        browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
        for name in [*names[1:], names[0], *names[1:]]:
            open_tab(page, name)
        return longest_task(json.loads(browser.stop_tracing())["traceEvents"])


def longest_task(events: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Longest tasks of the renderers' main threads in ms, in a trace of Chromium: busy and clock time."""
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event
        for event in events
        if event.get("ph") == "X" and "RunTask" in event["name"] and (event["pid"], event["tid"]) in main
    ]
    busy = max((event.get("tdur", 0) for event in tasks), default=0)
    return busy / 1000, max((event["dur"] for event in tasks), default=0) / 1000


def audit(browser: Any, address: str, axe: Path, scheme: str) -> list[Violation]:
    """What axe-core finds in each tab, in what is folded there, and in the panel of engines."""
    found = []
    with opened(browser, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as page:
        page.goto(address)
        page.locator("#sound-to-image-generate").wait_for()
        page.wait_for_timeout(2 * QUIET_MS)
        page.add_script_tag(path=str(axe))
        for name in panels(page):
            page.evaluate("scrollTo(0, document.body.scrollHeight)")  # there nothing lies under what sticks
            for one in page.evaluate(RUN_AXE, AXE_RULES):
                found.append(Violation(name, scheme, one["rule"], tuple(one["nodes"])))
    return found


def panels(page: Any) -> Iterator[str]:
    """Open each tab with all that is folded in it, the modes of one, the panel of engines; their names."""
    for name in tab_names(page):
        open_tab(page, name)
        page.evaluate(UNFOLD)
        page.wait_for_timeout(QUIET_MS)
        yield name
        live = page.locator("#film-mode input[value=live]").filter(visible=True)
        if live.count():
            live.check()
            page.wait_for_timeout(QUIET_MS)
            yield f"{name}, live"
    page.locator(".su-engine-change").click()
    page.wait_for_timeout(QUIET_MS)
    yield "Engines"


def clicks(browser: Any, address: str) -> dict[str, float]:
    """How many clicks lead to a first picture, from it to full-screen, and to the ZIP of favourites: from the
    tab that they were made in, once there are some.

    Not a number where there is no such way.
    """
    with opened(browser, accept_downloads=True) as page:
        page.goto(address)
        page.locator(".su-engine[data-state=ready]").wait_for()
        page.locator("#sound-to-image-generate").click()
        page.locator("#sound-to-image-stage .su-history li").first.wait_for()
        page.locator("#sound-to-image-stage .su-picture").click()
        large = page.locator("dialog[open], :fullscreen").filter(visible=True)
        found = {"from opening to the first picture": 1.0, "from a result to full-screen": float("nan")}
        with contextlib.suppress(Exception):
            large.first.wait_for(timeout=2 * QUIET_MS)
            found["from a result to full-screen"] = 1.0
            page.keyboard.press("Escape")
        found["to the ZIP of favourites"] = float("nan")
        with contextlib.suppress(Exception):
            page.locator("#sound-to-image-stage .su-favourite").click(timeout=2 * QUIET_MS)
            page.get_by_role("tab", name="Gallery").click(timeout=2 * QUIET_MS)
            with page.expect_download(timeout=4 * QUIET_MS):
                page.get_by_role("button", name="Favourites as ZIP").click(timeout=2 * QUIET_MS)
            found["to the ZIP of favourites"] = 2.0
    return found


def page_metrics(
    app: Sequence[Opening],
    hello: Sequence[Opening],
    tasks: tuple[float, float],
    violations: Sequence[Violation] | None,
    counted: Mapping[str, float],
) -> list[Metric]:
    """The figures. `violations` is None where axe-core was not at hand."""

    def ratio(field: str) -> float:
        ours, theirs = ([getattr(one, field) for one in openings] for openings in (app, hello))
        return statistics.median(ours) / statistics.median(theirs)

    kilobytes = statistics.median(one.nbytes for one in app) / 1000
    requests = statistics.median(one.requests for one in app)
    seconds = statistics.median(one.seconds for one in app)
    metrics = [
        Metric("bytes over hello-world", ratio("nbytes"), 2.5, False, f"{kilobytes:.0f} kB"),
        Metric("requests over hello-world", ratio("requests"), 1.8, False, f"{requests:.0f}"),
        Metric("time until usable over hello-world", ratio("seconds"), 1.6, False, f"{seconds:.1f} s"),
        Metric("longest task when changing tabs, ms", tasks[0], 200.0, False, f"{tasks[1]:.0f} by the clock"),
    ]
    if violations is not None:
        nodes = sum(len(one.nodes) for one in violations)
        rules = len({one.rule for one in violations})
        metrics.append(Metric("violations found by axe-core", float(nodes), 0.0, False, f"of {rules} rules"))
    reach = {"to the ZIP of favourites": 2.0}
    metrics += [Metric(f"clicks {way}", count, reach.get(way, 1.0), False) for way, count in counted.items()]
    return metrics


def find_axe(folder: Path) -> Path | None:
    """The script of axe-core, fetched by npm into `folder`; None where npm is absent or out of reach."""
    script = folder / "package" / "axe.min.js"
    npm = shutil.which("npm")
    if script.is_file() or npm is None:
        return script if script.is_file() else None
    folder.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(
        [npm, "pack", AXE, "--silent"], cwd=folder, capture_output=True, text=True, check=False
    )
    archives = sorted(folder.glob("axe-core-*.tgz"))
    if packed.returncode or not archives:
        return None
    shutil.unpack_archive(archives[-1], folder, filter="data")
    return script if script.is_file() else None


def find_chromium(playwright: Any) -> str:
    """The browser named by CHROMIUM, one on the path, or Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    on_path = next(filter(None, map(shutil.which, names)), None)
    return os.environ.get("CHROMIUM") or on_path or str(playwright.chromium.executable_path)


@contextlib.contextmanager
def both_pages(bundle: str) -> Iterator[tuple[str, str]]:
    """The addresses of the app and of the hello-world page, each a process of its own."""
    ours, theirs = free_port(), free_port()
    hello = [sys.executable, "-c", HELLO, str(theirs)]
    with running_app(app_command(ours, bundle), ours), running_app(hello, theirs):
        yield f"http://127.0.0.1:{ours}", f"http://127.0.0.1:{theirs}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve both pages, open them in turns, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m sonic_ui.evaluation.page", description=__doc__)
    parser.add_argument("--openings", type=int, default=5, help="of each page; the median counts")
    parser.add_argument("--bundle", help="weights; left out, tiny random ones")
    parser.add_argument("--axe", type=Path, help="axe.min.js; left out, npm fetches it")
    parser.add_argument("--out", type=Path, default=Path("runs/page/figures.json"))
    options = parser.parse_args(arguments)
    from playwright.sync_api import sync_playwright

    axe = options.axe or find_axe(options.out.parent / "axe")
    with contextlib.ExitStack() as stack:
        bundle = options.bundle
        if bundle is None:
            from sonic_ui.testing.tiny_bundle import debug_bundle

            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sonic-ui-page-"))
            bundle = str(debug_bundle(Path(folder) / "bundle"))
        address, hello = stack.enter_context(both_pages(bundle))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=["--no-sandbox"])
        counted = clicks(browser, address)  # first: it waits for the models, which then disturb nothing
        openings: dict[str, list[Opening]] = {address: [], hello: []}
        for _ in range(options.openings):
            openings[hello].append(open_page(browser, hello, HELLO_USABLE))
            openings[address].append(open_page(browser, address, APP_USABLE))
        tasks = tab_tasks(browser, address)
        violations = None
        if axe is not None:
            violations = [one for scheme in SCHEMES for one in audit(browser, address, axe, scheme)]
        browser.close()
    metrics = page_metrics(openings[address], openings[hello], tasks, violations, counted)
    print(table(metrics))
    if axe is None:
        print("axe-core was not run: npm cannot fetch it here. Give its script: --axe axe.min.js")
    for one in violations or []:
        print(f"{one.tab}, {one.scheme}: {one.rule}: {'; '.join(one.nodes[:4])} ({len(one.nodes)})")
    write_json(metrics, options.out, violations=[vars(one) for one in violations or []])


if __name__ == "__main__":
    main()
