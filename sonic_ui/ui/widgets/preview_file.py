"""A sound as the engine hears it, as a file to play."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sonic_ui.ui.session.context import AppContext

if TYPE_CHECKING:
    from sonic_ui.audio.clips import Clip


def write_preview(context: AppContext, clip: Clip) -> Path:
    """Save a clip as WAV (24 bits: its noise floor lies far below any whisper) in a folder of its own."""
    import soundfile

    path = context.pictures.new() / "heard.wav"
    soundfile.write(path, clip.samples, clip.sample_rate, subtype="PCM_24")
    return path
