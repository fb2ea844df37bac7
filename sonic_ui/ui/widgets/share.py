"""Share link and "Copy as Python", on any tab whose results can be reused.

A tab that lays out `picture_drop` and calls `connect_reuse` has both already. What is left to do:

- the HTML of its results has the two buttons beside "Reuse settings", and the script sends which was pressed:

      <button type="button" class="su-action su-share-as" data-as="link">Share link</button>
      <button type="button" class="su-action su-share-as" data-as="python">Copy as Python</button>

      followActions(() => shown && { id: shown.id });  // of working.js

- `reuse.TABS` knows the tab's verb and title, so that a link opens it;
- its request names its files in `SOUNDS` and `PICTURES`: these never leave, unless they are examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.requests import BadInput
from sonic_ui.requests.links import PARAMETER
from sonic_ui.ui.components.live import sent
from sonic_ui.ui.components.share import arrived, coded, linked, said
from sonic_ui.ui.components.stage import Value
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.settings.reuse import TABS, Record
from sonic_ui.ui.settings.sharing import open_link, python_call, share_link
from sonic_ui.ui.widgets.sound_input import QUIET, Update

UNKNOWN = "The settings of this picture are not known any more."
RUN_IT = "Run it where the files it names are. It needs “pip install gradio_client”."


@dataclass(frozen=True)
class Sharing:
    """The handlers.

    record_of   the record of a result by its name, None if it is not known
    restored    values for the tab's components from settings and files; raises `BadInput`
    """

    context: AppContext
    panel: gr.HTML
    record_of: Callable[[str, Mapping[str, Record]], Record | None]
    restored: Callable[[dict[str, Any], dict[str, str]], Update]

    def share(self, request: gr.Request, records: dict[str, Record], event: gr.EventData) -> Update:
        """A result's settings as a link or as Python."""
        record = self.record_of(str(sent(event, "id")), records)
        if record is None:
            return {self.panel: said("error", UNKNOWN)}
        try:
            if sent(event, "as") == "python":
                return {self.panel: coded(python_call(record, request.username), RUN_IT)}
            shared = share_link(record, self.context.examples)
        except BadInput as problem:
            return {self.panel: said("error", problem.message)}
        return {self.panel: linked(shared.query, shared.words)}

    def restore(self, event: gr.EventData) -> Update:
        """Put the settings of the link that the page was opened with on the page."""
        try:
            opened = open_link(str(sent(event, "link")), self.context.examples)
            updates = self.restored(opened.settings, opened.files)
        except BadInput as problem:
            return {self.panel: said("error", problem.message)}
        return {**updates, self.panel: said("note", opened.words)}


def connect_share(
    sharing: Sharing,
    place: gr.HTML,
    shared: Shared,
    outputs: Sequence[gr.components.Component],
    refresh_after: Sequence[Callable[[Any], Any]],
) -> None:
    """Connect the `give` event of `place`, if its script has one, and links that arrive."""
    if "'give'" in (place.js_on_load or ""):
        place.give(sharing.share, inputs=[shared.records], outputs=[sharing.panel], queue=False, **QUIET)
    back = sharing.panel.restore(sharing.restore, outputs=[*outputs, sharing.panel], queue=False, **QUIET)
    for look in refresh_after:
        look(back)


def connect_links(
    page: gr.Blocks, context: AppContext, tabs: gr.Tabs, panels: Mapping[str, tuple[str, gr.HTML]]
) -> None:
    """When the page is opened with a link, open its tab and hand it over.

    `panels` are the ids of the tabs and their panels, by the tabs' titles.
    """

    def arrive(request: gr.Request) -> Update:
        text = request.query_params.get(PARAMETER)
        if not text:
            return {tabs: gr.skip()}
        tab, value = _arrival(text, context, panels)
        return {tabs: gr.Tabs(selected=panels[tab][0]), panels[tab][1]: value}

    page.load(arrive, outputs=[tabs, *(panel for _, panel in panels.values())], queue=False, **QUIET)


def _arrival(text: str, context: AppContext, titles: Mapping[str, Any]) -> tuple[str, Value]:
    """Which tab a link opens, and what its panel is told; the first tells of a link that cannot be used."""
    first = next(iter(titles))
    try:
        title = TABS.get(open_link(text, context.examples).verb, "")
    except BadInput as problem:
        return first, said("error", problem.message)
    if title not in titles:
        return first, said("error", "This link is for a tab that this page does not have.")
    return title, arrived(text)
