"""Generate and Cancel, and what becomes of a run: its pictures, or a sentence beside what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import gradio as gr

from sonic_ui.engine import Cancelled, CancelToken, Failure
from sonic_ui.requests import BadInput, MakingRequest
from sonic_ui.ui.components.header import engine_status
from sonic_ui.ui.components.message import CLEAR, error, message
from sonic_ui.ui.components.stage import ended
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.settings.reuse import Record
from sonic_ui.ui.widgets.sound_input import MANY, QUIET, Update

STOPPED = "Stopped. The last picture stays."
OUR_FAULT = (
    "Something went wrong in the app itself; its log has the details. The last picture stays: try again."
)

SETTLED = """() => {{
  document.dispatchEvent(new CustomEvent('su-settled', {{ detail: {{ tab: '{tab}', failed: {failed} }} }}));
}}"""

log = logging.getLogger(__name__)

JobRunner = Callable[[int, CancelToken], Iterator[Update]]
Wanted = TypeVar("Wanted", bound=MakingRequest)


@dataclass(frozen=True)
class RunContext(Generic[Wanted]):
    """What a press of Generate asks for: a run's number and request, and whose it is.

    records   what the session has made so far, by name
    """

    run: int
    wanted: Wanted
    token: CancelToken
    records: dict[str, Record]
    session: str


@dataclass(frozen=True)
class RunBar:
    """Cancel stands where Generate stood; the sentence stands above both."""

    message: gr.HTML
    generate: gr.Button
    cancel: gr.Button


def refine_task(tab: str) -> str:
    """The task of painting single places of a strip; a run of its tab ends it."""
    return f"{tab}-refine"


def film_task(tab: str) -> str:
    """The task of making the film of a strip; a run of its tab ends it."""
    return f"{tab}-film"


def run_bar(tab: str, generate: str = "Generate") -> RunBar:
    """Lay out the bar of a tab; the script of its stage shows one of the two buttons."""
    with gr.Column(elem_classes="su-run", elem_id=f"{tab}-run"):
        return RunBar(
            message(f"{tab}-run-message"),
            gr.Button(
                generate,
                variant="primary",
                size="lg",
                elem_id=f"{tab}-generate",
                elem_classes="su-generate",
            ),
            gr.Button(
                "Cancel", variant="secondary", size="lg", elem_id=f"{tab}-cancel", elem_classes="su-cancel"
            ),
        )


class Runs:
    """The bookkeeping of a tab's runs.

    place       the stage or the film that shows them
    bar         whose sentence takes what has no place of its own
    messages    where the sentence about a setting stands, by the setting's name in the request
    seed        shows the seed that was taken
    """

    def __init__(
        self,
        context: AppContext,
        shared: Shared,
        tab: str,
        place: gr.HTML,
        bar: RunBar,
        messages: Mapping[str, gr.HTML],
        seed: gr.components.Component,
    ) -> None:
        self._context = context
        self._head = shared.head
        self._tab = tab
        self._place = place
        self._bar = bar
        self._messages = messages
        self._seed = seed

    @property
    def outputs(self) -> list[gr.HTML]:
        """The components that a run changes besides what its work does."""
        return [*dict.fromkeys([self._place, self._bar.message, *self._messages.values(), self._head])]

    def generate(
        self,
        request: gr.Request,
        names: Sequence[str],
        values: Sequence[Any],
        build: Callable[[dict[str, Any]], Wanted],
        make: Callable[[RunContext[Wanted]], Iterator[Update]],
    ) -> Iterator[Update]:
        """Build a request from the page's settings and run it.

        names    of the settings
        values   theirs, and the session's records
        build    makes the request; raises `BadInput`
        make     yields updates while it is carried out
        """
        *settings, records = values

        def work(run: int, token: CancelToken) -> Iterator[Update]:
            wanted = build(dict(zip(names, settings, strict=True)))
            yield {self._seed: wanted.seed}
            yield from make(RunContext(run, wanted, token, records, request.session_hash or ""))

        yield from self.run(request, work)

    def run(self, request: gr.Request, work: JobRunner) -> Iterator[Update]:
        """Do `work(number, token)`, which yields updates, as this session's only run of the tab."""
        sessions, session = self._context.sessions, request.session_hash or ""
        number, token = sessions.begin(session, self._tab)
        for task in (refine_task(self._tab), film_task(self._tab)):
            sessions.cancel(session, task)
        try:
            yield self._clear()
            yield from work(number, token)
        except BadInput as problem:
            told = self._messages.get(problem.field, self._bar.message)
            yield {**self._clear(), self._place: ended(number), told: error(problem.message)}
        except Cancelled:
            yield {self._place: ended(number, STOPPED)}
        except Failure as problem:
            yield {self._place: ended(number), self._bar.message: error(str(problem))}
        except Exception:
            log.exception("A request failed")
            yield {self._place: ended(number), self._bar.message: error(OUR_FAULT)}
        finally:
            sessions.finish(session, self._tab, token)
        yield {self._head: engine_status(self._context.studio.status)}

    def cancel(self, request: gr.Request) -> None:
        """Stop this session's run at its next step."""
        self._context.sessions.cancel(request.session_hash or "", self._tab)

    def _clear(self) -> Update:
        return dict.fromkeys((self._bar.message, *self._messages.values()), CLEAR)


def connect_run(
    tab: str,
    bar: RunBar,
    runs: Runs,
    triggers: Sequence[Any],
    generate: Callable[..., Iterator[Update]],
    inputs: Sequence[gr.components.Component],
    outputs: Sequence[gr.components.Component],
) -> None:
    """Connect the bar; `triggers` start a run besides the click on Generate."""
    running = gr.on(
        [bar.generate.click, *triggers],
        generate,
        inputs=[*inputs],
        outputs=[*runs.outputs, *outputs],
        trigger_mode="multiple",  # else a click is lost that comes before Gradio knows that the last is over
        concurrency_limit=MANY,
        **QUIET,
    )
    running.then(None, js=SETTLED.format(tab=tab, failed="false"))
    # `then` alone is skipped when the server refuses the event
    running.failure(None, js=SETTLED.format(tab=tab, failed="true"))
    bar.cancel.click(runs.cancel, queue=False, **QUIET)
