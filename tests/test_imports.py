"""Rooms import one way, and the page's modules import nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sonic_ui"

ORDER = ["ui", "engine", "pipelines", "retrieval", "models", "media", "audio"]
FREE = {"requests", "bundles"}
"""Read by all; they read no room themselves, only each other."""

WORKSHOPS = {"scenes", "training", "evaluation", "testing", "deploy"}
"""Read by no runtime room; they may read everything that computes, but no page, studio or backend."""

WORKSHOPS_MAY_READ = WORKSHOPS | FREE | {"models", "pipelines", "retrieval", "media", "audio"}
GRADIO_ROOMS = {"ui"}
HEAVY = ["torch", "diffusers", "transformers", "librosa", "matplotlib", "scipy.signal"]


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Full names of every module that a file imports, wherever in the file."""
    names: set[str] = set()
    package = [*path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def rooms_read(path: Path) -> set[str]:
    parts = [name.split(".") for name in imports_of(path)]
    return {name[1] for name in parts if name[0] == "sonic_ui" and len(name) > 1} & KNOWN - {room_of(path)}


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE)
KNOWN = set(ORDER) | FREE | WORKSHOPS


def allowed(room: str) -> set[str]:
    if room in FREE:
        return FREE
    if room in WORKSHOPS:
        return WORKSHOPS_MAY_READ
    return FREE | set(ORDER[ORDER.index(room) :])


def test_every_room_is_known() -> None:
    assert {room_of(path) for path in FILES} <= KNOWN


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    assert rooms_read(path) <= allowed(room), f"{path} reads a room that stands before its own"
    libraries = {name.split(".")[0] for name in imports_of(path)}
    if room not in GRADIO_ROOMS:
        # The one measures the running app, the other is a guest of another one.
        client = {"gradio_client"} if room in {"evaluation", "engine"} else set()
        assert not libraries & {"gradio", "gradio_client"} - client, f"{path}: Gradio belongs to the page"
    if room == "audio":
        assert "torch" not in libraries, f"{path}: sound is arrays"


def test_the_rule_itself_catches_what_it_should(tmp_path: Path) -> None:
    assert "ui" not in allowed("engine") and "scenes" not in allowed("pipelines")
    assert "audio" in allowed("ui") and "ui" not in allowed("evaluation")
    assert "sonic_ui.ui.page" in imports_of(ROOT / "app.py")


def test_the_page_imports_nothing_heavy() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in FILES
        if room_of(path) in {"ui", "engine", "media", "requests", "bundles"}
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


def test_files_stay_readable() -> None:
    long = [path.name for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > 330]
    assert long == []
