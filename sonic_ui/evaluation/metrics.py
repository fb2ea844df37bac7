"""Measured metrics as a table for people and as JSON for machines."""

import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Metric:
    """One measured number, with what is to be reached. `at_least` says which side is good."""

    name: str
    value: float
    reach: float | None = None
    at_least: bool = True
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the value is on the good side; None where nothing is to be reached."""
        if self.reach is None:
            return None
        return self.value >= self.reach if self.at_least else self.value <= self.reach


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """Result of `run` and the seconds that it took."""
    start = time.perf_counter()
    return run(), time.perf_counter() - start


def table(metrics: list[Metric]) -> str:
    """The figures as a Markdown table."""
    return "\n".join([*HEAD, *(_row(metric) for metric in metrics)])


HEAD = ("| figure | value | to reach | reached |", "|---|---|---|---|")


def _row(metric: Metric) -> str:
    goal = "" if metric.reach is None else f"{'>=' if metric.at_least else '<='} {metric.reach:g}"
    word = {None: "", True: "yes", False: "no"}[metric.reached]
    name = f"{metric.name} ({metric.note})" if metric.note else metric.name
    return f"| {name} | {metric.value:.3f} | {goal} | {word} |"


def _name(row: str) -> str:
    """The figure that a row is of, without its note."""
    return row.strip("| ").split(" | ")[0].split(" (")[0]


def write_json(metrics: list[Metric], path: Path, **details: object) -> None:
    """Write the figures, the machine and any details to `path`."""
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "figures": [{**asdict(f), "reached": f.reached} for f in metrics],
        "machine": machine,
        **details,
    }
    path.write_text(json.dumps(content, indent=2) + "\n")


START, END = "<!-- figures -->", "<!-- /figures -->"


def write_into_card(metrics: list[Metric], card: Path) -> None:
    """Bring the table between the card's marks up to date; rows of figures that are not given stay.

    Raises:
        ValueError: the card has no marks.
    """
    text = card.read_text()
    if START not in text or END not in text:
        raise ValueError(f"{card} has no {START} and {END} to write the figures between")
    before, rest = text.split(START, 1)
    old, after = rest.split(END, 1)
    fresh = {metric.name: _row(metric) for metric in metrics}
    rows = [row for row in old.strip().splitlines() if row.startswith("| ") and row not in HEAD]
    updated = [fresh.pop(_name(row), row) for row in rows]
    lines = "\n".join([*HEAD, *updated, *fresh.values()])
    card.write_text(f"{before}{START}\n{lines}\n{END}{after}")
