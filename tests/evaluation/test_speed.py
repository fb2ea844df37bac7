"""Speed as a ratio, on tiny networks."""

from __future__ import annotations

from sonic_ui.evaluation.speed import strip_ratio
from sonic_ui.testing.tiny_bundle import debug_pipeline


def test_a_strip_is_measured_beside_single_pictures() -> None:
    passes: list[int] = []
    pipeline = debug_pipeline()
    pipeline.unet.register_forward_pre_hook(lambda module, given: passes.append(len(given[0])))
    figure = strip_ratio(pipeline, frames=4, steps=4, rounds=1)
    assert figure.value > 0 and figure.note == "4 steps"
    assert sum(passes) == 2 * 2 * (2 * 4 + 2 * 2 + 4 * 4), "guided, twice: a strip and as many pictures"
