"""Generate and Cancel, and what becomes of a run: its result, or a sentence beside what went wrong."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import gradio as gr

from sonic_ui.engine.events import (
    Cancelled,
    CancelToken,
    Event,
    Failure,
    FilmResult,
    Notice,
    Result,
    SoundResult,
    WordResult,
)
from sonic_ui.requests import BadInput, GeneratingRequest, LearnWordRequest
from sonic_ui.ui.components import basic
from sonic_ui.ui.components.base import Value, file_payload, run_ended
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.reuse import Record, with_record
from sonic_ui.ui.settings.table import SettingsTable
from sonic_ui.ui.widgets.fields import AT_ONCE, FREQUENT, Update

STOPPED = "Stopped. The last picture stays."
APP_FAILED = (
    "Something went wrong in the app itself; its log has the details. What was made before stays: try again."
)

KEPT_BYTES = 24 * 2**20
"""The largest file that a result of the gallery keeps of what it was made from."""

SETTLED = """() => {{
  document.dispatchEvent(new CustomEvent('su-settled', {{ detail: {{ tab: '{tab}', failed: {failed} }} }}));
}}"""

log = logging.getLogger(__name__)

RequestT = TypeVar("RequestT", bound=GeneratingRequest | LearnWordRequest)
ResultT = TypeVar("ResultT", Result, SoundResult, FilmResult, WordResult)


class ProgressView(Protocol):
    """What there is of a run so far."""

    def take(self, event: Event) -> Value | None:
        """The value of the view of results after an event; None for one that changes nothing there."""


@dataclass(frozen=True)
class RunContext(Generic[RequestT]):
    """A press of Generate: the run's number and request, and whose it is.

    records   the session's results so far, by name
    """

    run: int
    request: RequestT
    token: CancelToken
    records: dict[str, Record]
    session: str


@dataclass(frozen=True)
class RunBar:
    """Cancel stands where Generate stood; the sentence stands above both.

    estimate   what a run will take, where a tab tells it
    """

    message: gr.HTML
    generate: gr.Button
    cancel: gr.Button
    estimate: gr.HTML | None = None


def refine_task(tab: str) -> str:
    """The task of painting single positions of a strip; a run of its tab ends it."""
    return f"{tab}-refine"


def film_task(tab: str) -> str:
    """The task of making the film of a strip; a run of its tab ends it."""
    return f"{tab}-film"


def _is_kept(path: Path) -> bool:
    """Whether the gallery keeps a file that a result was made from."""
    try:
        return path.stat().st_size <= KEPT_BYTES
    except OSError:
        return False


def run_bar(tab: str, estimated: bool = False, label: str = "Generate") -> RunBar:
    """Lay out the bar of a tab; the script of its results shows one of the two buttons.

    estimated   with a line that says what a run will take
    label       of the button that starts one
    """
    with gr.Column(elem_classes="su-run", elem_id=f"{tab}-run"):
        estimate = basic.message(f"{tab}-estimate") if estimated else None
        return RunBar(
            basic.message(f"{tab}-run-message"),
            gr.Button(
                label,
                variant="primary",
                size="lg",
                elem_id=f"{tab}-generate",
                elem_classes="su-generate",
            ),
            gr.Button(
                "Cancel", variant="secondary", size="lg", elem_id=f"{tab}-cancel", elem_classes="su-cancel"
            ),
            estimate,
        )


def cleared(bar: RunBar, messages: Mapping[str, gr.HTML]) -> Update:
    """Updates that take away a tab's sentences."""
    return dict.fromkeys((bar.message, *messages.values()), basic.CLEAR)


def ended_without_result(
    problem: Exception,
    number: int,
    view: gr.HTML,
    bar: RunBar,
    messages: Mapping[str, gr.HTML],
    stopped: str = STOPPED,
) -> Update:
    """Updates after a run that was refused, cancelled, or failed: a sentence beside what went wrong.

    number     of the run
    messages   slots of sentences by the names of settings; what has none goes to the bar
    stopped    what is said of a run that was cancelled
    """
    if isinstance(problem, Cancelled):
        return {view: run_ended(number, stopped)}
    if isinstance(problem, BadInput):
        slot = messages.get(problem.field, bar.message)
        return {**cleared(bar, messages), view: run_ended(number), slot: basic.error(problem.message)}
    if not isinstance(problem, Failure):
        log.error("A request failed", exc_info=problem)
    words = str(problem) if isinstance(problem, Failure) else APP_FAILED
    return {view: run_ended(number), bar.message: basic.error(words)}


class Runs(Generic[RequestT]):
    """The runs of a tab.

    view    shows their results
    bar     whose sentence takes what has no slot of its own
    table   the settings that make a request
    seed    shows the seed that was taken
    """

    def __init__(
        self,
        context: AppContext,
        shared: SharedComponents,
        tab: str,
        view: gr.HTML,
        bar: RunBar,
        table: SettingsTable[RequestT],
        seed: gr.components.Component,
    ) -> None:
        self._context = context
        self._shared = shared
        self._tab = tab
        self._view = view
        self._bar = bar
        self._table = table
        self._seed = seed

    def generate(
        self,
        request: gr.Request,
        values: Sequence[Any],
        work: Callable[[RunContext[RequestT]], Iterator[Update]],
    ) -> Iterator[Update]:
        """Build a request from the page's settings and do `work`, as this session's only run of the tab.

        values   of the settings, in the order of the table, and the session's records
        work     yields updates while the request is carried out
        """
        *settings, records = values
        yield from self.run(request, records, lambda: self._table.request(settings), work)

    def run(
        self,
        request: gr.Request,
        records: dict[str, Record],
        build: Callable[[], RequestT],
        work: Callable[[RunContext[RequestT]], Iterator[Update]],
        is_from_page: bool = True,
    ) -> Iterator[Update]:
        """Do `work` on the request of `build`, as this session's only run of the tab.

        is_from_page   whether the request has the page's settings: then its seed is shown among them
        """
        tasks, session = self._context.tasks, request.session_hash or ""
        number, token = tasks.begin(session, self._tab)
        for task in (refine_task(self._tab), film_task(self._tab)):
            tasks.cancel(session, task)
        try:
            yield self._clear()
            built = build()
            if is_from_page:
                yield {self._seed: built.seed}
            yield from work(RunContext(number, built, token, records, session))
        except Exception as problem:
            yield ended_without_result(problem, number, self._view, self._bar, self._table.messages)
        finally:
            tasks.finish(session, self._tab, token)
        yield {self._shared.head: basic.engine_status(self._context.studio.status)}

    def follow(
        self,
        run: RunContext[RequestT],
        progress: ProgressView,
        result: type[ResultT],
        finish: Callable[[RunContext[RequestT], ResultT], Update],
        notice: Callable[[Notice], Update],
    ) -> Iterator[Update]:
        """Run a request: its progress on the view, a `notice` where it belongs, `finish` with its result."""
        for event in self._context.studio.run(run.request, run.token, run.session):
            if isinstance(event, Notice):
                yield notice(event)
            elif isinstance(event, result):
                yield finish(run, event)
            elif (value := progress.take(event)) is not None:
                yield {self._view: value}

    def finished(
        self,
        run: RunContext[RequestT],
        name: str,
        files: Sequence[Path],
        result: Result | SoundResult | FilmResult | WordResult,
        value: Value,
    ) -> Update:
        """Show a result: `files` are its pictures or sounds, `value` is the view's.

        Its settings and the files it was made from go along for the gallery of the page.
        """
        self._context.gallery.add(run.session, name, files)
        inputs = result.request.file_paths
        kept = {setting: path for setting, path in inputs.items() if _is_kept(Path(path))}
        payloads = {setting: file_payload(Path(path)) for setting, path in kept.items()}
        shown = {**value, "settings": result.settings, "inputs": payloads}
        return {self._view: shown, self._shared.records: with_record(run.records, name, result)}

    def cancel(self, request: gr.Request) -> None:
        """Stop this session's run at its next step."""
        self._context.tasks.cancel(request.session_hash or "", self._tab)

    def _clear(self) -> Update:
        return cleared(self._bar, self._table.messages)

    def connect(
        self,
        generate: Callable[..., Iterator[Update]],
        triggers: Sequence[Any],
        outputs: Sequence[gr.components.Component] = (),
        vary: Callable[..., Iterator[Update]] | None = None,
    ) -> None:
        """Connect the bar; `triggers` start a run besides the click on Generate, `outputs` change with it.

        vary   starts a run from the picture that is shown
        """
        messages = [self._bar.message, *self._table.messages.values()]
        changed = [self._view, *messages, self._shared.head, self._seed, self._shared.records]
        changed = [*dict.fromkeys([*changed, *outputs])]
        settings = [*self._table.components.values(), self._shared.records]
        # FREQUENT: else a click is lost that comes before Gradio knows that the last is over
        pressed = [self._bar.generate.click, *triggers]
        self._settle(gr.on(pressed, generate, inputs=settings, outputs=changed, **FREQUENT))
        if vary is not None:
            self._settle(self._view.vary(vary, inputs=[self._shared.records], outputs=changed, **FREQUENT))
        self._bar.cancel.click(self.cancel, **AT_ONCE)

    def _settle(self, running: Any) -> None:
        """Tell the view when an event is over, however it ended."""
        running.then(None, js=SETTLED.format(tab=self._tab, failed="false"))
        # `then` alone is skipped when the server refuses the event
        running.failure(None, js=SETTLED.format(tab=self._tab, failed="true"))
