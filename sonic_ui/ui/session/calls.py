"""Calls of programs: work on a thread that stops at its next step once nobody waits for it."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import anyio.to_thread
import gradio as gr
from gradio.context import LocalContext

from sonic_ui.engine.events import CancelToken

POLL_S = 0.2
"""How often a call looks whether its connection is still there."""

ResultT = TypeVar("ResultT")


async def run_call(work: Callable[[], ResultT], cancel: CancelToken, request: gr.Request) -> ResultT:
    """The result of `work`, which runs on a thread and looks at `cancel` between its steps.

    `cancel` is set when this coroutine is cancelled, as Gradio does for `job.cancel()`, and when the
    connection of who called is gone. Raises what `work` raises.
    """
    page = LocalContext.blocks.get(None)
    thread = asyncio.ensure_future(anyio.to_thread.run_sync(work, limiter=page.limiter if page else None))
    thread.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio complains
    try:
        while not (await asyncio.wait({thread}, timeout=POLL_S))[0]:
            if await _has_left(page, request):
                cancel.cancel()
    finally:
        cancel.cancel()
    return thread.result()


async def _has_left(page: Any, request: gr.Request) -> bool:
    """Whether who called is gone: the stream of events of a queued call, the connection of a direct one."""
    event_id = LocalContext.event_id.get(None)
    if event_id is not None:
        event = page._queue.event_ids_to_events.get(event_id)
        return event is None or not event.alive
    connection = request.request
    return connection is not None and await connection.is_disconnected()
