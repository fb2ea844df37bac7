"""The tab "Word": a sound becomes a word of prompts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.engine.events import WordResult
from sonic_ui.requests import VERBS, BadInput, LearnWordRequest
from sonic_ui.requests.learn_word import LEARNING_STEPS, REFERENCES
from sonic_ui.ui.components import basic, result_view
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.table import Row, SettingsTable
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.word import results
from sonic_ui.ui.tabs.word.stored_words import StoredWords, add_endpoints
from sonic_ui.ui.widgets import kept_form, prompt_settings, runs, send_to_tab, settings_drop, sound_input
from sonic_ui.ui.widgets.fields import Update, slider

TAB = VERBS["learn_word"].tab
MOST_PICTURES = len(LearnWordRequest.PICTURES)
TOO_MANY = f"{{count}} pictures were given; a word is learned from {MOST_PICTURES} at most. Take some away."
EMPTY = "Give the sound a name, and press “Learn the word”: what it comes to mean appears here."
FINDS = "Left empty, the sound finds them itself among the pictures that come with the app."


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    sound: sound_input.SoundInput
    word: gr.Textbox
    pictures: gr.File
    library: gr.Dropdown
    message: gr.HTML
    references: gr.Slider
    steps: gr.Slider
    seed: prompt_settings.SeedField
    bar: runs.RunBar
    view: gr.HTML
    drop: settings_drop.SettingsDrop
    stored: StoredWords
    shared: SharedComponents


def settings_table(parts: Components) -> SettingsTable[LearnWordRequest]:
    """The settings of the tab."""
    rows = [
        parts.sound.row(),
        Row({"word": parts.word}, parts.message),
        Row(
            {"pictures": parts.pictures},
            parts.message,
            _given_pictures,
            lambda request, files: {},
            LearnWordRequest.PICTURES,
        ),
        Row({"library": parts.library}, parts.message, _library, lambda request, files: {}),
        Row({"references": parts.references, "learning_steps": parts.steps}),
        parts.seed.row(),
    ]
    return SettingsTable(LearnWordRequest, rows)


def _given_pictures(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the pictures that were given, one each. Raises `BadInput` for too many."""
    given = values["pictures"] or []
    if len(given) > MOST_PICTURES:
        raise BadInput(TOO_MANY.format(count=len(given)), LearnWordRequest.PICTURES[0])
    return dict(zip(LearnWordRequest.PICTURES, given, strict=False))


def _library(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"library": values["library"] or None}


class Handlers:
    """The tab's event handlers."""

    def __init__(self, context: AppContext, parts: Components) -> None:
        self._context = context
        self._parts = parts
        self.table = settings_table(parts)
        self.sound = sound_input.SoundInputHandlers(context, parts.sound)
        self.runs = runs.Runs(context, parts.shared, TAB, parts.view, parts.bar, self.table, parts.seed.seed)
        self.reuse = settings_drop.Reuse(
            context,
            parts.drop,
            self.table,
            stage=lambda picture, files: {parts.view: result_view.stage_of(picture)},
        )

    def learn(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of the table) and run it."""
        yield from self.runs.generate(request, values, self._learn)

    def _learn(self, run: runs.RunContext[LearnWordRequest]) -> Iterator[Update]:
        progress = result_view.ImageProgress(run.run, 1, 1.0)
        yield from self.runs.follow(
            run,
            progress,
            WordResult,
            self._finished,
            lambda notice: {self._parts.message: basic.note(notice.message)},
        )

    def _finished(self, run: runs.RunContext[LearnWordRequest], result: WordResult) -> Update:
        files = self._context.pictures.write(result.images, result.settings)
        card = results.word_card(run.run, result, files)
        shown = self.runs.finished(run, card.id, files, result, result_view.done(run.run, card))
        return {**shown, self._parts.stored.words: self._parts.stored.value(run.session)}

    def connect(self) -> send_to_tab.Target:
        """Connect the tab; returns what takes sounds of other tabs."""
        parts = self._parts
        refresh_after = self.sound.connect()
        parts.seed.connect()
        parts.stored.connect()
        self.runs.connect(self.learn, [parts.word.submit], outputs=[parts.stored.words])
        self.reuse.connect(parts.view, parts.shared, [refresh_after])
        kept_form.connect_form(TAB, self.table, [refresh_after], changed=[parts.sound.drawing])
        return send_to_tab.sound_target(parts.sound, refresh_after)


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it."""
    add_endpoints(context)
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                sound = sound_input.sound_input(TAB, context, gain=True)
            with gr.Column(elem_classes="su-panel"):
                settings = _settings(context)
            bar = runs.run_bar(TAB, label="Learn the word")
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            view = result_view.result_view(TAB, None, EMPTY)
            with gr.Column(elem_classes="su-panel"):
                stored = StoredWords(context, TAB)
            drop = settings_drop.settings_drop(TAB)
    parts = Components(sound=sound, **settings, bar=bar, view=view, drop=drop, stored=stored, shared=shared)
    target = Handlers(context, parts).connect()
    return BuiltTab(view, bar.message, drop.share, (), target)


def _settings(context: AppContext) -> dict[str, Any]:
    """The components of the word's own settings, by their names."""
    word = gr.Textbox(
        label="Its name",
        placeholder="storm",
        info="Prompts then hold it between < and >: “a boat under <storm>”.",
        lines=1,
        elem_id=f"{TAB}-name",
    )
    with basic.accordion("Pictures of what it depicts"):
        pictures = gr.File(
            label=f"Three to five pictures (optional). {FINDS}",
            file_count="multiple",
            file_types=["image"],
            type="filepath",
            height=120,
            elem_id=f"{TAB}-pictures",
        )
        choices = context.studio.picture_libraries.choices()
        library = gr.Dropdown(
            choices,
            value="",
            label="Where the sound looks for pictures",
            visible=len(choices) > 1,
            elem_id=f"{TAB}-library",
        )
    message = basic.message(f"{TAB}-name-message")
    with basic.accordion("Advanced"):
        references = slider(
            REFERENCES, "Pictures that the sound finds", "Fewer take more of each one's place."
        )
        steps = slider(
            LEARNING_STEPS, "Steps of learning", "More hold closer to the pictures, and take longer."
        )
        seed = prompt_settings.seed_field(TAB, "The same seed learns the same word.")
    return {
        "word": word,
        "pictures": pictures,
        "library": library,
        "message": message,
        "references": references,
        "steps": steps,
        "seed": seed,
    }
