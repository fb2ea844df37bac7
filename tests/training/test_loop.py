"""The training loop: the schedule, the average of the weights, and resuming."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sonic_ui.training.run import LoopConfig, Stage, learning_rate_factor, load_average, train


class Line(Stage):
    """Fit y = 3 x with one weight."""

    def __init__(self) -> None:
        self.module = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.module.weight)
        self.sampled: list[str] = []

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        x = torch.rand(batch_size, 1, generator=generator)
        return (self.module(x) - 3 * x).square().mean(), {"seen": float(batch_size)}

    def sample(self, module: nn.Module, path: Path) -> None:
        self.sampled.append(path.name)


CONFIG = LoopConfig(
    steps=60,
    batch_size=8,
    learning_rate=0.2,
    warmup_steps=5,
    ema_decay=0.8,
    log_every=10,
    save_every=30,
    weight_decay=0.0,
)


def test_schedule_rises_stays_and_falls() -> None:
    factors = [learning_rate_factor(step, CONFIG) for step in range(60)]
    assert factors[0] == pytest.approx(0.2) and factors[5] == 1.0 and factors[41] == 1.0
    assert factors[-1] < 0.1 and factors == sorted(factors[:10]) + factors[10:30] + sorted(
        factors[30:], reverse=True
    )


def test_it_learns_logs_and_samples(tmp_path: Path) -> None:
    stage, lines = Line(), []
    average = train(stage, CONFIG, tmp_path, report=lines.append)
    assert average.weight.item() == pytest.approx(3.0, abs=0.2)
    assert stage.sampled == ["sample-000030.png", "sample-000060.png"]
    assert len(lines) == 6 and '"samples_per_s"' in lines[0] and '"seen": 8.0' in lines[0]


def test_a_resumed_run_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    whole = train(Line(), CONFIG, tmp_path / "whole", report=lambda _: None)

    class Broken(Line):
        def sample(self, module: nn.Module, path: Path) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(Broken(), CONFIG, tmp_path / "broken", report=lambda _: None)
    resumed = train(Line(), CONFIG, tmp_path / "broken", report=lambda _: None)
    assert torch.allclose(whole.weight, resumed.weight, atol=1e-6)


def test_an_untrained_stage_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train that stage first"):
        load_average(tmp_path / "checkpoint.pt", nn.Linear(1, 1))


def test_a_batch_without_a_finite_gradient_changes_nothing(tmp_path: Path) -> None:
    class Spoiled(Line):
        batches = 0

        def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
            self.batches += 1
            loss, figures = super().loss(generator, batch_size)
            return loss * (float("nan") if self.batches == 20 else 1.0), figures

    average = train(Spoiled(), CONFIG, tmp_path, report=lambda _: None)
    assert average.weight.item() == pytest.approx(3.0, abs=0.2)


class HalfLine(Line):
    """The same, in whatever type the module has."""

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        x = torch.rand(batch_size, 1, generator=generator)
        output = self.module(x.to(next(self.module.parameters()).dtype))
        return (output.float() - 3 * x).square().mean(), {"bits": float(output.dtype.itemsize * 8)}


def test_in_bfloat16_the_masters_learn(tmp_path: Path) -> None:
    stage = HalfLine()
    average = train(stage, replace(CONFIG, bfloat16=True), tmp_path, report=lambda _: None)
    assert stage.module.weight.dtype == next(average.parameters()).dtype == torch.float32
    assert stage.module.weight.item() == pytest.approx(3, abs=0.2)
    last = (tmp_path / "log.jsonl").read_text().splitlines()[-1]
    assert '"bits": 16.0' in last
    assert (
        torch.load(tmp_path / "checkpoint.pt", weights_only=True)["module"]["weight"].dtype == torch.float32
    )
