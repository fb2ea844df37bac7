"""Words, strength, seed and the rest that every painting is made with."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.bundles import Defaults
from sonic_ui.requests import PaintingRequest
from sonic_ui.requests.base import GUIDANCE, SEED, STEPS, STRENGTH
from sonic_ui.ui.components.accordion import accordion
from sonic_ui.ui.components.message import message
from sonic_ui.ui.widgets.fields import slider

ROLL = f"() => [Math.floor(Math.random() * {int(SEED.maximum) + 1}), true]"


@dataclass(frozen=True)
class Words:
    """The components.

    beside    stands next to the seed: the number of pictures or frames
    further   what a tab adds to the advanced settings
    """

    prompt: gr.Textbox
    message: gr.HTML
    strength: gr.Slider
    beside: gr.Slider
    seed: gr.Number
    dice: gr.Button
    keep_seed: gr.Checkbox
    negative_prompt: gr.Textbox
    guidance_scale: gr.Slider
    steps: gr.Slider
    layers: gr.Textbox
    further: gr.Slider | None = None


SETTINGS = (
    "prompt",
    "negative_prompt",
    "strength",
    "layers",
    "guidance_scale",
    "steps",
    "seed",
    "keep_seed",
)
"""The names of those that make up a request."""


def words(
    tab: str,
    defaults: Defaults,
    beside: Callable[[], gr.Slider],
    seed_info: str = "The same number paints the same picture again.",
    further: Callable[[], gr.Slider] | None = None,
) -> Words:
    """Lay them out; `beside` makes the slider next to the seed, `further` one among the advanced settings."""
    prompt = gr.Textbox(
        label="Words (optional)",
        placeholder="a watercolour at dusk",
        info="Style, place or time of day. The sound brings the rest.",
        lines=1,
        max_lines=4,
        elem_id=f"{tab}-prompt",
    )
    told = message(f"{tab}-words-message")
    strength = slider(
        STRENGTH,
        "Strength of the sound",
        "More lets the sound rule the picture, less leaves it to the words; 0 does not listen.",
        defaults.strength,
    )
    with gr.Row(elem_classes="su-pair su-seeds"):
        number = beside()
        seed, dice, keep_seed = seed_field(tab, seed_info)
    with accordion("Advanced"):
        added = further() if further is not None else None
        advanced = _advanced(defaults)
    return Words(prompt, told, strength, number, seed, dice, keep_seed, *advanced, further=added)


def seed_field(tab: str, info: str) -> tuple[gr.Number, gr.Button, gr.Checkbox]:
    """A seed, what rolls another, and whether it is kept."""
    with gr.Column(min_width=180, elem_classes="su-seed"):
        seed = gr.Number(SEED.default, label="Seed", info=info, precision=0, elem_id=f"{tab}-seed-number")
        with gr.Row(elem_classes="su-seed-row"):
            dice = gr.Button("Roll", size="sm", min_width=72, elem_id=f"{tab}-dice", elem_classes="su-dice")
            keep = gr.Checkbox(False, label="Keep", container=False, min_width=72)
    return seed, dice, keep


def _advanced(defaults: Defaults) -> tuple[gr.Textbox, gr.Slider, gr.Slider, gr.Textbox]:
    return (
        gr.Textbox(
            label="Words to stay away from (negative prompt)", placeholder="night", lines=1, max_lines=3
        ),
        slider(
            GUIDANCE,
            "Follow the words and the sound (guidance scale)",
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
            label="Strength for each layer (beta)",
            info="One number for each decoder attention layer, coarse to fine; empty takes the one above.",
            placeholder="1 1 1 0.5 0.5 0.5 0 0 0",
            lines=1,
        ),
    )


def connect_words(parts: Words) -> None:
    """Roll the seed, and keep one that was typed."""
    connect_seed(parts.seed, parts.dice, parts.keep_seed)


def connect_seed(seed: gr.Number, dice: gr.Button, keep: gr.Checkbox) -> None:
    """Roll the seed, and keep one that was typed."""
    dice.click(None, js=ROLL, outputs=[seed, keep], api_visibility="private")
    seed.input(None, js="() => true", outputs=[keep], api_visibility="private")


def painting_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """A request's settings from those of `SETTINGS`; a new seed unless it is kept. They are not checked."""
    layers = values["layers"] or ""
    return {
        **{name: values[name] for name in ("prompt", "negative_prompt", "guidance_scale", "steps")},
        "strength": layers.replace(",", " ").split() or values["strength"],
        "seed": values["seed"] if values["keep_seed"] else random.randint(0, int(SEED.maximum)),
    }


def painting_updates(request: PaintingRequest) -> dict[str, Any]:
    """Values of `SETTINGS` that ask for `request` again; what it leaves to the bundle stays as it is."""
    one = isinstance(request.strength, float)
    updates: dict[str, Any] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "layers": "" if isinstance(request.strength, float) else " ".join(f"{x:g}" for x in request.strength),
        "seed": request.seed,
        "keep_seed": True,
    }
    if one:
        updates["strength"] = request.strength
    for name in ("guidance_scale", "steps"):
        if getattr(request, name) is not None:
            updates[name] = getattr(request, name)
    return updates
