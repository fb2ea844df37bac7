"""Settings that a picture carries, and the sounds they belong to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from sonic_ui.requests import BadInput, MakingRequest, read_request
from sonic_ui.studio import Result
from sonic_ui.ui.examples import Example

RECORDS_KEPT = 24
SOUNDS = ("sound", "sound_a", "sound_b")
"""The settings that may name a sound."""

TABS = {"sound_to_image": "Sound → Image", "interpolate": "Interpolate", "volume_sweep": "Volume"}

Wanted = TypeVar("Wanted", bound=MakingRequest)


class Record(TypedDict):
    """A result of the session: its settings and its sounds' paths, by setting."""

    settings: dict[str, Any]
    sounds: dict[str, str]


def with_record(records: dict[str, Record], name: str, result: Result) -> dict[str, Record]:
    """The session's records with a new one; the oldest are forgotten."""
    sounds = {sound: str(getattr(result.request, sound)) for sound in result.request.SOUNDS}
    kept = dict([*records.items()][-RECORDS_KEPT + 1 :])
    kept[name] = {"settings": result.settings, "sounds": sounds}
    return kept


def request_of(settings: dict[str, Any], sounds: Mapping[str, str], kind: type[Wanted]) -> Wanted:
    """The request that settings hold; a sound that was not found is called "absent".

    Raises `BadInput` for settings of another tab, or that no request can have.
    """
    named = {name: sounds.get(name, "absent") for name in kind.SOUNDS}
    verb = settings["request"].get("verb")
    if isinstance(verb, str) and verb in TABS and verb != kind.model_fields["verb"].default:
        raise BadInput(f"These settings belong to the tab “{TABS[verb]}”: drop the picture there.")
    request = read_request(json.dumps({**settings["request"], **named}))
    if not isinstance(request, kind):
        raise BadInput("These settings belong to another tab.")
    return request


def find_sounds(
    settings: dict[str, Any], records: Mapping[str, Record], examples: Iterable[Example]
) -> dict[str, str]:
    """The sounds a picture was made from, by setting: those this session used, and the examples.

    They are told by their SHA-256.
    """
    wanted = {name: settings.get(f"{name}_sha256") for name in SOUNDS if name in settings["request"]}
    wanted = {name: digest for name, digest in wanted.items() if isinstance(digest, str)}
    known = {
        str(record["settings"].get(f"{name}_sha256")): path
        for record in records.values()
        for name, path in record["sounds"].items()
        if Path(path).is_file()
    }
    if not known.keys() >= set(wanted.values()):
        for example in examples:
            known.setdefault(hashlib.sha256(example.sound.read_bytes()).hexdigest(), str(example.sound))
    return {name: known[digest] for name, digest in wanted.items() if digest in known}


def missing_sounds(settings: dict[str, Any], sounds: Mapping[str, str]) -> list[str]:
    """The names of the sounds that settings name and that were not found."""
    request = settings["request"]
    return [str(request[name]) for name in SOUNDS if name in request and name not in sounds]
