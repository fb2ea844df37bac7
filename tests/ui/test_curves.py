"""Curves for the pad."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonic_ui.audio.clips import Clip
from sonic_ui.audio.energy import onsets, resample_curve
from sonic_ui.requests import BadInput, ImageToSoundRequest
from sonic_ui.ui.components.curve_pad.curves import (
    POINTS,
    curve_settings,
    hum_curve,
    pad_value,
    presets,
)

SECONDS = 5.0
PRESETS = {one.name: np.array(one.values) for one in presets()}


@pytest.mark.parametrize("name", list(PRESETS))
def test_ready_made_curves_are_curves(name: str) -> None:
    values = PRESETS[name]
    assert values.shape == (POINTS,) and values.min() >= 0 and values.max() == 1
    assert ImageToSoundRequest(picture="p.png", curve=[*values]).curve is not None


def test_ready_made_curves_are_what_they_are_called() -> None:
    assert np.all(np.diff(PRESETS["fade-in"]) > 0)
    assert 45 <= PRESETS["swell"].argmax() <= 55 and PRESETS["swell"][0] < 0.01
    assert len(onsets(resample_curve(PRESETS["three-knocks"], 500))) == 3
    assert len(onsets(resample_curve(PRESETS["pulse"], 500))) == 5
    assert len(onsets(resample_curve(PRESETS["heartbeat"], 500))) >= 5
    assert PRESETS["storm"].min() > 0.05


def recording(seconds: float, loud: slice) -> Clip:
    rate = 16_000
    samples = np.zeros(round(seconds * rate), np.float32)
    samples[loud.start * rate : loud.stop * rate] = np.random.default_rng(0).normal(
        0, 0.1, (loud.stop - loud.start) * rate
    )
    return Clip(samples, rate, 0.0, seconds, seconds)


def test_a_hum_keeps_its_time_or_is_squeezed() -> None:
    values, words = hum_curve(recording(4, slice(1, 3)), SECONDS)
    assert (len(values) == POINTS and "first 2.0 seconds" in words) or "first 2.1 seconds" in words
    assert min(values[3:37]) > 0.3 and max(values[45:]) == 0
    values, words = hum_curve(recording(12, slice(1, 11)), SECONDS)
    assert "squeezed into 5" in words and min(values[3:97]) > 0.3
    values, _ = hum_curve(recording(2, slice(0, 0)), SECONDS)
    assert values == [0.0] * POINTS


def test_what_the_pad_asks_for() -> None:
    assert curve_settings({"kind": "curve", "values": None}) == {"curve": None, "moments": None}
    assert curve_settings({"kind": "curve", "values": [0, 1]}) == {"curve": (0.0, 1.0), "moments": None}
    assert curve_settings({"kind": "strip", "values": [0, 1]}) == {"curve": None, "moments": (0, 1)}
    assert curve_settings("nonsense") == curve_settings(None) == {"curve": None, "moments": None}


@pytest.mark.parametrize("values", [[], [0, float("nan")], [0, 2], ["a", "b"], "0 1"])
def test_what_no_pad_sends_is_refused(values: Any) -> None:
    with pytest.raises(BadInput):
        curve_settings({"kind": "curve", "values": values})


@pytest.mark.parametrize(
    "given", [{"curve": (0.0, 0.5, 1.0)}, {"curve": (0.5,)}, {"moments": (0, 1, 0, 1)}, {}]
)
def test_the_pad_gets_back_what_it_asked_for(given: dict[str, Any]) -> None:
    request = ImageToSoundRequest(picture="p.png", **given)
    again = curve_settings(pad_value(request, SECONDS))
    if given.get("moments"):
        assert len(again["moments"]) == POINTS and sum(again["moments"]) == POINTS / 2
    else:
        assert again["curve"] == request.curve


def test_moments_in_seconds_come_back_as_a_strip() -> None:
    value = pad_value(ImageToSoundRequest(picture="p.png", moments=((1, 2),)), 5.0)
    assert value["kind"] == "strip" and sum(value["values"]) == 20 and value["values"][20] == 1
