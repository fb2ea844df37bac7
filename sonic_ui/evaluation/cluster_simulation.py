"""A cluster on paper: people come, wait in two lanes, and engines work, one request at a time.

A discrete-event simulation of what `sonic_ui.serve` does: lanes in order of arrival, rendezvous hashing by
what a request starts from, patience for the engine that holds it, a queue that can be full. What it needs are
seconds of service by kind of request, which `sonic_ui.evaluation.load --backend ray` measures.
"""

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sonic_ui.serve.rendezvous import choices, long_engines
from sonic_ui.serve.work import LANES, LONG, SHORT

FIRST, AGAIN = "first", "again"
"""Whether what a request starts from has to be made, or is there."""


@dataclass(frozen=True)
class Arrival:
    """A request that comes at `at_s`: its lane, the key of what it starts from, whether it waits for that,
    and its seconds on an engine that has to make that first, and on one that holds it."""

    at_s: float
    lane: str
    key: str
    waits: bool
    first_s: float
    again_s: float


@dataclass(frozen=True)
class Outcome:
    """What became of an arrival: seconds until it was done, None where the queue was full; whether it found
    what it starts from; and who worked on it."""

    seconds: float | None
    found: bool = False
    engine: int = -1


class _Cluster:
    """The state: free engines, when the others are done, what each holds, who waits.

    All engines that work do so at one pace; when they are done stands on a clock of the work, in seconds of a
    lone engine.

    slow   how many times as long a request takes while another engine works beside its own
    """

    def __init__(self, engines: int, share: float, patience_s: float, slow: float) -> None:
        self.names = [f"engine-{number}" for number in range(engines)]
        self.patience_s = patience_s
        self.free = {*range(engines)}
        self.held: list[set[str]] = [set() for _ in self.names]
        self.waiting: dict[str, list[int]] = {lane: [] for lane in LANES}
        self.allowed = {SHORT: {*range(engines)}, LONG: {*long_engines(self.names, share)}}
        self.clock_s = 0.0
        self.ends: list[tuple[float, int]] = []
        self.working: dict[int, int] = {}
        self._share, self._slow = share, slow
        self._ranks: dict[tuple[str, str, bool], list[list[int]]] = {}

    @property
    def pace(self) -> float:
        """Work done a second on each engine that has some."""
        return 1.0 if len(self.ends) < 2 else 1.0 / self._slow

    @property
    def next_done_s(self) -> float:
        """Seconds until an engine is done; infinite where none works."""
        return (self.ends[0][0] - self.clock_s) / self.pace if self.ends else math.inf

    def pass_time(self, seconds: float) -> None:
        """Work on."""
        self.clock_s += seconds * self.pace

    def begin(self, engine: int, number: int, work_s: float) -> None:
        """An engine begins with a request."""
        self.free.remove(engine)
        self.working[engine] = number
        heapq.heappush(self.ends, (self.clock_s + work_s, engine))

    def end(self) -> int:
        """The next engine is done; the number of its request."""
        _, engine = heapq.heappop(self.ends)
        self.free.add(engine)
        return self.working.pop(engine)

    def engine_for(self, arrival: Arrival, now: float) -> int | None:
        """The engine that takes it now; None: it waits on."""
        waits = arrival.waits and now - arrival.at_s < self.patience_s
        for rank in self._choices(arrival.key, arrival.lane, waits):
            for engine in rank:
                if engine in self.free:
                    return engine
        return None

    def _choices(self, key: str, lane: str, waits: bool) -> list[list[int]]:
        if (key, lane, waits) not in self._ranks:
            every = range(len(self.names))
            self._ranks[key, lane, waits] = choices(every, self.names, key, lane, self._share, waits)
        return self._ranks[key, lane, waits]


def simulate(
    arrivals: Sequence[Arrival],
    engines: int,
    queue: int = 64,
    patience_s: float = 4.0,
    share: float = 0.5,
    overhead_s: float = 0.0,
    slow: float = 1.0,
) -> list[Outcome]:
    """What becomes of each arrival, in their order; they come in order of time.

    overhead_s   of the cluster for each request, besides its service
    slow         how many times as long a request takes while another engine works: 1 where each has a machine
    """
    cluster = _Cluster(engines, share, patience_s, slow)
    outcomes: list[Outcome] = [Outcome(None)] * len(arrivals)
    # (time, number, whether it comes; else its patience is at an end)
    moments: list[tuple[float, int, bool]] = [(one.at_s, number, True) for number, one in enumerate(arrivals)]
    heapq.heapify(moments)
    now = 0.0
    while moments or cluster.ends:
        seconds = cluster.next_done_s
        if moments and moments[0][0] - now < seconds:
            at_s, number, comes = heapq.heappop(moments)
            cluster.pass_time(at_s - now)
            now = at_s
            if comes and not _queued(cluster, arrivals[number], number, now, queue):
                continue
            if comes and arrivals[number].waits:
                heapq.heappush(moments, (now + patience_s, number, False))
        else:
            cluster.pass_time(seconds)
            now += seconds
            number = cluster.end()
            outcomes[number] = replace(outcomes[number], seconds=now - arrivals[number].at_s)
        for lane in LANES:
            _begin(cluster, lane, arrivals, outcomes, now, overhead_s)
    return outcomes


def _queued(cluster: _Cluster, arrival: Arrival, number: int, now: float, queue: int) -> bool:
    """Let a request wait; False where the queue is full and no engine is free for it."""
    lane = cluster.waiting[arrival.lane]
    if len(lane) >= queue and cluster.engine_for(arrival, now) is None:
        return False
    lane.append(number)
    return True


def _begin(
    cluster: _Cluster,
    lane: str,
    arrivals: Sequence[Arrival],
    outcomes: list[Outcome],
    now: float,
    overhead_s: float,
) -> None:
    """Give the free engines to those who wait in a lane, in their order."""
    waiting, place = cluster.waiting[lane], 0
    while place < len(waiting) and not cluster.free.isdisjoint(cluster.allowed[lane]):
        number = waiting[place]
        arrival = arrivals[number]
        engine = cluster.engine_for(arrival, now)
        if engine is None:
            place += 1
            continue
        del waiting[place]
        found = bool(arrival.key) and arrival.key in cluster.held[engine]
        if arrival.key:
            cluster.held[engine].add(arrival.key)
        cluster.begin(engine, number, overhead_s + (arrival.again_s if found else arrival.first_s))
        outcomes[number] = Outcome(None, found, engine)


Costs = Mapping[str, Mapping[str, float]]
"""Seconds by kind of request, FIRST and AGAIN."""


def slowness(alone: Costs, beside: Costs, shares: Mapping[str, float]) -> float:
    """How many times as long requests take beside another engine's as alone, in a mix by `shares`."""
    sums = [
        sum(shares[kind] * (cost[FIRST] + cost[AGAIN]) for kind, cost in costs.items() if kind in shares)
        for costs in (alone, beside)
    ]
    return max(1.0, sums[1] / sums[0])


@dataclass(frozen=True)
class Figures:
    """Of a simulation or a measurement: how many a second, the 50th and the 95th percentile of the seconds to
    an answer, the share that the full queue sent away, and that found what it starts from."""

    a_second: float
    median_s: float
    p95_s: float
    refused: float
    found: float


def figures_of(arrivals: Sequence[Arrival], outcomes: Sequence[Outcome]) -> Figures:
    """The figures of outcomes."""
    ends = [
        one.at_s + outcome.seconds
        for one, outcome in zip(arrivals, outcomes, strict=True)
        if outcome.seconds is not None
    ]
    seconds = sorted(outcome.seconds for outcome in outcomes if outcome.seconds is not None)
    if not seconds:
        return Figures(0.0, math.nan, math.nan, 1.0, 0.0)
    length = max(ends) - min(one.at_s for one in arrivals)
    waited = [
        outcome.found
        for one, outcome in zip(arrivals, outcomes, strict=True)
        if one.waits and outcome.seconds is not None
    ]
    return Figures(
        len(seconds) / length,
        float(np.percentile(seconds, 50)),
        float(np.percentile(seconds, 95)),
        1 - len(seconds) / len(arrivals),
        sum(waited) / len(waited) if waited else 0.0,
    )


@dataclass(frozen=True)
class Kind:
    """A kind of request in a plan: its share of all, its lane, its seconds, and how many in a row one person
    makes of one picture."""

    share: float
    lane: str
    first_s: float
    again_s: float
    waits: bool = False
    row: int = 1


def kinds_of(costs: Mapping[str, Mapping[str, float]], shares: Mapping[str, float]) -> dict[str, Kind]:
    """Kinds for a plan, by verb.

    costs    seconds by verb: {"edit_image": {"first": 9.0, "again": 6.0}, ...}
    shares   of all requests, by verb; those without costs are left out
    """
    known = {verb: share for verb, share in shares.items() if verb in costs}
    total = sum(known.values())
    return {
        verb: Kind(
            share / total,
            LONG if verb == "make_film" else SHORT,
            costs[verb][FIRST],
            costs[verb].get(AGAIN, costs[verb][FIRST]),
            waits=verb == "edit_image",
            row=4 if verb == "edit_image" else 1,
        )
        for verb, share in known.items()
    }


def busy_seconds(kinds: Mapping[str, Kind]) -> float:
    """Seconds of an engine that a request takes on average."""
    return sum(
        kind.share * (kind.first_s + (kind.row - 1) * kind.again_s) / kind.row for kind in kinds.values()
    )


def plan(kinds: Mapping[str, Kind], an_hour: float, seconds: float, seed: int = 0) -> list[Arrival]:
    """Arrivals of a Poisson process: `an_hour` requests an hour, for so many seconds."""
    generator = np.random.default_rng(seed)
    count = generator.poisson(an_hour * seconds / 3600)
    times = np.sort(generator.uniform(0, seconds, count))
    names = [*kinds]
    chosen = generator.choice(len(names), count, p=[kinds[name].share for name in names])
    seen = dict.fromkeys(names, 0)
    arrivals = []
    for at_s, number in zip(times, chosen, strict=True):
        name = names[number]
        kind = kinds[name]
        person = seen[name] // kind.row
        seen[name] += 1
        key = f"{name}/{person}" if kind.waits else ""
        arrivals.append(Arrival(float(at_s), kind.lane, key, kind.waits, kind.first_s, kind.again_s))
    return arrivals


def engines_for(
    kinds: Mapping[str, Kind],
    an_hour: float,
    p95_s: float,
    seconds: float = 900.0,
    queue: int = 100_000,
    overhead_s: float = 0.0,
) -> tuple[int, Figures]:
    """The fewest engines that answer 95 of 100 requests within `p95_s`, and what they do."""
    arrivals = plan(kinds, an_hour, seconds)
    load = busy_seconds(kinds) * an_hour / 3600
    fewest = max(1, math.floor(load))

    def figures(engines: int) -> Figures:
        return figures_of(arrivals, simulate(arrivals, engines, queue, overhead_s=overhead_s))

    most = fewest
    while figures(most).p95_s > p95_s and most < 4 * fewest + 16:
        most = math.ceil(most * 1.25) + 1
    while fewest < most:
        middle = (fewest + most) // 2
        if figures(middle).p95_s > p95_s:
            fewest = middle + 1
        else:
            most = middle
    return most, figures(most)
