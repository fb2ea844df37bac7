"""Names of learned words: as they stand in prompts, `<storm>`, and as a person gives them."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from sonic_ui.requests.fields import BadInput, Marker, shown

TAG = re.compile(r"<([a-z][a-z0-9_-]{0,23})>")
"""A word in a prompt."""

RESERVED = {
    *("a", "audio", "base", "body", "button", "embed", "form", "frame", "frameset", "head", "html"),
    *("iframe", "img", "input", "link", "math", "meta", "object", "script", "select", "style", "svg"),
    *("template", "textarea", "title", "video", "xml"),
}
"""Names that web pages use for themselves."""

NO_NAME = "The word has no name yet. Write one, such as storm: prompts then hold it as <storm>."
BAD_NAME = (
    "A word cannot be called {given}. Take one word of up to 24 small letters, digits, - and _ that begins "
    "with a letter, such as storm."
)
RESERVED_NAME = "Web pages use {given} for themselves. Call the word something else, such as storm."


def check_name(given: object, field: str = "word") -> str:
    """The name in "storm" or "<storm>", in small letters. Raises `BadInput`."""
    if given is None or (isinstance(given, str) and not given.strip(" <>")):
        raise BadInput(NO_NAME, field)
    name = given.strip().lower() if isinstance(given, str) else ""
    if name.startswith("<") and name.endswith(">"):
        name = name[1:-1]
    if not TAG.fullmatch(f"<{name}>"):
        raise BadInput(BAD_NAME.format(given=shown(given)), field)
    if name in RESERVED:
        raise BadInput(RESERVED_NAME.format(given=shown(given)), field)
    return name


def tags_in(*texts: str) -> list[str]:
    """Names of the words that texts hold, in order, each once."""
    return list(dict.fromkeys(name for text in texts for name in TAG.findall(text)))


@dataclass(frozen=True)
class WordName(Marker):
    """A name for a word."""

    def check(self, value: Any, field: str, kind: Any) -> str:
        return check_name(value, field)


Word = Annotated[str, WordName()]
