"""The studio: a request goes in, events come out. It owns the backend and its caches and knows no page."""

from __future__ import annotations

from sonic_ui.engine.backend import (
    AudioAnalysis,
    Cancelled,
    CancelToken,
    Failure,
    Label,
    Notice,
    Preview,
    Progress,
)
from sonic_ui.engine.events import Event, FrameInfo, FramesAdded, FramesDone, Result, SoundResult, Take
from sonic_ui.engine.inputs import SAMPLE_RATE, Sound
from sonic_ui.engine.inversion_cache import CacheUsage
from sonic_ui.engine.jobs.image_analysis import AnalyzedImage
from sonic_ui.engine.libraries import Libraries
from sonic_ui.engine.metadata import LABELS_SHOWN
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.switching import Engine, Engines, Status

__all__ = [
    "LABELS_SHOWN",
    "SAMPLE_RATE",
    "AnalyzedImage",
    "AudioAnalysis",
    "CacheUsage",
    "CancelToken",
    "Cancelled",
    "Engine",
    "Engines",
    "Event",
    "Failure",
    "FrameInfo",
    "FramesAdded",
    "FramesDone",
    "Label",
    "Libraries",
    "Notice",
    "Preview",
    "Progress",
    "Result",
    "Sound",
    "SoundResult",
    "Status",
    "Studio",
    "Take",
]
