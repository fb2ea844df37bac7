"""Folders of recordings that the app may read: the examples, and the one it was started with."""

import os
from pathlib import Path

from sonic_ui.bundles import ROOT
from sonic_ui.requests import BadInput
from sonic_ui.requests.fields import shown

EXAMPLES = ROOT / "assets" / "examples" / "sounds"
MAX_CHOICES = 40

NO_FOLDER = (
    "The recordings in {name} cannot be read: this app reads only its own examples. Start it with "
    "--sounds FOLDER to use a folder of yours."
)


class Libraries:
    """The examples, and a person's own folder with everything in it; nothing outside is ever read."""

    def __init__(self, examples: Path = EXAMPLES, own: Path | None = None) -> None:
        self._examples = examples
        self._own = None if own is None else own.expanduser().resolve()

    def folder_of(self, name: str | None) -> Path:
        """The folder that a request names: None for the examples, else one inside the person's own.

        "." is that folder itself. Raises `BadInput` for one that is missing or lies outside.
        """
        if name is None:
            return self._examples
        if self._own is None:
            raise BadInput(NO_FOLDER.format(name=shown(name)), "library")
        folder = (self._own / name).resolve()  # an absolute name replaces the folder
        if not folder.is_relative_to(self._own):
            raise BadInput(
                f"The folder {shown(name)} lies outside “{self._own.name}”, the one that this app may read. "
                "Start it with another --sounds FOLDER.",
                "library",
            )
        if not folder.is_dir():
            raise BadInput(f"There is no folder {shown(name)} in “{self._own.name}”.", "library")
        return folder

    def choices(self) -> list[tuple[str, str]]:
        """Names for people and for requests: the examples, the person's folder, and the folders in it."""
        found = [("The examples", "")]
        if self._own is None or not self._own.is_dir():
            return found
        found.append((self._own.name or str(self._own), "."))
        with os.scandir(self._own) as entries:
            inside = sorted(one.name for one in entries if one.is_dir() and not one.name.startswith("."))
        return found + [(f"{self._own.name} / {name}", name) for name in inside[:MAX_CHOICES]]
