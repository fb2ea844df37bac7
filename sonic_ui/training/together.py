"""Training by several processes of one machine: each on its own batches, weights averaged every few steps.

On a machine whose cores others use too, one process with many threads waits at every operation for the
slowest of them; processes that meet seldom do not. Source: local SGD (arXiv 1805.09767).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sonic_ui.training.loop import LoopConfig, Stage, _log, _save, update_average

State = dict[str, Tensor]


@dataclass(frozen=True)
class Meeting:
    """Where the processes of one training meet: `rank` of `size`, in a folder, every `every` steps."""

    folder: Path
    rank: int
    size: int
    every: int = 25

    def exchange(self, number: int, state: State, stop: bool) -> tuple[State, bool]:
        """The mean of all processes' weights at meeting `number`, and whether the first says to stop."""
        self.folder.mkdir(parents=True, exist_ok=True)
        mine = self._path(number, self.rank)
        torch.save({"state": state, "stop": stop}, mine.with_suffix(".part"))
        mine.with_suffix(".part").rename(mine)
        paths = [self._path(number, rank) for rank in range(self.size)]
        while not all(path.exists() for path in paths):
            time.sleep(0.05)
        given = [torch.load(path, weights_only=True) for path in paths]
        mean = {k: torch.stack([one["state"][k] for one in given]).mean(0) for k in state}
        self._path(number - 2, self.rank).unlink(missing_ok=True)
        return mean, bool(given[0]["stop"])

    def _path(self, number: int, rank: int) -> Path:
        return self.folder / f"{number:06d}-{rank}.pt"


def rate_at(share: float, step: int, config: LoopConfig) -> float:
    """Factor on the learning rate when `share` of the time is over: warm-up by steps, then plateau, decay."""
    warm = min(1.0, (step + 1) / max(1, config.warmup_steps))
    left = (1 - share) / max(1e-6, config.decay_share)
    return warm * min(1.0, max(0.0, left))


def train_together(
    stage: Stage,
    config: LoopConfig,
    out: Path,
    meeting: Meeting,
    until: float,
    *,
    on_meeting: Callable[[nn.Module, int], None] | None = None,
    report: Callable[[str], None] = print,
) -> nn.Module:
    """Train until the clock says `until` (seconds since 1970); returns the averaged module.

    The first process logs and writes `checkpoint.pt`, from which all of them start when it is there;
    `config.steps` is an upper bound.
    """
    out.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(
        stage.parameter_groups(config.learning_rate),
        weight_decay=config.weight_decay,
        betas=(0.9, 0.99),
        fused=True,
    )
    rates = [group["lr"] for group in optimizer.param_groups]
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    average = deepcopy(stage.module).requires_grad_(False)
    first = step = _resume(out / "checkpoint.pt", stage.module, average, optimizer)
    started, sums, stop = time.time(), dict[str, float](), False
    stage.module.train()
    while not stop:
        generator = torch.Generator().manual_seed((config.seed * 1_000_003 + step) * 64 + meeting.rank)
        factor = rate_at((time.time() - started) / max(1.0, until - started), step - first, config)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        loss, figures = stage.loss(generator, config.batch_size)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(trained, config.clip_norm)
        optimizer.step()
        step += 1
        for name, value in {"loss": loss.item(), **figures}.items():
            sums[name] = sums.get(name, 0.0) + value
        if step % meeting.every:
            continue
        over = time.time() >= until or step >= config.steps
        stop = _meet(stage.module, average, meeting, step, over, config)
        if meeting.rank == 0 and (step % config.log_every == 0 or stop):
            seen = (step - first) * config.batch_size * meeting.size
            line = {"step": step, **{k: round(v / config.log_every, 5) for k, v in sums.items()}}
            speed = round(seen / (time.time() - started), 1)
            _log(out / "log.jsonl", {**line, "rate": round(factor, 3), "samples_per_s": speed}, report)
            sums = {}
        if meeting.rank == 0 and (step % config.save_every == 0 or stop):
            _save(out / "checkpoint.pt", stage.module, average, optimizer, step)
            if on_meeting is not None:
                on_meeting(average, step)
                stage.module.train()
    return average


def _meet(
    module: nn.Module, average: nn.Module, meeting: Meeting, step: int, over: bool, config: LoopConfig
) -> bool:
    """Average the weights over all processes and go on from them; whether to stop."""
    state = {k: v.detach() for k, v in module.named_parameters() if v.requires_grad}
    state |= {k: v for k, v in module.named_buffers() if v.is_floating_point()}
    mean, stop = meeting.exchange(step // meeting.every, state, over)
    module.load_state_dict(mean, strict=False)
    number = step / meeting.every
    decay = min(config.ema_decay**meeting.every, (1 + number) / (4 + number))
    update_average(average, module, decay)
    return stop


def _resume(path: Path, module: nn.Module, average: nn.Module, optimizer: Any) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    module.load_state_dict(state["module"], strict=False)
    average.load_state_dict(state["average"], strict=False)
    if "optimizer" in state:
        optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
