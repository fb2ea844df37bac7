"""The tabs of the page, a folder each, by the id of the tab in the table of verbs.

`events.build` lays it out and connects what handles its events, `results` shows what comes back;
`results.ANSWER` is what the endpoint of the verb returns, if that is not pictures and settings; of a tab with
several verbs `results.ANSWERS`, by verb.
"""

from dataclasses import dataclass

import gradio as gr

from sonic_ui.ui.widgets import prompt_settings, send_to_tab


@dataclass(frozen=True)
class BuiltTab:
    """What the page needs of a tab that is laid out and connected.

    view      shows its results, if they can be sent to other tabs
    message   takes sentences about the whole tab
    share     the panel in which links arrive, if there are links to it
    follows   the settings that other weights set to what suits them
    target    takes pictures or sounds of other tabs
    """

    view: gr.HTML | None
    message: gr.HTML
    share: gr.HTML | None
    follows: tuple[prompt_settings.FollowsEngine, ...] = ()
    target: send_to_tab.Target | None = None
