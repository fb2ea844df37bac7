"""What a request costs, and where what it starts from lies: its lane, its key and its patience."""

from dataclasses import dataclass
from pathlib import Path

from sonic_ui.engine.cost import sample_passes
from sonic_ui.engine.inputs import file_digest
from sonic_ui.requests import MakingRequest

SHORT, LONG = "short", "long"
LANES = (SHORT, LONG)

SHORT_PASSES = 1200
"""Passes of one sample through the denoiser that still count as short: a dozen pictures of fifty steps."""


@dataclass(frozen=True)
class Work:
    """What the router needs to know of a request.

    lane   `short`, or `long` for what takes minutes
    key    of what it starts from: the session and the picture, or else the sound
    waits  whether that takes long to make anew, so that waiting for it is worth it
    """

    lane: str
    key: str
    waits: bool


def work_of(request: MakingRequest, session: str) -> Work:
    """The work of a request whose files are there. Raises `BadInput`."""
    lane = SHORT if _is_short(request) else LONG
    pictures, sounds = request.picture_paths, [path for path in request.sound_paths.values() if path]
    picture = pictures.get("picture")
    if picture is not None:
        return Work(lane, f"{session}/{_digest(picture)}", bool(sounds))
    return Work(lane, _digest(sounds[0]) if sounds else "", False)


def _is_short(request: MakingRequest) -> bool:
    """Whether it takes seconds. Of tracks, and of what trains, it is not known beforehand."""
    try:
        return not request.TRACKS and sample_passes(request) <= SHORT_PASSES
    except TypeError:
        return False


def _digest(path: str) -> str:
    return file_digest(path) if Path(path).is_file() else ""
