"""A picture or a sound that one tab shows becomes what another tab starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.ui.components.live import sent
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.sound_input import QUIET, SoundInput, Update


@dataclass(frozen=True)
class Target:
    """A tab that takes pictures, or sounds.

    receive      changes `outputs` to start from the file at a path
    look_after   shows what came, after an event (a dependency)
    """

    receive: Callable[[Path], Update]
    outputs: Sequence[gr.components.Component]
    refresh_after: Callable[[Any], Any]


def sound_target(place: SoundInput, refresh_after: Callable[[Any], Any]) -> Target:
    """A place for a sound as what takes sounds of other tabs, all of each."""

    def receive(sound: Path) -> Update:
        return {place.sound: str(sound), place.start_s: None, place.end_s: None}

    return Target(receive, [place.sound, place.start_s, place.end_s], refresh_after)


class SendToTab:
    """The handler. `targets` are by the tab's name, which is what the button sends in `to`."""

    def __init__(self, context: AppContext, tabs: gr.Tabs, targets: Mapping[str, Target]) -> None:
        self._context = context
        self._tabs = tabs
        self._targets = targets

    def send(self, request: gr.Request, event: gr.EventData) -> Update:
        """A button "Send to" was pressed: {to, id, index}. Raises `gr.Error` if it is gone."""
        target = self._targets.get(str(sent(event, "to")))
        path = self._context.gallery.find(request.session_hash or "", sent(event, "id"), sent(event, "index"))
        if target is None or path is None:
            raise gr.Error("This result is no longer there. Make it again, then send it.")
        return {self._tabs: gr.Tabs(selected=str(sent(event, "to"))), **target.receive(path)}


def connect_send_to_tab(
    context: AppContext, tabs: gr.Tabs, places: Sequence[gr.HTML], targets: Mapping[str, Target]
) -> None:
    """Connect the `send` event of every place that shows results."""
    handle = SendToTab(context, tabs, targets)
    outputs = [tabs, *(one for target in targets.values() for one in target.outputs)]
    for place in places:
        event = place.send(handle.send, outputs=outputs, queue=False, **QUIET)
        for target in targets.values():
            target.refresh_after(event)
