"""What is heard, in words: the engine's caption, to be edited, and how it takes part in the picture."""

import logging
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.engine.events import Failure
from sonic_ui.media.captions import Caption
from sonic_ui.requests import BadInput
from sonic_ui.requests.captions import OFF, OPTIMIZE_STEPS, CaptionSoundRequest
from sonic_ui.ui import api
from sonic_ui.ui.components import basic
from sonic_ui.ui.late_loading import show_when_unfolded
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.table import Row
from sonic_ui.ui.widgets.fields import FREQUENT, Update, slider
from sonic_ui.ui.widgets.mixer import MixerHandlers
from sonic_ui.ui.widgets.sound_input import SoundInput

TITLE = "What is heard, in words"
CHOICES = [("Off", OFF), ("With the sound", "with_sound"), ("By its words alone", "words_alone")]
NOTHING = "Nothing that has a name is heard here. Write what you hear yourself."
NOT_WRITTEN = "What is heard could not be written; the app’s log has the details. Write it yourself."
ANSWER: dict[str, api.Component] = {"caption": gr.JSON}
RETURNS = (
    """Returns the caption, and its words with the probability of each, as JSON: {"caption", "words"}."""
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CaptionSettings:
    """The components."""

    caption: gr.Textbox
    write: gr.Button
    chances: gr.HTML
    by_caption: gr.Radio
    attention: gr.Checkbox
    tuning: gr.Slider
    message: gr.HTML

    def row(self) -> Row:
        """The caption in the tab's settings."""
        return Row(
            {
                "by_caption": self.by_caption,
                "caption": self.caption,
                "caption_attention": self.attention,
                "optimize_steps": self.tuning,
            },
            self.message,
        )


def caption_settings(tab: str) -> CaptionSettings:
    """Lay them out, folded; they reach the page when they are unfolded first."""
    message = basic.message(f"{tab}-caption-message")
    with basic.accordion(TITLE) as fold:
        by_caption = gr.Radio(
            CHOICES,
            value=OFF,
            label="Paint by caption",
            elem_id=f"{tab}-by-caption",
            elem_classes="su-choice",
        )
        caption = gr.Textbox(
            label=TITLE,
            info="Take a thing away, or add one, and the picture follows. Empty: the engine writes it.",
            placeholder="loud rain and a dog in a church",
            lines=2,
            max_lines=4,
            elem_id=f"{tab}-caption",
        )
        write = gr.Button("Write what is heard", size="sm", elem_id=f"{tab}-write-caption")
        chances = basic.status_text(f"{tab}-caption-chances")
        attention = gr.Checkbox(
            True,
            label="Weigh words by how surely they are heard, and things above all",
            container=False,
            elem_classes="su-check",
        )
        tuning = slider(
            OPTIMIZE_STEPS,
            "Tune the words to the sound (steps)",
            "Each step paints once more and makes the picture more like the sound; ten take minutes.",
        )
    show_when_unfolded(fold, [by_caption, caption, write, attention, tuning])
    return CaptionSettings(caption, write, chances, by_caption, attention, tuning, message)


def chance_line(caption: Caption) -> str:
    """The words with how sure each is, for a person."""
    sure = (f"{word} {chance:.0%}" for word, chance in zip(caption.words, caption.probabilities, strict=True))
    return f"How sure: {' · '.join(sure)}"


def as_json(caption: Caption) -> dict[str, Any]:
    """A caption for programs."""
    pairs = zip(caption.words, caption.probabilities, strict=True)
    return {"caption": caption.text, "words": [[word, round(chance, 4)] for word, chance in pairs]}


class CaptionHandlers:
    """Write the caption of the sound in the input, or of all that are mixed with it."""

    def __init__(
        self, context: AppContext, parts: CaptionSettings, sound: SoundInput, mixer: MixerHandlers
    ) -> None:
        self._context, self._parts, self._sound, self._mixer = context, parts, sound, mixer

    def write(self, *values: Any) -> Update:
        """The button was pressed."""
        parts = self._parts
        try:
            mix = self._mixer.mix(dict(zip(self._mixer.inputs, values, strict=True)))
            caption = mix.caption(self._context.studio.captions.caption)
        except (BadInput, Failure) as problem:
            return {parts.message: basic.error(str(problem))}
        except Exception:
            log.exception("A caption was not written")
            return {parts.message: basic.error(NOT_WRITTEN)}
        if not caption.words:
            return {parts.message: basic.note(NOTHING), parts.chances: ""}
        return {
            parts.caption: caption.text,
            parts.chances: chance_line(caption),
            parts.message: basic.CLEAR,
        }

    def connect(self) -> None:
        """Connect the button; another sound takes the words of the last one away."""
        parts, sound = self._parts, self._sound
        changed = [parts.caption, parts.chances, parts.message]
        parts.write.click(self.write, inputs=[*self._mixer.inputs.values()], outputs=changed, **FREQUENT)
        for event in (sound.drawing.give, sound.examples.choose):
            event(
                None,
                js="() => ['', '']",
                outputs=[parts.caption, parts.chances],
                api_visibility="private",
            )


def written(context: AppContext, request: CaptionSoundRequest) -> Caption:
    """The caption of a request. Raises `BadInput` and `Failure`."""
    studio = context.studio
    sound = studio.load_sound(request.sound, request.start_s, request.end_s, request.gain_db)
    return studio.captions.caption(sound, "", request.top_k, request.seed)


def add_endpoint(context: AppContext) -> None:
    """`caption_sound`, for programs."""

    def call(request: CaptionSoundRequest, caller: api.Caller) -> dict[str, Any]:
        return as_json(written(context, request))

    about = api.describe(CaptionSoundRequest, RETURNS)
    api.add_endpoint("caption_sound", CaptionSoundRequest, call, ANSWER, about)
