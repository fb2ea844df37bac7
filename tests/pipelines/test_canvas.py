"""Pictures of another shape: one layout, extended."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, PNDMScheduler
from numpy.typing import NDArray

from sonic_ui.pipelines.canvas import LAYOUT_SHARE, Canvas
from sonic_ui.testing.tiny_bundle import debug_pipeline

OWN, WIDE = (4, 8, 8), (4, 8, 12)


def planned(scheduler: Any, steps: int = 5, shape: tuple[int, int, int] = WIDE) -> Canvas | None:
    scheduler.set_timesteps(steps)
    return Canvas.plan(OWN, shape, scheduler, [1, 2], [[], []])


def test_only_larger_shapes_with_a_scheduler_that_begins_anywhere_are_extended() -> None:
    canvas = planned(DDIMScheduler())
    assert canvas is not None and canvas.layout_steps == round(LAYOUT_SHARE * 5)
    assert planned(DDIMScheduler(), shape=OWN) is None and planned(DDIMScheduler(), shape=(4, 4, 12)) is None
    assert planned(PNDMScheduler()) is None, "it counts its calls"
    assert planned(DDIMScheduler(), steps=1) is None, "there is no step for a layout"


@pytest.mark.parametrize("kind", [DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler])
def test_what_is_painted_stays_in_the_middle_and_its_edges_go_on(kind: Any) -> None:
    scheduler = kind()
    canvas = planned(scheduler)
    assert canvas is not None
    latents, clean = torch.randn(2, *OWN), torch.randn(2, *OWN)
    wide = canvas.extend(latents, clean, scheduler)
    assert wide.shape == (2, *WIDE) and torch.equal(wide[..., 2:10], latents)
    time = scheduler.timesteps[canvas.layout_steps : canvas.layout_steps + 1]
    edge = clean[..., :1].expand(-1, -1, -1, 2)
    assert torch.allclose(wide[..., :2], scheduler.add_noise(edge, canvas.noise[..., :2], time), atol=1e-5)
    canvas.fresh(scheduler).step(torch.zeros_like(wide), time[0], wide)


def test_a_run_that_starts_within_the_layout_ends_in_the_same_picture(tone: NDArray[np.float32]) -> None:
    pipeline = debug_pipeline()
    settings: dict[str, Any] = {"num_inference_steps": 6, "guidance_scale": 3.0, "seed": 3, "width": 96}
    seen: list[Any] = []
    whole = pipeline(tone, on_step=lambda report: seen.append(report.latents), **settings).images[0]
    layout = round(LAYOUT_SHARE * 6)
    for begin in (2, layout + 1):
        again = pipeline(tone, latents=seen[begin - 1], begin_step=begin, **settings).images[0]
        assert np.array_equal(np.asarray(again), np.asarray(whole)), begin
    edge = pipeline(tone, latents=seen[layout - 1], begin_step=layout, **settings).images[0]
    assert edge.size == (96, 64), "one more step is done in the own shape"


def test_a_wide_picture_has_the_layout_of_its_seeds_square(tone: NDArray[np.float32]) -> None:
    pipeline = debug_pipeline()
    settings: dict[str, Any] = {"num_inference_steps": 5, "guidance_scale": 3.0, "seed": 3}
    shown: list[Any] = []
    pipeline(tone, on_step=lambda report: shown.append(report.latents), **settings)
    seen: list[Any] = []
    image = pipeline(tone, width=96, on_step=lambda report: seen.append(report.latents), **settings).images[0]
    assert image.size == (96, 64)
    layout = round(LAYOUT_SHARE * 5)
    assert [one.shape[-1] for one in seen] == [8] * layout + [12] * (5 - layout)
    assert all(torch.equal(one, other) for one, other in zip(shown[:layout], seen[:layout], strict=True))
    again = pipeline(tone, width=96, **settings).images[0]
    assert np.array_equal(np.asarray(image), np.asarray(again))
