"""Gated audio cross-attention, attached to a stock denoiser and detached again.

SonicDiffusion (arXiv 2405.00878), section 3.4, equation 9. In the middle block and in every cross-attention
block of the decoder, after text cross-attention and before the feed-forward:

    v <- v + beta * tanh(gamma) * CrossAttn(LayerNorm(v), c_audio)

gamma is learned, one scalar a block, 0 at the start; beta is the person's audio strength. The denoiser itself
is never changed: two hooks a block read its residual stream and add to it. Outside of `condition`, at
gamma = 0 and at beta = 0 it computes exactly what it computes without them.

Parameter names are those of the released `landscape.pt` and `greatest_hits.pt`, which therefore load with
`load_state_dict` as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from sonic_ui.models.gated_block import GatedAudioBlock
from sonic_ui.models.strength import Strength, layer_strengths

DECODER = ("mid_block", "up_blocks")


_Prepared = tuple[Tensor, Tensor, Tensor]  # keys, values and beta * tanh(gamma) of one layer


@dataclass
class _Condition:
    """What one `condition` block asks for, and what its denoising steps have worked out so far."""

    tokens: Tensor  # [B, K, C]
    betas: tuple[float | Tensor, ...]  # one a layer; a tensor is [B, 1, 1]
    residual: Tensor | None = None  # the residual stream between norm2 and attn2
    prepared: dict[int, _Prepared | None] = field(default_factory=dict)


# The conditions in force in this thread or task, by id of the AudioAttention that they are for.
_conditions: ContextVar[Mapping[int, _Condition]] = ContextVar("sonic_ui_audio_conditions")


class AudioAttention(ModelMixin, ConfigMixin):
    """The gated audio attention of one denoiser: a module of its own weights, hooked into a stock UNet.

    token_dim   C, channels of the audio tokens
    blocks      one entry a gated block, the middle block first: {"path", "dim", "heads", "inner_dim"}, where
                path is the transformer block's place in the UNet. `from_unet` reads them off a UNet

    Use:
        attention = AudioAttention.from_unet(unet)
        attention.attach(unet)
        with attention.condition(projector(embedding), strength=1.0):
            unet(latents, timestep, encoder_hidden_states=text)
        attention.detach()
    """

    @register_to_config
    def __init__(self, token_dim: int, blocks: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.paths = tuple(str(block["path"]) for block in blocks)
        for block in blocks:
            module = GatedAudioBlock(block["dim"], token_dim, block["heads"], block["inner_dim"])
            _place(self, block["path"], module)
        self._attachment: _Attachment | None = None

    @classmethod
    def from_unet(cls, unet: nn.Module) -> Self:
        """Blocks for every cross-attention of `unet`'s middle and decoder, starting from its text attention.

        Raises ValueError when there is none.
        """
        found = _decoder_blocks(unet)
        if not found:
            raise ValueError(
                f"{type(unet).__name__} has no cross-attention in {' or '.join(DECODER)}; "
                "audio attention needs a UNet2DConditionModel with cross-attention blocks."
            )
        attention = cls(
            token_dim=next(iter(found.values())).attn2.to_k.in_features,
            blocks=[
                {
                    "path": path,
                    "dim": block.attn2.to_q.in_features,
                    "heads": block.attn2.heads,
                    "inner_dim": block.attn2.to_q.out_features,
                }
                for path, block in found.items()
            ],
        )
        for path, block in found.items():
            attention.block(path).copy_text_attention(block)
        return attention.to(unet.device)

    def block(self, path: str) -> GatedAudioBlock:
        """The gated block for the transformer block at `path`."""
        return self.get_submodule(path)

    def gates(self) -> dict[str, float]:
        """tanh(gamma) of each block by path: how far training has opened them."""
        return {path: float(self.block(path).gate_adapter.detach().float().tanh()) for path in self.paths}

    # Attaching

    def attach(self, unet: nn.Module) -> None:
        """Hook every block into `unet`.

        Raises ValueError when a block's place is missing in `unet` or has other sizes, RuntimeError when this
        or another AudioAttention is attached already.
        """
        if self._attachment is not None:
            raise RuntimeError("This AudioAttention is attached already; detach it first.")
        targets = self._targets(unet)
        handles = []
        for index, target in enumerate(targets):
            hook = _AudioHook(self, index)
            handles += [
                target.norm2.register_forward_pre_hook(hook.remember),
                target.attn2.register_forward_hook(hook),
            ]
        self._attachment = _Attachment(unet, handles)

    def detach(self) -> None:
        """Remove every hook; the UNet is then as it was. Does nothing when not attached."""
        if self._attachment is not None:
            self._attachment.remove()
            self._attachment = None

    def is_attached_to(self, unet: nn.Module) -> bool:
        """Whether `unet` is the one that this is attached to."""
        return self._attachment is not None and self._attachment.unet is unet

    def _targets(self, unet: nn.Module) -> list[BasicTransformerBlock]:
        """The transformer blocks at `paths`, checked."""
        found = _decoder_blocks(unet)
        missing = [path for path in self.paths if path not in found]
        if missing or not self.paths:
            raise ValueError(
                f"{len(self.paths) - len(missing)} of {len(self.paths)} gated blocks match this "
                f"{type(unet).__name__}; it has no cross-attention at {', '.join(missing) or 'any place'}. "
                "Use the audio attention that was made for this denoiser."
            )
        for path in self.paths:
            self._check_sizes(path, found[path])
        return [found[path] for path in self.paths]

    def _check_sizes(self, path: str, target: BasicTransformerBlock) -> None:
        mine = self.block(path).attn_adapter
        for what, own, theirs in (
            ("visual channels", mine.to_q.in_features, target.attn2.to_q.in_features),
            ("token channels", mine.to_k.in_features, target.attn2.to_k.in_features),
        ):
            if own != theirs:
                raise ValueError(f"At {path} the audio attention has {own} {what}, the denoiser {theirs}.")
        if any(isinstance(hook, _AudioHook) for hook in target.attn2._forward_hooks.values()):
            raise RuntimeError(f"Another AudioAttention is attached at {path}; detach it first.")

    # Conditioning

    @contextmanager
    def condition(self, tokens: Tensor | None, strength: Strength = 1.0) -> Iterator[None]:
        """Within the block, the attached UNet hears `tokens` [B, K, C].

        Holds for the current thread (or asyncio task) alone; blocks may be nested, the inner one counts.
        Tokens of batch 1 serve any batch. None means no sound. While gradients are off, each layer projects
        its keys and values once and keeps them until the end of the block: do not change weights within it.

        strength   beta: a number; one number a layer (see `layer_strengths`); or a tensor [B] or [B, layers],
                   one a sample

        Raises BadInput on a strength and ValueError on tokens of the wrong shape.
        """
        conditions = dict(_conditions.get({}))
        if tokens is None:
            conditions.pop(id(self), None)
        else:
            self._check_tokens(tokens)
            conditions[id(self)] = _Condition(tokens, layer_strengths(strength, self.paths))
        token = _conditions.set(conditions)
        try:
            yield
        finally:
            _conditions.reset(token)

    def _check_tokens(self, tokens: Tensor) -> None:
        size = self.config.token_dim
        if tokens.ndim != 3 or tokens.shape[2] != size:
            raise ValueError(
                f"Audio tokens of shape {tuple(tokens.shape)} were given; [B, K, {size}] is needed."
            )

    def _audio_term(self, index: int, condition: _Condition, visual: Tensor) -> Tensor | None:
        """What layer `index` adds to `visual` [B, T, dim]; None for nothing at all."""
        batch = condition.tokens.shape[0]
        if batch not in (1, visual.shape[0]):
            raise ValueError(
                f"There are audio tokens for {batch} samples; the denoiser was given {visual.shape[0]}."
            )
        block = self.block(self.paths[index])
        if torch.is_grad_enabled():
            prepared = _prepare(block, condition.tokens, condition.betas[index])
        elif index in condition.prepared:
            prepared = condition.prepared[index]
        else:
            prepared = condition.prepared[index] = _prepare(block, condition.tokens, condition.betas[index])
        return None if prepared is None else block(visual, *prepared)


class _AudioHook:
    """The two hooks of one transformer block."""

    def __init__(self, attention: AudioAttention, index: int) -> None:
        self.attention = attention
        self.index = index

    def remember(self, norm2: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Before norm2: its input is the residual stream that attn2's output is added to."""
        if condition := self._condition():
            condition.residual = inputs[0]

    def __call__(self, attn2: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
        """After attn2: add the audio term to its output, which the block then adds to the residual."""
        condition = self._condition()
        if condition is None or condition.residual is None:
            return None
        visual, condition.residual = condition.residual + output, None
        term = self.attention._audio_term(self.index, condition, visual)
        return None if term is None else output + term

    def _condition(self) -> _Condition | None:
        return _conditions.get({}).get(id(self.attention))


@dataclass
class _Attachment:
    """The hooks on one UNet."""

    unet: nn.Module
    handles: list[Any]

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __deepcopy__(self, memo: dict[int, Any]) -> None:
        """A copy of an AudioAttention (for an average of its weights, say) starts detached."""
        return


def _prepare(block: GatedAudioBlock, tokens: Tensor, beta: float | Tensor) -> _Prepared | None:
    """Keys, values and scale of a layer; None when it adds nothing (a shut gate still learns)."""
    if isinstance(beta, float) and beta == 0.0:
        return None
    scale = block.scale(beta)
    if not torch.is_grad_enabled() and not scale.any():
        return None
    return *block.attn_adapter.keys_and_values(tokens), scale


def _decoder_blocks(unet: nn.Module) -> dict[str, BasicTransformerBlock]:
    """The cross-attention transformer blocks of the middle and the decoder by path, in the order they run."""
    found: dict[str, BasicTransformerBlock] = {}
    for part in DECODER:
        module = getattr(unet, part, None)
        for name, block in module.named_modules(prefix=part) if module is not None else ():
            if isinstance(block, BasicTransformerBlock) and block.cross_attention_dim is not None:
                if block.norm_type != "layer_norm":
                    raise ValueError(f"{name} uses {block.norm_type}; audio attention needs layer_norm.")
                found[name] = block
    return found


def _place(root: nn.Module, path: str, module: nn.Module) -> None:
    """Register `module` at a dotted path below `root`, making the empty modules on the way."""
    *folders, name = path.split(".")
    parent = root
    for folder in folders:
        if folder not in parent._modules:
            parent.add_module(folder, nn.Module())
        parent = parent._modules[folder]
    parent.add_module(name, module)
