"""Measured speed of an engine: what its work has taken so far."""

import threading
import time
from typing import Any, Literal

Kind = Literal["pass", "frame"]
"""A sample's pass through the denoiser, for a picture of the model's own size; a megapixel of a film's
frames."""

REMEMBERED = 0.5
"""Share of earlier measurements in the next value."""


class Pace:
    """Seconds for each kind of work. Safe to share between threads."""

    def __init__(self) -> None:
        self._seconds: dict[Kind, float] = {}
        self._lock = threading.Lock()

    def add(self, kind: Kind, amount: float, seconds: float) -> None:
        """So much work took so long; work of no amount says nothing."""
        if amount <= 0 or seconds <= 0:
            return
        with self._lock:
            before = self._seconds.get(kind, seconds / amount)
            self._seconds[kind] = REMEMBERED * before + (1 - REMEMBERED) * seconds / amount

    def seconds(self, kind: Kind) -> float | None:
        """For one unit of a kind; None where none was measured."""
        with self._lock:
            return self._seconds.get(kind)


LONG_STEP_S = 2.0
"""After a step that takes longer no more are timed."""


STEPS = 4
"""Of the picture that is timed: its decoding counts as in a draft."""


def time_step(pipeline: Any) -> float:
    """Seconds of one step of one picture of a few steps without guidance, its decoding shared among them."""
    import torch

    width = int(pipeline.audio_projector.config.embedding_dim)
    embeds = torch.ones(1, width) / width**0.5
    each = 0.0
    for steps in (1, STEPS):  # the first wakes the networks
        begun = time.perf_counter()
        with torch.inference_mode():
            pipeline(audio_embeds=embeds, num_inference_steps=steps, guidance_scale=1.0)
        each = (time.perf_counter() - begun) / steps
        if each > LONG_STEP_S:
            break
    return each
