"""Settings come back: from a result that is shown, or from a PNG that was downloaded here and is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput
from sonic_ui.ui.components.live import sent
from sonic_ui.ui.components.message import CLEAR, Words, error, message, note
from sonic_ui.ui.components.share import share_panel
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.settings.reuse import SOUNDS, Record, find_files, missing_files
from sonic_ui.ui.widgets.share import Sharing, connect_share
from sonic_ui.ui.widgets.sound_input import QUIET, Update

Settings = dict[str, Any]


@dataclass(frozen=True)
class PictureDrop:
    """The components; in `share` the settings of a result are given away."""

    share: gr.HTML
    picture: gr.File
    message: gr.HTML


KINDS = (".png", ".gif", ".mp4", ".webm")
"""Files of ours that carry settings."""


def picture_drop(tab: str, what: str = "picture", kinds: Sequence[str] = KINDS) -> PictureDrop:
    """Lay them out, for files that are called `what`."""
    return PictureDrop(
        share_panel(tab),
        gr.File(
            label=f"Drop a {what} made here to reuse its settings",
            file_types=[*kinds],
            height=46,
            elem_id=f"{tab}-picture",
            elem_classes=["su-drop", f"su-drop-{what}"],
        ),
        message(f"{tab}-picture-message"),
    )


class Reuse:
    """The handlers.

    parts     the tab's components, by the name of the setting they hold
    updates   values for them from settings and the files that were found; raises `BadInput`
    known     a record for a name that is no result of this session, if there is one
    """

    def __init__(
        self,
        context: AppContext,
        drop: PictureDrop,
        parts: dict[str, Any],
        updates: Callable[[Settings, dict[str, str]], dict[str, Any]],
        known: Callable[[str], Record | None] = lambda name: None,
    ) -> None:
        self._context = context
        self._drop = drop
        self._parts = parts
        self._updates = updates
        self._known = known

    def shown(self, records: dict[str, Record], event: gr.EventData) -> Update:
        """Put the settings of a result that is shown back on the page."""
        record = self.record_of(str(sent(event, "id")), records)
        if record is None:
            return self._told(error("The settings of this result are not known any more."))
        return self._restored(record["settings"], record["files"], "the result shown")

    def record_of(self, name: str, records: Mapping[str, Record]) -> Record | None:
        """What a result was made with, by its name."""
        return records.get(name) or self._known(name)

    def values(self, settings: Settings, files: dict[str, str]) -> Update:
        """Values for the tab's components. Raises `BadInput`."""
        return {self._parts[name]: value for name, value in self._updates(settings, files).items()}

    @property
    def sharing(self) -> Sharing:
        """The handlers that give settings away, and take them from a link."""
        return Sharing(self._context, self._drop.share, self.record_of, self.values)

    def dropped(self, picture: str | None, records: dict[str, Record]) -> Update:
        """Put the settings that a dropped file carries back on the page."""
        if not picture:
            return self._told(CLEAR)
        try:
            settings = read_settings(picture)
            files = find_files(settings, records, self._context.examples)
        except BadInput as problem:
            return self._told(error(problem.message))
        return self._restored(settings, files, f"“{Path(picture).name}”")

    def _restored(self, settings: Settings, files: dict[str, str], source: str) -> Update:
        try:
            named = self.values(settings, files)
        except BadInput as problem:
            return self._told(error(problem.message))
        return {**named, **self._told(note(_back(source, missing_files(settings, files))))}

    def _told(self, words: Words) -> Update:
        return {self._drop.message: words, self._drop.picture: None}


def connect_reuse(
    drop: PictureDrop,
    reuse: Reuse,
    place: gr.HTML,
    shared: Shared,
    outputs: Sequence[gr.components.Component],
    refresh_after: Sequence[Callable[[Any], Any]],
) -> None:
    """Connect the drop, and the events `reuse` and `give` of `place`.

    Each of `refresh_after` draws a sound again once settings are back.
    """
    connect_share(reuse.sharing, place, shared, outputs, refresh_after)
    changed = [*outputs, drop.message, drop.picture]
    again = [place.reuse(reuse.shown, inputs=[shared.records], outputs=changed, queue=False, **QUIET)]
    again.append(
        drop.picture.upload(
            reuse.dropped, inputs=[drop.picture, shared.records], outputs=changed, queue=False, **QUIET
        )
    )
    for event in again:
        for look in refresh_after:
            look(event)


FILE_WORDS = {"picture": "the picture “{}”", "mask": "what was painted on it"}


def _back(source: str, missing: dict[str, str]) -> str:
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
