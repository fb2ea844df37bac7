"""A training run: its recipe, its folder and the artifacts of its stages; and how a stage is registered."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from sonic_ui.training.loop import LoopConfig, Stage, load_average

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
