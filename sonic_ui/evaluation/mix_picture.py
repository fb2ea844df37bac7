"""README's pictures of several sounds in one, one fader moved, and of one sound in several rooms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.audio.mixing import Level
from sonic_ui.audio.reverb import reverberate
from sonic_ui.evaluation.held_out import SAMPLE_RATE
from sonic_ui.evaluation.mixes import BASE_LUFS, ROOM_NAMES, mix_embedding

MIXED = ("rain", "dog", "thunder")
MOVED, MOVED_DB = 0, (-24.0, -12.0, 0.0, 6.0, 12.0)
"""Examples that are mixed; the one whose fader is moved, and its gains."""
IN_ROOMS = "crackling_fire"
MIX_SEED, ROOM_SEED = 4, 13
"""Chosen by eye among three."""
WORDS = {"dry": "in the open", "room": "room", "hall": "hall", "church": "church"}

ReadExample = Callable[[str], NDArray[np.float32]]
"""The samples of an example, by its name."""


def mixer_strip(
    pipeline: Any, settings: dict[str, Any], read: ReadExample
) -> tuple[list[Image.Image], list[str]]:
    """Pictures of one mix while a fader moves, from one seed, and the words below them."""
    sounds = [read(name) for name in MIXED]
    embed = mix_embedding(pipeline.embed_audio)
    embeds = torch.stack(
        [
            embed(
                sounds,
                [
                    Level(lufs=BASE_LUFS, gain_db=gain_db if number == MOVED else 0.0)
                    for number in range(len(sounds))
                ],
            )
            for gain_db in MOVED_DB
        ]
    )
    pictures = pipeline(audio_embeds=embeds, seed=[MIX_SEED] * len(embeds), **settings)
    name = MIXED[MOVED].split("_")[0]
    return pictures.images, [
        f"{name} {gain_db:+g} dB".replace("-", "−").replace("+0", "0") for gain_db in MOVED_DB
    ]


def rooms_strip(
    pipeline: Any, settings: dict[str, Any], read: ReadExample
) -> tuple[list[Image.Image], list[str]]:
    """Pictures of one sound in every room, from one seed, and the words below them."""
    sound = read(IN_ROOMS)
    heard = [reverberate(sound, SAMPLE_RATE, place, seed=0) for place in ROOM_NAMES]
    pictures = pipeline(audio_embeds=pipeline.embed_audio(heard), seed=[ROOM_SEED] * len(heard), **settings)
    return pictures.images, [WORDS[place] for place in ROOM_NAMES]
