"""The tab "Sound → Image": what stands where, and which click does what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from sonic_ui.requests.sound_to_image import COUNT
from sonic_ui.ui.components.stage import stage
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.tabs.sound_to_image import api as sound_to_image_api
from sonic_ui.ui.tabs.sound_to_image.events import SETTINGS, Handlers, values_from_settings
from sonic_ui.ui.widgets.fields import slider
from sonic_ui.ui.widgets.prompt_settings import Words, connect_words, words
from sonic_ui.ui.widgets.runs import RunBar, Runs, connect_run, run_bar
from sonic_ui.ui.widgets.send_to_tab import Target, sound_target
from sonic_ui.ui.widgets.settings_drop import PictureDrop, Reuse, connect_reuse, picture_drop
from sonic_ui.ui.widgets.sound_input import SoundInput, SoundInputHandlers, connect_sound, sound_input

TAB = "sound-to-image"


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    sound: SoundInput
    words: Words
    bar: RunBar
    stage: gr.HTML
    drop: PictureDrop
    shared: Shared
    target: Target | None = None

    @property
    def place(self) -> gr.HTML:
        """What shows the results."""
        return self.stage

    @property
    def settings(self) -> dict[str, Any]:
        """The components that make up a request, by their names in `SETTINGS`."""
        named = {**vars(self.sound), **vars(self.words), "count": self.words.beside}
        return {name: named[name] for name in SETTINGS}

    @property
    def messages(self) -> dict[str, gr.HTML]:
        """Where the sentence about a setting stands."""
        beside_sound = dict.fromkeys(("sound", "start_s", "end_s", "gain_db"), self.sound.message)
        return {**beside_sound, **dict.fromkeys(("prompt", "negative_prompt"), self.words.message)}


def build(context: AppContext, shared: Shared) -> Components:
    """Lay out the tab inside the current tab context and connect it."""
    defaults = context.studio.info.defaults
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                sound = sound_input(TAB, context, gain=True)
            with gr.Column(elem_classes="su-panel"):
                said = words(
                    TAB, defaults, lambda: slider(COUNT, "Pictures", "More to choose from, and more time.")
                )
            bar = run_bar(TAB)
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            place = stage(TAB, Handlers.first_card(context))
            drop = picture_drop(TAB)
    parts = Components(sound, said, bar, place, drop, shared)
    parts = _connect(context, parts)
    sound_to_image_api.build(context)
    return parts


def _connect(context: AppContext, parts: Components) -> Components:
    """Connect the tab; returns `parts` with what takes sounds of other tabs."""
    settings = [*parts.settings.values()]
    records = parts.shared.records
    sound_handlers = SoundInputHandlers(context, parts.sound)
    runs = Runs(context, parts.shared, TAB, parts.stage, parts.bar, parts.messages, parts.words.seed)
    handle = Handlers(context, parts, sound_handlers, runs)
    reuse = Reuse(context, parts.drop, parts.settings, values_from_settings, handle.example_record)

    refresh_after = connect_sound(parts.sound, sound_handlers, choose=handle.choose, chosen=[parts.stage])
    connect_words(parts.words)
    connect_run(
        TAB,
        parts.bar,
        runs,
        [parts.words.prompt.submit],
        handle.generate,
        inputs=[*settings, records],
        outputs=[parts.words.seed, records],
    )
    connect_reuse(parts.drop, reuse, parts.stage, parts.shared, settings, [refresh_after])
    return replace(parts, target=sound_target(parts.sound, refresh_after))
