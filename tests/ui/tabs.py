"""A tab without a page: components that are their own names, so that updates tell which part they change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import gradio as gr

from sonic_ui.ui.settings.table import SettingsTable
from sonic_ui.ui.widgets.own_picture import OwnPicture
from sonic_ui.ui.widgets.prompt_settings import PromptSettings, SeedField

ME = gr.Request(session_hash="me")


def part(kind: Any, **names: Any) -> Any:
    """A part whose components are their own names, or those given."""
    return kind(**{field.name: names.get(field.name, field.name) for field in fields(kind)})


def prompts(**names: Any) -> PromptSettings:
    """The prompt settings of a tab."""
    return part(PromptSettings, message="words_message", seed=part(SeedField), **names)


def own_picture() -> OwnPicture:
    """The input for a picture of one's own, by the names of its settings."""
    return part(OwnPicture, message="own_message")


OWN_PICTURE = {
    "picture": None,
    "mode": "replace",
    "tau_attn": None,
    "tau_feature": None,
    "held": None,
    "mask": [],
}
"""What the page hands over where no picture was given."""


def in_order(table: SettingsTable[Any], values: dict[str, Any]) -> list[Any]:
    """Settings as the page hands them to a handler, with no earlier results."""
    assert set(table.components) == set(values)
    return [*(values[name] for name in table.components), {}]


def last(updates: Iterable[dict[Any, Any]]) -> dict[str, Any]:
    """Everything the page shows in the end."""
    shown: dict[str, Any] = {}
    for update in updates:
        shown |= update
    return shown


def event(**data: Any) -> gr.EventData:
    """What a component of the page tells a handler."""
    return gr.EventData(None, data)
