"""Where another app is that lends its engine, and what opens it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sonic_ui.requests import BadInput

TOKEN = "SONIC_UI_TOKEN"
LOGIN = "SONIC_UI_LOGIN"


@dataclass(frozen=True)
class Address:
    """Where the other app is: the name of a Space, or a URL; and what opens it.

    token   a Hugging Face token, for a private Space; None takes the one that is saved on this machine
    login   (name, password) where the app asks for them
    """

    where: str
    token: str | None = None
    login: tuple[str, str] | None = None

    @property
    def is_space(self) -> bool:
        """Whether it is named as a Space, and not by a URL."""
        return not self.where.startswith(("http://", "https://"))

    @property
    def shown(self) -> str:
        """As it may stand in a sentence: no path, no password."""
        return self.where if self.is_space else urlsplit(self.where).netloc.rpartition("@")[2]


def read_address(text: str, environment: Mapping[str, str] = os.environ) -> Address:
    """The address in `space:owner/name` or a URL, with what the environment says opens it.

    Raises `BadInput` for anything else.
    """
    where = text.removeprefix("space:").strip()
    if text.startswith("space:"):
        owner, _, name = where.partition("/")
        usable = bool(owner and name and "/" not in name)
    else:
        try:
            usable = where.startswith(("http://", "https://")) and bool(urlsplit(where).hostname)
        except ValueError:
            usable = False
    if not usable:
        raise BadInput(
            f"The engine is given as {text[:80]!r}; it takes “local”, “space:owner/name” or a URL that "
            "starts with http:// or https://.",
            "backend",
        )
    name, _, password = environment.get(LOGIN, "").partition(":")
    login = (name, password) if name and password else None
    return Address(where, environment.get(TOKEN) or None, login)
