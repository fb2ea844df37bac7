"""Small pictures, of example cards or of phrases, as one file: one request in place of one each."""

import hashlib
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from sonic_ui.media.temporary import process_folder, writing

CELL_PX = 144
"""Side of a card's picture: twice what the widest card shows, for fine screens."""


def contact_sheet(pictures: tuple[Path | None, ...]) -> tuple[Path | None, list[int | None]]:
    """A row of square thumbnails, and each picture's place in it; None for one that is not there.

    Raises `BadInput` where it cannot be written.
    """
    cells: list[Image.Image] = []
    places: list[int | None] = []
    for path in pictures:
        cell = None if path is None else _thumbnail(path)
        places.append(None if cell is None else len(cells))
        if cell is not None:
            cells.append(cell)
    if not cells:
        return None, places
    sheet = Image.new("RGB", (CELL_PX * len(cells), CELL_PX))
    for number, cell in enumerate(cells):
        sheet.paste(cell, (number * CELL_PX, 0))
    name = hashlib.sha256(repr(pictures).encode()).hexdigest()[:16]
    path = process_folder() / f"sheet-{name}.webp"
    if not path.is_file():
        with writing(path):
            sheet.save(path, "WEBP", quality=82)
    return path, places


def _thumbnail(path: Path) -> Image.Image | None:
    try:
        return _drawn(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=256)
def _drawn(path: Path, version: int) -> Image.Image:
    """The thumbnail of a file as it was last changed; every tab shows the same ones."""
    with Image.open(path) as picture:
        return ImageOps.fit(picture.convert("RGB"), (CELL_PX, CELL_PX), Image.Resampling.LANCZOS)
