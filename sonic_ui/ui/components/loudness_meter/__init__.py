"""The waveform and the loudness of a sound at the gain of a slider, drawn by the browser while it moves."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr
import numpy as np

from sonic_ui.audio.gain_preview import GainPoint
from sonic_ui.requests import Range
from sonic_ui.ui.components.base import Value, html_component


@dataclass(frozen=True)
class Knob:
    """What the slider turns: its `limits`, its name and a sentence for people, and the positions it marks."""

    limits: Range
    label: str
    words: str
    start: float
    marks: tuple[tuple[float, str], ...]

    def value(self) -> Value:
        """The knob for the script."""
        return {
            "label": self.label,
            "words": self.words,
            "minimum": self.limits.minimum,
            "maximum": self.limits.maximum,
            "step": self.limits.step,
            "start": self.start,
            "marks": [list(mark) for mark in self.marks],
        }


def loudness_meter(tab: str, elem_id: str, knobs: dict[str, Knob]) -> gr.HTML:
    """An empty meter of a tab; `knobs` are what its slider can turn: "gain", "scale", "both".

    It reports by `su-turned` where its slider stands; see the script.
    """
    return html_component(
        "loudness_meter",
        None,
        elem_id=elem_id,
        tab=tab,
        knobs={name: knob.value() for name, knob in knobs.items()},
    )


def meter_value(points: Sequence[GainPoint], ceiling_db: float) -> Value:
    """A sound for the meter, with the limiter's ceiling."""
    return {
        "ceiling_db": ceiling_db,
        "points": [
            {
                "gain_db": point.gain_db,
                "lufs": point.lufs,
                "peak_db": point.true_peak_db,
                "shape": _packed(point),
            }
            for point in points
        ],
    }


def _packed(point: GainPoint) -> str:
    """The outline as base64 of int8 [N, 2], full scale at 127."""
    rounded = np.clip(np.round(point.outline * 127), -127, 127).astype(np.int8)
    return base64.b64encode(rounded.tobytes()).decode()
