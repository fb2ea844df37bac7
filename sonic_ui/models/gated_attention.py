"""Gated audio cross-attention, attached to a stock denoiser and detached again.

SonicDiffusion (arXiv 2405.00878), section 3.4, equation 9. In the middle block and in every cross-attention
block of the decoder, after text cross-attention and before the feed-forward:

    v <- v + beta * tanh(gamma) * CrossAttn(LayerNorm(v), c_audio)

gamma is learned, one scalar a block, 0 at the start; beta is the person's audio strength, here `audio_scale`.
The denoiser itself is never changed: two hooks a block read its residual stream and add to it. Outside of
`condition`, at gamma = 0 and at beta = 0 it computes exactly what it computes without them.

Parameter names are those of the released `landscape.pt` and `greatest_hits.pt` (hub Space
`burakcanbiner/SonicDiffusion`, folder `ckpts/`), which therefore load with `load_state_dict` as they are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Self, TypeAlias

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from sonic_ui.models.checkpoints import fill, read_tensors
from sonic_ui.requests import BadInput

DECODER = ("mid_block", "up_blocks")
STABLE_DIFFUSION_WIDTHS = (320, 640, 1280, 1280)
HEADS = 8
TOKEN_DIM = 768

AudioScale: TypeAlias = float | Sequence[float] | Tensor


class CrossAttention(nn.Module):
    """Visual tokens [B, T, dim] attend to audio tokens [B, K, token_dim]; only `to_out` has a bias."""

    def __init__(self, dim: int, token_dim: int, heads: int, inner_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, inner_dim, bias=False)
        self.to_k = nn.Linear(token_dim, inner_dim, bias=False)
        self.to_v = nn.Linear(token_dim, inner_dim, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner_dim, dim))

    def keys_and_values(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """[B, K, token_dim] -> twice [B, heads, K, head_dim]."""
        tokens = tokens.to(self.to_k.weight.dtype)
        return self._split(self.to_k(tokens)), self._split(self.to_v(tokens))

    def forward(self, visual: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """[B, T, dim] -> [B, T, dim]; keys and values of one sample serve a whole batch."""
        query = self._split(self.to_q(visual))
        key, value = (x.to(query.dtype).expand(len(query), -1, -1, -1) for x in (key, value))
        mixed = F.scaled_dot_product_attention(query, key, value)  # [B, heads, T, head_dim]
        return self.to_out(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class GatedAudioBlock(nn.Module):
    """beta * tanh(gamma) * CrossAttn(LayerNorm(v), c): SonicDiffusion (arXiv 2405.00878), equation 9."""

    def __init__(self, dim: int, token_dim: int, heads: int, inner_dim: int) -> None:
        super().__init__()
        self.gate_adapter = nn.Parameter(torch.zeros(1))
        self.norm_adapter = nn.LayerNorm(dim)
        self.attn_adapter = CrossAttention(dim, token_dim, heads, inner_dim)

    def copy_text_attention(self, block: BasicTransformerBlock) -> None:
        """Start from the block's text cross-attention and the norm before it; the gate stays shut."""
        self.norm_adapter.load_state_dict(block.norm2.state_dict())
        self.attn_adapter.load_state_dict(block.attn2.state_dict())

    def scale(self, beta: float | Tensor) -> Tensor:
        """beta * tanh(gamma): [1], or [B, 1, 1] for one beta a sample."""
        gate = self.gate_adapter.tanh()
        return (beta.to(gate) if isinstance(beta, Tensor) else beta) * gate

    def forward(self, visual: Tensor, key: Tensor, value: Tensor, scale: Tensor) -> Tensor:
        """The term to add to `visual` [B, T, dim], in its type; key and value as of `keys_and_values`."""
        normed = self.norm_adapter(visual.to(self.norm_adapter.weight.dtype))
        return (scale * self.attn_adapter(normed, key, value)).to(visual.dtype)


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
                path is the transformer block's dotted name in the UNet. `from_unet` reads them off a UNet

    Use:
        attention = AudioAttention.from_unet(unet)
        attention.attach(unet)
        with attention.condition(projector(embedding), audio_scale=1.0):
            unet(latents, timestep, encoder_hidden_states=text)
        attention.detach()
    """

    @register_to_config
    def __init__(self, token_dim: int, blocks: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.paths = tuple(str(block["path"]) for block in blocks)
        for block in blocks:
            module = GatedAudioBlock(block["dim"], token_dim, block["heads"], block["inner_dim"])
            _register(self, block["path"], module)
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

    # Attaching

    def attach(self, unet: nn.Module) -> None:
        """Hook every block into `unet`.

        Raises ValueError when a block's path is missing in `unet` or has other sizes, RuntimeError when this
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
    def condition(self, tokens: Tensor | None, audio_scale: AudioScale = 1.0) -> Iterator[None]:
        """Within the block, the attached UNet attends to `tokens` [B, K, C].

        Holds for the current thread (or asyncio task) alone; blocks may be nested, the inner one counts.
        Tokens of batch 1 serve any batch. None means no sound. While gradients are off, each layer projects
        its keys and values once and keeps them until the end of the block: do not change weights within it.

        audio_scale   beta: a number; one number a layer (see `layer_audio_scales`); or a tensor [B] or
                      [B, layers], one a sample

        Raises BadInput on a scale and ValueError on tokens of the wrong shape.
        """
        conditions = dict(_conditions.get({}))
        if tokens is None:
            conditions.pop(id(self), None)
        else:
            self._check_tokens(tokens)
            conditions[id(self)] = _Condition(tokens, layer_audio_scales(audio_scale, self.paths))
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


def _register(root: nn.Module, path: str, module: nn.Module) -> None:
    """Register `module` at a dotted path below `root`, making the empty modules on the way."""
    *folders, name = path.split(".")
    parent = root
    for folder in folders:
        if folder not in parent._modules:
            parent.add_module(folder, nn.Module())
        parent = parent._modules[folder]
    parent.add_module(name, module)


def layer_audio_scales(audio_scale: AudioScale, paths: Sequence[str]) -> tuple[float | Tensor, ...]:
    """beta (how much the sound counts) of each gated block at `paths`; a tensor's come as [B, 1, 1].

    A sequence has one number a block, the middle block first, or one a decoder block: then the middle block
    takes the first, that of its neighbour. Raises BadInput on another length and on numbers that are not
    finite.
    """
    layers = len(paths)
    if isinstance(audio_scale, Tensor):
        return _tensor_audio_scales(audio_scale, layers)
    if isinstance(audio_scale, Iterable):
        values = [float(number) for number in audio_scale]
    else:
        values = [float(audio_scale)] * layers
    decoder = sum(not path.startswith("mid_block") for path in paths)
    if len(values) == decoder < layers:
        values = values[:1] * (layers - decoder) + values
    if len(values) != layers:
        raise BadInput(
            f"Strength has {len(values)} numbers; this denoiser takes one number, {layers} (middle block and "
            f"decoder layers) or {decoder} (decoder layers).",
            "strength",
        )
    if not all(isfinite(value) for value in values):
        raise BadInput(f"Strength is {audio_scale}; it must be finite.", "strength")
    return tuple(values)


def mean_audio_scale(audio_scale: float | Sequence[float]) -> float:
    """The mean beta of the gated blocks, for a number or one number a layer."""
    values = audio_scale if isinstance(audio_scale, Sequence) else [audio_scale]
    return sum(map(float, values)) / len(values)


def batch_audio_scales(audio_scale: AudioScale, scales: Sequence[float], paths: Sequence[str]) -> Tensor:
    """beta [B, layers] of B pictures that weigh the sound differently: loudness reweighting (Align, Adapt and
    Inject, appendix A.1.4, there of words)."""
    layers = torch.tensor([float(value) for value in layer_audio_scales(audio_scale, paths)])
    return torch.tensor(scales)[:, None] * layers


def weighted_audio_scales(
    audio_scale: AudioScale, factors: Sequence[float], paths: Sequence[str]
) -> AudioScale:
    """beta of each gated block at `paths` times its factor: in which layers the sound counts.

    factors   from the middle block to the finest decoder block; spread over as many blocks as there are

    Coarse blocks decide what is where, fine ones its colours and texture. Raises BadInput as
    `layer_audio_scales` does.
    """
    spread = [float(factors[i * len(factors) // len(paths)]) for i in range(len(paths))]
    betas = [
        beta * factor for beta, factor in zip(layer_audio_scales(audio_scale, paths), spread, strict=True)
    ]
    columns = [beta.flatten() for beta in betas if isinstance(beta, Tensor)]
    return torch.stack(columns, dim=1) if columns else tuple(betas)  # [B, layers]


def _tensor_audio_scales(audio_scale: Tensor, layers: int) -> tuple[float | Tensor, ...]:
    """[] or [B] or [B, layers] -> one [B, 1, 1] a layer."""
    if audio_scale.ndim == 0:
        return (float(audio_scale),) * layers
    if audio_scale.ndim == 1:
        return (audio_scale.view(-1, 1, 1),) * layers
    if audio_scale.ndim == 2 and audio_scale.shape[1] == layers:
        return tuple(column.view(-1, 1, 1) for column in audio_scale.unbind(1))
    raise BadInput(
        f"Strength has shape {tuple(audio_scale.shape)}; [B] or [B, {layers}] is needed.", "strength"
    )


def load_gated_attention(path: str | Path, unet: nn.Module | None = None) -> AudioAttention:
    """Gated attention from `landscape.pt` or `greatest_hits.pt`: 80 tensors, 28.5 M parameters, float32.

    unet   the denoiser that it is for, whose sizes it then has; None: Stable Diffusion 1.x

    Raises BadInput for a file that cannot be read, and one that lists by name what is missing, unexpected or
    of another shape.
    """
    if unet is None:
        attention = AudioAttention(TOKEN_DIM, stable_diffusion_blocks())
    else:
        attention = AudioAttention.from_unet(unet)
    fill(attention, read_tensors(path), Path(path).name)
    return attention.eval().requires_grad_(False)


def stable_diffusion_blocks(
    widths: Sequence[int] = STABLE_DIFFUSION_WIDTHS, heads: int = HEADS
) -> list[dict[str, Any]]:
    """The ten gated blocks of a denoiser of Stable Diffusion 1.x, as `AudioAttention` takes them.

    widths   channels of its four levels, the finest first
    """
    attentions = [("mid_block.attentions.0", widths[3])]
    attentions += [(f"up_blocks.{i}.attentions.{n}", widths[3 - i]) for i in (1, 2, 3) for n in range(3)]
    return [
        {"path": f"{name}.transformer_blocks.0", "dim": dim, "heads": heads, "inner_dim": dim}
        for name, dim in attentions
    ]
