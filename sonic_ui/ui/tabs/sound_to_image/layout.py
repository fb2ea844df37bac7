"""The tab "Sound → Image": what stands where, and which click does what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from sonic_ui.requests import COUNT
from sonic_ui.ui.components.stage import stage
from sonic_ui.ui.session.context import Desk, Shared
from sonic_ui.ui.tabs.sound_to_image import api as sound_to_image_api
from sonic_ui.ui.tabs.sound_to_image.events import SETTINGS, Handlers, updates_of
from sonic_ui.ui.widgets.fields import slider
from sonic_ui.ui.widgets.prompt_settings import Words, connect_words, words
from sonic_ui.ui.widgets.runs import RunBar, Runs, connect_run, run_bar
from sonic_ui.ui.widgets.send_to_tab import Target, sound_target
from sonic_ui.ui.widgets.settings_drop import PictureDrop, Reuse, connect_reuse, picture_drop
from sonic_ui.ui.widgets.sound_input import Ears, SoundInput, connect_sound, sound_input

TAB = "sound-to-image"


@dataclass(frozen=True)
class Parts:
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


def build(desk: Desk, shared: Shared) -> Parts:
    """Lay out the tab inside the current tab context and connect it."""
    defaults = desk.studio.info.defaults
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                sound = sound_input(TAB, desk, gain=True)
            with gr.Column(elem_classes="su-panel"):
                said = words(
                    TAB, defaults, lambda: slider(COUNT, "Pictures", "More to choose from, and more time.")
                )
            bar = run_bar(TAB)
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            place = stage(TAB, Handlers.first_card(desk))
            drop = picture_drop(TAB)
    parts = Parts(sound, said, bar, place, drop, shared)
    parts = _connect(desk, parts)
    sound_to_image_api.build(desk)
    return parts


def _connect(desk: Desk, parts: Parts) -> Parts:
    """Connect the tab; returns `parts` with what takes sounds of other tabs."""
    settings = [*parts.settings.values()]
    records = parts.shared.records
    ears = Ears(desk, parts.sound)
    runs = Runs(desk, parts.shared, TAB, parts.stage, parts.bar, parts.messages, parts.words.seed)
    handle = Handlers(desk, parts, ears, runs)
    reuse = Reuse(desk, parts.drop, parts.settings, updates_of, handle.example_record)

    look_after = connect_sound(parts.sound, ears, choose=handle.choose, chosen=[parts.stage])
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
    connect_reuse(parts.drop, reuse, parts.stage, parts.shared, settings, [look_after])
    return replace(parts, target=sound_target(parts.sound, look_after))
