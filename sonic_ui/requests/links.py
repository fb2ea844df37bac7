"""A request as the end of an address, `?s=...`: everything but a person's own files.

The text is base64url (RFC 4648, section 5, without padding) of the request as JSON. A setting that names a
file is kept only where that file is one of the examples, as "example:NAME"; every other path stays where it
is. What comes back is checked by the same models as everything else.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sonic_ui.requests.base import BadInput, Request, read_object
from sonic_ui.requests.verbs import VERBS

PARAMETER = "s"
"""Name of the link's parameter in an address."""

MAX_LINK_CHARACTERS = 6000
"""Longer addresses are cut or refused by servers on the way (many take 8 KB of headers)."""

EXAMPLE = "example:"
ABSENT = "absent"
"""Stands for a file that a link does not bring."""

LONG_LIST = 32
"""Lists with more numbers than this are rounded if a link would grow too long: a curve, not settings."""

TOO_LONG = (
    "These settings are too long for a link ({characters} characters; an address holds {most} safely). "
    "Copy them as Python, or send the file itself: it carries its settings."
)
DAMAGED = "This link cannot be read: it was cut or changed on the way. Ask for it again, and copy all of it."


@dataclass(frozen=True)
class Linked:
    """What a link holds: the settings, checked, and the names of the examples it brings, by setting."""

    values: dict[str, Any]
    examples: dict[str, str]

    @property
    def verb(self) -> str:
        """What is asked for."""
        return str(self.values["verb"])


def file_settings(kind: type[Request]) -> tuple[str, ...]:
    """The settings of a kind of request that name files of sound or pictures."""
    return (*kind.SOUNDS, *kind.PICTURES, *kind.RESPONSES, *kind.FILE_LISTS)


def write_link(request: Request, examples: Mapping[str, str]) -> str:
    """The value of the parameter `s`; `examples` are names of example files, by setting.

    Raises `BadInput` for settings that no address can hold.
    """
    values = shareable(request, examples)
    text = ""
    for digits in (None, 3, 2):
        text = _packed(values if digits is None else _rounded(values, digits))
        if len(text) <= MAX_LINK_CHARACTERS:
            return text
    raise BadInput(TOO_LONG.format(characters=len(text), most=MAX_LINK_CHARACTERS))


def shareable(request: Request, examples: Mapping[str, str]) -> dict[str, Any]:
    """The settings that others may see: no file but the examples, and nothing that looks like a path."""
    files, words = file_settings(type(request)), request.WORDS
    values: dict[str, Any] = {}
    for name, value in request.model_dump(mode="json").items():
        if name in files:
            if name in examples:
                values[name] = EXAMPLE + examples[name]
        elif value is not None and (name in words or not _is_path(value)):
            values[name] = value
    return values


def read_link(text: str) -> Linked:
    """What `write_link` wrote, checked by the request's own model. Raises `BadInput`."""
    if len(text) > MAX_LINK_CHARACTERS:
        raise BadInput(f"This link is {len(text)} characters long; at most {MAX_LINK_CHARACTERS} are read.")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = read_object(raw.decode("utf-8"))
    except (binascii.Error, ValueError):
        raise BadInput(DAMAGED) from None
    verb = values.get("verb")
    if not isinstance(verb, str) or verb not in VERBS:
        raise BadInput("This link is for something that this version of the app cannot do. Update the app.")
    kind = VERBS[verb].request
    files = file_settings(kind)
    examples = {
        name: str(values[name]).removeprefix(EXAMPLE)
        for name in files
        if isinstance(values.get(name), str) and str(values[name]).startswith(EXAMPLE)
    }
    named = {
        name: examples.get(name, ABSENT)
        for name in files
        if kind.model_fields[name].is_required() or name in examples
    }
    plain = {
        name: value
        for name, value in values.items()
        if name not in files and (name in kind.WORDS or not _is_path(value))
    }
    return Linked(kind.from_values({**plain, **named}).model_dump(mode="json"), examples)


def _is_path(value: object) -> bool:
    """Whether a setting that is no words looks like a place on a disk: such never travel, in or out."""
    return isinstance(value, str) and bool(set(value) & set("/\\"))


def _packed(values: dict[str, Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")


def _rounded(values: dict[str, Any], digits: int) -> dict[str, Any]:
    """The values with the numbers of long lists rounded."""
    return {
        name: [round(one, digits) if isinstance(one, float) else one for one in value]
        if isinstance(value, list) and len(value) > LONG_LIST
        else value
        for name, value in values.items()
    }
