"""The studio: a request goes in, events come out. It owns the backend and its caches and knows no page."""

from __future__ import annotations

from sonic_ui.backends.base import (
    Cancelled,
    CancelToken,
    Failure,
    Heard,
    Label,
    Notice,
    Preview,
    Progress,
)
from sonic_ui.studio.core import Studio
from sonic_ui.studio.engines import Engine, Engines, Status
from sonic_ui.studio.events import Event, FrameInfo, FramesAdded, FramesDone, Result, SoundResult, Take
from sonic_ui.studio.libraries import Libraries
from sonic_ui.studio.listening import SAMPLE_RATE, Sound
from sonic_ui.studio.shelf import Kept
from sonic_ui.studio.sounding import Looked
from sonic_ui.studio.telling import LABELS_SHOWN

__all__ = [
    "LABELS_SHOWN",
    "SAMPLE_RATE",
    "CancelToken",
    "Cancelled",
    "Engine",
    "Engines",
    "Event",
    "Failure",
    "FrameInfo",
    "FramesAdded",
    "FramesDone",
    "Heard",
    "Kept",
    "Label",
    "Libraries",
    "Looked",
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
