"""Choosing other weights: a panel below the header, and the endpoints `engines` and `change_engine`."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, cast

import gradio as gr

from sonic_ui.engine.studio import Studio
from sonic_ui.engine.switching import Engine
from sonic_ui.requests import BadInput, ChangeEngineRequest
from sonic_ui.ui import api
from sonic_ui.ui.components import basic
from sonic_ui.ui.late_loading import ENDPOINT
from sonic_ui.ui.server import is_at_the_machine
from sonic_ui.ui.widgets.prompt_settings import FollowsEngine, follow_engine, following

PANEL = "su-engines"
DESCRIPTION = """Work with another engine (other weights) from now on; `engines` lists their names.

What is not on this computer yet is fetched first. If the engine cannot be had, the current one stays and the
answer is a sentence that says why.

It changes for everybody who uses this app, so it takes the app's password, or a call from the computer that
it runs on, unless its owner lets everybody.
"""
NOT_YOURS = (
    "Another engine would be another one for everybody here. That takes the app's password, or the person at "
    "the computer that it runs on; its owner can let everybody (--open-engines)."
)


@dataclass(frozen=True)
class EnginePanel:
    """The panel's components."""

    chosen: gr.HTML
    use: gr.Button
    stop: gr.Button
    message: gr.HTML


def engine_panel(studio: Studio) -> EnginePanel | None:
    """Lay it out, closed; the header opens it. None where there is nothing to choose."""
    engines = studio.engines.listed()
    if not engines:
        return None
    options, current = _options(engines)
    with gr.Column(elem_id=PANEL, elem_classes="su-panel"):
        chosen = basic.choice(f"{PANEL}-choice", "Engine", options, current)
        with gr.Row(elem_classes="su-engines-row"):
            use = gr.Button("Use this engine", variant="primary", elem_id=f"{PANEL}-use", min_width=160)
            stop = gr.Button("Stop", elem_id=f"{PANEL}-stop", min_width=90, visible=False)
        message = basic.message(f"{PANEL}-message")
    return EnginePanel(chosen, use, stop, message)


def _options(engines: Sequence[Engine]) -> tuple[dict[str, tuple[str, str]], str]:
    """Title and line by name, and the name of the one in use."""
    options = {engine.name: (engine.title, engine.line) for engine in engines}
    return options, next((engine.name for engine in engines if engine.current), engines[0].name)


def list_on_load(page: gr.Blocks, studio: Studio, panel: EnginePanel | None) -> None:
    """List the engines anew whenever the page is opened: some may have been taught meanwhile."""
    if panel is None:
        return

    def listed() -> dict[Any, Any]:
        engines = studio.engines.listed()
        return {panel.chosen: basic.other_options(*_options(engines)) if engines else gr.skip()}

    page.load(listed, outputs=[panel.chosen], queue=False, show_progress="hidden", api_visibility="private")


def check_may_change(request: gr.Request, open_engines: bool) -> None:
    """Raise `BadInput` unless this caller may change everybody's engine: whoever logged in, whoever is at the
    machine, or everybody where they are `open_engines`.
    """
    if not may_change(request, open_engines):
        raise BadInput(NOT_YOURS, "engine")


def may_change(request: gr.Request, open_engines: bool) -> bool:
    """Whether this caller is the owner, as far as anybody can tell; see `check_may_change`."""
    return bool(open_engines or request.username or is_at_the_machine(request.request))


def connect_engines(
    studio: Studio,
    panel: EnginePanel | None,
    head: gr.HTML,
    follows: Sequence[FollowsEngine],
    open_engines: bool,
) -> None:
    """Change engines on a click or a call, and bring sliders and phrases to what suits the new one."""

    def check(request: gr.Request) -> None:
        check_may_change(request, open_engines)

    _add_endpoints(studio, check)
    if panel is None:
        return
    followed = following(follows, studio.info.defaults, reset=True)

    def change(name: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        yield {panel.use: gr.Button(interactive=False), panel.stop: gr.Button(visible=True)}
        done: dict[Any, Any] = {panel.use: gr.Button(interactive=True), panel.stop: gr.Button(visible=False)}
        try:
            check(request)
            for message in studio.change_engine(ChangeEngineRequest(engine=name)):
                yield {panel.message: basic.note(f"{message[0].upper()}{message[1:]} …")}
        except BadInput as problem:
            yield {
                **done,
                panel.message: basic.error(problem.message),
                head: basic.engine_status(studio.status),
            }
            return
        yield {
            **done,
            **follow_engine(follows, studio.info, reset=True),
            panel.message: basic.note(f"{studio.info.title} is ready."),
            head: basic.engine_status(studio.status),
        }

    run = panel.use.click(
        change,
        [panel.chosen],
        [head, panel.use, panel.stop, panel.message, *followed],
        show_progress="hidden",
        concurrency_limit=4,
        api_visibility="private",
    )
    panel.stop.click(
        lambda: [gr.Button(interactive=True), gr.Button(visible=False), basic.note("Stopped.")],
        outputs=[panel.use, panel.stop, panel.message],
        cancels=[run],
        queue=False,
        api_visibility="private",
    )


def _add_endpoints(studio: Studio, check: Callable[[gr.Request], None]) -> None:
    def change(request: ChangeEngineRequest, caller: api.Caller) -> dict[str, str]:
        check(caller.request)
        with closing(cast(Generator[str, None, None], studio.change_engine(request))) as messages:
            for _ in messages:
                caller.cancel.check()
        status = studio.status
        return {"engine": studio.info.name, "title": status.title, "place": status.location}

    outputs = {"engine": gr.JSON}
    api.add_endpoint("change_engine", ChangeEngineRequest, change, outputs, DESCRIPTION, concurrency_limit=2)
    with gr.Group(visible=False, elem_classes=ENDPOINT):
        gr.Button("engines").click(
            lambda: [asdict(engine) for engine in studio.engines.listed()],
            outputs=[gr.JSON(label="engines")],
            api_name="engines",
            api_description="The engines to choose from: name, title, what each takes, which is in use.",
        )
