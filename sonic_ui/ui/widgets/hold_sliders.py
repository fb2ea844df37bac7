"""How hard an edit holds on to its picture: two sliders, the layers, and what they turn to with the mode."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from sonic_ui.requests import EDIT_MODES, EditImageRequest
from sonic_ui.requests.edit_image import LAYERS, TAU_ATTN, TAU_FEATURE, OwnPictureRequest
from sonic_ui.ui.settings.table import Row
from sonic_ui.ui.widgets.fields import slider

LAYER_WORDS = [
    ("As usual", "paper"),
    ("A little harder", "released"),
    ("Hold harder", "harder"),
]


def hold_sliders(name: str) -> tuple[gr.Slider, gr.Slider, gr.Radio]:
    """Layout, detail and layers, as the first mode has them."""
    first = next(iter(EDIT_MODES.values()))
    tau_attn = slider(
        TAU_ATTN,
        "Keep the layout",
        "More holds where things are, less lets the sound move them.",
        first.tau_attn,
    )
    tau_feature = slider(
        TAU_FEATURE,
        "Keep the detail",
        "More holds shapes and contours, less lets the sound redraw them.",
        first.tau_feature,
    )
    held = gr.Radio(
        LAYER_WORDS,
        value="paper",
        label="How hard to hold on to the picture",
        info="The two sliders above say for which part of the steps.",
        elem_id=f"{name}-held",
        elem_classes="su-choice su-held",
    )
    return tau_attn, tau_feature, held


def hold_row(tau_attn: gr.Slider, tau_feature: gr.Slider, held: gr.Radio, message: gr.HTML) -> Row:
    """The settings that they stand for."""
    components = {"held": held, "tau_attn": tau_attn, "tau_feature": tau_feature}
    return Row(components, message, _hold, _hold_values, fields=["layers"])


def _hold(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: values[name] for name in ("tau_attn", "tau_feature")}, "layers": values["held"]}


def _hold_values(request: EditImageRequest | OwnPictureRequest, files: Mapping[str, str]) -> dict[str, Any]:
    held = {name: request.hold[name] for name in ("tau_attn", "tau_feature")}
    return {**held, "held": layers_name(request.hold["feature_layers"])}


def layers_name(layers: Sequence[int]) -> str:
    """The name of layers whose hidden states are taken over (`LAYERS`)."""
    return next(name for name, known in LAYERS.items() if known == tuple(layers))


def mode_settings() -> dict[str, list[float | str]]:
    """What the sliders and the layers turn to when a mode is chosen: tau, tau, layers, by mode."""
    return {
        name: [mode.tau_attn, mode.tau_feature, layers_name(mode.feature_layers)]
        for name, mode in EDIT_MODES.items()
    }


def follow_mode(mode: Any, tau_attn: gr.Slider, tau_feature: gr.Slider, held: gr.Radio) -> None:
    """Turn the sliders with the mode that is chosen, in the browser."""
    mode.input(
        None,
        js=f"mode => ({json.dumps(mode_settings())})[mode]",
        inputs=[mode],
        outputs=[tau_attn, tau_feature, held],
        api_visibility="private",
    )
