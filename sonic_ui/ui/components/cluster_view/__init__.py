"""What the engines of a cluster do: numbers for the owner, in tables."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from sonic_ui.requests import VERBS
from sonic_ui.ui.components.base import Value, html_component

SILENT = "The cluster does not answer just now."
COUNTS = ("done", "stopped", "refused", "failed")


def cluster_view(elem_id: str) -> gr.HTML:
    """The tables, empty. It sends `refresh` when it is opened, and every few seconds while it is open."""
    return html_component("cluster_view", {"summary": "", "engines": [], "verbs": []}, elem_id=elem_id)


def cluster_value(status: Mapping[str, Any] | None) -> Value:
    """What the view shows of reports of engines and pages."""
    if status is None:
        return {"summary": SILENT, "engines": [], "verbs": []}
    engines, pages = status.get("engines", {}), status.get("pages", {})
    return {
        "summary": _summary(engines, pages),
        "engines": [
            [
                name,
                f"{report['engine']}, {report['location']}",
                ", ".join(map(_title, report["running"])) or "free",
                str(sum(count["done"] for count in report["verbs"].values())),
            ]
            for name, report in sorted(engines.items())
        ],
        "verbs": _verbs(engines),
    }


def _summary(engines: Mapping[str, Any], pages: Mapping[str, Any]) -> str:
    """One line: engines, who waits, and how often a picture's inversion was there already."""
    waiting = {
        lane: sum(page.get("waiting", {}).get(lane, 0) for page in pages.values())
        for lane in ("short", "long")
    }
    reused = sum(report["reused"] for report in engines.values())
    runs = reused + sum(report["studied"] for report in engines.values())
    parts = [
        f"{len(engines)} engines, {sum(bool(report['running']) for report in engines.values())} at work",
        f"{waiting['short']} short requests wait, {waiting['long']} long",
        f"{len(pages)} pages",
    ]
    if runs:
        parts.append(
            f"{reused} of {runs} edits found their picture studied already ({100 * reused // runs} %)"
        )
    return " · ".join(parts)


def _verbs(engines: Mapping[str, Any]) -> list[list[str]]:
    """A row a verb: its title, how many were done, stopped, refused, failed, and seconds each."""
    totals: dict[str, dict[str, float]] = {}
    for report in engines.values():
        for verb, count in report["verbs"].items():
            total = totals.setdefault(verb, {})
            for name, value in count.items():
                total[name] = total.get(name, 0) + value
    rows = []
    for verb in [*(one for one in VERBS if one in totals), *(one for one in totals if one not in VERBS)]:
        total = totals[verb]
        ended = sum(total[name] for name in COUNTS)
        each = f"{total['seconds'] / ended:.1f} s" if ended else ""
        rows.append([_title(verb), *(str(int(total[name])) for name in COUNTS), each])
    return rows


def _title(verb: str) -> str:
    return VERBS[verb].title if verb in VERBS else verb
