"""README's pictures of several sounds in one, one fader moved, and of one sound in several rooms."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.audio.mixing import Level
from sonic_ui.evaluation.app_painter import AppPainter
from sonic_ui.evaluation.mixes import BASE_LUFS
from sonic_ui.requests.fields import ROOMS

MIXED = ("rain", "dog", "thunder")
MOVED, MOVED_DB = 0, (-24.0, -12.0, 0.0, 6.0, 12.0)
"""Examples that are mixed; the one whose fader is moved, and its gains."""
IN_ROOMS = "crackling_fire"
MIX_SEED, ROOM_SEED = 23, 13
"""Chosen by eye among six and three."""
WORDS = {"dry": "in the open", "room": "room", "hall": "hall", "church": "church"}

ReadExample = Callable[[str], NDArray[np.float32]]
"""The samples of an example, by its name."""


def mixer_strip(painter: AppPainter, read: ReadExample) -> tuple[list[Image.Image], list[str]]:
    """Pictures of one mix while a fader moves, from one seed, and the words below them."""
    levels = [
        [Level(BASE_LUFS, gain_db if number == MOVED else 0.0) for number in range(len(MIXED))]
        for gain_db in MOVED_DB
    ]
    sounds = [read(name) for name in MIXED]
    pictures = painter.paint([sounds] * len(levels), levels, [MIX_SEED] * len(levels))
    name = MIXED[MOVED].split("_")[0]
    return pictures, [f"{name} {gain_db:+g} dB".replace("-", "−").replace("+0", "0") for gain_db in MOVED_DB]


def rooms_strip(painter: AppPainter, read: ReadExample) -> tuple[list[Image.Image], list[str]]:
    """Pictures of one sound in every room, from one seed, and the words below them."""
    sound = read(IN_ROOMS)
    pictures = [painter.paint([[sound]], seeds=[ROOM_SEED], room=room)[0] for room in ROOMS]
    return pictures, [WORDS[room] for room in ROOMS]
