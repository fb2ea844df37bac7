"""A picture or a sound that one tab shows becomes what another tab starts from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from sonic_ui.ui.components.base import event_field
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets import sound_input
from sonic_ui.ui.widgets.fields import AT_ONCE, Refresh, Update


@dataclass(frozen=True)
class Target:
    """A tab that takes pictures, or sounds.

    receive         changes `outputs` to start from the file at a path
    refresh_after   shows what came
    """

    receive: Callable[[Path], Update]
    outputs: Sequence[gr.components.Component]
    refresh_after: Refresh


def sound_target(view: sound_input.SoundInput, refresh_after: Refresh) -> Target:
    """An input for a sound as the target of sounds of other tabs, all of each."""

    def receive(sound: Path) -> Update:
        return {view.sound: str(sound), view.start_s: None, view.end_s: None}

    return Target(receive, [view.sound, view.start_s, view.end_s], refresh_after)


class SendToTab:
    """The handler. `targets` are by the tab's name, which is what the button sends in `to`."""

    def __init__(self, context: AppContext, tabs: gr.Tabs, targets: Mapping[str, Target]) -> None:
        self._context = context
        self._tabs = tabs
        self._targets = targets

    def send(self, request: gr.Request, event: gr.EventData) -> Update:
        """A button "Send to" was pressed: {to, id, index}. Raises `gr.Error` if it is gone."""
        target = self._targets.get(str(event_field(event, "to")))
        path = self._context.gallery.find(
            request.session_hash or "", event_field(event, "id"), event_field(event, "index")
        )
        if target is None or path is None:
            raise gr.Error("This result is no longer there. Make it again, then send it.")
        return {self._tabs: gr.Tabs(selected=str(event_field(event, "to"))), **target.receive(path)}


def connect_send_to_tab(
    context: AppContext, tabs: gr.Tabs, views: Sequence[gr.HTML], targets: Mapping[str, Target]
) -> None:
    """Connect the `send` event of every view of results."""
    handle = SendToTab(context, tabs, targets)
    outputs = [tabs, *(one for target in targets.values() for one in target.outputs)]
    for view in views:
        event = view.send(handle.send, outputs=outputs, **AT_ONCE)
        for target in targets.values():
            target.refresh_after(event)
