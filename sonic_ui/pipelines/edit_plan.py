"""One edit, worked out: which features are held at which step, and what each row of the batch is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.strength import Strength, layer_strengths
from sonic_ui.pipelines.check_inputs import share
from sonic_ui.pipelines.inversion import Inversion
from sonic_ui.pipelines.plug_and_play import FeatureInjection, HookPoint
from sonic_ui.requests import BadInput

FEATURES = ("replay", "source pass")


@dataclass(frozen=True)
class InjectionSchedule:
    """How an edit holds on to its source. Raises BadInput for values that cannot be used."""

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

    def places(self, places: frozenset[HookPoint], step: int, steps: int) -> frozenset[HookPoint]:
        """Those of `places` that are held at `step` (0 is the first, the noisiest) of `steps`."""
        until = {True: round(self.tau_feature * steps), False: round(self.tau_attn * steps)}
        return frozenset(place for place in places if step < until[place.output == "hidden"])


@dataclass(frozen=True)
class BatchConditions:
    """What each row of the denoiser's batch is told: unconditional ones first (if guided), then the edits."""

    count: int
    """Edits, B; there are R = B or 2 B rows."""
    text: Tensor  # [R, L, C]
    tokens: Tensor | None  # [R, K, C]
    strength: Strength  # a tensor is [R]
    guidance_scale: float | None  # None without guidance


@dataclass(frozen=True)
class EditPlan:
    """Everything that the walk from noise to picture needs."""

    inversion: Inversion
    hold: InjectionSchedule
    injection: FeatureInjection | None
    rows: BatchConditions
    mask: Tensor | None  # [1, 1, h, w], 1 where latents may change

    def places(self, level: int) -> frozenset[HookPoint]:
        """Where features are held on the step down from `level`."""
        if self.injection is None:
            return frozenset()
        steps = self.inversion.steps
        return self.hold.places(self.injection.places, steps - level, steps)

    def needs_source(self, level: int) -> bool:
        """Whether the source has to run along on the step down from `level`."""
        places = self.places(level)
        if not places or self.hold.features == "source pass":
            return bool(places)
        return self.inversion.features.at(level, places) is None

    def phases(self) -> Iterator[tuple[bool, Iterator[int]]]:
        """(whether the source runs along, levels) from the noise down; each phase has one kind of batch."""
        return groupby(range(self.inversion.steps, 0, -1), key=self.needs_source)

    def hearing(self, attention: AudioAttention, with_source: bool) -> AbstractContextManager[None]:
        """The sound's condition for a phase. The source hears nothing, as it did when it was inverted."""
        tokens, strength = self.rows.tokens, self.rows.strength
        if tokens is None or not with_source:
            return attention.condition(tokens, strength)
        betas = [
            beta.flatten().to(tokens) if isinstance(beta, Tensor) else tokens.new_full((len(tokens),), beta)
            for beta in layer_strengths(strength, attention.paths)
        ]
        matrix = torch.stack(betas, dim=1)  # [R, layers]
        matrix = torch.cat([torch.zeros_like(matrix[:1]), matrix])
        return attention.condition(torch.cat([tokens[:1], tokens]), matrix)

    def batch(self, latents: Tensor, level: int, with_source: bool) -> tuple[Tensor, Tensor]:
        """Latents of the edits [B, C, h, w] -> (latents, text states) for the denoiser, a row each."""
        text = self.rows.text
        rows = latents.repeat(len(text) // len(latents), 1, 1, 1)
        if not with_source:
            return rows, text
        source = self.inversion.latents[level : level + 1].to(latents)
        return torch.cat([source, rows]), torch.cat([self.inversion.text.to(text), text])

    @contextmanager
    def holding(self, level: int, with_source: bool) -> Iterator[None]:
        """Within the block, one pass of the denoiser takes over what is held at `level`."""
        places = self.places(level)
        context: AbstractContextManager[None] = nullcontext()
        if self.injection is not None and places:
            if with_source:
                context = self.injection.sharing(places)
            else:
                context = self.injection.replaying(self.inversion.features.at(level, places) or {})
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
