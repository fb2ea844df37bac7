"""Settings that a picture carries, the sounds and pictures they belong to, and a tab's table of settings:
its components, the request they make, and where sentences about them stand."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypedDict, TypeVar

import gradio as gr

from sonic_ui.engine.events import Result, SoundResult
from sonic_ui.engine.inputs import file_digest
from sonic_ui.requests import VERBS, BadInput, MakingRequest, read_request
from sonic_ui.ui.session.context import Example

MAX_RECORDS = 24
SOUNDS = ("sound", "sound_a", "sound_b")
PICTURES = ("picture", "mask")
FILES = (*SOUNDS, *PICTURES)
"""The settings that may name a file."""

Values = dict[str, Any]
RequestT = TypeVar("RequestT", bound=MakingRequest)


class Record(TypedDict):
    """A result of the session: its settings, and the paths of the files it was made from, by setting."""

    settings: dict[str, Any]
    files: dict[str, str]


def with_record(records: dict[str, Record], name: str, result: Result | SoundResult) -> dict[str, Record]:
    """The session's records with a new one; the oldest are forgotten."""
    files = {**result.request.sound_paths, **result.request.picture_paths}
    recent = dict([*records.items()][-MAX_RECORDS + 1 :])
    recent[name] = {"settings": result.settings, "files": files}
    return recent


def request_from_settings(
    settings: dict[str, Any], files: Mapping[str, str], kind: type[RequestT]
) -> RequestT:
    """The request that settings hold; a file that was not found is called "absent", if it has to be there.

    Raises `BadInput` for settings of another tab, or that no request can have.
    """
    needed = [name for name in (*kind.SOUNDS, *kind.PICTURES) if kind.model_fields[name].is_required()]
    named: dict[str, str | None] = {name: files.get(name, "absent") for name in needed}
    named |= {name: files.get(name) for name in kind.PICTURES if name not in needed}
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
    return {name: str(request[name]) for name in FILES if request.get(name) and name not in files}


@dataclass(frozen=True)
class Row:
    """Components that belong together, by their names on the page.

    message        where a sentence about them stands; None is above the button that generates
    to_request     settings of the request from all values of the page; None takes the components' own values
    from_request   values of the components from a request and the files found for it; None takes the settings
                   of the same names. A component that is left out stays as it is.
    fields         settings of the request whose sentences stand here besides those of the same names
    none_stays     a setting that is None leaves its component as it is
    """

    components: Mapping[str, Any]
    message: gr.HTML | None = None
    to_request: Callable[[Values], Values] | None = None
    from_request: Callable[[Any, Mapping[str, str]], Values] | None = None
    fields: Sequence[str] = ()
    none_stays: bool = False


class SettingsTable(Generic[RequestT]):
    """The rows of a tab, for requests of one kind."""

    def __init__(self, kind: type[RequestT], rows: Sequence[Row]) -> None:
        self._kind = kind
        self._rows = rows
        self.components: dict[str, Any] = {name: one for row in rows for name, one in row.components.items()}
        self.messages: dict[str, gr.HTML] = {
            name: row.message
            for row in rows
            if row.message is not None
            for name in (*row.components, *row.fields)
        }

    def request(self, values: Sequence[Any]) -> RequestT:
        """The request for the page's values, in the order of `components`. Raises `BadInput`."""
        named = dict(zip(self.components, values, strict=True))
        settings: Values = {}
        for row in self._rows:
            settings |= (
                row.to_request(named) if row.to_request else {name: named[name] for name in row.components}
            )
        return self._kind.from_values(settings)

    def values(self, settings: Values, files: Mapping[str, str]) -> Values:
        """Values of the components, by name, for settings that come back. Raises `BadInput`.

        A file that was not found leaves its component as it is; the part chosen in a sound comes back all the
        same, for when it is added again.
        """
        request = request_from_settings(settings, files, self._kind)
        values: Values = {}
        for row in self._rows:
            if row.from_request:
                values |= row.from_request(request, files)
                continue
            for name in row.components:
                if name in (*self._kind.SOUNDS, *self._kind.PICTURES):
                    values |= {name: files[name]} if name in files else {}
                elif not (row.none_stays and getattr(request, name) is None):
                    values[name] = getattr(request, name)
        return values
