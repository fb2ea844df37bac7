"""A plan for many people, from measured costs: how many engines, how many pages, and what breaks first."""

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sonic_ui.evaluation.cluster_simulation import busy_seconds, engines_for, kinds_of
from sonic_ui.serve.rendezvous import choices
from sonic_ui.serve.work import SHORT

PEOPLE_AN_HOUR = 10_000
REQUESTS_EACH = 4
"""Of a person in an hour: an assumption, as are the shares below."""

SHARES = {
    "draft": 0.35,
    "sound_to_image": 0.3,
    "edit_image": 0.15,
    "image_to_sound": 0.08,
    "upscale_image": 0.05,
    "interpolate": 0.03,
    "volume_sweep": 0.02,
    "make_film": 0.02,
}
"""Of all requests, by kind."""

SIMULATED_S, SIMULATED = 300.0, 20_000
"""A simulation is so long, or as long as so many requests take to come."""
MOST_SIMULATED = 120.0
"""Engines that a simulation keeps busy, at most; beyond that their number grows with the load."""
BUSY = 0.6
"""Share of its processor that a page may be busy with."""
CORE_HOUR = 0.04
"""Price of a processor core for an hour, in dollars: an assumption."""


def plan_tables(measured: Mapping[str, Any], people: int = PEOPLE_AN_HOUR) -> str:
    """Markdown tables: costs by kind; engines, pages and prices for 1, 10, 100 and 1000 times the people.

    measured   "costs" by kind, "overhead_s" of the cluster and "page_s" of the page for each request
    """
    costs, overhead_s = measured["costs"], float(measured.get("overhead_s", 0.0))
    kinds = kinds_of(costs, SHARES)
    lines = ["| request | share | seconds of an engine | with its picture studied |", "|---|---|---|---|"]
    for name, kind in kinds.items():
        again = f"{kind.again_s:.2f}" if kind.waits else ""
        lines.append(f"| {name} | {kind.share:.2f} | {kind.first_s:.2f} | {again} |")
    mean = busy_seconds(kinds) + overhead_s
    target = 3 * max(kind.first_s for name, kind in kinds.items() if name != "make_film")
    lines += [
        "",
        f"A request takes {mean:.2f} s of an engine on average; 95 of 100 within {target:.0f} s.",
        "",
    ]
    lines += [
        "| people an hour | requests a second | engines | busy | 95th percentile, s "
        "| pages | route, ms | $ an hour |",
        "|---|---|---|---|---|---|---|---|",
    ]
    ratio = 1.0
    for times in (1, 10, 100, 1000):
        an_hour = people * times * REQUESTS_EACH
        load = mean * an_hour / 3600
        if load <= MOST_SIMULATED:
            seconds = min(SIMULATED_S, SIMULATED * 3600 / an_hour)
            engines, figures = engines_for(kinds, an_hour, target, seconds, overhead_s=overhead_s)
            ratio, p95 = engines / load, f"{figures.p95_s:.1f}"
        else:
            engines, p95 = math.ceil(load * ratio), "as above"
        pages = math.ceil(an_hour / 3600 * float(measured.get("page_s", 0.0)) / BUSY)
        lines.append(
            f"| {people * times:,} | {an_hour / 3600:.1f} | {engines} | {load / engines:.2f} | {p95} "
            f"| {pages} | {1000 * routing_s(engines):.2f} | {CORE_HOUR * (engines + pages):,.2f} |"
        )
    return "\n".join(lines)


BEGIN, END = "<!-- plan -->", "<!-- /plan -->"


def write_plan(plan: str, file: Path) -> None:
    """Put the tables between the file's marks. Raises ValueError for a file without them."""
    before, begin, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{file} has no {BEGIN} and {END} to write the plan between")
    file.write_text(f"{before}{BEGIN}\n{plan}\n{END}{after}", encoding="utf-8")


def routing_s(engines: int, tries: int = 20) -> float:
    """Seconds that a page takes to choose among so many engines once; a request that waits does so again and
    again."""
    names = [f"engine-{number}" for number in range(engines)]
    begun = time.perf_counter()
    for number in range(tries):
        choices(names, names, f"key {number}", SHORT, 0.5, waits=False)
    return (time.perf_counter() - begun) / tries
