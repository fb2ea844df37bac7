"""Engines that were taught here: folders that hold what changed, and name the engine that they went on from.

    <home>/<name>/bundle.json     "base": name (or folder) of that engine, "taught": [{"id", "label"}, ...]
    <home>/<name>/taught/         the weights, see `pipelines/taught.py`
    <home>/<name>/manifest.json   the SHA-256 of both

The home is SONIC_UI_TAUGHT, else `sonic-ui/engines` in the user's folder for data (XDG_DATA_HOME).
"""

import contextlib
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonic_ui.bundles.files import read_json
from sonic_ui.bundles.manifest import MANIFEST, write_manifest
from sonic_ui.requests import BadInput
from sonic_ui.requests.fields import shown

WEIGHTS = "taught"
"""Folder of the weights in a taught engine's."""
BEGUN = ".begun-"
"""Beginning of the name of a folder that is being written."""
MOST_ENGINES = 24
MOST_BYTES = 4_000_000_000
"""Of all taught engines together."""

TAKEN = "There is an engine called {given} already. Choose another name."
FULL = (
    "There are {count} taught engines here, {megabytes} MB: as many as are kept. Remove one from {home}, "
    "then teach again."
)


def taught_home() -> Path:
    """The folder of taught engines; it need not be there yet."""
    if given := os.environ.get("SONIC_UI_TAUGHT"):
        return Path(given).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "sonic-ui" / "engines"


def taught_names() -> tuple[str, ...]:
    """Names of the taught engines, in the order of the alphabet."""
    with contextlib.suppress(OSError):
        return tuple(
            sorted(
                one.name
                for one in taught_home().iterdir()
                if not one.name.startswith(".") and (one / "bundle.json").is_file()
            )
        )
    return ()


def check_may_teach(name: str, known: tuple[str, ...]) -> None:
    """Raise BadInput for a name that an engine or one of the sounds it knows has, and where there are too
    many.

    known   names and words that are taken
    """
    names = taught_names()
    taken = {one.casefold() for one in (*known, *names)}
    if name.casefold() in taken:
        raise BadInput(TAKEN.format(given=shown(name)), "name")
    size = sum(_size(taught_home() / one) for one in names)
    if len(names) >= MOST_ENGINES or size >= MOST_BYTES:
        home = taught_home().name
        raise BadInput(FULL.format(count=len(names), megabytes=size // 10**6, home=f"“{home}”"), "name")


@contextmanager
def new_taught(name: str, description: dict[str, object]) -> Iterator[Path]:
    """The folder for the weights of a taught engine, inside the block; afterwards the engine is there, whole.

    If the block fails, or is stopped, nothing of it stays. Raises BadInput for a name that was taken
    meanwhile
    and OSError for a disk that is full.
    """
    home = taught_home()
    begun, final = home / f"{BEGUN}{os.getpid()}-{name}", home / name
    shutil.rmtree(begun, ignore_errors=True)
    try:
        (begun / WEIGHTS).mkdir(parents=True)
        yield begun / WEIGHTS
        text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
        (begun / "bundle.json").write_text(text, encoding="utf-8")
        write_manifest(begun)
        if final.exists():
            raise BadInput(TAKEN.format(given=shown(name)), "name")
        begun.rename(final)
    finally:
        shutil.rmtree(begun, ignore_errors=True)


def zip_taught(folder: Path, path: Path, base: str) -> Path:
    """Write a taught engine as a ZIP that may be taken elsewhere: its base by the name `base` alone."""
    description = {**read_json(folder / "bundle.json"), "base": base}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for one in sorted(folder.rglob("*")):
            if one.is_file() and one.name not in ("bundle.json", MANIFEST):
                archive.write(one, f"{folder.name}/{one.relative_to(folder).as_posix()}")
        archive.writestr(
            f"{folder.name}/bundle.json", json.dumps(description, indent=2, ensure_ascii=False) + "\n"
        )
    return path


def edition_of(folder: Path) -> str:
    """What tells one edition of an engine's painting weights from another; "" where it has no manifest."""
    if not (folder / MANIFEST).is_file():
        return ""
    sums = read_json(folder / MANIFEST).get("sha256")
    listed = sums.items() if isinstance(sums, dict) else ()
    painting = sorted(f"{name} {value}" for name, value in listed if str(name).startswith("audio_to_image/"))
    return hashlib.sha256("\n".join(painting).encode()).hexdigest()[:16]


def _size(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
    return 0
