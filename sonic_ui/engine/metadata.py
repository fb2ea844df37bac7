"""What a painted result tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sonic_ui import __version__
from sonic_ui.bundles import BundleInfo
from sonic_ui.engine.backend import AudioAnalysis
from sonic_ui.engine.inputs import Sound
from sonic_ui.requests import PaintingRequest

LABELS_SHOWN = 5


def settings_of(
    bundle: BundleInfo,
    request: PaintingRequest,
    sounds: Mapping[str, Sound],
    embed_audio: Callable[[Sound], AudioAnalysis],
) -> dict[str, Any]:
    """The settings that a picture carries: no paths, each sound's SHA-256, the part listened to, labels."""
    paths = {**request.sound_paths, **request.picture_paths}
    names = {name: Path(path).name for name, path in paths.items()}
    settings: dict[str, Any] = {
        "app": f"Sonic UI {__version__}",
        "bundle": bundle.name,
        "request": {**request.model_dump(mode="json"), **names},
    }
    for name, sound in sounds.items():
        clip, heard = sound.clip, embed_audio(sound)
        settings[f"{name}_sha256"] = sound.digest
        settings[f"{name}_listened_s"] = [round(clip.start_s, 3), round(clip.start_s + clip.duration_s, 3)]
        settings[f"{name}_heard"] = [
            [label.name, round(label.probability, 4)] for label in heard.labels[:LABELS_SHOWN]
        ]
    return settings
