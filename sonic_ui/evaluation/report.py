"""Figures as a table for people and as JSON for machines."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
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


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    return "\n".join([*HEAD, *(_row(figure) for figure in figures)])


HEAD = ("| figure | value | to reach | reached |", "|---|---|---|---|")


def _row(figure: Figure) -> str:
    goal = "" if figure.reach is None else f"{'>=' if figure.at_least else '<='} {figure.reach:g}"
    word = {None: "", True: "yes", False: "no"}[figure.reached]
    name = f"{figure.name} ({figure.note})" if figure.note else figure.name
    return f"| {name} | {figure.value:.3f} | {goal} | {word} |"


def _name(row: str) -> str:
    """The figure that a row is of, without its note."""
    return row.strip("| ").split(" | ")[0].split(" (")[0]


def write_json(figures: list[Figure], path: Path, **details: object) -> None:
    """Write the figures, the machine and any details to `path`."""
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "figures": [{**asdict(f), "reached": f.reached} for f in figures],
        "machine": machine,
        **details,
    }
    path.write_text(json.dumps(content, indent=2) + "\n")


START, END = "<!-- figures -->", "<!-- /figures -->"


def write_into_card(figures: list[Figure], card: Path) -> None:
    """Bring the table between the card's marks up to date; rows of figures that are not given stay.

    Raises:
        ValueError: the card has no marks.
    """
    text = card.read_text()
    if START not in text or END not in text:
        raise ValueError(f"{card} has no {START} and {END} to write the figures between")
    before, rest = text.split(START, 1)
    old, after = rest.split(END, 1)
    fresh = {figure.name: _row(figure) for figure in figures}
    rows = [row for row in old.strip().splitlines() if row.startswith("| ") and row not in HEAD]
    kept = [fresh.pop(_name(row), row) for row in rows]
    lines = "\n".join([*HEAD, *kept, *fresh.values()])
    card.write_text(f"{before}{START}\n{lines}\n{END}{after}")
