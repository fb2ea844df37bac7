"""A tab without a page: components that are their own names, so that updates tell which part they change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import gradio as gr

ME = gr.Request(session_hash="me")


def part(kind: Any, **names: Any) -> Any:
    """A part whose components are their own names, or those given."""
    return kind(**{field.name: names.get(field.name, field.name) for field in fields(kind)})


def last(updates: Iterable[dict[Any, Any]]) -> dict[str, Any]:
    """Everything the page shows in the end."""
    shown: dict[str, Any] = {}
    for update in updates:
        shown |= update
    return shown


def event(**data: Any) -> gr.EventData:
    """What a component of the page tells a handler."""
    return gr.EventData(None, data)
