"""A training run: its recipe, its folder and the artifacts of its stages; how a stage is registered; and the
one training loop: warm-up, averaging of weights, logging, checkpoints that resume.

A stage gives the loop a module to train and a loss; everything else is here. The learning rate rises
over `warmup_steps`, stays, and falls linearly to zero over the last `decay_share` of the steps, so a run
can be lengthened or cut short by changing `steps` alone.
"""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import torch
from PIL import Image
from torch import Tensor, nn


@dataclass(frozen=True)
class LoopConfig:
    """How long and how fast to train. `threads` 0 leaves torch's own choice.

    bfloat16   compute in bfloat16 with float32 masters of the weights (arXiv 1710.03740); for stages that
               bring their inputs to the module's type
    """

    steps: int = 1000
    batch_size: int = 32
    learning_rate: float = 6e-4
    weight_decay: float = 1e-2
    warmup_steps: int = 100
    decay_share: float = 0.3
    ema_decay: float = 0.999
    clip_norm: float = 1.0
    seed: int = 0
    log_every: int = 25
    save_every: int = 250
    threads: int = 0
    bfloat16: bool = False


class Stage:
    """Module to train, with its data and its loss.

    module   the parameters with `requires_grad` are trained
    """

    module: nn.Module

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Scalar loss of a batch drawn with `generator`, and figures to log."""
        raise NotImplementedError

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """Groups for AdamW, each with its own `lr`."""
        return [{"params": [p for p in self.module.parameters() if p.requires_grad], "lr": learning_rate}]

    def sample(self, module: nn.Module, path: Path) -> None:
        """Write a PNG of what `module` (the averaged weights) makes; stages that `sonic_ui.evaluation` alone
        can judge write none."""

    def finish(self) -> None:
        """Release what the stage has hooked into other modules."""


def learning_rate_factor(step: int, config: LoopConfig) -> float:
    """Factor in [0, 1] on the learning rate: linear warm-up, plateau, linear decay."""
    decay_from = config.steps * (1 - config.decay_share)
    warm = min(1.0, (step + 1) / max(1, config.warmup_steps))
    cool = 1.0 if step < decay_from else max(0.0, (config.steps - step) / max(1.0, config.steps - decay_from))
    return warm * cool


def update_average(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Exponential moving average of the weights, in place."""
    with torch.no_grad():
        for mean, current in zip(average.parameters(), module.parameters(), strict=True):
            if current.requires_grad:
                mean.lerp_(current, 1 - decay)
        for mean, current in zip(average.buffers(), module.buffers(), strict=True):
            mean.copy_(current)


def train(stage: Stage, config: LoopConfig, out: Path, *, report: Callable[[str], None] = print) -> nn.Module:
    """Train a stage, resuming from `out/checkpoint.pt` if it is there; returns the averaged module.

    Writes `log.jsonl` (loss, figures, samples per second), `checkpoint.pt` and `sample-*.png`.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    out.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(
        stage.parameter_groups(config.learning_rate),
        weight_decay=config.weight_decay,
        betas=(0.9, 0.99),
        fused=True,
    )
    base_rates = [group["lr"] for group in optimizer.param_groups]
    masters, average = stage.module, deepcopy(stage.module).requires_grad_(False)
    step = _resume(out / "checkpoint.pt", masters, average, optimizer)
    if config.bfloat16:
        stage.module = deepcopy(masters).to(torch.bfloat16)
    started, since = time.perf_counter(), step
    sums: dict[str, float] = {}
    stage.module.train()
    while step < config.steps:
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        for group, rate in zip(optimizer.param_groups, base_rates, strict=True):
            group["lr"] = rate * learning_rate_factor(step, config)
        loss, figures = stage.loss(generator, config.batch_size)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if stage.module is not masters:
            _move_gradients(stage.module, masters)
        trained = [p for group in optimizer.param_groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(trained, config.clip_norm)
        if torch.isfinite(norm):  # one bad batch would spoil the weights and their average for good
            optimizer.step()
        if stage.module is not masters:
            _copy_weights(masters, stage.module)
        step += 1
        update_average(average, masters, min(config.ema_decay, (1 + step) / (10 + step)))
        for name, value in {"loss": loss.item(), **figures}.items():
            sums[name] = sums.get(name, 0.0) + value
        if step % config.log_every == 0:
            speed = (step - since) * config.batch_size / (time.perf_counter() - started)
            line = {"step": step, **{k: round(v / config.log_every, 5) for k, v in sums.items()}}
            _log(out / "log.jsonl", {**line, "samples_per_s": round(speed, 1)}, report)
            sums = {}
        if step % config.save_every == 0 or step == config.steps:
            _save(out / "checkpoint.pt", masters, average, optimizer, step)
            stage.sample(average, out / f"sample-{step:06d}.png")
            stage.module.train()
    stage.module = masters
    return average


def _move_gradients(module: nn.Module, masters: nn.Module) -> None:
    for master, current in zip(masters.parameters(), module.parameters(), strict=True):
        master.grad, current.grad = None if current.grad is None else current.grad.float(), None


def _copy_weights(masters: nn.Module, module: nn.Module) -> None:
    with torch.no_grad():
        for master, current in zip(masters.parameters(), module.parameters(), strict=True):
            current.copy_(master)


def _log(path: Path, line: dict[str, Any], report: Callable[[str], None]) -> None:
    text = json.dumps(line)
    with path.open("a") as file:
        file.write(text + "\n")
    report(text)


def _trained_state(module: nn.Module) -> dict[str, Tensor]:
    """State of the parameters that are trained, and of all buffers: frozen backbones are not saved again."""
    trained = {name for name, p in module.named_parameters() if p.requires_grad}
    buffers = {name for name, _ in module.named_buffers()}
    return {k: v for k, v in module.state_dict().items() if k in trained or k in buffers}


def _save(
    path: Path, module: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, step: int
) -> None:
    state = _trained_state(module)
    mean = {k: v for k, v in average.state_dict().items() if k in state}
    temporary = path.with_suffix(".part")
    torch.save(
        {"step": step, "module": state, "average": mean, "optimizer": optimizer.state_dict()}, temporary
    )
    temporary.rename(path)


def _resume(path: Path, module: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    module.load_state_dict(state["module"], strict=False)
    average.load_state_dict(state["average"], strict=False)
    if "optimizer" in state:  # not in a checkpoint that was made from a bundle
        optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def load_average(path: Path, module: nn.Module) -> nn.Module:
    """Load the averaged weights of `checkpoint.pt` into `module`.

    Raises:
        FileNotFoundError: the stage has not been trained yet.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; train that stage first")
    module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["average"], strict=False)
    return module


def save_sheet(pictures: Tensor, path: Path, *, columns: int = 8) -> None:
    """Write pictures [B, 3, H, W] in [-1, 1] as a grid."""
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * (width + 4), rows * (height + 4)), (16, 18, 22))
    array = ((pictures.clamp(-1, 1) + 1) * 127.5).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    for i, picture in enumerate(array):
        sheet.paste(
            Image.fromarray(picture), ((i % columns) * (width + 4) + 2, (i // columns) * (height + 4) + 2)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


T = TypeVar("T")


@dataclass
class Run:
    """Recipe (TOML) and folder of one training.

    artifacts   what finished stages have made, by name: loaded once (`artifact`)
    """

    recipe: dict[str, Any]
    folder: Path
    threads: int = 0
    report: Callable[[str], None] = print
    artifacts: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_file(cls, config: Path, folder: Path, *, threads: int = 0) -> Run:
        """A run of the recipe in `config`."""
        return cls(tomllib.loads(config.read_text()), folder, threads)

    def loop(self, stage: str) -> LoopConfig:
        """The loop settings of a stage."""
        return LoopConfig(**self.recipe[stage]["loop"], threads=self.threads)

    def checkpoint(self, stage: str) -> Path:
        """Where a stage keeps its weights."""
        return self.folder / stage / "checkpoint.pt"

    def step(self, stage: str) -> int:
        """How many steps of a stage are done."""
        path = self.checkpoint(stage)
        return int(torch.load(path, mmap=True, weights_only=True)["step"]) if path.exists() else 0

    def load(self, stage: str, module: Any) -> Any:
        """`module` with the averaged weights that a stage has trained, for inference.

        Raises FileNotFoundError when the stage has not been trained yet.
        """
        return load_average(self.checkpoint(stage), module).eval()


def artifact(make: Callable[[Run], T]) -> Callable[[Run], T]:
    """Memoise a function of a run under its name in `Run.artifacts`."""

    @wraps(make)
    def once(run: Run) -> T:
        if make.__name__ not in run.artifacts:
            run.artifacts[make.__name__] = make(run)
        return run.artifacts[make.__name__]

    return once


Build = TypeVar("Build", bound=Callable[..., Stage | None])
REGISTERED: dict[str, Callable[[Run], Stage | None]] = {}
"""Functions of a run by stage name: a `Stage` to train, or None of one that has rendered its data already."""


def stage(name: str) -> Callable[[Build], Build]:
    """Register a function of a run as the stage `name`; it must stand in `registry.ORDER`, too."""

    def register(build: Build) -> Build:
        REGISTERED[name] = build
        return build

    return register
