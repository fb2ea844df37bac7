"""Prompt, strength, seed and the rest that every painting is made with."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gradio as gr

from sonic_ui.bundles import BundleInfo, Defaults
from sonic_ui.requests import EditImageRequest, GeneratingRequest, PaintingRequest, SoundToImageRequest
from sonic_ui.requests.aspects import SQUARE
from sonic_ui.requests.base import GUIDANCE, SEED, STEPS, STRENGTH
from sonic_ui.requests.quality import DRAFT, FINE
from sonic_ui.requests.variations import as_text
from sonic_ui.ui.components import basic
from sonic_ui.ui.settings.table import Row
from sonic_ui.ui.widgets.fields import slider

VariedRequest = SoundToImageRequest | EditImageRequest

TOGGLE = """(chips, words) => {
  const { chosen, others } = chips;
  const text = ` ${words || ''} `;
  const rest = [chosen, ...others].reduce((left, phrase) => left.replaceAll(` ${phrase} `, ' '), text).trim();
  return text.includes(` ${chosen} `) ? rest : `${rest} ${chosen}`.trim();
}"""
"""A phrase in the words: in place of the others of its group, or away if it is there."""

MARK = "(chips, words) => ({ ...chips, words: words || '' })"
"""The phrases that are in the words show it."""

ROLL = f"() => [Math.floor(Math.random() * {int(SEED.maximum) + 1}), true]"


@dataclass(frozen=True)
class SeedField:
    """A seed, what rolls another, and whether it is kept: the components."""

    seed: gr.Number
    dice: gr.Button
    keep_seed: gr.Checkbox

    def row(self) -> Row:
        """The seed in a tab's settings: a new one unless it is kept."""
        return Row({"seed": self.seed, "keep_seed": self.keep_seed}, None, _next_seed, _known_seed)

    def connect(self) -> None:
        """Roll the seed, and keep one that was typed."""
        self.dice.click(None, js=ROLL, outputs=[self.seed, self.keep_seed], api_visibility="private")
        self.seed.input(None, js="() => true", outputs=[self.keep_seed], api_visibility="private")


class FollowsEngine(Protocol):
    """Settings that other weights set to what suits them.

    chips   phrases that the engine knows
    """

    @property
    def chips(self) -> gr.HTML: ...

    @property
    def choices(self) -> list[gr.Radio]:
        """What can be chosen depends on the engine."""

    def choices_of(self, info: BundleInfo, *, reset: bool = False) -> list[gr.Radio]:
        """Updates of `choices` for an engine; with `reset` they go back to what every engine can do."""

    def sliders_of(self, defaults: Defaults) -> dict[gr.Slider, float | None]:
        """Values of sliders for the defaults of an engine."""


def following(
    follows: Sequence[FollowsEngine], defaults: Defaults, *, reset: bool = False
) -> list[gr.components.Component]:
    """The components that `follow_engine` updates."""
    found: list[gr.components.Component] = []
    for one in follows:
        found += [one.chips, *one.choices, *(one.sliders_of(defaults) if reset else ())]
    return found


def follow_engine(
    follows: Sequence[FollowsEngine], info: BundleInfo, *, reset: bool = False
) -> dict[Any, Any]:
    """Updates of what follows an engine, for a handler to return; of sliders only with `reset`."""
    updates: dict[Any, Any] = {}
    for one in follows:
        updates[one.chips] = basic.chips_value(info)
        updates |= zip(one.choices, one.choices_of(info, reset=reset), strict=True)
        updates |= one.sliders_of(info.defaults) if reset else {}
    return updates


@dataclass(frozen=True)
class PhrasesAndStrength:
    """The settings of a mode that follow the engine, where it has no more of them."""

    chips: gr.HTML
    strength: gr.Slider

    @property
    def choices(self) -> list[gr.Radio]:
        return []

    def choices_of(self, info: BundleInfo, *, reset: bool = False) -> list[gr.Radio]:
        return []

    def sliders_of(self, defaults: Defaults) -> dict[gr.Slider, float | None]:
        return {self.strength: defaults.strength}


@dataclass(frozen=True)
class PromptSettings:
    """The components.

    beside_seed   the slider next to the seed: the number of pictures or frames, for instance
    advanced      what a tab adds to the advanced settings
    variations    the seeds whose noise is blended in, where a tab's results can be varied
    aspect        width to height, where a tab's pictures have one to choose
    quality       fine or draft, where a tab offers both
    """

    prompt: gr.Textbox
    chips: gr.HTML
    message: gr.HTML
    strength: gr.Slider
    beside_seed: gr.Slider
    seed: SeedField
    negative_prompt: gr.Textbox
    guidance_scale: gr.Slider
    steps: gr.Slider
    layers: gr.Textbox
    advanced: gr.Slider | None = None
    variations: gr.Textbox | None = None
    aspect: gr.Radio | None = None
    quality: gr.Radio | None = None

    @property
    def choices(self) -> list[gr.Radio]:
        """What can be chosen depends on the engine."""
        return [one for one in (self.aspect, self.quality) if one is not None]

    def sliders_of(self, defaults: Defaults) -> dict[gr.Slider, float | None]:
        """Values of sliders for the defaults of an engine."""
        return {
            self.steps: defaults.steps,
            self.guidance_scale: defaults.guidance_scale,
            self.strength: defaults.strength,
        }

    def choices_of(self, info: BundleInfo, *, reset: bool = False) -> list[gr.Radio]:
        """Updates of `choices` for an engine; with `reset` they go back to what every engine can do."""
        shown = {"aspect": len(info.aspects) > 1, "quality": info.defaults.draft is not None}
        first: dict[str, Any] = {"aspect": {"value": SQUARE}, "quality": {"value": FINE}}
        settings: dict[str, Any] = {"aspect": {"choices": [*info.aspects]}, "quality": {}}
        return [
            gr.Radio(visible=shown[name], **settings[name], **(first[name] if reset else {}))
            for name in ("aspect", "quality")
            if getattr(self, name) is not None
        ]

    def quality_row(self, offered: Callable[[], bool]) -> Row:
        """The quality in the settings of a tab that offers drafts.

        offered   whether the engine has drafts: without them, settings that come back take fine pictures
        """

        def values(request: Any, files: Mapping[str, str]) -> dict[str, Any]:
            return {"quality": request.quality if offered() else FINE}

        return Row({"quality": self.quality}, self.message, None, values)

    def variations_row(self) -> Row:
        """The variations in the settings of a tab whose results can be varied."""
        return Row({"variations": self.variations}, self.message, None, _variations)

    def aspect_row(self, offered: Callable[[], Sequence[str]]) -> Row:
        """The aspect in the settings of a tab whose pictures have one to choose.

        offered   the aspects of the engine: settings that come back with another take the square
        """

        def values(request: Any, files: Mapping[str, str]) -> dict[str, Any]:
            return {"aspect": request.aspect if request.aspect in offered() else SQUARE}

        return Row({"aspect": self.aspect}, self.message, None, values)

    def rows(self) -> list[Row]:
        """The components in a tab's settings, but those that only some tabs have."""
        return [
            Row({"prompt": self.prompt, "negative_prompt": self.negative_prompt}, self.message),
            Row({"strength": self.strength, "layers": self.layers}, None, _strength, _strength_values),
            Row({"guidance_scale": self.guidance_scale, "steps": self.steps}, None, None, _loop_values),
            self.seed.row(),
        ]


def prompt_settings(
    tab: str,
    info: BundleInfo,
    beside_seed: Callable[[], gr.Slider],
    seed_info: str = "",
    advanced: Callable[[], gr.Slider] | None = None,
    varied: bool = False,
    shaped: bool = False,
    drafts: bool = False,
) -> PromptSettings:
    """Lay them out for an engine; `beside_seed` and `advanced` make the sliders of a tab's own.

    varied   whether the tab's results can be varied
    shaped   whether its pictures have an aspect to choose
    drafts   whether it paints drafts where the engine can
    """
    defaults = info.defaults
    prompt = gr.Textbox(
        label="Words (optional)",
        placeholder="a watercolour at dusk",
        lines=1,
        max_lines=4,
        elem_id=f"{tab}-prompt",
    )
    chips = basic.phrase_chips(f"{tab}-chips", info)
    chips.input(None, js=TOGGLE, inputs=[chips, prompt], outputs=[prompt], api_visibility="private")
    prompt.change(None, js=MARK, inputs=[chips, prompt], outputs=[chips], api_visibility="private")
    message = basic.message(f"{tab}-words-message")
    strength = slider(
        STRENGTH,
        "Strength of the sound",
        "0 does not listen to it; more lets it rule the picture.",
        defaults.strength,
    )
    aspect = _aspect_choice(tab, info) if shaped else None
    with gr.Row(elem_classes="su-pair"):
        quality = _quality_choice(tab, info) if drafts else None
        number = beside_seed()
    seed = seed_field(tab, seed_info)
    with basic.accordion("Advanced"):
        added = advanced() if advanced is not None else None
        rest = _advanced(defaults)
        variations = _variations_field() if varied else None
    return PromptSettings(
        prompt, chips, message, strength, number, seed, *rest, added, variations, aspect, quality
    )


def seed_field(tab: str, info: str) -> SeedField:
    """Lay out a seed."""
    with gr.Column(min_width=180, elem_classes="su-seed"):
        seed = gr.Number(
            SEED.default, label="Seed", info=info or None, precision=0, elem_id=f"{tab}-seed-number"
        )
        with gr.Row(elem_classes="su-seed-row"):
            dice = gr.Button("Roll", size="sm", min_width=72, elem_id=f"{tab}-dice", elem_classes="su-dice")
            keep = gr.Checkbox(False, label="Keep", container=False, min_width=72)
    return SeedField(seed, dice, keep)


def _advanced(defaults: Defaults) -> tuple[gr.Textbox, gr.Slider, gr.Slider, gr.Textbox]:
    return (
        gr.Textbox(label="Words to stay away from", placeholder="night", lines=1, max_lines=3),
        slider(
            GUIDANCE,
            "Follow the words and the sound",
            "More is more literal and harsher, less is freer and softer.",
            defaults.guidance_scale,
        ),
        slider(
            STEPS,
            "Steps",
            "More is finer and slower; beyond about 50 little changes.",
            defaults.steps,
        ),
        gr.Textbox(
            label="Strength for each layer",
            info="One number for each decoder attention layer, coarse to fine; empty takes the one above.",
            placeholder="1 1 1 0.5 0.5 0.5 0 0 0",
            lines=1,
        ),
    )


def _aspect_choice(tab: str, info: BundleInfo) -> gr.Radio:
    return gr.Radio(
        [*info.aspects],
        value=SQUARE,
        label="Shape",
        show_label=False,
        visible=len(info.aspects) > 1,
        elem_id=f"{tab}-aspect",
        elem_classes="su-choice su-aspects",
    )


def _quality_choice(tab: str, info: BundleInfo) -> gr.Radio:
    return gr.Radio(
        [("Fine", FINE), ("Draft", DRAFT)],
        value=FINE,
        label="Quality",
        visible=info.defaults.draft is not None,
        min_width=150,
        elem_id=f"{tab}-quality",
        elem_classes="su-choice su-quality",
    )


def _variations_field() -> gr.Textbox:
    return gr.Textbox(
        label="Variations",
        info="Seeds blended in, each with its amount from 0 to 1. “Vary” below a picture does it for you.",
        placeholder="7:0.3",
        lines=1,
    )


def _variations(request: VariedRequest, files: Mapping[str, str]) -> dict[str, Any]:
    return {"variations": as_text(request.variations)}


def _loop_values(request: Any, files: Mapping[str, str]) -> dict[str, Any]:
    """Steps and guidance of a request; those of a draft are not what a fine picture should take."""
    if getattr(request, "quality", FINE) == DRAFT:
        return {}
    found = {"guidance_scale": request.guidance_scale, "steps": request.steps}
    return {name: value for name, value in found.items() if value is not None}


def _next_seed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"seed": values["seed"] if values["keep_seed"] else random.randint(0, int(SEED.maximum))}


def _known_seed(request: GeneratingRequest, files: Mapping[str, str]) -> dict[str, Any]:
    return {"seed": request.seed, "keep_seed": True}


def _strength(values: Mapping[str, Any]) -> dict[str, Any]:
    """One strength for each layer if they are listed, else the one of the slider."""
    return {"strength": (values["layers"] or "").replace(",", " ").split() or values["strength"]}


def _strength_values(request: PaintingRequest, files: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(request.strength, float):
        return {"strength": request.strength, "layers": ""}
    return {"layers": " ".join(f"{one:g}" for one in request.strength)}
