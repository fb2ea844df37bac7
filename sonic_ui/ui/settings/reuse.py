"""Settings that a picture carries, and the sounds and pictures they belong to."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from sonic_ui.engine.events import FilmResult, Result, SoundResult, WordResult
from sonic_ui.engine.inputs import file_digest
from sonic_ui.requests import VERBS, BadInput, MakingRequest, SoundToImageRequest, read_request
from sonic_ui.requests.fields import shown, tidy_text
from sonic_ui.ui.session.context import Example

MAX_RECORDS = 24
SOUNDS = ("sound", "sound_a", "sound_b", *SoundToImageRequest.SOUNDS[1:])
PICTURES = ("picture", "mask")
FILES = (*SOUNDS, *PICTURES, *SoundToImageRequest.RESPONSES)
"""The settings that may name a file."""

RequestT = TypeVar("RequestT", bound=MakingRequest)


class Record(TypedDict):
    """A result of the session: its settings, and the paths of the files it was made from, by setting."""

    settings: dict[str, Any]
    files: dict[str, str]


def with_record(
    records: dict[str, Record], name: str, result: Result | SoundResult | FilmResult | WordResult
) -> dict[str, Record]:
    """The session's records with a new one; the oldest are forgotten."""
    files = result.request.file_paths
    recent = dict([*records.items()][-MAX_RECORDS + 1 :])
    recent[name] = {"settings": result.settings, "files": files}
    return recent


def request_from_settings(
    settings: dict[str, Any], files: Mapping[str, str], kind: type[RequestT]
) -> RequestT:
    """The request that settings hold; a file that was not found is called "absent", if it has to be there.

    Raises `BadInput` for settings of another tab, or that no request can have.
    """
    every = (*kind.SOUNDS, *kind.PICTURES, *kind.RESPONSES)
    needed = [name for name in every if kind.model_fields[name].is_required()]
    named: dict[str, str | None] = {name: files.get(name, "absent") for name in needed}
    named |= {name: files.get(name) for name in every if name not in needed}
    verb = settings["request"].get("verb")
    if isinstance(verb, str) and verb in VERBS and verb != kind.model_fields["verb"].default:
        raise BadInput(f"These settings belong to the tab “{VERBS[verb].title}”: drop it there.")
    request = read_request(json.dumps({**settings["request"], **named}))
    if not isinstance(request, kind):
        raise BadInput("These settings belong to another tab.")
    return request


def find_files(
    settings: dict[str, Any], records: Mapping[str, Record], examples: Iterable[Example]
) -> dict[str, str]:
    """The files a picture was made from, by setting: those this session used, and the examples.

    They are recognized by their SHA-256.
    """
    digests = {name: settings.get(f"{name}_sha256") for name in FILES if settings["request"].get(name)}
    digests = {name: digest for name, digest in digests.items() if isinstance(digest, str)}
    known = {
        str(record["settings"].get(f"{name}_sha256")): path
        for record in records.values()
        for name, path in record["files"].items()
        if Path(path).is_file()
    }
    if not known.keys() >= set(digests.values()):
        known = {file_digest(str(path)): str(path) for path in reversed(example_files(examples))} | known
    return {name: known[digest] for name, digest in digests.items() if digest in known}


def example_files(examples: Iterable[Example]) -> list[Path]:
    """The sounds and pictures of the examples."""
    return [path for example in examples for path in (example.sound, example.picture) if path is not None]


def missing_files(settings: dict[str, Any], files: Mapping[str, str]) -> dict[str, str]:
    """The names of the files that settings name and that were not found, by setting."""
    request = settings["request"]
    named = {name: request[name] for name in FILES if request.get(name) and name not in files}
    return {name: tidy_text(one) if isinstance(one, str) else shown(one) for name, one in named.items()}
