"""Picture of the rooms: every package of `sonic_ui`, what it holds, and which rooms it reads.

`python tests/rooms.py [FILE.svg]` draws it anew from the code's own imports.
"""

from __future__ import annotations

import ast
import html
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sonic_ui"
OUTPUT = ROOT / "assets" / "readme" / "rooms.svg"

FLOORS: tuple[tuple[str, ...], ...] = (
    ("serve",),
    ("ui",),
    ("engine",),
    ("pipelines",),
    ("retrieval", "models"),
    ("media", "audio"),
    ("requests", "bundles"),
)
"""Rooms that run, from the top: a room reads those below it."""
WORKSHOPS = ("evaluation", "training", "scenes", "testing")
"""Rooms that no running room reads."""

ABOUT = {
    "serve": "many engines behind a page, on Ray Serve",
    "ui": "the page: tabs, widgets, components, endpoints",
    "engine": "a request goes in, events come out",
    "pipelines": "diffusers pipelines, samplers, hooks",
    "retrieval": "recordings by what they sound like",
    "models": "networks and their loaders",
    "media": "pictures, masks, films, metadata",
    "audio": "sound as arrays",
    "requests": "what a person can ask for",
    "bundles": "which weights, and where they lie",
    "evaluation": "figures, benchmarks, README pictures",
    "training": "data, stages, recipe, export",
    "scenes": "the world: one file a source",
    "testing": "tiny models for tests",
}

WIDTH, HEIGHT, GAP, LEFT = 330, 58, 34, 30
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#ddd6c8}.n{font-weight:600;font-size:15px}"
    ".s{fill:#9c9486}rect{fill:#24211c;stroke:#5b5448}path{fill:none;stroke:#d98438;stroke-opacity:.55}"
)


def module_imports(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Modules of the package that each of its modules imports, by dotted name.

    Imports inside functions and under `TYPE_CHECKING` count as well.
    """
    paths = {_module_name(path, package): path for path in sorted(package.rglob("*.py"))}
    graph: dict[str, set[str]] = {}
    for name, path in paths.items():
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {one if one in paths else node.module for one in whole}
        graph[name] = (found & paths.keys()) - {name}
    return graph


def room_imports(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Rooms that each room reads, from the imports of modules."""
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, imported in graph.items():
        rooms[_room(module)] |= {_room(one) for one in imported} - {_room(module), ""}
    return dict(rooms)


def draw_rooms(rooms: dict[str, set[str]], lines: dict[str, int]) -> str:
    """SVG of the rooms: those that run stand on floors at the left, the workshops at the right.

    An arrow that follows from two others is left out.
    """
    at = {room: (column, floor) for floor, row in enumerate(FLOORS) for column, room in enumerate(row)}
    at |= {room: (2, index + 1) for index, room in enumerate(WORKSHOPS)}
    spot = {
        room: (LEFT + column * (WIDTH + GAP), 20 + floor * (HEIGHT + GAP))
        for room, (column, floor) in at.items()
    }
    width, height = LEFT * 2 + 3 * WIDTH + 2 * GAP, 20 + len(FLOORS) * (HEIGHT + GAP)
    arrows = [
        _arrow(spot[room], spot[read])
        for room in spot
        for read in sorted(_direct(room, rooms))
        if read in spot and read != "testing" and (room in WORKSHOPS) == (read in WORKSHOPS)
    ]
    boxes = [_box(room, spot[room], lines.get(room, 0)) for room in spot]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="The rooms of sonic_ui and which of them read which"><style>{STYLE}</style>'
        f'<rect width="{width}" height="{height}" rx="12" style="fill:#181612;stroke:none"/>'
        + "".join([*arrows, *boxes])
        + "</svg>\n"
    )


def count_lines(package: Path = PACKAGE) -> dict[str, int]:
    """Lines of Python in each room."""
    lines: dict[str, int] = defaultdict(int)
    for path in package.rglob("*.py"):
        lines[_room(_module_name(path, package))] += len(path.read_text(encoding="utf-8").splitlines())
    return dict(lines)


def _direct(room: str, rooms: dict[str, set[str]]) -> set[str]:
    """Rooms that a room reads and that none of the others it reads leads to."""
    read = rooms.get(room, set())
    return {one for one in read if not any(one in rooms.get(other, ()) for other in read - {one})}


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    (x, y), (to_x, to_y) = start, end
    if y == to_y:  # on one floor
        side = WIDTH if to_x > x else 0
        return f'<path d="M{x + side} {y + HEIGHT / 2}H{to_x + WIDTH - side}"/>'
    if to_y < y:
        return f'<path d="M{x + WIDTH / 2} {y}L{to_x + WIDTH / 2} {to_y + HEIGHT}"/>'
    from_x, from_y = x + WIDTH / 2, y + HEIGHT
    bend = (to_y - from_y) * 0.6
    return (
        f'<path d="M{from_x} {from_y}C{from_x} {from_y + bend} {to_x + WIDTH / 2} {to_y - bend} '
        f'{to_x + WIDTH / 2} {to_y}"/>'
    )


def _box(room: str, spot: tuple[int, int], lines: int) -> str:
    x, y = spot
    about = html.escape(ABOUT[room])
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
        f'<text class="n" x="{x + 12}" y="{y + 23}">{room}</text>'
        f'<text class="s" x="{x + WIDTH - 12}" y="{y + 23}" text-anchor="end">{lines:,} lines</text>'
        f'<text x="{x + 12}" y="{y + 44}">{about}</text>'
    )


def _module_name(path: Path, package: Path) -> str:
    parts = [package.name, *path.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    return [*module.split("."), ""][1]


def main(arguments: Iterable[str]) -> None:
    """Draw the rooms into a file."""
    output = Path(next(iter(arguments), OUTPUT))
    output.write_text(draw_rooms(room_imports(module_imports()), count_lines()), encoding="utf-8")
    print(output)


if __name__ == "__main__":
    main(sys.argv[1:])
