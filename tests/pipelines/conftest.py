"""One tiny pipeline for all tests here."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.testing.tiny_bundle import debug_pipeline

TIMES = np.arange(48_000) / 48_000


@pytest.fixture(scope="session")
def pipeline() -> AudioToImagePipeline:
    return debug_pipeline()


@pytest.fixture(scope="session")
def tone() -> NDArray[np.float32]:
    return (0.3 * np.sin(2 * np.pi * 440 * TIMES)).astype(np.float32)


@pytest.fixture(scope="session")
def hiss() -> NDArray[np.float32]:
    return (0.1 * np.random.default_rng(0).standard_normal(48_000)).astype(np.float32)
