"""Plug-and-Play feature injection, attached to a stock denoiser and detached again.

Tumanyan et al., "Plug-and-Play Diffusion Features for Text-Driven Image-to-Image Translation" (CVPR 2023,
arXiv 2211.12572), sections 4.1 and 4.2. The layout of a source picture lies in the queries and keys of the
decoder's self-attention and in the hidden states of its residual blocks after their second convolution. An
edit that takes them over from the source keeps its layout and is free in everything else.

Decoder layers are counted 0-11 over `up_blocks` x 3 (Stable Diffusion 1.x), coarse to fine; layers 0-2 have
no attention. The features come from the source in the same batch (`sharing`) or from an earlier pass that
kept them (`recording`, then `replaying`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn

from sonic_ui.requests import BadInput
from sonic_ui.requests.edit_modes import ATTENTION_LAYERS, FEATURE_LAYERS


class HookPoint(NamedTuple):
    """Point where features are recorded and injected: a decoder layer and which of its outputs."""

    layer: int
    output: str
    """"query" or "key" of self-attention [B, tokens, channels], or "hidden" [B, channels, h, w]. Of a layer
    with several transformer blocks the later ones are "query 1", "key 1" and so on."""


Features: TypeAlias = Mapping[HookPoint, Tensor]


@dataclass
class _Pass:
    """What one pass of the denoiser does at its hook points, and those that it has visited."""

    record: dict[HookPoint, Tensor] | None = None
    replay: Features = field(default_factory=dict)
    share: frozenset[HookPoint] = frozenset()
    visited: set[HookPoint] = field(default_factory=set)

    def visit(self, point: HookPoint, output: Tensor) -> Tensor | None:
        """What replaces `output`; None for nothing."""
        self.visited.add(point)
        if self.record is not None:
            self.record[point] = output.detach()
        if point in self.share:
            return output[:1].expand_as(output)
        if (features := self.replay.get(point)) is None:
            return None
        if features.shape[1:] != output.shape[1:]:
            raise ValueError(
                f"The features kept for {point.output} of layer {point.layer} have shape "
                f"{tuple(features.shape)}; the denoiser is at {tuple(output.shape)}: another picture size."
            )
        return features.to(output).expand_as(output)


# The passes under way in this thread or task, by id of the FeatureInjection that they are for.
_passes: ContextVar[Mapping[int, _Pass]] = ContextVar("sonic_ui_injection_passes")


class FeatureInjection:
    """Hooks on the decoder of one denoiser.

    Use:
        with FeatureInjection(unet, attention_layers=range(4, 12), feature_layers=[4]) as injection:
            with injection.recording() as kept:
                unet(source, timestep, encoder_hidden_states=null_text)
            with injection.replaying(kept):
                unet(edit, timestep, encoder_hidden_states=text)

    Outside of `recording`, `replaying` and `sharing`, and in every other thread, the denoiser computes
    exactly what it computes without the hooks; after the block there are none. Works beside `AudioAttention`.
    """

    def __init__(
        self,
        unet: nn.Module,
        attention_layers: Sequence[int] = ATTENTION_LAYERS,
        feature_layers: Sequence[int] = FEATURE_LAYERS,
    ) -> None:
        """Raises BadInput on layers that `unet` does not have, ValueError when nothing is left to hook."""
        modules = decoder_hook_points(unet)
        wanted = check_hook_points(modules, attention_layers, feature_layers)
        if not wanted:
            raise ValueError("No decoder layers were chosen: there is nothing to inject.")
        self.hook_points = frozenset(wanted)
        self._targets = {point: modules[point] for point in wanted}
        self._handles: list[Any] = []

    def attach(self) -> None:
        """Hook into the denoiser. Raises RuntimeError when attached already."""
        if self._handles:
            raise RuntimeError("This FeatureInjection is attached already; detach it first.")
        self._handles = [
            module.register_forward_hook(_Hook(self, point)) for point, module in self._targets.items()
        ]

    def detach(self) -> None:
        """Remove every hook; the denoiser is then as it was. Does nothing when not attached."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def __enter__(self) -> Self:
        self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()

    @contextmanager
    def recording(self) -> Iterator[dict[HookPoint, Tensor]]:
        """Within the block, record the outputs at every hook point; the mapping fills as it runs."""
        recorded: dict[HookPoint, Tensor] = {}
        with self._under_way(_Pass(record=recorded), self.hook_points):
            yield recorded

    @contextmanager
    def replaying(self, features: Features) -> Iterator[None]:
        """Within the block, every row of the batch takes `features` (of one row) at exactly their points."""
        with self._under_way(_Pass(replay=features), features.keys()):
            yield

    @contextmanager
    def sharing(self, hook_points: Collection[HookPoint]) -> Iterator[None]:
        """Within the block, the batch's first row is the source; others take its outputs at `hook_points`."""
        with self._under_way(_Pass(share=frozenset(hook_points)), hook_points):
            yield

    @contextmanager
    def _under_way(self, current: _Pass, hook_points: Collection[HookPoint]) -> Iterator[None]:
        if unknown := set(hook_points) - self.hook_points:
            raise ValueError(
                f"{sorted(unknown)} are not hooked; this injection is at {sorted(self.hook_points)}."
            )
        token = _passes.set({**_passes.get({}), id(self): current})
        try:
            yield
        finally:
            _passes.reset(token)
        if missed := set(hook_points) - current.visited:
            raise RuntimeError(f"The denoiser did not pass {sorted(missed)}; nothing was injected there.")

    def _current(self) -> _Pass | None:
        return _passes.get({}).get(id(self))


class _Hook:
    """Hook of one point."""

    def __init__(self, injection: FeatureInjection, point: HookPoint) -> None:
        self.injection = injection
        self.point = point

    def __call__(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
        current = self.injection._current()
        return None if current is None else current.visit(self.point, output)


def decoder_hook_points(unet: nn.Module) -> dict[HookPoint, nn.Module]:
    """Every hook point in the decoder of `unet` and the module whose output is meant.

    Raises ValueError for a denoiser without decoder blocks and for fused projections, which have no queries
    and keys of their own.
    """
    found: dict[HookPoint, nn.Module] = {}
    layer = 0
    for block in getattr(unet, "up_blocks", None) or ():
        attentions = getattr(block, "attentions", None) or [None] * len(block.resnets)
        for resnet, attention in zip(block.resnets, attentions, strict=True):
            found[HookPoint(layer, "hidden")] = resnet.conv2
            found |= _attention_hook_points(layer, attention)
            layer += 1
    if not found:
        raise ValueError(
            f"{type(unet).__name__} has no decoder blocks (up_blocks); feature injection needs a "
            "UNet2DConditionModel."
        )
    return found


def _attention_hook_points(layer: int, attention: nn.Module | None) -> dict[HookPoint, nn.Module]:
    """The self-attention of one layer's transformer blocks."""
    found: dict[HookPoint, nn.Module] = {}
    modules = attention.modules() if attention is not None else ()
    for i, block in enumerate(module for module in modules if isinstance(module, BasicTransformerBlock)):
        if getattr(block.attn1, "fused_projections", False):
            raise ValueError(
                f"Self-attention of layer {layer} is fused; call unfuse_qkv_projections() first."
            )
        suffix = f" {i}" if i else ""
        found[HookPoint(layer, f"query{suffix}")] = block.attn1.to_q
        found[HookPoint(layer, f"key{suffix}")] = block.attn1.to_k
    return found


def check_hook_points(
    hook_points: Collection[HookPoint], attention_layers: Sequence[int], feature_layers: Sequence[int]
) -> list[HookPoint]:
    """Those of `hook_points` that lie in the chosen layers. Raises BadInput on layers that have none."""
    chosen: list[HookPoint] = []
    for field_name, what, layers, hidden in (
        ("attention_layers", "self-attention", attention_layers, False),
        ("feature_layers", "residual blocks", feature_layers, True),
    ):
        there = [point for point in hook_points if (point.output == "hidden") == hidden]
        known = sorted({point.layer for point in there})
        if unknown := [layer for layer in layers if layer not in known]:
            raise BadInput(
                f"Decoder layers {unknown} have no {what} in this denoiser; choose among "
                f"{', '.join(map(str, known)) or 'none'}.",
                field_name,
            )
        chosen += [point for point in there if point.layer in layers]
    return chosen
