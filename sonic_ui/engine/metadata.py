"""Settings that results carry: the request without paths, what its files were, and what they hold."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sonic_ui import __version__
from sonic_ui.bundles import BundleInfo
from sonic_ui.engine.events import AudioAnalysis, Label, Take
from sonic_ui.engine.inputs import InputPicture, Sound
from sonic_ui.requests import ImageToSoundRequest, MakingRequest, PaintingRequest

LABELS_SHOWN = 5


def painting_settings(
    bundle: BundleInfo,
    request: PaintingRequest,
    sounds: Mapping[str, Sound],
    embed_audio: Callable[[Sound], AudioAnalysis],
) -> dict[str, Any]:
    """The settings that a picture carries: each sound's SHA-256, the part listened to, its labels, and the
    probability that it is known at all."""
    settings = _request_settings(bundle, request)
    for name, sound in sounds.items():
        clip = sound.clip
        settings[f"{name}_sha256"] = sound.digest
        settings[f"{name}_listened_s"] = [round(clip.start_s, 3), round(clip.start_s + clip.duration_s, 3)]
        analysis = embed_audio(sound)
        settings[f"{name}_heard"] = _rounded(analysis.labels)
        if analysis.known_probability is not None:
            settings[f"{name}_known"] = round(analysis.known_probability, 4)
    return settings


def sound_settings(
    bundle: BundleInfo,
    request: ImageToSoundRequest,
    picture: InputPicture,
    labels: tuple[Label, ...],
    takes: tuple[Take, ...],
) -> dict[str, Any]:
    """The settings that the sounds of a picture carry: what it shows, and what each take measures."""
    return {
        **_request_settings(bundle, request),
        "picture_sha256": picture.digest,
        "picture_px": list(picture.image.size),
        "picture_shows": _rounded(labels),
        "takes": [_take_settings(take) for take in takes],
    }


def _request_settings(bundle: BundleInfo, request: MakingRequest) -> dict[str, Any]:
    paths = {**request.sound_paths, **request.picture_paths}
    names = {name: Path(path).name for name, path in paths.items()}
    return {
        "app": f"Sonic UI {__version__}",
        "bundle": bundle.name,
        "request": {**request.model_dump(mode="json"), **names},
    }


def _rounded(labels: tuple[Label, ...]) -> list[list[Any]]:
    return [[label.name, round(label.probability, 4)] for label in labels[:LABELS_SHOWN]]


def _take_settings(take: Take) -> dict[str, Any]:
    settings: dict[str, Any] = {"lufs": round(take.lufs, 2)}
    if take.r is not None and take.e_l1 is not None:
        settings |= {"pearson_r": round(take.r, 4), "e_l1": round(take.e_l1, 4)}
    if take.picks:
        settings["recordings"] = [
            {
                "concept": pick.concept,
                "file": pick.excerpt.path.name,
                "sha256": pick.excerpt.digest,
                "start_s": round(pick.excerpt.start_s, 3),
                "similarity": round(pick.similarity, 4),
                "lufs": round(pick.lufs, 2),
            }
            for pick in take.picks
        ]
    return settings
