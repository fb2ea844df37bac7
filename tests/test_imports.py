"""Rooms import one way and never in circles, the page imports nothing heavy, and files stay readable."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sonic_ui"

ORDER = ["serve", "ui", "engine", "pipelines", "retrieval", "models", "media", "audio"]
"""Each room reads itself and those after it."""

FREE = {"requests", "bundles"}
"""Read by all; they read no room themselves, only each other."""

WORKSHOPS = {"scenes", "training", "evaluation", "testing", "deploy"}
"""Read by no runtime room."""

COMPUTING = FREE | {"models", "pipelines", "retrieval", "media", "audio"}
MAY_READ = {
    "scenes": COMPUTING,
    "testing": COMPUTING,
    "training": COMPUTING | {"scenes"},
    "evaluation": COMPUTING | {"scenes", "training", "testing", "engine", "serve"},
    "deploy": set(),
}
"""What presents weights may read what makes them, never the other way."""

HEAVY = ["ray", "torch", "diffusers", "transformers", "librosa", "matplotlib", "scipy.signal"]
LIGHT_ROOMS = {"ui", "engine", "media", "requests", "bundles"}
MOST_LINES = {"file": 500, "class": 300, "function": 60}

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Full names of every module that a file imports, wherever in the file."""
    names: set[str] = set()
    package = [*path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def rooms_read(path: Path) -> set[str]:
    parts = [name.split(".") for name in imports_of(path)]
    return {name[1] for name in parts if name[0] == "sonic_ui" and len(name) > 1} & KNOWN - {room_of(path)}


KNOWN = set(ORDER) | FREE | WORKSHOPS


def allowed(room: str) -> set[str]:
    if room in FREE:
        return FREE
    if room in WORKSHOPS:
        return MAY_READ[room]
    return FREE | set(ORDER[ORDER.index(room) :])


def test_every_room_is_known() -> None:
    assert {room_of(path) for path in FILES} <= KNOWN


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    assert rooms_read(path) <= allowed(room), f"{path} reads a room that stands before its own"
    libraries = {name.split(".")[0] for name in imports_of(path)}
    if room != "ui":
        # The one measures the running app, the other is a client of another one.
        client = {"gradio_client"} if room in {"evaluation", "engine"} else set()
        assert not libraries & {"gradio", "gradio_client"} - client, f"{path}: Gradio belongs to the page"
    if room == "audio":
        assert "torch" not in libraries, f"{path}: sound is arrays"


def test_the_rule_itself_catches_what_it_should() -> None:
    assert "ui" not in allowed("engine") and "scenes" not in allowed("pipelines")
    assert "audio" in allowed("ui") and "ui" not in allowed("evaluation")
    assert "training" in allowed("evaluation") and "evaluation" not in allowed("training")
    assert "sonic_ui.ui.page" in imports_of(ROOT / "app.py")


def module_graph() -> dict[str, set[str]]:
    """Module -> the modules of this package that it imports, those under TYPE_CHECKING included.

    `from package import module` reads the module alone.
    """
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in FILES
    }
    graph = {}
    for module, path in files.items():
        read = {name for name in imports_of(path) if name in files and name != module}
        graph[module] = {name for name in read if not any(other.startswith(f"{name}.") for other in read)}
    return graph


def circles_of(graph: Mapping[str, set[str]]) -> Iterator[set[str]]:
    """Strongly connected components of more than one module (Tarjan 1972)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> Iterator[set[str]]:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in order:
                yield from visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], order[other])
        if lowest[module] == order[module]:
            position = stack.index(module)
            component = set(stack[position:])
            del stack[position:]
            if len(component) > 1:
                yield component

    for module in graph:
        if module not in order:
            yield from visit(module)


def test_modules_import_in_no_circle() -> None:
    assert [sorted(circle) for circle in circles_of(module_graph())] == []
    assert [*circles_of({"a": {"b"}, "b": {"c"}, "c": {"b"}})] == [{"b", "c"}]


def test_the_page_imports_nothing_heavy() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in FILES
        if room_of(path) in LIGHT_ROOMS
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r} + ['app']: importlib.import_module(name)\n"
        f"print(','.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "", f"imported with the page: {done.stdout}"


def too_long(path: Path) -> Iterator[str]:
    """What is longer in a file than a reader takes in at once."""
    if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES["file"]:
        yield f"{path.relative_to(ROOT)}: {lines} lines"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1 - docstring_lines(node)
            if lines > MOST_LINES["class" if isinstance(node, ast.ClassDef) else "function"]:
                yield f"{path.relative_to(ROOT)}: {node.name} has {lines} lines"


def docstring_lines(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if ast.get_docstring(node) is None or isinstance(node, ast.ClassDef):
        return 0
    return (first.end_lineno or 0) - first.lineno + 1


def test_files_classes_and_functions_stay_readable() -> None:
    assert [problem for path in FILES for problem in too_long(path)] == []
