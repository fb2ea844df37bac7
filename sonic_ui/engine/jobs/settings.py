"""Settings that results carry: the request without paths, what its files were, and what they hold."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sonic_ui import __version__
from sonic_ui.audio.clips import Clip
from sonic_ui.bundles import BundleInfo
from sonic_ui.engine import events
from sonic_ui.engine.inputs import InputPicture, Sound, response_digest
from sonic_ui.engine.tracks import TrackAnalysis
from sonic_ui.engine.word_store import Words
from sonic_ui.media.metadata import readable_name
from sonic_ui.pipelines.candidate_ranking import Choice
from sonic_ui.requests import ImageToSoundRequest, MakeFilmRequest, MakingRequest, PaintingRequest

MAX_SEGMENTS = 200
"""Of a track, in the settings of its film."""


def painting_settings(
    bundle: BundleInfo,
    request: PaintingRequest,
    sounds: Mapping[str, Sound],
    embed_audio: Callable[[Sound], events.AudioAnalysis],
) -> dict[str, Any]:
    """The settings that a picture carries: each sound's SHA-256, the part listened to, its labels."""
    settings = request_settings(bundle, request)
    own = getattr(request, "impulse_response", None)
    if own is not None:
        settings["impulse_response_sha256"] = response_digest(own)
    for name, sound in sounds.items():
        clip = sound.clip
        settings |= {f"{name}_sha256": sound.digest, f"{name}_listened_s": part_listened_to(clip)}
        analysis = embed_audio(sound)
        settings[f"{name}_heard"] = _rounded(analysis.labels)
        if analysis.known_probability is not None:
            settings[f"{name}_known"] = round(analysis.known_probability, 4)
        if analysis.room_probability is not None:
            settings[f"{name}_room"] = [analysis.room, round(analysis.room_probability, 4)]
    return settings


def part_listened_to(clip: Clip) -> list[float]:
    """Start and end of a clip in its file, in seconds."""
    return [round(clip.start_s, 3), round(clip.start_s + clip.duration_s, 3)]


def film_settings(
    bundle: BundleInfo,
    request: MakeFilmRequest,
    track: TrackAnalysis,
    segments: Sequence[events.FilmSegment],
) -> dict[str, Any]:
    """The settings that a film carries: the track's SHA-256, its part, and what is heard along it."""
    part = track.part
    return {
        **request_settings(bundle, request),
        "sound_sha256": track.digest,
        "sound_listened_s": [round(part.begin_s, 3), round(part.end_s, 3)],
        "segments": [[one.begin_s, one.end_s, one.label] for one in segments[:MAX_SEGMENTS]],
    }


def sound_settings(
    bundle: BundleInfo,
    request: ImageToSoundRequest,
    picture: InputPicture,
    labels: tuple[events.Label, ...],
    takes: tuple[events.Take, ...],
) -> dict[str, Any]:
    """The settings that the sounds of a picture carry: what it shows, and what each take measures."""
    return {
        **request_settings(bundle, request),
        "picture_sha256": picture.digest,
        "picture_px": list(picture.image.size),
        "picture_shows": _rounded(labels),
        "takes": [_take_settings(take) for take in takes],
    }


def request_settings(bundle: BundleInfo, request: MakingRequest) -> dict[str, Any]:
    """What a result's settings begin with: the app, the weights, the request with the names of its files."""
    names: dict[str, Any] = {name: readable_name(path) for name, path in request.file_paths.items()}
    for name in request.FILE_LISTS:
        names[name] = [readable_name(path) for path in getattr(request, name)]
    return {
        "app": f"Sonic UI {__version__}",
        "bundle": bundle.name,
        "request": {**request.model_dump(mode="json"), **names},
    }


def word_settings(words: Words) -> dict[str, Any]:
    """Which learned words a request's texts hold, by what identifies them; nothing without."""
    return {"words": {name: word.digest for name, word in words.items()}} if words else {}


def _rounded(labels: tuple[events.Label, ...]) -> list[list[Any]]:
    return [[label.name, round(label.probability, 4)] for label in labels[: events.LABELS_SHOWN]]


def _take_settings(take: events.Take) -> dict[str, Any]:
    settings: dict[str, Any] = {"lufs": round(take.lufs, 2), "origin": take.origin}
    if take.r is not None and take.e_l1 is not None:
        settings |= {"pearson_r": round(take.r, 4), "e_l1": round(take.e_l1, 4)}
    if take.choice is not None:
        settings |= {"seed": take.choice.seed, **_choice_settings(take.choice)}
    if take.concepts:
        settings["concepts"] = [
            {
                "name": part.name,
                "gain_db": part.gain_db,
                "seed": part.seed,
                **({} if part.choice is None else _choice_settings(part.choice)),
            }
            for part in take.concepts
        ]
    if take.picks:
        settings["recordings"] = [
            {
                "concept": pick.concept,
                "file": readable_name(pick.excerpt.path),
                "sha256": pick.excerpt.digest,
                "start_s": round(pick.excerpt.start_s, 3),
                "similarity": round(pick.similarity, 4),
                "lufs": round(pick.lufs, 2),
            }
            for pick in take.picks
        ]
    return settings


def _choice_settings(choice: Choice) -> dict[str, Any]:
    known = {"similarity": choice.similarity, "curve_agreement": choice.agreement}
    rounded = {name: round(value, 4) for name, value in known.items() if value is not None}
    return {"candidates": choice.count, "score": round(choice.score, 4), **rounded}
