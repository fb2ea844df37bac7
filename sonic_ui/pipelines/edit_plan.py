"""Plan of one edit: which features are injected at which step, and the conditions of the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from sonic_ui.models.gated_attention import AudioAttention, AudioScale, layer_audio_scales
from sonic_ui.pipelines.check_inputs import share
from sonic_ui.pipelines.inversion import Inversion
from sonic_ui.pipelines.plug_and_play import FeatureInjection, HookPoint
from sonic_ui.requests import BadInput

FEATURES = ("replay", "source pass")


@dataclass(frozen=True)
class InjectionSchedule:
    """Which of the source's features an edit takes over, and until when. Raises BadInput."""

    tau_attn: float
    """First part of the steps, 0..1, during which self-attention takes the source's queries and keys."""
    tau_feature: float
    """The same for hidden states of residual blocks."""
    attention_layers: Sequence[int]
    feature_layers: Sequence[int]
    features: str
    """"replay" or "source pass"."""

    def __post_init__(self) -> None:
        share("tau_attn", self.tau_attn)
        share("tau_feature", self.tau_feature)
        if self.features not in FEATURES:
            raise BadInput(f"features is {self.features!r}; it takes one of {', '.join(FEATURES)}.")

    def active(self, hook_points: frozenset[HookPoint], step: int, steps: int) -> frozenset[HookPoint]:
        """Those of `hook_points` that are injected at `step` (0 is the first, the noisiest) of `steps`."""
        until = {True: round(self.tau_feature * steps), False: round(self.tau_attn * steps)}
        return frozenset(point for point in hook_points if step < until[point.output == "hidden"])


@dataclass(frozen=True)
class BatchConditions:
    """Conditions of the denoiser's batch, a row each: unconditional ones first (if guided), then edits."""

    count: int
    """Edits, B; there are R = B or 2 B rows."""
    text: Tensor  # [R, L, C]
    tokens: Tensor | None  # [R, K, C]
    audio_scale: AudioScale  # a tensor is [R]
    guidance_scale: float | None  # None without guidance


@dataclass(frozen=True)
class EditPlan:
    """Everything that the loop from noise to picture needs."""

    inversion: Inversion
    schedule: InjectionSchedule
    injection: FeatureInjection | None
    conditions: BatchConditions
    mask: Tensor | None  # [1, 1, h, w], 1 where latents may change

    def hook_points(self, level: int) -> frozenset[HookPoint]:
        """Where features are injected on the step down from `level`."""
        if self.injection is None:
            return frozenset()
        steps = self.inversion.steps
        return self.schedule.active(self.injection.hook_points, steps - level, steps)

    def needs_source(self, level: int) -> bool:
        """Whether the source has to run along on the step down from `level`."""
        hook_points = self.hook_points(level)
        if not hook_points or self.schedule.features == "source pass":
            return bool(hook_points)
        return self.inversion.features.at(level, hook_points) is None

    def phases(self) -> Iterator[tuple[bool, Iterator[int]]]:
        """(whether the source runs along, levels) from the noise down; each phase has one kind of batch."""
        return groupby(range(self.inversion.steps, 0, -1), key=self.needs_source)

    def audio_condition(self, attention: AudioAttention, with_source: bool) -> AbstractContextManager[None]:
        """The sound's condition for a phase. The source has none, as it had none when it was inverted."""
        tokens, scale = self.conditions.tokens, self.conditions.audio_scale
        if tokens is None or not with_source:
            return attention.condition(tokens, scale)
        betas = [
            beta.flatten().to(tokens) if isinstance(beta, Tensor) else tokens.new_full((len(tokens),), beta)
            for beta in layer_audio_scales(scale, attention.paths)
        ]
        matrix = torch.stack(betas, dim=1)  # [R, layers]
        matrix = torch.cat([torch.zeros_like(matrix[:1]), matrix])
        return attention.condition(torch.cat([tokens[:1], tokens]), matrix)

    def batch(self, latents: Tensor, level: int, with_source: bool) -> tuple[Tensor, Tensor]:
        """Latents of the edits [B, C, h, w] -> (latents, text states) for the denoiser, a row each."""
        text = self.conditions.text
        rows = latents.repeat(len(text) // len(latents), 1, 1, 1)
        if not with_source:
            return rows, text
        source = self.inversion.latents[level : level + 1].to(latents)
        return torch.cat([source, rows]), torch.cat([self.inversion.text.to(text), text])

    @contextmanager
    def injecting(self, level: int, with_source: bool) -> Iterator[None]:
        """Within the block, one pass of the denoiser takes over the source's features at `level`."""
        hook_points = self.hook_points(level)
        context: AbstractContextManager[None] = nullcontext()
        if self.injection is not None and hook_points:
            if with_source:
                context = self.injection.sharing(hook_points)
            else:
                context = self.injection.replaying(self.inversion.features.at(level, hook_points) or {})
        with context:
            yield

    def step_down(self, level: int, latents: Tensor, output: Tensor) -> Tensor:
        """Latents at `level` -> at the level below; outside of the mask they are the source's."""
        inversion = self.inversion
        below = inversion.trajectory.move(level, level - 1, latents, output)
        below = below + inversion.corrections[level - 1].to(below)
        if self.mask is None:
            return below
        return torch.lerp(inversion.latents[level - 1].to(below), below, self.mask.to(below))
