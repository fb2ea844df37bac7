"""The endpoint through which another Sonic UI uses this one's engine.

`/engine` takes a question and files and streams answers, as `engine.answering` gives them; `run` has a
`session` as well. One question is answered here:

    {"ask": "forget", "session"}                  -> {}

What goes wrong is {"problem": {"kind", "words", "field"}}. `/engine_cancel` takes the `run` that every
question carries, and stops it at its next step; so does leaving.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from sonic_ui.engine.answering import NOT_UNDERSTOOD, Answer, answers
from sonic_ui.engine.events import CancelToken, encode_error
from sonic_ui.requests import BadInput
from sonic_ui.ui.late_loading import ENDPOINT
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.session.limits import is_without_session

CONCURRENT_QUESTIONS = 4
"""Questions that are under way at once; painting itself goes one by one."""

MAX_SESSIONS = 64


class EngineApi:
    """The handlers."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._clients: dict[str, set[str]] = defaultdict(set)

    def answer(self, question: Any, files: list[str] | None, request: gr.Request) -> Iterator[Answer]:
        """Answer a question, see the module. Nothing is raised: what goes wrong is an answer."""
        client = request.session_hash or ""
        task = _task(question.get("run") if isinstance(question, dict) else "")
        _, cancel = self._context.tasks.begin(client, task)
        try:
            if not isinstance(question, dict):
                raise BadInput(NOT_UNDERSTOOD)
            yield from self._answers(question, files or [], client, cancel)
        except Exception as error:
            yield {"problem": encode_error(error)}
        finally:
            cancel.cancel()  # a client that stops reading stops the work
            self._context.tasks.finish(client, task, cancel)
            if is_without_session():
                self.leave(request)

    def cancel(self, run: str, request: gr.Request) -> None:
        """Stop a question of this client."""
        self._context.tasks.cancel(request.session_hash or "", _task(run))

    def leave(self, request: gr.Request) -> None:
        """A client left: release what is cached for it. Its work is stopped by the page."""
        for session in self._clients.pop(request.session_hash or "", set()):
            self._context.studio.release(session)

    def _answers(
        self, question: Answer, files: Sequence[str], client: str, cancel: CancelToken
    ) -> Iterator[Answer]:
        kind = question.get("ask")
        session = self._session(client, question) if kind in ("run", "forget") else ""
        if kind == "forget":
            self._clients[client].discard(session)
            self._context.studio.release(session)
            yield {}
        else:
            yield from answers(self._context.studio, question, files, session, cancel)

    def _session(self, client: str, question: Answer) -> str:
        """The name here of a client's own session; no client reaches another's."""
        session = f"{client}/{_text(question.get('session'))[:64]}"
        if len(self._clients[client]) < MAX_SESSIONS:
            self._clients[client].add(session)
        elif session not in self._clients[client]:
            return client
        return session


def build(context: AppContext) -> EngineApi:
    """Add the endpoints to the current page; programs may call them, but they stand in no list."""
    engine_api = EngineApi(context)
    with gr.Group(visible=False, elem_classes=ENDPOINT):
        question = gr.JSON(label="question")
        files = gr.File(label="files", file_count="multiple", type="filepath")
        answer = gr.JSON(label="answer")
        run = gr.Textbox(label="run")
        gr.Button("engine").click(
            engine_api.answer,
            [question, files],
            [answer],
            api_name="engine",
            api_visibility="undocumented",
            concurrency_limit=CONCURRENT_QUESTIONS,
        )
        gr.Button("engine_cancel").click(
            engine_api.cancel,
            [run],
            None,
            api_name="engine_cancel",
            api_visibility="undocumented",
            queue=False,
        )
    return engine_api


def _task(run: object) -> str:
    return f"remote-{_text(run)[:64]}"


def _text(value: object) -> str:
    """Text of a question; what is none is empty."""
    return value if isinstance(value, str) else ""
