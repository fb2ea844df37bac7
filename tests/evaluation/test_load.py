"""Which load is measured."""

from __future__ import annotations

import pytest

from sonic_ui.evaluation import cluster_load, load, page_load


def test_the_backend_decides_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(cluster_load, "main", lambda rest: called.append(("ray", rest)))
    monkeypatch.setattr(page_load, "main", lambda rest: called.append(("local", rest)))
    load.main(["--clients", "5", "--backend", "ray"])
    load.main(["--clients", "6"])
    assert called == [("ray", ["--clients", "5"]), ("local", ["--clients", "6"])]
