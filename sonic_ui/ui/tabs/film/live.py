"""The mode "Live" of the tab "Film": the picture follows the microphone, or a file that the page plays."""

import random
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.requests import BadInput
from sonic_ui.requests.base import SEED, STRENGTH
from sonic_ui.requests.live import SENSITIVITY, SMOOTHING, LiveRequest
from sonic_ui.ui import live_api
from sonic_ui.ui.components import basic, live_view
from sonic_ui.ui.components.base import event_field
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets import prompt_settings
from sonic_ui.ui.widgets.fields import AT_ONCE, Update, slider

NAME = "film-live"
"""Beginning of the names of its components."""


@dataclass(frozen=True)
class LiveComponents:
    """The components.

    follows    those that another engine sets to what suits it
    settings   those of a `LiveRequest` by name
    """

    view: gr.HTML
    follows: prompt_settings.PhrasesAndStrength
    message: gr.HTML
    seed: prompt_settings.SeedField
    settings: dict[str, gr.components.Component]


class LiveHandlers:
    """The event handlers."""

    def __init__(self, context: AppContext, parts: LiveComponents) -> None:
        self._context = context
        self._parts = parts

    def begin(self, request: gr.Request, event: gr.EventData, keeps_seed: bool, *values: Any) -> Update:
        """Start was pressed: a session for the page, or a sentence why there is none."""
        run, parts = event_field(event, "run"), self._parts
        run, examples = run if isinstance(run, int) else 0, self._context.examples
        seed = dict(zip(parts.settings, values, strict=True))["seed"]
        if not keeps_seed:
            seed = random.randint(0, int(SEED.maximum))
        try:
            settings = self._request(values).changed(seed=seed)
            started = live_api.started(self._context, settings, request.session_hash or "")
        except BadInput as problem:
            return {parts.view: live_view.refused_value(examples, run, problem.message)}
        return {
            parts.view: live_view.started_value(examples, run, started["address"]),
            parts.message: basic.CLEAR,
            parts.seed.seed: seed,
        }

    def change(self, request: gr.Request, *values: Any) -> Update:
        """A setting was changed: what is live on this page goes on with it."""
        live = self._context.live.of_page(request.session_hash or "")
        try:
            settings = self._request(values)
        except BadInput as problem:
            return {self._parts.message: basic.error(problem.message)}
        if live is not None:
            live.change(settings)
        return {self._parts.message: basic.CLEAR}

    def _request(self, values: tuple[Any, ...]) -> LiveRequest:
        given = zip(self._parts.settings, values, strict=True)
        return LiveRequest.from_values({name: value for name, value in given if value is not None})

    def connect(self) -> None:
        """Connect the components."""
        parts, fields = self._parts, [*self._parts.settings.values()]
        parts.seed.connect()

        parts.view.begin(
            self.begin,
            [parts.seed.keep_seed, *fields],
            [parts.view, parts.message, parts.seed.seed],
            trigger_mode="multiple",
            **AT_ONCE,
        )
        gr.on(
            [one.change for one in fields],
            self.change,
            fields,
            [parts.message],
            trigger_mode="always_last",
            **AT_ONCE,
        )


def build(context: AppContext) -> LiveComponents:
    """Lay out the mode inside the current column and connect it."""
    with gr.Row(elem_classes="su-desk su-live-desk", equal_height=False):
        inputs = gr.Column(elem_classes="su-inputs", scale=5, min_width=340)
        with inputs, gr.Column(elem_classes="su-panel"):
            parts = _settings(context)
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            view = live_view.live_view("film", NAME, context.examples)
    built = LiveComponents(view, *parts)
    LiveHandlers(context, built).connect()
    return built


def _settings(
    context: AppContext,
) -> tuple[
    prompt_settings.PhrasesAndStrength,
    gr.HTML,
    prompt_settings.SeedField,
    dict[str, gr.components.Component],
]:
    prompt = gr.Textbox(
        label="Words (optional)",
        placeholder="a watercolour at dusk",
        lines=1,
        max_lines=4,
        elem_id=f"{NAME}-prompt",
    )
    chips = basic.phrase_chips(f"{NAME}-chips", context.studio.info)
    chips.input(
        None, js=prompt_settings.TOGGLE, inputs=[chips, prompt], outputs=[prompt], api_visibility="private"
    )
    prompt.change(
        None, js=prompt_settings.MARK, inputs=[chips, prompt], outputs=[chips], api_visibility="private"
    )
    message = basic.message(f"{NAME}-message")
    gain = slider(
        SENSITIVITY,
        "Sensitivity",
        "Decibels. More shows soft sounds, and lets loud ones fill the picture.",
        elem_id=f"{NAME}-sensitivity",
    )
    smoothing = slider(
        SMOOTHING,
        "Smoothing",
        "Seconds. More is calmer, less follows every sound at once.",
        elem_id=f"{NAME}-smoothing",
    )
    strength = slider(
        STRENGTH,
        "Strength of the sound",
        "More lets the sound rule the picture, less leaves it to the words.",
        context.studio.info.defaults.strength,
    )
    seed = prompt_settings.seed_field(NAME, "The same seed has the same layout: a steady sound stands still.")
    settings: dict[str, gr.components.Component] = {
        "prompt": prompt,
        "gain_db": gain,
        "smoothing_s": smoothing,
        "strength": strength,
        "seed": seed.seed,
    }
    return prompt_settings.PhrasesAndStrength(chips, strength), message, seed, settings
