"""Sounds as the studio hears them: the part chosen, in its room, at its loudness."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sonic_ui.requests import BadInput

if TYPE_CHECKING:
    from sonic_ui.audio.clips import Clip

SAMPLE_RATE = 48_000


@dataclass(frozen=True)
class Sound:
    """A sound file read: its SHA-256, the part that is listened to, and what was done to it."""

    digest: str
    clip: Clip = field(repr=False)
    gain_db: float = 0.0
    room: str = "dry"

    @property
    def key(self) -> Hashable:
        """What identifies the samples: same key, same embedding."""
        return (self.digest, self.clip.start_s, self.clip.duration_s, self.gain_db, self.room)


def read_sound(digest: str, path: str, start_s: float | None, end_s: float | None) -> Sound:
    """The part of a file that a request listens to. Raises `BadInput`."""
    from sonic_ui.audio.clips import load_clip

    return Sound(digest, load_clip(path, SAMPLE_RATE, start_s=start_s, end_s=end_s))


def treat_sound(sound: Sound, gain_db: float, room: str) -> Sound:
    """The sound in a room, then louder or softer by `gain_db` with its true peaks limited."""
    from sonic_ui.audio.loudness import apply_gain
    from sonic_ui.audio.reverb import reverberate

    samples = sound.clip.samples
    if room != "dry":
        samples = reverberate(samples, SAMPLE_RATE, room)
    if gain_db:
        samples = apply_gain(samples, gain_db, SAMPLE_RATE)
    return Sound(sound.digest, replace(sound.clip, samples=samples), gain_db, room)


def file_digest(path: str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises `BadInput`."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        raise BadInput(
            f"The sound {Path(path).name!r} is no longer there. Record or upload it again.", "sound"
        ) from None
