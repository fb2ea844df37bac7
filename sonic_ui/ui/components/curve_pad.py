"""A pad on which to draw how energy rises and falls, or when something sounds.

Its value is {"kind": "curve" | "strip", "values": numbers in [0, 1] or None}. The picture's own curve comes
through a component of its own, so that it never gets in the way of what is being drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from sonic_ui.ui.components.live import live_html
from sonic_ui.ui.tabs.image_to_sound.curves import POINTS, SECONDS, Preset

Value = dict[str, Any]

NOTHING_DRAWN: Value = {"kind": "curve", "values": None}


@dataclass(frozen=True)
class CurvePad:
    """The components: the pad, and what tells it the picture's own curve; `ghost.appear` says it stands."""

    pad: gr.HTML
    ghost: gr.HTML


def curve_pad(tab: str, label: str, presets: Sequence[Preset]) -> CurvePad:
    """An empty pad of a tab."""
    offered = [{"name": one.name, "title": one.title, "values": [*one.values]} for one in presets]
    pad = live_html(
        "curve_pad",
        NOTHING_DRAWN,
        upon=["curve_text"],
        elem_id=f"{tab}-pad",
        tab=tab,
        label=label,
        points=POINTS,
        seconds=SECONDS,
        presets=offered,
    )
    return CurvePad(
        pad, live_html("pad_ghost", None, elem_id=f"{tab}-pad-ghost", elem_classes="su-unseen", tab=tab)
    )


def drawn(kind: str, values: Sequence[float]) -> Value:
    """A drawing for the pad, of any number of points."""
    return {"kind": kind, "values": [round(float(value), 4) for value in values]}


def ghost(values: Sequence[float] | np.ndarray | None, seconds: float) -> Value:
    """The picture's own curve, of any number of points, and how long the sound will be."""
    levels = None if values is None else [round(float(value), 4) for value in values]
    return {"values": levels, "seconds": seconds}
