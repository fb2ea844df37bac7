"""A pad on which to draw how energy rises and falls, or when something sounds.

Its value is {"kind": "curve" | "strip", "values": numbers in [0, 1] or None}. The picture's own curve comes
through a component of its own, so that it never gets in the way of what is being drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr
import numpy as np

from sonic_ui.ui.components.base import Value, html_component
from sonic_ui.ui.components.curve_pad.curves import POINTS, Preset

NOTHING_DRAWN: Value = {"kind": "curve", "values": None}


@dataclass(frozen=True)
class CurvePad:
    """The components: the pad, and what gives it the picture's own curve; `ghost.appear` says it stands."""

    pad: gr.HTML
    ghost: gr.HTML


def curve_pad(tab: str, label: str, presets: Sequence[Preset], seconds: float) -> CurvePad:
    """An empty pad of a tab, for a sound of so many seconds."""
    listed = [{"name": one.name, "title": one.title, "values": [*one.values]} for one in presets]
    pad = html_component(
        "curve_pad",
        NOTHING_DRAWN,
        scripts=["curve_text"],
        elem_id=f"{tab}-pad",
        tab=tab,
        label=label,
        points=POINTS,
        seconds=seconds,
        presets=listed,
    )
    return CurvePad(
        pad, html_component("pad_ghost", None, elem_id=f"{tab}-pad-ghost", elem_classes="su-unseen", tab=tab)
    )


def drawn_value(kind: str, values: Sequence[float]) -> Value:
    """A drawing for the pad, of any number of points."""
    return {"kind": kind, "values": [round(float(value), 4) for value in values]}


def ghost_value(values: Sequence[float] | np.ndarray | None) -> Value:
    """The picture's own curve over the whole time, of any number of points."""
    return {"values": None if values is None else [round(float(value), 4) for value in values]}
