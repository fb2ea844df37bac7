"""The page: header, tabs, and how it is served."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr

from sonic_ui.engine import Studio
from sonic_ui.ui import engine_api as lending
from sonic_ui.ui.components.header import engine_status, header
from sonic_ui.ui.components.message import CLEAR, error
from sonic_ui.ui.engine_panel import connect_engines, engine_panel
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.session.examples import FOLDER as EXAMPLES
from sonic_ui.ui.session.examples import read_examples
from sonic_ui.ui.session.gradio_state import KEPT
from sonic_ui.ui.session.limits import read_limits
from sonic_ui.ui.tabs.edit import layout as edit
from sonic_ui.ui.tabs.image_to_sound import layout as image_to_sound
from sonic_ui.ui.tabs.interpolate import layout as interpolate
from sonic_ui.ui.tabs.sound_to_image import layout as sound_to_image
from sonic_ui.ui.tabs.volume import layout as volume
from sonic_ui.ui.theme import page_css, page_theme
from sonic_ui.ui.widgets.prompt_settings import Words
from sonic_ui.ui.widgets.send_to_tab import connect_send_to_tab
from sonic_ui.ui.widgets.share import connect_links

HOUR_S, DAY_S = 3600, 86_400
STATUS_EVERY_S = 0.8

TABS = (
    ("Sound → Image", sound_to_image),
    ("Edit", edit),
    ("Interpolate", interpolate),
    ("Volume", volume),
    ("Image → Sound", image_to_sound),
)
"""The tabs in their order: `TAB` names a tab's elements, `build` lays it out."""


def build_page(studio: Studio, examples: Path = EXAMPLES) -> gr.Blocks:
    """The whole page on a studio. Nothing heavy is imported or loaded here; `studio.start()` does that."""
    context = AppContext(studio, read_examples(examples))
    for number, example in enumerate(context.examples):
        context.gallery.share(f"example-{number}", [example.picture] if example.picture else [])
    with gr.Blocks(title="Sonic UI", analytics_enabled=False, delete_cache=(HOUR_S, DAY_S)) as page:
        changeable = studio.engines.changeable
        shared = Shared(header(studio.status, changeable), gr.State({}))
        panel = engine_panel(studio)
        built: dict[str, Any] = {}
        with gr.Tabs(elem_id="su-tabs") as tabs:
            for title, tab in TABS:
                with gr.Tab(title, id=tab.TAB, elem_id=f"{tab.TAB}-tab"):
                    built[tab.TAB] = tab.build(context, shared)
        targets = {name: parts.target for name, parts in built.items() if getattr(parts, "target", None)}
        panels = {title: (tab.TAB, built[tab.TAB].drop.share) for title, tab in TABS}
        connect_links(page, context, tabs, panels)
        connect_send_to_tab(context, tabs, [parts.place for parts in built.values()], targets)
        said = [parts.words for parts in built.values() if isinstance(parts.words, Words)]
        connect_engines(studio, panel, shared.head, said)
        _follow_engine(page, studio, shared.head, [parts.bar.message for parts in built.values()])
        page.unload(lending.build(context).leave)
        page.unload(_leaver(context))
    page.queue(max_size=read_limits().queue)
    return page


def launch_options(examples: Path = EXAMPLES) -> dict[str, Any]:
    """Options of `Blocks.launch` that belong to the page: its looks, and what it may serve and keep."""
    return {
        "theme": page_theme(),
        "css": page_css(),
        "state_session_capacity": KEPT,
        "max_file_size": f"{read_limits().upload_mb}mb",
        "enable_monitoring": False,
        "run_history": False,
        "allowed_paths": [str(examples)],
        "footer_links": ["api"],
        "mcp_server": offers_mcp(),
        "ssr_mode": False,
        "show_error": False,
        "quiet": True,
    }


def offers_mcp() -> bool:
    """Whether `gradio[mcp]` is installed: then the endpoints are tools of an MCP server as well."""
    try:
        return int(importlib.metadata.version("mcp").partition(".")[0]) < 2  # what Gradio's extra asks for
    except importlib.metadata.PackageNotFoundError:
        return False


def _leaver(context: AppContext) -> Callable[[gr.Request], None]:
    def leave(request: gr.Request) -> None:
        session = request.session_hash or ""
        context.sessions.leave(session)
        context.gallery.forget(session)
        context.studio.release(session)

    return leave


def _follow_engine(page: gr.Blocks, studio: Studio, head: gr.HTML, messages: list[gr.HTML]) -> None:
    """Keep the header's line true while the models load behind the page; say in every tab if they cannot."""

    def tell() -> list[Any]:
        status = studio.status
        settled = status.state in ("ready", "failed")
        problem = error(status.problem) if status.state == "failed" else CLEAR
        return [engine_status(status), gr.Timer(active=not settled), *([problem] * len(messages))]

    timer = gr.Timer(STATUS_EVERY_S)
    for event in (page.load, timer.tick):
        event(
            tell,
            outputs=[head, timer, *messages],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
