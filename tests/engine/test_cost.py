"""Seconds of a GPU, from a request alone."""

from __future__ import annotations

from typing import Any

import pytest

from sonic_ui.engine.cost import LONGEST_S, PASS_S, SHORTEST_S, START_S, gpu_seconds, sample_passes
from sonic_ui.requests import (
    EditImageRequest,
    ImageToSoundRequest,
    InterpolateRequest,
    MakingRequest,
    SoundToImageRequest,
    UpscaleImageRequest,
    VolumeSweepRequest,
)

PLAIN = {"steps": 20, "guidance_scale": 4.0}


def interpolate(**values: Any) -> InterpolateRequest:
    return InterpolateRequest(sound_a="a", sound_b="b", **PLAIN, **values)


@pytest.mark.parametrize(
    ("request_", "passes"),
    [
        (SoundToImageRequest(sound="a", count=3, **PLAIN), 20 * 2 * 3),
        (SoundToImageRequest(sound="a", steps=20, guidance_scale=1.0), 20),
        (SoundToImageRequest(sound="a"), 50 * 2),
        (interpolate(frames=8, continuity=0.0), 2 * 8 * 20),
        (interpolate(frames=8), 2 * (2 * 20 + 6 * 10)),
        (interpolate(frames=8, spacing="heard", continuity=0.8), 2 * (2 * 20 + 6 * 4)),
        (interpolate(positions=(0.5,)), 2 * (10 + 10 + 10)),
        (interpolate(positions=(0.0, 0.5), continuity=0.75), 2 * (20 + 15 + 5)),
        (interpolate(positions=(0.0, 1.0)), 2 * 2 * 20),
        (VolumeSweepRequest(sound="a", gains_db=(-6, 0, 6), **PLAIN), 20 * 2 * 3),
        (EditImageRequest(sound="a", picture="p", **PLAIN), 20 + 20 * 2),
        (EditImageRequest(sound="a", picture="p", strengths=(0.5, 1), **PLAIN), 20 + 20 * 2 * 2),
        (ImageToSoundRequest(picture="p", takes=2, **PLAIN), 20 * 2 * 2),
        (ImageToSoundRequest(picture="p", takes=2, source="recordings", **PLAIN), 0),
        (ImageToSoundRequest(picture="p", takes=2, candidates=4, **PLAIN), 20 * 2 * 2 * 4),
        (UpscaleImageRequest(picture="p", factor=4), 160),
        (ImageToSoundRequest(picture="p", length_s=2, **PLAIN), 20 * 2),
        (ImageToSoundRequest(picture="p", takes=2, length_s=30, **PLAIN), 20 * 2 * 2 * 8),
    ],
)
def test_passes_are_counted(request_: MakingRequest, passes: int) -> None:
    assert sample_passes(request_) == passes
    assert gpu_seconds(request_) == round(min(LONGEST_S, max(SHORTEST_S, START_S + passes * PASS_S)))


def test_a_strip_costs_at_most_seven_tenths_of_its_pictures() -> None:
    one = SoundToImageRequest(sound="a", steps=25)
    strip = InterpolateRequest(sound_a="a", sound_b="b", frames=8, steps=25)
    assert sample_passes(strip) / (8 * sample_passes(one)) == pytest.approx(0.64)


def test_more_work_never_asks_for_less_and_stays_in_bounds() -> None:
    few = SoundToImageRequest(sound="a", steps=1, guidance_scale=1.0)
    many = InterpolateRequest(sound_a="a", sound_b="b", frames=48, steps=100)
    assert gpu_seconds(few) == SHORTEST_S and gpu_seconds(many) == LONGEST_S
    one = SoundToImageRequest(sound="a", steps=100)
    assert gpu_seconds(one, 128) == gpu_seconds(one, 512) < gpu_seconds(one, 1024)
    seconds = [gpu_seconds(one.changed(count=count)) for count in range(1, 9)]
    assert seconds == sorted(seconds)
