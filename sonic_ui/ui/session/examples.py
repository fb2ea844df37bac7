"""The example sounds that the page offers, read from `assets/examples/examples.json`."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from sonic_ui.bundles import ROOT

log = logging.getLogger(__name__)

FOLDER = ROOT / "assets" / "examples"


@dataclass(frozen=True)
class Example:
    """A sound, its name for people, and the picture that the shipped weights made of it if there is one.

    `seed` is the one it was painted with, with the engine's own settings; None if that is not known.
    """

    sound: Path
    title: str
    picture: Path | None
    seed: int | None = None


def read_examples(folder: Path = FOLDER) -> tuple[Example, ...]:
    """The examples listed in `folder`; sounds that are not there are left out, and so is an absent folder.

    `examples.json` holds [{"file", "title", "picture", "seed"}, ...]: a sound and a picture, from `folder`
    or from its `sounds/` and `pictures/`.
    """
    try:
        entries = json.loads((folder / "examples.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError):
        log.warning("The examples in %s cannot be read; the page offers none", folder)
        return ()
    examples = []
    for entry in entries if isinstance(entries, list) else []:
        sound = _inside(folder, "sounds", entry.get("file"))
        if sound is None:
            log.warning("The example %r is not in %s", entry.get("file"), folder)
            continue
        title = str(entry.get("title") or sound.stem.replace("_", " "))
        seed = entry.get("seed") if isinstance(entry.get("seed"), int) else None
        examples.append(Example(sound, title, _inside(folder, "pictures", entry.get("picture")), seed))
    return tuple(examples)


def _inside(folder: Path, part: str, name: object) -> Path | None:
    """A file of the folder by its name there or in `part`; None if it is not there."""
    if not isinstance(name, str) or not name:
        return None
    for candidate in (folder / name, folder / part / name):
        if candidate.is_file() and candidate.resolve().is_relative_to(folder.resolve()):
            return candidate
    return None
