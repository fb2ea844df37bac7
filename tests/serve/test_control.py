"""What pages tell all engines, and what engines report."""

from __future__ import annotations

import asyncio

import pytest

from sonic_ui.serve import control as module
from sonic_ui.serve.control import Control
from tests.serve.loops import run


def test_every_engine_hears_every_message_once() -> None:
    async def play() -> None:
        control = Control()
        await control.post({"cancel": "before anybody listened"})
        places = {}
        for engine in ("a", "b"):
            epoch, seen, messages = await control.news(engine, 0, 0, {"pid": 1})
            assert messages == [], "what was before an engine does not concern it"
            places[engine] = (epoch, seen)
        waiting = asyncio.create_task(control.news("a", *places["a"], {"pid": 1}))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await control.post({"cancel": "x"})
        epoch, seen, messages = await waiting
        assert messages == [{"cancel": "x"}]
        await control.post({"forget": "y"})
        assert (await control.news("a", epoch, seen, {}))[2] == [{"forget": "y"}]
        late = await control.news("b", *places["b"], {})
        assert late[2] == [{"cancel": "x"}, {"forget": "y"}]

    run(play())


def test_a_control_that_was_started_anew_is_noticed() -> None:
    async def play() -> None:
        old, new = Control(), Control()
        epoch, seen, _ = await old.news("a", 0, 0, {})
        for _ in range(3):
            await new.post({"cancel": "x"})
        again, last, messages = await new.news("a", epoch, seen, {})
        assert again != epoch and messages == []
        await new.post({"cancel": "y"})
        assert (await new.news("a", again, last, {}))[2] == [{"cancel": "y"}]

    run(play())


def test_no_news_after_a_while_and_old_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.02)
    monkeypatch.setattr(module, "MESSAGES_KEPT", 2)

    async def play() -> None:
        control = Control()
        epoch, seen, _ = await control.news("a", 0, 0, {})
        assert (await control.news("a", epoch, seen, {})) == (epoch, seen, [])
        for number in range(5):
            await control.post({"cancel": str(number)})
        assert (await control.news("a", epoch, seen, {}))[2] == [{"cancel": "3"}, {"cancel": "4"}]

    run(play())


def test_who_is_there_and_who_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])

    async def play() -> None:
        control = Control()
        epoch, seen, _ = await control.news("a", 0, 0, {"pid": 7})
        status = await control.beat("page", {"waiting": {"short": 2}})
        assert status == {"engines": {"a": {"pid": 7}}, "pages": {"page": {"waiting": {"short": 2}}}}
        clock[0] = module.PAGE_GONE_S + 1
        status = await control.beat("other", {})
        assert status == {"engines": {}, "pages": {"other": {}}}
        assert (await control.news("a", epoch, seen, {}))[2] == [{"gone": "page"}]
        await control.leave("a")
        assert (await control.status())["engines"] == {}

    run(play())
