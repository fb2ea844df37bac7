"""What a person had set up in a tab, its sounds, words, numbers and seed, is there again after a reload.

It lies in the browser, files beside those of the gallery (`kept_form.js`); the server keeps nothing of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from sonic_ui.ui.components.kept_form import kept_form
from sonic_ui.ui.settings.table import SettingsTable
from sonic_ui.ui.widgets.fields import Refresh

CHANGED = "() => {{ window.suForms?.['{tab}']?.changed(); }}"
KEEP = "(...values) => {{ window.suForms['{tab}'].keep(values); }}"
RESTORE = "(...values) => window.suForms['{tab}'].restore(values)"


def connect_form(
    tab: str,
    table: SettingsTable[Any],
    refresh_after: Sequence[Refresh],
    *,
    changed: Sequence[gr.HTML] = (),
    files: Mapping[str, gr.File] = {},
    after: Sequence[Any] = (),
    first: bool = False,
) -> None:
    """Keep the form of a tab, all of its settings; call it inside of the tab.

    What is painted by hand is no field of a form: `files` hold it instead.

    refresh_after   shows what came back
    changed         components that change with a setting though nobody touched the tab: the editor of a sound
    files           files that are kept besides the settings, by name; `after`: the events that change them
    first           whether this tab also keeps which one was open
    """
    settings = {name: one for name, one in table.components.items() if not isinstance(one, gr.ImageEditor)}
    kept = {**settings, **files}
    fields = [*kept.values()]
    form = kept_form(tab, [*kept], first)
    private: dict[str, Any] = {"fn": None, "api_visibility": "private"}
    for one in changed:  # few: each event makes the page start later
        one.change(js=CHANGED.format(tab=tab), **private)
    for event in after:
        event.then(js=CHANGED.format(tab=tab), **private)
    form.keep(js=KEEP.format(tab=tab), inputs=fields, **private)
    restored = form.restore(js=RESTORE.format(tab=tab), inputs=fields, outputs=fields, **private)
    for refresh in refresh_after:
        refresh(restored)
