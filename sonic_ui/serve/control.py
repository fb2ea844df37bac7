"""What pages tell all engines, and what engines report: one light process of the cluster.

A page cannot speak to one engine of many: requests go wherever the router sends them. So what concerns a run
that is under way (stop it), or all of them (forget a session), is written to one short log, and every engine
waits for its end.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]

MESSAGES_KEPT = 4096
WAIT_S = 5.0
"""How long an engine waits for news; its report comes as often."""
PAGE_GONE_S = 30.0
"""A page that was silent for so long is gone: nobody waits for its runs any more."""
ENGINE_GONE_S = 20.0


@dataclass
class _Board:
    """What is known: messages by number, the newest reports, when each page was there last."""

    first: int = 1
    messages: deque[Message] = field(default_factory=deque)
    reports: dict[str, tuple[float, Message]] = field(default_factory=dict)
    pages: dict[str, tuple[float, Message]] = field(default_factory=dict)


class Control:
    """The process. Its methods are coroutines of one event loop: nothing is locked."""

    def __init__(self) -> None:
        self._epoch = time.time_ns()
        self._board = _Board()
        self._news = asyncio.Condition()

    async def post(self, message: Message) -> None:
        """Tell every engine: {"cancel": run}, {"forget": session} or {"gone": page}."""
        async with self._news:
            board = self._board
            board.messages.append(message)
            while len(board.messages) > MESSAGES_KEPT:
                board.messages.popleft()
                board.first += 1
            self._news.notify_all()

    async def news(
        self, engine: str, epoch: int, seen: int, report: Message
    ) -> tuple[int, int, list[Message]]:
        """Messages after the one numbered `seen`, as soon as there are any: (epoch, last number, they).

        An engine that comes for the first time, or after this process was started anew, hears only what
        comes from now on.
        """
        board = self._board
        board.reports[engine] = (time.monotonic(), report)
        last = board.first + len(board.messages) - 1
        if epoch != self._epoch:
            return self._epoch, last, []
        if seen >= last:
            try:
                async with asyncio.timeout(WAIT_S), self._news:
                    await self._news.wait()
            except TimeoutError:
                pass
        messages = [*board.messages][max(0, seen + 1 - board.first) :]
        return self._epoch, board.first + len(board.messages) - 1, messages

    async def leave(self, engine: str) -> None:
        """An engine ends."""
        self._board.reports.pop(engine, None)

    async def beat(self, page: str, report: Message) -> Message:
        """A page is there, and reports who waits at it; what is known of the cluster."""
        now = time.monotonic()
        pages = self._board.pages
        pages[page] = (now, report)
        for other in [name for name, (at, _) in pages.items() if now - at > PAGE_GONE_S]:
            del pages[other]
            await self.post({"gone": other})
        return await self.status()

    async def status(self) -> Message:
        """{"engines": {name: report}, "pages": {name: report}}, without those that are gone."""
        now = time.monotonic()
        reports = self._board.reports
        for name in [name for name, (at, _) in reports.items() if now - at > ENGINE_GONE_S]:
            del reports[name]
        return {
            "engines": {name: report for name, (_, report) in reports.items()},
            "pages": {name: report for name, (_, report) in self._board.pages.items()},
        }
