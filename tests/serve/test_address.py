"""Addresses of clusters, and what is said where Ray is absent: nothing of it is imported for that."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import app
from sonic_ui.requests import BadInput
from sonic_ui.serve import __main__ as command
from sonic_ui.serve import address
from sonic_ui.serve.address import is_ray, read_ray_address

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "check_installed", lambda: None)


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without Ray."""
    find = importlib.util.find_spec

    def without(name: str, *rest: Any) -> Any:
        return None if name.split(".")[0] == "ray" else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", without)


@pytest.mark.usefixtures("installed")
def test_addresses_of_clusters() -> None:
    assert read_ray_address("ray").where == read_ray_address("ray:auto").where == "auto"
    assert read_ray_address("ray:10.0.0.5:6379").shown == "the cluster 10.0.0.5:6379"
    assert read_ray_address("ray:[fe80::1]:6379").where == "[fe80::1]:6379"
    assert is_ray("ray") and is_ray("ray:auto") and not is_ray("space:ann/ray") and not is_ray("http://ray")
    for wrong in ("ray:10.0.0.5", "ray:host:99999", "ray:http://host:1", "ray:a b:1", "ray://host:10001"):
        with pytest.raises(BadInput, match="it takes “ray” for the one") as caught:
            read_ray_address(wrong)
        assert caught.value.field == "backend"


@pytest.mark.usefixtures("absent")
def test_without_ray_a_sentence_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app.read_options(["--backend", "ray"])
    assert ended.value.code == 2
    assert "pip install -r requirements-cluster.txt" in capsys.readouterr().err
    assert command.main(["--replicas", "2"]) == 1
    words = capsys.readouterr().err
    assert words.startswith("Sonic UI cannot start.") and "requirements-cluster.txt" in words


def test_nothing_of_ray_is_imported_unasked() -> None:
    code = (
        "import sys, app, sonic_ui.serve.__main__, sonic_ui.serve.client, sonic_ui.serve.replicas\n"
        "app.make_studio(app.read_options([]))\n"
        "print([name for name in ('ray', 'torch') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"
