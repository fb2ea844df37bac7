"""What a person had set up in a tab, its sounds, words, numbers and seed, is there again after a reload.

It lies in the browser, files beside those of the gallery (`kept_form.js`); the server keeps nothing of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from sonic_ui.ui.components.kept_form import kept_form
from sonic_ui.ui.settings.table import SettingsTable
from sonic_ui.ui.widgets.fields import Refresh

SAVE = "(...values) => {{ window.suForms?.['{tab}']?.save(values); }}"
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
    changed         components that change with a setting that is out of sight: the editor of a sound
    files           files that are kept besides the settings, by name; `after`: the events that change them
    first           whether this tab also keeps which one was open
    """
    settings = {name: one for name, one in table.components.items() if not isinstance(one, gr.ImageEditor)}
    kept = {**settings, **files}
    fields = [*kept.values()]
    form = kept_form(tab, [*kept], first)
    changes = [one.change for one in [*fields, *changed] if one.visible is not False]
    save = {"fn": None, "js": SAVE.format(tab=tab), "inputs": fields, "api_visibility": "private"}
    gr.on(changes, **save)
    for event in after:
        event.then(**save)
    restored = form.restore(
        None, js=RESTORE.format(tab=tab), inputs=fields, outputs=fields, api_visibility="private"
    )
    for refresh in refresh_after:
        refresh(restored)
