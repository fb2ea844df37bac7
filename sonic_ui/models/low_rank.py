"""Low-rank updates of a frozen network's weights: W + B A (LoRA, arXiv 2106.09685, section 4.1).

A small file of them makes another network of a denoiser: one of few steps (LCM-LoRA, arXiv 2311.05556), or
one that knows something new. They are trained as parametrisations of the weights, so that a forward pass
costs what it did, and merged into a copy of the network where it is used.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils.state_dict_utils import convert_unet_state_dict_to_peft
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize

WEIGHTS_NAME = "pytorch_lora_weights.safetensors"
"""Diffusers' name of a file of low-rank updates."""

KOHYA_ENDINGS = {".processor.to_out_lora": ".to_out.0", ".processor.": ".", "_lora.": ".", ".down.weight": ""}
"""What diffusers adds to a layer's name as it converts kohya's alphas, and what the layer is called."""

DOWN, UP, ALPHA = ".lora_A.weight", ".lora_B.weight", ".alpha"


class LowRankUpdate(nn.Module):
    """Parametrisation of a weight [out, in] or [out, in, k, k]: weight + B A, zero at the start.

    down   A [rank, in] or [rank, in, k, k]
    up     B [out, rank] or [out, rank, 1, 1]
    """

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, *weight.shape[1:]) / weight[0].numel() ** 0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank, *(1,) * (weight.ndim - 2)))

    def forward(self, weight: Tensor) -> Tensor:
        """The updated weight, in the type of the frozen one."""
        return weight + product(self.down, self.up).to(weight.dtype)


def product(down: Tensor, up: Tensor) -> Tensor:
    """B A in the shape of the weight: of A [rank, in, ...] and B [out, rank, ...]."""
    return (up.flatten(1) @ down.flatten(1)).view(up.shape[0], *down.shape[1:])


def add_low_rank(module: nn.Module, rank: int, wanted: Callable[[str], bool] = lambda name: True) -> None:
    """Freeze `module` and put a trainable update on every linear and convolution whose name is `wanted`."""
    module.requires_grad_(False)
    for name, layer in list(module.named_modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d) and wanted(name):
            update = LowRankUpdate(layer.weight, min(rank, *layer.weight.shape[:2]))
            parametrize.register_parametrization(layer, "weight", update, unsafe=True)


def low_rank_state(module: nn.Module, prefix: str) -> dict[str, Tensor]:
    """The updates of `add_low_rank` under the names that diffusers and PEFT give them, after `prefix`."""
    state = {}
    for name, layer in module.named_modules():
        if parametrize.is_parametrized(layer, "weight"):
            update = layer.parametrizations["weight"][0]
            state[f"{prefix}.{name}{DOWN}"] = update.down.detach()
            state[f"{prefix}.{name}{UP}"] = update.up.detach()
    return state


def save_low_rank(state: Mapping[str, Tensor], folder: Path) -> Path:
    """Write updates as float16 into a folder; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WEIGHTS_NAME
    save_file({name: value.half().contiguous() for name, value in state.items()}, path)
    return path


def read_low_rank(path: Path) -> dict[str, Tensor]:
    """Updates of a file by PEFT's names: "unet.<layer>.lora_A.weight", "….lora_B.weight", "….alpha".

    Reads what PEFT, diffusers and kohya write (LCM-LoRA's files are of the first kind or of the last).

    Raises:
        ValueError: there are no updates of a denoiser in it.
    """
    whole = load_file(path)
    own = {name: value for name, value in whole.items() if name.startswith("audio_attention.")}
    state, alphas = StableDiffusionPipeline.lora_state_dict(
        {name: value for name, value in whole.items() if name not in own}
    )
    unet = {name.removeprefix("unet."): value for name, value in state.items() if name.startswith("unet.")}
    if not unet:
        raise ValueError(f"{path.name} holds no low-rank updates of a denoiser (names that begin with unet).")
    converted = convert_unet_state_dict_to_peft(unet)
    found = {f"unet.{name}": value for name, value in converted.items()}
    for name, value in (alphas or {}).items():
        for ending, plain in KOHYA_ENDINGS.items():
            name = name.replace(ending, plain)
        found[f"{name.removesuffix(ALPHA)}{ALPHA}"] = torch.as_tensor(float(value))
    return found | own


@torch.no_grad()
def merge_low_rank(module: nn.Module, state: Mapping[str, Tensor], prefix: str, scale: float = 1.0) -> int:
    """Add the updates after `prefix` to the weights of `module`, in place; returns how many layers changed.

    scale   factor on all of them. A layer with an alpha is scaled by alpha / rank besides

    Raises:
        ValueError: a layer is missing in `module`, has no second half or another shape.
    """
    layers = _layers(state, f"{prefix}.")
    modules = dict(module.named_modules())
    for layer in layers:
        down, up = state[f"{prefix}.{layer}{DOWN}"], state.get(f"{prefix}.{layer}{UP}")
        weight = getattr(modules.get(layer), "weight", None)
        if up is None or not isinstance(weight, Tensor):
            raise ValueError(f"The low-rank update of {layer} fits no layer of {type(module).__name__}.")
        delta = product(down.float(), up.float())
        if delta.shape != weight.shape:
            given, own = tuple(delta.shape), tuple(weight.shape)
            raise ValueError(f"The low-rank update of {layer} has shape {given}; {own} is needed.")
        alpha = state.get(f"{prefix}.{layer}{ALPHA}")
        factor = scale if alpha is None else scale * float(alpha) / down.shape[0]
        weight.add_((factor * delta).to(weight))
    return len(layers)


def _layers(names: Iterable[str], prefix: str) -> list[str]:
    return [
        name[len(prefix) : -len(DOWN)] for name in names if name.startswith(prefix) and name.endswith(DOWN)
    ]
