"""The stage of Live: the picture that follows a sound, its buttons, and what it listens to."""

from collections.abc import Sequence

import gradio as gr

from sonic_ui.ui.components.base import Value, file_payload, html_component
from sonic_ui.ui.session.context import Example


def live_view(tab: str, elem_id: str, examples: Sequence[Example]) -> gr.HTML:
    """The stage of a tab. Its event `begin` {run} asks for a session."""
    scripts = ["sound_recorder", "live_capture", "live_stream", "live_canvas"]
    return html_component("live_view", idle_value(examples), scripts=scripts, elem_id=elem_id, tab=tab)


def idle_value(examples: Sequence[Example]) -> Value:
    """Nothing is live; the sounds that can be played into it."""
    return {"examples": [{"title": one.title, "file": file_payload(one.sound)} for one in examples]}


def started_value(examples: Sequence[Example], run: int, address: str) -> Value:
    """A session is there, at an address below that of the page."""
    return {**idle_value(examples), "kind": "started", "run": run, "address": address}


def refused_value(examples: Sequence[Example], run: int, words: str) -> Value:
    """There is none, and why."""
    return {**idle_value(examples), "kind": "refused", "run": run, "words": words}
