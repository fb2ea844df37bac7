"""Live: one frame at a time of what is heard now, and whose turn it is on an engine.

The device is taken for each frame anew, so that ordinary jobs never wait for more than one.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL.Image import Image

from sonic_ui.audio.rolling import RATE_HZ, rms_dbfs, there_and_back
from sonic_ui.engine.components import Components
from sonic_ui.engine.events import CancelToken, FairLock, Label
from sonic_ui.engine.word_store import NO_WORDS, Words, used_words
from sonic_ui.engine.words import words_context
from sonic_ui.requests.live import LiveRequest

WINDOW_S = 2.0
"""The newest seconds that a frame shows. Of the examples' sounds 2 s (there and back) are named rightly in
0.94, 1 s in 0.61, and in 0.30 where it is repeated as it is."""

MEMORY_S = 5.0
"""The newest seconds by which a sound is known or unknown: the open-set head was calibrated on as many."""

QUIET_DBFS = -60.0
"""A window softer than this, after the gain, shows nothing: the last frame stays."""

STEPS = 4
"""Of an engine that has no weights for drafts: its own in so few are rougher, and seldom another picture."""

TURN_S = 120.0
"""How long one may be live while others wait."""


@dataclass(frozen=True)
class LiveFrame:
    """A frame, what is heard in it, and what it was painted from.

    request     with all settings filled in; is_draft: painted by weights for few steps
    window      float32 [T] at 48 kHz, before the gain
    labels      most probable first, of the smoothed embedding
    known_probability   see `AudioAnalysis`
    position_s  seconds of sound up to its end
    """

    image: Image = field(repr=False)
    request: LiveRequest
    window: np.ndarray = field(repr=False)
    labels: tuple[Label, ...]
    is_unknown: bool
    known_probability: float | None
    position_s: float
    is_draft: bool = False


class LivePainter:
    """Paints the frames of one session, one after the other, on the networks of a bundle."""

    def __init__(self, components: Components, device: FairLock) -> None:
        self._components = components
        self._device = device
        self.words: Words = NO_WORDS
        """Learned words that the request's texts may hold, by name."""
        self._embedding: np.ndarray | None = None
        self._position_s = 0.0

    def paint(
        self,
        request: LiveRequest,
        memory: np.ndarray,
        position_s: float,
        cancel: CancelToken,
        on_wait: Callable[[int], None],
    ) -> LiveFrame | None:
        """A frame of the newest sound, or None where it is too quiet to show anything.

        memory       float32 [T] at 48 kHz, up to MEMORY_S; position_s: seconds of sound up to its end
        on_wait      called with the number of jobs ahead when the device is taken

        Raises `Cancelled` within a step once the token is set, `BadInput` for settings that cannot be used.
        """
        import torch

        window = memory[-round(WINDOW_S * RATE_HZ) :]
        if rms_dbfs(window) + request.gain_db < QUIET_DBFS:
            return None
        request = self._with_defaults(request)
        with torch.inference_mode():
            embedding = self._smoothed(request, window, position_s)
            labels = self._components.rank_labels(embedding)
            known, is_unknown = self._components.known_probability(there_and_back(memory))
            words = used_words(self.words, request.prompt, request.negative_prompt)[0]
            with self._device.turn(cancel, on_wait), words_context(words, self._components):
                image = self._painted(request, embedding, cancel)
        return LiveFrame(image, request, window, labels, is_unknown, known, position_s, self.is_draft)

    def _with_defaults(self, request: LiveRequest) -> LiveRequest:
        defaults = self._components.bundle.info.defaults
        if self.is_draft and defaults.draft is not None:
            return request.with_defaults(defaults.draft.model_dump())
        return request.with_defaults({"steps": STEPS, "guidance_scale": defaults.guidance_scale})

    @property
    def is_draft(self) -> bool:
        """Whether the bundle has weights for few steps."""
        bundle = self._components.bundle
        return bundle.few_step_part is not None and bundle.info.defaults.draft is not None

    def _smoothed(self, request: LiveRequest, window: np.ndarray, position_s: float) -> np.ndarray:
        """The embedding [D] that follows the newest one with the request's time constant."""
        from sonic_ui.audio.loudness import apply_gain

        samples = apply_gain(window, request.gain_db, RATE_HZ) if request.gain_db else window
        newest = self._components.embed(there_and_back(samples))
        if self._embedding is not None and request.smoothing_s > 0:
            share = math.exp(-(position_s - self._position_s) / request.smoothing_s)
            newest = share * self._embedding + (1 - share) * newest
            newest /= max(float(np.linalg.norm(newest)), 1e-6)
        self._embedding, self._position_s = newest, position_s
        return newest

    def _painted(self, request: LiveRequest, embedding: np.ndarray, cancel: CancelToken) -> Image:
        import torch

        def on_step(_: Any) -> None:
            cancel.check()

        pipeline = self._components.draft_pipeline if self.is_draft else self._components.pipeline
        image: Image = pipeline(
            audio_embeds=torch.from_numpy(embedding[None]),
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            strength=request.strength,
            guidance_scale=request.guidance_scale,
            num_inference_steps=request.steps,
            seed=request.seed,
            on_step=on_step,
        ).images[0]
        return image


class LiveTurns:
    """Who may be live on an engine: the first in line, for `turn_s` at a time while others wait.

    Safe to share between threads.
    """

    def __init__(self, turn_s: float = TURN_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._turn_s = turn_s
        self._clock = clock
        self._line: list[object] = []
        self._since = 0.0
        self._lock = threading.Lock()

    def ahead(self, who: object) -> int:
        """How many are before `who`, who is last in line if they were not in it; 0: it is their turn."""
        with self._lock:
            if who not in self._line:
                self._line.append(who)
                if len(self._line) == 1:
                    self._since = self._clock()
            elif len(self._line) > 1 and self._clock() - self._since > self._turn_s:
                self._next()
            return self._line.index(who)

    def leave(self, who: object) -> None:
        """Let the next one go on."""
        with self._lock:
            if who in self._line:
                first = self._line[0] is who
                self._line.remove(who)
                if first:
                    self._since = self._clock()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        with self._lock:
            return max(0, len(self._line) - 1)

    def _next(self) -> None:
        self._line.append(self._line.pop(0))
        self._since = self._clock()
