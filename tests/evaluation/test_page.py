"""The figures of the page from what was measured; the browser itself is driven by the script."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sonic_ui.evaluation import page
from sonic_ui.evaluation.page import Opening, Violation, longest_task, page_metrics


def test_ratios_are_of_medians() -> None:
    app = [Opening(200, 30, 9.0), Opening(300, 20, 3.0), Opening(400, 10, 2.0)]
    hello = [Opening(100, 10, 2.0)] * 3
    violations = [
        Violation("Edit", "dark", "label", ("#a", "#b")),
        Violation("Edit", "light", "label", ("#a",)),
    ]
    metrics = {one.name: one for one in page_metrics(app, hello, (150.0, 900.0), violations, {"to x": 2.0})}
    assert metrics["bytes over hello-world"].value == 3.0 and not metrics["bytes over hello-world"].reached
    assert metrics["requests over hello-world"].value == 2.0
    assert metrics["time until usable over hello-world"].value == 1.5
    assert metrics["longest task when changing tabs, ms"].reached
    assert metrics["violations found by axe-core"].value == 3.0
    assert metrics["clicks to x"].reached is False
    assert "violations found by axe-core" not in {
        one.name for one in page_metrics(app, hello, (1.0, 1.0), None, {})
    }


def test_the_longest_task_is_one_of_the_pages_main_thread() -> None:
    def task(tid: int, dur: int, tdur: int, name: str = "ThreadControllerImpl::RunTask") -> dict[str, object]:
        return {"ph": "X", "name": name, "pid": 1, "tid": tid, "dur": dur, "tdur": tdur}

    named = {"name": "thread_name", "ph": "M", "pid": 1, "tid": 7, "args": {"name": "CrRendererMain"}}
    events = [named, task(7, 90_000, 20_000), task(7, 30_000, 25_000), task(8, 10**6, 10**6)]
    assert longest_task([*events, task(7, 10**6, 10**6, "Layout")]) == (25.0, 90.0)
    assert longest_task([]) == (0, 0)


def test_axe_core_comes_from_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        entry = tarfile.TarInfo("package/axe.min.js")
        entry.size = 3
        packed.addfile(entry, io.BytesIO(b"axe"))
    source = tmp_path / "source.tgz"
    source.write_bytes(archive.getvalue())
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\ncp {source} axe-core-4.0.0.tgz\n")
    npm.chmod(0o755)
    monkeypatch.setattr(page.shutil, "which", lambda name: str(npm))
    script = page.find_axe(tmp_path / "axe")
    assert script is not None and script.read_text() == "axe"
    monkeypatch.setattr(page.shutil, "which", lambda name: None)
    assert page.find_axe(tmp_path / "axe") == script
    assert page.find_axe(tmp_path / "elsewhere") is None
