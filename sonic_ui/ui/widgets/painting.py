"""Pictures while they are painted."""

from __future__ import annotations

from sonic_ui.engine import Event, Preview, Progress
from sonic_ui.ui.components.stage import Value, preview_uris, working


class Painting:
    """What is there so far of a run's `count` pictures."""

    def __init__(self, run: int, count: int) -> None:
        self._run, self._count = run, count
        self._progress = Progress(0, 0, "Starting")
        self._previews: list[str] = []

    def take(self, event: Event) -> Value | None:
        """The stage's value after an event; None for one that changes nothing there."""
        if isinstance(event, Progress):
            self._progress = event
        elif isinstance(event, Preview):
            self._previews = preview_uris(event.images)
        else:
            return None
        return working(self._run, self._count, self._progress, self._previews)
