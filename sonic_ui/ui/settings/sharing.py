"""A result's settings for others: as a link, and as the Python call that asks for them again."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonic_ui.engine.inputs import file_digest
from sonic_ui.requests import VERBS, BadInput, Request, SoundToImageRequest
from sonic_ui.requests.links import PARAMETER, file_settings, read_link, write_link
from sonic_ui.ui.session.context import Example
from sonic_ui.ui.settings.reuse import Record, example_files

ADDRESS = "@ADDRESS@"
"""Where a script of the page puts its own address."""

OPENED = "The settings of this link are here."
MIXED = dict(
    zip(SoundToImageRequest.SOUNDS[1:], ("second", "third", "fourth", "fifth", "sixth"), strict=True)
)
NAMES = {
    "sound": "sound",
    "sound_a": "first sound",
    "sound_b": "second sound",
    "picture": "picture",
    "mask": "painted mask",
    **{name: f"{word} sound" for name, word in MIXED.items()},
    "impulse_response": "impulse response",
}


@dataclass(frozen=True)
class ShareLink:
    """The end of the address with the settings, and a sentence about what it brings."""

    query: str
    words: str


@dataclass(frozen=True)
class OpenedLink:
    """The contents of a link: settings and files as in `reuse`, and a sentence about what is missing."""

    verb: str
    settings: dict[str, Any]
    files: dict[str, str]
    words: str


def share_link(record: Record, examples: Iterable[Example]) -> ShareLink:
    """The link to a result's settings. Raises `BadInput` for settings that no address can hold."""
    request = _request_in(record)
    known = _examples_in(record, examples)
    missing = [name for name in _files_of(record, request) if name not in known]
    query = f"?{PARAMETER}={write_link(request, known)}"
    if not missing:
        return ShareLink(query, "Whoever opens it finds these settings here.")
    them = "it" if len(missing) == 1 else "them"
    return ShareLink(
        query,
        f"Whoever opens it finds these settings here, but not your {_listed(missing)}: a link never brings "
        f"{them}. Send {them} along if you like.",
    )


def open_link(text: str, examples: Iterable[Example]) -> OpenedLink:
    """The contents of the parameter of a link. Raises `BadInput`."""
    linked = read_link(text)
    by_name = {path.name: path for path in example_files(examples)}
    files = {name: str(by_name[file]) for name, file in linked.examples.items() if file in by_name}
    missing = [
        name
        for name in file_settings(VERBS[linked.verb].request)
        if linked.values.get(name) is not None and name not in files
    ]
    words = OPENED
    if missing:
        them = "it" if len(missing) == 1 else "them"
        words = f"{OPENED} The {_listed(missing)} it was made with did not come along: add {them} yourself."
    return OpenedLink(linked.verb, {"request": linked.values}, files, words)


def python_call(record: Record, user: str | None = None) -> str:
    """Runnable Python that asks this app for the same result; `user` is who is logged in.

    `ADDRESS` stands for the page's address. Files are named as they were given: they lie beside the program.
    """
    request = _request_in(record)
    files, lines, plain = _files_of(record, request), [], request.model_dump(mode="json")
    for name, field in type(request).model_fields.items():
        value = getattr(request, name)
        if name == "verb" or (not field.is_required() and value == field.default):
            continue
        if name in files:
            lines.append(f"    {name}=handle_file({files[name]!r}),")
        else:
            lines.append(f"    {name}={plain[name]!r},")
    login = f", auth=({user!r}, 'your password')" if user else ""
    return "\n".join(
        [
            "from gradio_client import Client, handle_file",
            "",
            f'client = Client("{ADDRESS}"{login})',
            "result = client.predict(",
            *lines,
            f'    api_name="/{_verb(record)}",',
            ")",
            "print(result)",
            "",
        ]
    )


def _verb(record: Record) -> str:
    return str(record["settings"]["request"].get("verb"))


def _request_in(record: Record) -> Request:
    """The request of a record, its files called as they were given. Raises `BadInput`."""
    verb = _verb(record)
    if verb not in VERBS:
        raise BadInput("The settings of this picture are not known any more.")
    return VERBS[verb].request.from_values(record["settings"]["request"])


def _files_of(record: Record, request: Request) -> dict[str, str]:
    """The name of every file that a request asks for, by setting."""
    given = {name: getattr(request, name) for name in file_settings(type(request))}
    return {name: Path(str(path)).name for name, path in given.items() if path is not None}


def _examples_in(record: Record, examples: Iterable[Example]) -> dict[str, str]:
    """The names of the examples among a record's files, by setting; they are recognized by their SHA-256."""
    digests = {
        name.removesuffix("_sha256"): digest
        for name, digest in record["settings"].items()
        if name.endswith("_sha256") and isinstance(digest, str)
    }
    for name, path in record["files"].items():
        if name not in digests and Path(path).is_file():
            digests[name] = file_digest(path)
    known = {file_digest(str(path)): path.name for path in example_files(examples)}
    return {name: known[digest] for name, digest in digests.items() if digest in known}


def _listed(settings: Iterable[str]) -> str:
    """Names of settings as a person calls them."""
    words = [NAMES.get(name, name.replace("_", " ")) for name in settings]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
