"""Knobs of a sweep: the sound's gain, the scale of its strength, or both; frames in words and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sonic_ui.requests import BadInput, VolumeSweepRequest
from sonic_ui.requests.volume_sweep import GAINS_DB, MAX_GAINS, SCALE, VOLUME
from sonic_ui.ui.components.loudness_meter import Knob

KnobName = Literal["gain", "scale", "both"]

KNOB_WORDS: dict[KnobName, str] = {
    "gain": "The sound itself",
    "scale": "How much the picture listens",
    "both": "Both",
}
DOUBLING_DB = 12.0
"""With both turned, this much gain makes the picture listen twice as much."""

GAIN_MARKS = ((-40.0, "−40"), (-20.0, "−20"), (0.0, "as it is"), (20.0, "+20 dB"))

KNOBS: dict[KnobName, Knob] = {
    "gain": Knob(
        VOLUME,
        "Loudness change (gain)",
        "Turns the sound down or up before it is heard.",
        0.0,
        GAIN_MARKS,
    ),
    "scale": Knob(
        SCALE,
        "How much the picture listens (strength × this)",
        "The sound stays as it is; the picture follows it less or more.",
        1.0,
        ((0.0, "not at all"), (1.0, "as set"), (2.0, "twice")),
    ),
    "both": Knob(
        VOLUME,
        "Loudness change, and listening with it",
        "Twelve decibels up also make the picture listen twice as much, twelve down half as much.",
        0.0,
        GAIN_MARKS,
    ),
}
FRAMES: dict[KnobName, tuple[float, ...]] = {
    "gain": GAINS_DB,
    "scale": (0.0, 0.5, 1.0, 1.5, 2.0),
    "both": GAINS_DB,
}
"""The frames of a sweep unless others are given."""


@dataclass(frozen=True)
class FrameLists:
    """One gain in dB and one scale a frame; either may hold a single value for all."""

    gains_db: tuple[float, ...]
    scales: tuple[float, ...]


def frame_lists(knob: str, values: object) -> FrameLists:
    """The gains and scales of frames at `values` (numbers, or text that lists them). Raises `BadInput`."""
    if knob not in KNOBS:
        raise BadInput(f"What to turn up is {knob!r}; it is one of {', '.join(KNOBS)}.", "knob")
    if isinstance(values, str):
        values = values.replace("−", "-").replace("dB", " ").replace("×", " ").replace("x", " ")
    if knob == "scale":
        return FrameLists((0.0,), SCALE.check_list(values, "scales", MAX_GAINS))
    gains = VOLUME.check_list(values, "gains_db", MAX_GAINS)
    return FrameLists(gains, (1.0,) if knob == "gain" else tuple(map(scale_at, gains)))


def scale_at(gain_db: float) -> float:
    """How much the picture listens at a gain, where both are turned: 1 at 0 dB, twice that at +12 dB."""
    return round(min(SCALE.maximum, 2.0 ** (gain_db / DOUBLING_DB)), 3)


def knob_of(request: VolumeSweepRequest) -> tuple[KnobName, tuple[float, ...]]:
    """What a request turns, and where its frames stand. Raises `BadInput` for what the page cannot show."""
    for knob in KNOBS:
        values = request.scales if knob == "scale" else request.gains_db
        lists = frame_lists(knob, values)
        if (lists.gains_db, lists.scales) == (request.gains_db, request.scales):
            return knob, values
    raise BadInput(
        "These frames were made with gains and scales of their own, which this tab has no knob for. "
        "Call the endpoint volume_sweep for them.",
        "knob",
    )


def position_of(knob: str, gain_db: float | None, scale: float | None) -> float:
    """Where a frame stands on the knob."""
    return float((scale if knob == "scale" else gain_db) or 0.0)


def number_list(knob: str, values: Sequence[float]) -> str:
    """Positions of frames as a person would list them: "-24, -12, 0, +6"."""
    sign = "" if knob == "scale" else "+"
    return ", ".join(f"{value:{sign if value else ''}g}" for value in values)
