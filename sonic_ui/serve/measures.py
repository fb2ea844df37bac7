"""What an engine has done: counts and seconds by verb, for the owner's panel and for Prometheus."""

import threading
from dataclasses import dataclass, field
from typing import Any

BOUNDARIES_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000)


@dataclass
class VerbCount:
    """Requests of one verb: how many were done, stopped, refused, failed; their seconds together."""

    done: int = 0
    stopped: int = 0
    refused: int = 0
    failed: int = 0
    seconds: float = 0.0


@dataclass
class Measures:
    """Counts of one engine. Safe to share between threads.

    reused, studied   runs on a picture that started from a cached inversion, and those that made it
    running           verbs of the runs that are under way
    """

    verbs: dict[str, VerbCount] = field(default_factory=dict)
    reused: int = 0
    studied: int = 0
    running: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _exported: "_Exported | None" = field(default=None, repr=False)

    def export(self) -> None:
        """Count in Ray's metrics as well, which every node shows in Prometheus' text format."""
        self._exported = _Exported()

    def begin(self, verb: str) -> None:
        """A run begins."""
        with self._lock:
            self.running.append(verb)

    def end(self, verb: str, outcome: str, seconds: float) -> None:
        """A run ended: `done`, `stopped`, `refused` or `failed`."""
        with self._lock:
            self.running.remove(verb)
            count = self.verbs.setdefault(verb, VerbCount())
            setattr(count, outcome, getattr(count, outcome) + 1)
            count.seconds += seconds
        if self._exported is not None:
            self._exported.requests.inc(1, {"verb": verb, "outcome": outcome})
            self._exported.seconds.observe(seconds, {"verb": verb})

    def count_inversion(self, reused: bool) -> None:
        """A run on a picture is done."""
        with self._lock:
            self.reused += reused
            self.studied += not reused
        if self._exported is not None:
            self._exported.inversions.inc(1, {"found": "yes" if reused else "no"})

    def report(self) -> dict[str, Any]:
        """Plain data."""
        with self._lock:
            verbs = {verb: dict(vars(count)) for verb, count in self.verbs.items()}
            return {
                "verbs": verbs,
                "reused": self.reused,
                "studied": self.studied,
                "running": [*self.running],
            }


class _Exported:
    """Ray's metrics of one engine."""

    def __init__(self) -> None:
        from ray.util import metrics

        self.requests = metrics.Counter(
            "sonic_ui_requests", "Requests by verb and outcome.", tag_keys=("verb", "outcome")
        )
        self.seconds = metrics.Histogram(
            "sonic_ui_request_seconds", "Seconds of a request.", [*BOUNDARIES_S], tag_keys=("verb",)
        )
        self.inversions = metrics.Counter(
            "sonic_ui_inversions", "Runs on a picture, by whether it was cached.", tag_keys=("found",)
        )
