"""Sounds and folders that several tests use. Nothing here asks the network for anything."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["GRADIO_SERVER_PORT"] = str(  # workers that look for a port do not race
    7860 + 100 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny networks run fastest so, above all beside other work

# What is remembered of recordings, and learned words, stay out of the user's own folders.
os.environ["XDG_CACHE_HOME"] = os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="sonic-ui-tests-")

import numpy as np
import pytest

atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

RATE = 48_000
WriteSound = Callable[..., Path]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A training run at the smallest sizes with every stage done."""
    from tests.training_run import finished_run

    return finished_run(tmp_path_factory.mktemp("run"))


BROWSER = "tests/browser/"
LATE = (f"{BROWSER}test_image_to_sound", f"{BROWSER}test_share", f"{BROWSER}test_volume")
"""Browser tests that wait until everything else has been given away: two browsers at once stand in each
other's way, so the first goes on alone beside the other tests for as long as there are any."""

TRAINED = ("tests/training/", "tests/evaluation/test_energy_ablation")
"""Tests that read the fixture `run`: it takes a minute and a half, so one process has them all."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests first, since they take longest, then those of a training run; some browser tests last."""

    def position(item: pytest.Item) -> int:
        if item.nodeid.startswith(LATE):
            return 3
        return 0 if item.nodeid.startswith(BROWSER) else 1 if item.nodeid.startswith(TRAINED) else 2

    items.sort(key=position)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Scheduler of tests over cores: those of one file together, browser tests in two parts."""
    from xdist.scheduler import LoadFileScheduling

    class BrowsersApart(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(LATE):
                return "late browser"
            if nodeid.startswith(TRAINED):
                return "trained"
            return "browser" if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)

    return BrowsersApart(config, log)


@pytest.fixture
def write_sound(tmp_path: Path) -> WriteSound:
    """A function that writes a tone with some hiss as WAV; see its arguments."""

    def write(
        name: str = "tone.wav", seconds: float = 1.0, hz: float = 440.0, gain: float = 0.3, rate: int = RATE
    ) -> Path:
        import soundfile

        times = np.arange(int(seconds * rate)) / rate
        hiss = np.random.default_rng(int(hz)).standard_normal(times.size)
        samples = gain * (np.sin(2 * np.pi * hz * times) + 0.05 * hiss)
        path = tmp_path / name
        soundfile.write(path, samples.astype(np.float32), rate, subtype="PCM_16")
        return path

    return write
