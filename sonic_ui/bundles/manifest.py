"""`python -m sonic_ui.bundles.manifest FOLDER`: write a bundle's manifest, the SHA-256 of each of its files.

Weights with a flipped bit load without a word and paint something else; so each file is compared with the
manifest before it is loaded, once a process. A bundle without a manifest is taken as it is.
"""

import argparse
import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path

from sonic_ui.bundles.files import damaged, missing, read_json

MANIFEST = "manifest.json"
UNLISTED = (".md", ".csv")
"""Endings of what is written for people and never loaded."""

CHANGED = (
    f"its SHA-256 is not the one in {MANIFEST}; if the file was changed on purpose, write that anew with "
    "`python -m sonic_ui.bundles.manifest` and the bundle’s folder"
)

_lock = threading.Lock()
_sums: dict[tuple[str, int, int], str] = {}
"""By path, size and time of the last change."""


def write_manifest(folder: Path) -> Path:
    """Write the sums of a bundle's files as they are now; returns the manifest's path."""
    listed = [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_listed(path, folder)]
    sums = {path.relative_to(folder).as_posix(): file_sha256(path) for path in listed}
    path = folder / MANIFEST
    path.write_text(json.dumps({"sha256": sums}, indent=2) + "\n", encoding="utf-8", newline="\n")
    return path


def check_sums(folder: Path, names: Sequence[str] = ("",)) -> None:
    """Compare files of a bundle with its manifest: those called one of `names`, or in a folder called so.

    "" stands for all. Raises `BadInput` naming the first file that is missing or was changed.
    """
    manifest = folder / MANIFEST
    if not manifest.exists():
        return
    sums = read_json(manifest).get("sha256")
    if not isinstance(sums, dict):
        raise damaged(manifest, 'it should hold {"sha256": {file: sum, ...}}')
    for listed, wanted in sums.items():
        if not any(not name or listed == name or listed.startswith(f"{name}/") for name in names):
            continue
        path = folder / listed
        if not path.is_file():
            raise missing(path)
        try:
            found = _known_sha256(path)
        except OSError as error:
            raise damaged(path, error.strerror or "it cannot be read") from None
        if found != wanted:
            raise damaged(path, CHANGED)


def _is_listed(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.suffix not in UNLISTED and path != folder / MANIFEST


def _known_sha256(path: Path) -> str:
    about = path.stat()
    key = (str(path), about.st_size, about.st_mtime_ns)
    with _lock:
        if key not in _sums:
            _sums[key] = file_sha256(path)
        return _sums[key]


def file_sha256(path: Path | str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the manifest of the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m sonic_ui.bundles.manifest", description=__doc__)
    parser.add_argument("folder", type=Path, help="of a bundle, such as assets/miniature")
    print(write_manifest(parser.parse_args(arguments).folder))


if __name__ == "__main__":
    main()
