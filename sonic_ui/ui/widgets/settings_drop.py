"""Settings come back, from a result that is shown, a file that was made here or a link; and they are shared.

Every view of results has the buttons "Reuse settings", "Share link" and "Copy as Python"
(`picture_actions.html`, `followActions` of `result_base.js`). A request names its files in `SOUNDS` and
`PICTURES`: these never leave, unless they are examples.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import VERBS, BadInput
from sonic_ui.requests.links import PARAMETER
from sonic_ui.ui.components import basic, share_panel
from sonic_ui.ui.components.base import Value, event_field
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.reuse import SOUNDS, Record, find_files, missing_files
from sonic_ui.ui.settings.sharing import open_link, python_call, share_link
from sonic_ui.ui.settings.table import SettingsTable, Values
from sonic_ui.ui.widgets.fields import AT_ONCE, Refresh, Update

KINDS = (".png", ".gif", ".mp4", ".webm")
"""Files of ours that carry settings."""

FILE_WORDS = {
    "picture": "the picture “{}”",
    "mask": "what was painted on it",
    "impulse_response": "the impulse response “{}”",
}
UNKNOWN = "The settings of this picture are not known any more."
RUN_IT = "Run it where the files it names are. It needs “pip install gradio_client”."


@dataclass(frozen=True)
class SettingsDrop:
    """The components: a file to drop, and the panel `share` for the settings of a result."""

    share: gr.HTML
    picture: gr.File
    message: gr.HTML


def settings_drop(tab: str, noun: str = "picture", kinds: Sequence[str] = KINDS) -> SettingsDrop:
    """Lay them out, for files that are called `noun`."""
    return SettingsDrop(
        share_panel.share_panel(tab),
        gr.File(
            label=f"Drop a {noun} made here to reuse its settings",
            file_types=[*kinds],
            height=46,
            elem_id=f"{tab}-picture",
            elem_classes=["su-drop", f"su-drop-{noun}"],
        ),
        basic.message(f"{tab}-picture-message"),
    )


Stage = Callable[[Path | None, Mapping[str, str]], Update]
"""The view's update for a file that was dropped (None: a link), and the files its settings name."""


class Reuse:
    """The handlers.

    table   the tab's settings
    known   a record for a name that is no result of this session, if there is one
    stage   what the view of results shows for settings from elsewhere; None leaves it as it is
    """

    def __init__(
        self,
        context: AppContext,
        drop: SettingsDrop,
        table: SettingsTable[Any],
        known: Callable[[str], Record | None] = lambda name: None,
        stage: Stage | None = None,
    ) -> None:
        self._context = context
        self._drop = drop
        self._table = table
        self._known = known
        self._stage = stage

    def shown(self, records: dict[str, Record], event: gr.EventData) -> Update:
        """Put the settings of a result that is shown back on the page."""
        record = self.record(records, event)
        if record is None:
            return self._notice(basic.error("The settings of this result are not known any more."))
        return self._restored(record["settings"], record["files"], "the result shown")

    def dropped(self, picture: str | None, records: dict[str, Record]) -> Update:
        """Put the settings that a dropped file carries back on the page."""
        if not picture:
            return self._notice(basic.CLEAR)
        try:
            settings = read_settings(picture)
            files = find_files(settings, records, self._context.all_examples)
        except BadInput as problem:
            return self._notice(basic.error(problem.message))
        return self._restored(settings, files, f"“{Path(picture).name}”", picture)

    def share(self, request: gr.Request, records: dict[str, Record], event: gr.EventData) -> Update:
        """Give the settings of a result that is shown as a link or as Python."""
        record, panel = self.record(records, event), self._drop.share
        if record is None:
            return {panel: share_panel.sentence("error", UNKNOWN)}
        try:
            if event_field(event, "as") == "python":
                return {panel: share_panel.code_value(python_call(record, request.username), RUN_IT)}
            link = share_link(record, self._context.all_examples)
        except BadInput as problem:
            return {panel: share_panel.sentence("error", problem.message)}
        return {panel: share_panel.link_value(link.query, link.words)}

    def restore(self, event: gr.EventData) -> Update:
        """Put the settings of the link that the page was opened with on the page."""
        try:
            link = open_link(str(event_field(event, "link")), self._context.all_examples)
            values = self._values(link.settings, link.files)
        except BadInput as problem:
            return {self._drop.share: share_panel.sentence("error", problem.message)}
        stage = self._stage(None, link.files) if self._stage else {}
        return {**values, **stage, self._drop.share: share_panel.sentence("note", link.words)}

    def record(self, records: Mapping[str, Record], event: gr.EventData) -> Record | None:
        """What a result was made with, by the name that the event sends; a batch has a record a picture."""
        name = str(event_field(event, "id"))
        own = records.get(f"{name}/{event_field(event, 'index')}")
        return own or records.get(name) or self._known(name)

    def _values(self, settings: Values, files: dict[str, str]) -> Update:
        components = self._table.components
        return {components[name]: value for name, value in self._table.values(settings, files).items()}

    def _restored(
        self, settings: Values, files: dict[str, str], source: str, dropped: str | None = None
    ) -> Update:
        try:
            values = self._values(settings, files)
        except BadInput as problem:
            return self._notice(basic.error(problem.message))
        sentence = _restored_sentence(source, missing_files(settings, files))
        stage = self._stage(Path(dropped), files) if dropped and self._stage else {}
        return {**values, **stage, **self._notice(basic.note(sentence))}

    def _notice(self, sentence: basic.Sentence) -> Update:
        return {self._drop.message: sentence, self._drop.picture: None}

    def connect(self, view: gr.HTML, shared: SharedComponents, refresh_after: Sequence[Refresh]) -> None:
        """Connect the drop, links that arrive, and the events of the view of results."""
        drop, settings, records = self._drop, [*self._table.components.values()], shared.records
        stage = [view] if self._stage else []
        changed = [*settings, drop.message, drop.picture, *stage]
        view.share_settings(self.share, inputs=[records], outputs=[drop.share], **AT_ONCE)
        restored = [
            drop.share.restore(self.restore, outputs=[*settings, drop.share, *stage], **AT_ONCE),
            view.reuse(self.shown, inputs=[records], outputs=changed, **AT_ONCE),
            drop.picture.upload(self.dropped, inputs=[drop.picture, records], outputs=changed, **AT_ONCE),
        ]
        for event in restored:
            for refresh in refresh_after:
                refresh(event)


def _restored_sentence(source: str, missing: dict[str, str]) -> str:
    """The sentence about settings that are back, all but the files that are named."""
    if not missing:
        return f"The settings of {source} are back."
    if not missing.keys() <= set(SOUNDS):
        named = [
            FILE_WORDS.get(setting, "the sound “{}”").format(one[:60]) for setting, one in missing.items()
        ]
        return (
            f"The settings of {source} are back, all but {' and '.join(named)}: a picture carries its "
            "settings, not what it was made from. Add that again for the same picture."
        )
    names = " and ".join(f"“{name[:60]}”" for name in missing.values())
    if len(missing) == 1:
        return (
            f"The settings of {source} are back, all but its sound {names}: a picture does not carry the "
            "sound itself. Add it again for the same picture."
        )
    return (
        f"The settings of {source} are back, all but its sounds {names}: a picture does not carry the sounds "
        "themselves. Add them again for the same picture."
    )


def connect_links(page: gr.Blocks, context: AppContext, tabs: gr.Tabs, panels: Mapping[str, gr.HTML]) -> None:
    """When the page is opened with a link, open its tab and hand it over; `panels` are by verb."""

    def arrive(request: gr.Request) -> Update:
        text = request.query_params.get(PARAMETER)
        if not text:
            return {tabs: gr.skip()}
        verb, value = _arrival(text, context, panels)
        return {tabs: gr.Tabs(selected=VERBS[verb].tab), panels[verb]: value}

    page.load(arrive, outputs=[tabs, *panels.values()], **AT_ONCE)


def _arrival(text: str, context: AppContext, panels: Mapping[str, Any]) -> tuple[str, Value]:
    """The verb that a link is for, and its panel's value; the first one shows why a link cannot be used."""
    first = next(iter(panels))
    try:
        verb = open_link(text, context.all_examples).verb
    except BadInput as problem:
        return first, share_panel.sentence("error", problem.message)
    if verb not in panels:
        return first, share_panel.sentence("error", "This link is for a tab that this page does not have.")
    return verb, share_panel.link_arrived(text)
