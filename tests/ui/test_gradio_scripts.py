"""Gradio's own scripts, as the page serves them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sonic_ui.ui import gradio_scripts
from sonic_ui.ui.gradio_scripts import REPLACED, SCRIPTS, quick_scripts, script_routes


def test_every_line_is_found_in_the_pinned_gradio() -> None:
    assert len(quick_scripts()) == len(REPLACED)


def test_the_quick_scripts_are_what_is_served() -> None:
    with TestClient(Starlette(routes=[*script_routes()])) as client:
        for name, text in quick_scripts().items():
            answer = client.get(f"/assets/{name}")
            assert answer.text == text != (SCRIPTS / name).read_text(encoding="utf-8")
            assert answer.headers["content-type"].startswith("text/javascript")


def test_an_unknown_version_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "core-other.js").write_text("find_attached_events(e,t){return e}")
    monkeypatch.setattr(gradio_scripts, "SCRIPTS", tmp_path)
    quick_scripts.cache_clear()
    try:
        assert script_routes() == []
    finally:
        quick_scripts.cache_clear()


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node to run the two lines with")
def test_both_ways_find_the_same_events() -> None:
    slow, quick = REPLACED["core-*.js"]
    events = [
        {"targets": [[1, "click"], [1, "change"], [2, "input"]]},
        {"targets": [[2, "input"], [3, ""]]},
        {"targets": []},
        {"targets": [[1, "click"]]},
    ]
    script = f"""
        const events = {json.dumps(events)}, node = id => ({{ id, props: {{ shared_props: {{}} }} }});
        const found = [class {{ {slow} }}, class {{ {quick} }}].map(Kind => {{
          const tree = new Kind();
          return [1, 2, 3, 4].map(id => tree.find_attached_events(node(id), events).props.shared_props);
        }});
        console.log(JSON.stringify(found));
    """
    slowly, quickly = json.loads(
        subprocess.run(["node", "-e", script], capture_output=True, check=True).stdout
    )
    assert slowly == quickly and slowly[0]["attached_events"] == ["click", "click"]
