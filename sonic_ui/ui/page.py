"""The page: header, tabs, and how it is served."""

import importlib.metadata
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
import gradio.mcp
import gradio.routes
from starlette.middleware import Middleware

from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import PictureFolder
from sonic_ui.media.temporary import process_folder
from sonic_ui.requests import VERBS
from sonic_ui.ui import api, engine_api, live_api, split_api
from sonic_ui.ui.cluster_panel import BUTTON, add_cluster_panel, status_of
from sonic_ui.ui.components import basic, shell
from sonic_ui.ui.components.gallery import gallery
from sonic_ui.ui.engine_panel import connect_engines, engine_panel, list_on_load
from sonic_ui.ui.gradio_scripts import script_routes
from sonic_ui.ui.identity import ICON, SocialCard
from sonic_ui.ui.late_loading import hide_unseen, lighten_events, show_when_opened
from sonic_ui.ui.server import Page, server_options
from sonic_ui.ui.session.context import EXAMPLES, AppContext, SharedComponents, read_examples
from sonic_ui.ui.session.limits import MAX_SESSIONS, concurrent_of, read_limits
from sonic_ui.ui.session.uploads import UploadQuota
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.theme import page_css, page_theme
from sonic_ui.ui.widgets import prompt_settings
from sonic_ui.ui.widgets.send_to_tab import connect_send_to_tab
from sonic_ui.ui.widgets.settings_drop import connect_links
from sonic_ui.ui.widgets.terms import TERMS
from sonic_ui.ui.widgets.upscaling import connect_upscaling

HOUR_S, DAY_S = 3600, 86_400
STATUS_EVERY_S = 0.8


def build_page(studio: Studio, examples: Path = EXAMPLES, open_engines: bool = False) -> gr.Blocks:
    """The whole page on a studio. Nothing heavy is imported or loaded here; `studio.start()` does that.

    open_engines   let everybody change the engine; the environment can say so too, see `session.limits`

    Raises `BadInput` where no temporary file can be written.
    """
    limits = read_limits()
    for module in (gradio.mcp, gradio.routes):  # they read where temporary files lie before it is set
        module.DEFAULT_TEMP_DIR = str(process_folder())
    results = PictureFolder(limits.results_mb * 10**6)
    context = AppContext(
        studio, read_examples(examples), read_examples(examples, "tracks.json"), pictures=results
    )
    for number, example in enumerate(context.examples):
        context.gallery.share(f"example-{number}", [example.picture] if example.picture else [])
    with Page(title="Sonic UI", analytics_enabled=False, delete_cache=(HOUR_S, DAY_S)) as page:
        page.queue(
            max_size=limits.queue, **_at_once(studio)
        )  # while there is nothing on it: Gradio makes an app of it each time
        head = basic.header(studio.status, _panel_button(studio), TERMS)
        shared, panel = SharedComponents(head, gr.State({})), engine_panel(studio)
        add_cluster_panel(studio, open_engines or limits.open_engines)
        with_tab = [verb for verb in VERBS if importlib.util.find_spec(_folder(verb))]
        modules = {verb: importlib.import_module(f"{_folder(verb)}.results") for verb in with_tab}
        answers = {verb: _answer(verb, module) for verb, module in modules.items()}
        page.live = context.live
        live_api.add_endpoint(context)
        split_api.add_endpoint(context)
        api.add_verbs(context, answers)  # first: Gradio gives the handlers of the page names as well
        with gr.Tabs(elem_id="su-tabs") as tabs:
            built = {verb: _build_tab(verb, context, shared) for verb in _first_of_tabs(with_tab)}
            gr.Tab("Gallery", id="gallery", elem_id="gallery-tab")
        connect_upscaling(
            context, gallery("su-gallery")
        )  # beside its tab: Gradio would make what is inside only when that is opened
        connect_links(page, context, tabs, {verb: tab.share for verb, tab in built.items() if tab.share})
        targets = {VERBS[verb].tab: tab.target for verb, tab in built.items() if tab.target}
        connect_send_to_tab(context, tabs, [tab.view for tab in built.values() if tab.view], targets)
        follows = [one for tab in built.values() for one in tab.follows]
        connect_engines(studio, panel, shared.head, follows, open_engines or limits.open_engines)
        list_on_load(page, studio, panel)
        _follow_engine(page, studio, shared.head, [tab.message for tab in built.values()], follows)
        show_when_opened(tabs)
        page.unload(engine_api.build(context).leave)
        page.unload(_release(context))
        hide_unseen(page)
        lighten_events(page)
    return page


def _panel_button(studio: Studio) -> str:
    """Words on the button of the header that opens the panel of engines; empty where there is none."""
    if studio.engines.changeable:
        return "Change engine"
    return "" if status_of(studio) is None else BUTTON


def _at_once(studio: Studio) -> dict[str, Any]:
    """Option of `Blocks.queue` where the engine takes more than one request of a kind at once."""
    concurrent = concurrent_of(studio)
    return {} if concurrent is None else {"default_concurrency_limit": concurrent}


def _folder(verb: str) -> str:
    return f"sonic_ui.ui.tabs.{VERBS[verb].tab.replace('-', '_')}"


def _first_of_tabs(verbs: list[str]) -> list[str]:
    """The first verb of each tab: it may have several."""
    return [*{VERBS[verb].tab: verb for verb in reversed(verbs)}.values()][::-1]


def _answer(verb: str, module: Any) -> api.Answer:
    """What the endpoint of a verb returns, as its tab's results say."""
    several: dict[str, api.Answer] = getattr(module, "ANSWERS", {})
    one: api.Answer = getattr(module, "ANSWER", api.PICTURES)
    return several.get(verb, one)


def _build_tab(verb: str, context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab of a verb: the folder in `tabs` that its id names."""
    title, tab = VERBS[verb].title, VERBS[verb].tab
    with gr.Tab(title, id=tab, elem_id=f"{tab}-tab"):
        built: BuiltTab = importlib.import_module(f"{_folder(verb)}.events").build(context, shared)
    return built


THREADS = 40
"""Threads that Gradio works with; a page on many engines has one more for each request under way."""


def launch_options(examples: Path = EXAMPLES, studio: Studio | None = None) -> dict[str, Any]:
    """Options of `Blocks.launch` that belong to the page: its theme, and what it may serve and store."""
    limits = read_limits()
    return {
        "theme": page_theme(),
        "css": page_css(),
        "head": shell.page_head(),
        "favicon_path": str(ICON),
        "state_session_capacity": MAX_SESSIONS,
        "max_file_size": f"{limits.upload_mb}mb",
        "enable_monitoring": False,
        "run_history": False,
        "allowed_paths": [str(examples)],
        "footer_links": ["api"],
        "max_threads": THREADS + (concurrent_of(studio) or 0),
        "mcp_server": has_mcp(),
        "ssr_mode": False,
        "show_error": False,
        "quiet": True,
        **server_options(
            Middleware(SocialCard),
            Middleware(UploadQuota, max_bytes=limits.uploads_mb * 10**6),
            routes=[*script_routes(), *live_api.live_routes()],
        ),
    }


def has_mcp() -> bool:
    """Whether `gradio[mcp]` is installed: then the endpoints are tools of an MCP server as well."""
    try:
        return int(importlib.metadata.version("mcp").partition(".")[0]) < 2  # what Gradio's extra asks for
    except importlib.metadata.PackageNotFoundError:
        return False


def _release(context: AppContext) -> Callable[[gr.Request], None]:
    def release(request: gr.Request) -> None:
        session = request.session_hash or ""
        context.tasks.release(session)
        context.gallery.release(session)
        context.studio.release(session)
        context.live.release(session)

    return release


def _follow_engine(
    page: gr.Blocks,
    studio: Studio,
    head: gr.HTML,
    messages: list[gr.HTML],
    follows: list[prompt_settings.FollowsEngine],
) -> None:
    """Update the header while the models load behind the page; a sentence in every tab if they cannot. The
    phrases, aspects and qualities of an engine elsewhere are known once it was reached.
    """

    def update() -> dict[Any, Any]:
        status = studio.status
        settled = status.state in ("ready", "failed")
        problem = basic.error(status.problem) if status.state == "failed" else basic.CLEAR
        return {
            head: basic.engine_status(status),
            timer: gr.Timer(active=not settled),
            **dict.fromkeys(messages, problem),
            **prompt_settings.follow_engine(follows, studio.info),
        }

    timer = gr.Timer(STATUS_EVERY_S, active=False)  # the first update starts it, if there is more to come
    for event in (page.load, timer.tick):
        event(
            update,
            outputs=[head, timer, *messages, *prompt_settings.following(follows, studio.info.defaults)],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
