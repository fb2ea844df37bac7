"""The router of the engines, without a cluster."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.serve.loops import run

pytest.importorskip("ray", reason="Ray Serve is absent: pip install -r requirements-cluster.txt")

ENGINES = [SimpleNamespace(replica_id=SimpleNamespace(unique_id=name)) for name in ("a", "b", "c")]


def chosen(question: dict[str, Any], waited_s: float = 0.0) -> tuple[list[list[Any]], bool]:
    """The engines for a question, and whether the router pauses between two looks."""
    from sonic_ui.serve.routing import KeyRouter

    context = SimpleNamespace(should_backoff=False)
    pending = SimpleNamespace(args=[question], created_at=time.time() - waited_s, routing_context=context)
    router: Any = SimpleNamespace(_share=0.5, _patience_s=4.0)
    return run(KeyRouter.choose_replicas(router, ENGINES, pending)), context.should_backoff  # type: ignore[arg-type]


def test_who_waits_does_not_ask_busy_engines_without_end() -> None:
    for question in ({}, {"key": "picture", "waits": True}, {"key": "picture"}):
        assert chosen(question)[1]


def test_a_question_waits_for_its_own_engine_until_its_patience_ends() -> None:
    assert chosen({})[0] == [ENGINES]
    (first,), *_ = chosen({"key": "picture", "waits": True})[0]
    ranked, _ = chosen({"key": "picture", "waits": True}, waited_s=5.0)
    assert ranked[0] == [first] and len(ranked) == 3
