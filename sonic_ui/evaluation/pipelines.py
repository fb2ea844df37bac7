"""Pipelines of a bundle, as the evaluation uses them."""

from pathlib import Path
from typing import Any

import torch


def load_pipeline(kind: Any, folder: Path) -> Any:
    """A pipeline in float32, without a progress bar."""
    pipeline = kind.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
