"""The owner's numbers of a cluster: what they say, and who sees them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sonic_ui.engine.studio import Studio
from sonic_ui.ui.components.cluster_view import SILENT, cluster_value
from sonic_ui.ui.engine_panel import may_change
from sonic_ui.ui.page import build_page
from tests.fakes import FakeBackend

ENGINE = {
    "verbs": {"sound_to_image": {"done": 3, "stopped": 1, "refused": 0, "failed": 0, "seconds": 8.0}},
    "reused": 3,
    "studied": 1,
    "running": ["edit_image"],
    "pid": 7,
    "engine": "Fake",
    "bundle": "fake",
    "location": "CPU",
}
STATUS = {
    "engines": {"b": ENGINE, "a": {**ENGINE, "running": [], "verbs": {}, "reused": 0, "studied": 0}},
    "pages": {"p": {"waiting": {"short": 2, "long": 1}}, "q": {"waiting": {"short": 1, "long": 0}}},
}


class ClusterStudio(Studio):
    """A studio that says it runs on a cluster."""

    concurrent = 32
    status_now: dict[str, Any] | None = STATUS

    def cluster_status(self) -> dict[str, Any] | None:
        return self.status_now


def test_the_numbers_are_words_and_rows() -> None:
    value = cluster_value(STATUS)
    assert value["summary"] == (
        "2 engines, 1 at work · 3 short requests wait, 1 long · 2 pages · "
        "3 of 4 edits found their picture studied already (75 %)"
    )
    assert value["engines"] == [["a", "Fake, CPU", "free", "0"], ["b", "Fake, CPU", "Edit", "3"]]
    assert value["verbs"] == [["Sound → Image", "3", "1", "0", "0", "2.0 s"]]
    assert cluster_value(None) == {"summary": SILENT, "engines": [], "verbs": []}
    assert cluster_value({"engines": {}, "pages": {}})["verbs"] == []


@pytest.mark.parametrize(
    ("username", "host", "allowed"),
    [("ann", "192.168.1.9", True), (None, "127.0.0.1", True), (None, "192.168.1.9", False)],
)
def test_who_may_see_them(username: str | None, host: str, allowed: bool) -> None:
    inner = SimpleNamespace(client=SimpleNamespace(host=host), headers={"host": f"{host}:7860"})
    request: Any = SimpleNamespace(username=username, request=inner)
    assert may_change(request, False) is allowed and may_change(request, True)


def test_a_page_on_a_cluster_has_the_panel_and_lets_more_through(tmp_path: Path) -> None:
    page = build_page(ClusterStudio(FakeBackend()), tmp_path)
    blocks = [*page.blocks.values()]
    assert {"su-engines", "su-engines-cluster"} <= {getattr(block, "elem_id", None) for block in blocks}
    limits = {fn.api_name: fn.concurrency_limit for fn in page.fns.values()}
    assert limits["sound_to_image"] == 32 and page._queue.default_concurrency_limit == 32
    names = {fn.api_name for fn in page.fns.values()}
    assert "cluster" in names


def test_a_page_on_one_machine_has_no_such_panel(tmp_path: Path) -> None:
    page = build_page(Studio(FakeBackend()), tmp_path)
    assert "su-engines-cluster" not in {getattr(block, "elem_id", None) for block in page.blocks.values()}
    assert "cluster" not in {fn.api_name for fn in page.fns.values()}
