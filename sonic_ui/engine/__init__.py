"""The studio: a request goes in, events come out. It owns the backend and its caches and knows no page."""

# ruff: noqa: F401
from sonic_ui.engine.caches import CacheUsage
from sonic_ui.engine.control import Cancelled, CancelToken, Failure
from sonic_ui.engine.events import (
    Event,
    FrameInfo,
    FramesAdded,
    FramesDone,
    Label,
    Notice,
    Preview,
    Progress,
    Result,
    SoundResult,
    Take,
)
from sonic_ui.engine.inputs import SAMPLE_RATE
from sonic_ui.engine.libraries import Libraries
from sonic_ui.engine.metadata import LABELS_SHOWN
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.switching import Engines, Status
