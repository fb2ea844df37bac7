"""`python -m sonic_ui.evaluation.load --backend ray`: many people at once on many engines, on this computer.

Everything is measured in one run, on a small Ray of this computer's own: what two engines do beside one, what
the cluster itself costs, fifty people with all verbs, engines that are killed, how often a picture is found
studied, and how well the simulation of `cluster_simulation` foresees it all. `--only` names parts; the tables
for `docs/scaling.md` are printed last, and everything goes to a JSON file from which `--plan` extrapolates.
"""

import argparse
import contextlib
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sonic_ui.engine.events import CancelToken, Progress
from sonic_ui.evaluation.cluster_people import (
    FULL_WORDS,
    Files,
    Visit,
    arrivals_at,
    as_arrivals,
    costs_of,
    crowd,
    mixed,
    request_of,
    visit,
)
from sonic_ui.evaluation.cluster_plan import plan_tables, write_plan
from sonic_ui.evaluation.cluster_simulation import Figures, figures_of, simulate, slowness
from sonic_ui.evaluation.metrics import Metric, table, write_into_card, write_json
from sonic_ui.evaluation.plain_processes import scale_without_a_cluster
from sonic_ui.serve.options import ClusterOptions

PARTS = ("scale", "overhead", "simulation", "costs", "everybody", "kills", "hits", "page")
STORE_BYTES = 100 * 2**20
MIX = {"draft": 8, "sound_to_image": 3, "edit_image": 4, "upscale_image": 1}
"""Requests of the runs that compare numbers of engines."""
ALL = {
    "sound_to_image": 4,
    "draft": 4,
    "edit_image": 4,
    "interpolate": 1,
    "volume_sweep": 1,
    "make_film": 1,
    "image_to_sound": 2,
    "upscale_image": 1,
    "learn_word": 1,
}
"""Requests of fifty people: all verbs."""

READY_S = 300.0
LONG_S = 15.0
"""What takes longer is measured once."""
BUSY_SHARE, STREAM = 0.7, 2.5
"""Of the run that is foreseen: its arrivals over the pace of two engines, and its length in those of the
others. A 95th percentile of few requests near saturation is chance."""
LEAST_SCALE, MOST_OVERHEAD, LEAST_HITS, MOST_ERROR = 1.7, 0.05, 0.9, 0.15


@dataclass
class Run:
    """One run of the script: its options, figures so far, what else it found, and a folder."""

    options: argparse.Namespace
    folder: Path
    metrics: list[Metric] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def files(self) -> Files:
        """Sounds and pictures of people."""
        folder = self.folder / "files"
        folder.mkdir(exist_ok=True)
        return Files(folder)

    @property
    def tiny(self) -> str:
        """A bundle of tiny random networks: the cluster is measured, not they."""
        from sonic_ui.testing.tiny_bundle import debug_bundle

        folder = self.folder / "tiny"
        return str(folder if folder.is_dir() else debug_bundle(folder))

    def add(self, *metrics: Metric) -> None:
        """Note figures, and print them at once."""
        self.metrics += metrics
        for metric in metrics:
            print(f"  {metric.name}: {metric.value:.3f}  {metric.note}", flush=True)


@contextlib.contextmanager
def engines(bundle: str, replicas: int, **options: Any) -> Iterator[tuple[Any, Callable[[int], None]]]:
    """A page's studio on so many engines of one thread, and what changes their number."""
    from sonic_ui.serve import cluster
    from sonic_ui.serve.address import RayAddress
    from sonic_ui.serve.client import RayStudio

    os.environ.update({"RAY_worker_niceness": "0"})  # nothing else is at work
    wanted = ClusterOptions(bundle=bundle, replicas=replicas, **options)
    most = wanted.model_copy(update={"replicas": max(4, replicas)})
    cluster.start_here(most, STORE_BYTES)
    try:
        cluster.deploy(wanted)
        studio = RayStudio(RayAddress(cluster.head_address()))
        loading = studio.start()
        if loading is not None:
            loading.join(READY_S)
        yield studio, lambda number: cluster.deploy(wanted.model_copy(update={"replicas": number}))
        studio.close()
    finally:
        cluster.leave(everything=True)


def warm(studio: Any, files: Files, verbs: Sequence[str], engines_: int, steps: int | None) -> None:
    """Let every engine load what the verbs need; engines are found by different sounds."""
    some = [
        (request_of(verb, files, 10_000 + n, steps), f"warm {n}")
        for verb in verbs
        for n in range(2 * engines_)
    ]
    crowd(studio, some, 2 * engines_)


def rate(visits: Sequence[Visit]) -> float:
    """Requests served a second, from the first question to the last answer."""
    served = [one for one in visits if one.outcome == "served"]
    return len(served) / (max(one.over_s for one in served) - min(one.at_s for one in served))


def measure_scale(run: Run) -> None:
    """What two engines serve beside one, with the same requests; tiny networks and the miniature."""
    for name, bundle, count, steps in (
        ("tiny", run.tiny, run.options.requests * 2, 25),
        ("miniature", run.options.bundle, run.options.requests, None),
    ):
        with engines(bundle, 2, queue=1000) as (studio, change):
            warm(studio, run.files, [*MIX], 2, steps)
            both = crowd(studio, [*mixed(MIX, count, run.files, steps)], 6)
            change(1)
            time.sleep(3)
            one = crowd(studio, [*mixed(MIX, count, run.files, steps, first=4 * count)], 6)
        run.add(
            Metric(f"{name}: requests a second, one engine of one thread", rate(one)),
            Metric(f"{name}: requests a second, two such engines", rate(both)),
            Metric(
                f"{name}: two engines over one", rate(both) / rate(one), LEAST_SCALE, note=f"{count} requests"
            ),
        )
        _check_served(run, f"{name}, one and two engines", [*one, *both])
    run.add(scale_without_a_cluster(run.options.bundle))


def _check_served(run: Run, name: str, visits: Sequence[Visit]) -> None:
    problems = [one.words or one.outcome for one in visits if one.outcome != "served"]
    if problems or not all(one.own for one in visits):
        run.add(
            Metric(
                f"{name}: not served", float(len(problems)), 0.0, at_least=False, note=str({*problems})[:200]
            )
        )


def measure_overhead(run: Run) -> None:
    """What the cluster adds to one picture of the miniature: here and there in turn, medians."""
    import torch

    from sonic_ui.engine.local import LocalBackend
    from sonic_ui.engine.studio import Studio

    torch.set_num_threads(1)
    here = Studio(LocalBackend(run.options.bundle))
    files, pairs = run.files, []
    with engines(run.options.bundle, 1) as (there, _):
        for studio in (here, there):
            for number in range(2):
                visit(studio, request_of("sound_to_image", files, number), "", time.perf_counter())
        for number in range(run.options.pictures):
            seconds = []
            for studio in (here, there) if number % 2 else (there, here):
                started = time.perf_counter()
                visit(studio, request_of("sound_to_image", files, 10 + number), "", started)
                seconds.append(time.perf_counter() - started)
            pairs.append(tuple(seconds if number % 2 else seconds[::-1]))
    local, remote = (float(np.median([pair[side] for pair in pairs])) for side in (0, 1))
    ratios = [there_s / here_s for here_s, there_s in pairs]
    run.add(
        Metric("miniature: seconds of a picture in the app itself, one thread", local),
        Metric("miniature: seconds of it through the cluster", remote),
        Metric(
            "miniature: what the cluster adds to a picture",
            float(np.median(ratios)) - 1,
            MOST_OVERHEAD,
            at_least=False,
            note=f"median of {len(pairs)} pairs",
        ),
    )
    run.details["overhead_s"] = max(0.0, remote - local)


def measure_simulation(run: Run) -> None:
    """Whether the simulation foresees a run on two engines of the miniature.

    Costs are measured on one run, first with one engine at work, then with both, which share this computer;
    another run, with other seeds, sounds' order and arrivals, is foreseen and compared.
    """
    files, count = run.files, run.options.requests
    with engines(run.options.bundle, 2, queue=1000) as (studio, _):
        warm(studio, files, [*MIX], 2, None)
        dispatch_s = _dispatch_seconds(studio, files)
        costs = costs_of(crowd(studio, [*mixed(MIX, count, files, first=4 * count)], 1))
        calibration = crowd(studio, [*mixed(MIX, count, files)], 4)
        slow = slowness(costs, costs_of(calibration), MIX)
        generator, length = np.random.default_rng(1), int(STREAM * count)
        times = np.cumsum(generator.exponential(1 / (BUSY_SHARE * rate(calibration)), length))
        some = [*mixed(MIX, length, files, first=8 * count)]
        order = generator.permutation(length)
        stream = [(float(at_s), *some[number]) for at_s, number in zip(times, order, strict=True)]
        measured = arrivals_at(studio, stream)
    arrivals = as_arrivals(stream, costs)
    foreseen = figures_of(arrivals, simulate(arrivals, 2, queue=1000, overhead_s=dispatch_s, slow=slow))
    seen = measured_figures(measured)
    for name, ours, theirs in (
        ("requests a second", foreseen.a_second, seen.a_second),
        ("95th percentile in seconds", foreseen.p95_s, seen.p95_s),
    ):
        run.add(
            Metric(f"measured {name}, two engines, random arrivals", theirs, note=f"{len(stream)} requests"),
            Metric(f"foreseen {name}", ours),
            Metric(f"error of the foreseen {name}", abs(ours / theirs - 1), MOST_ERROR, at_least=False),
        )
    run.add(
        Metric("measured share of edits whose picture was studied", seen.found),
        Metric("foreseen share of them", foreseen.found),
    )
    run.add(Metric("a request beside another, over one alone", slow, note="two engines on two cores"))
    run.details |= {"calibration": costs, "dispatch_s": dispatch_s}
    _check_served(run, "random arrivals", measured)


def _dispatch_seconds(studio: Any, files: Files) -> float:
    """Seconds from a question until an engine that has nothing to do begins with it; the median of eight."""
    waits = []
    for number in range(8):
        one = visit(studio, request_of("draft", files, 20_000 + number), "", time.perf_counter())
        waits.append((one.begun_s or one.over_s) - one.at_s)
    return float(np.median(waits))


def measured_figures(visits: Sequence[Visit]) -> Figures:
    """The figures of visits, as those of a simulation."""
    served = [one for one in visits if one.outcome == "served"]
    seconds = [one.over_s - one.at_s for one in served]
    length = max(one.over_s for one in served) - min(one.at_s for one in visits)
    edits = [one.found for one in served if one.verb == "edit_image"]
    return Figures(
        len(served) / length,
        float(np.percentile(seconds, 50)),
        float(np.percentile(seconds, 95)),
        1 - len(served) / len(visits),
        sum(edits) / len(edits) if edits else 0.0,
    )


def measure_costs(run: Run) -> None:
    """Seconds of every verb on one engine of one thread, alone, with the page's own settings."""
    files = run.files
    with engines(run.options.bundle, 1, queue=1000) as (studio, _):
        visits = []
        for verb in ALL:
            warm_one = visit(studio, request_of(verb, files, 0), "warm", time.perf_counter())
            if warm_one.service_s > LONG_S:  # loading is a small part of it
                visits.append(warm_one)
                continue
            for number in range(3):
                started = time.perf_counter()
                one = request_of(verb, files, 20 + number)
                if verb == "edit_image":
                    one = one.changed(picture=files.picture(1))
                visits.append(visit(studio, one, "person", started))
    costs = costs_of(visits)
    for kind, cost in costs.items():
        run.add(
            Metric(
                f"seconds of {kind}", cost["first"], note=f"{cost['again']:.2f} where the picture was studied"
            )
        )
    run.details["costs"] = costs
    _check_served(run, "costs", visits)


def measure_everybody(run: Run) -> None:
    """Fifty people, three rounds, all verbs; and how soon who cancels frees an engine."""
    files, people, rounds = run.files, run.options.clients, run.options.rounds
    with engines(run.tiny, 2, queue=run.options.queue) as (studio, _):
        warm(studio, files, [*ALL], 2, 2)
        visits: list[Visit] = []
        for number in range(rounds):
            some = [(0.0, *one) for one in mixed(ALL, people, files, 4, first=number * people)]
            visits += arrivals_at(studio, some)
        late = [_steps_after_cancel(studio, files, number) for number in range(10)]
    served = [one for one in visits if one.outcome == "served"]
    full = [one for one in visits if FULL_WORDS in one.words]
    run.add(
        Metric(
            "served or told",
            (len(served) + len([v for v in visits if v.words])) / len(visits),
            1.0,
            note=f"{len(visits)} requests of all verbs, {len(full)} told that the queue is full",
        ),
        Metric("served with a result of their own", sum(bool(one.own) for one in served) / len(served), 1.0),
        Metric(
            "steps begun after a cancel, at most", float(max(late)), 1.0, at_least=False, note="10 pictures"
        ),
    )
    others = {one.words for one in visits if one.words and one not in full}
    run.details["told"] = sorted(others)


def _steps_after_cancel(studio: Any, files: Files, number: int) -> float:
    """Steps begun after a person cancelled: seconds until the engine was free, over those of a step."""
    token, marks = CancelToken(), []

    def watch(event: Any) -> None:
        if token.cancelled or not (isinstance(event, Progress) and event.step):
            return
        marks.append(time.perf_counter())
        if event.step >= 5:
            token.cancel()
            marks.append(time.perf_counter())

    request = request_of("sound_to_image", files, number, 100).changed(count=4)
    visit(studio, request, "", time.perf_counter(), token, watch)
    ended = time.perf_counter()
    steps = np.diff(marks[:-1])
    step_s = float(np.median(steps)) if steps.size else 1.0
    return max(0.0, (ended - marks[-1]) / step_s - 1)  # the step that was under way is not counted


def measure_kills(run: Run) -> None:
    """An engine is killed every ten seconds for a minute, while people go on."""
    files, seconds = run.files, run.options.kill_s
    with engines(run.tiny, 3, queue=1000) as (studio, _):
        warm(studio, files, ["sound_to_image"], 3, 4)
        ended, killed = threading.Event(), []

        def kill() -> None:
            generator = np.random.default_rng(0)
            while not ended.wait(10):
                reports = [*(studio.cluster_status() or {}).get("engines", {}).values()]
                alive = [one["pid"] for one in reports if Path(f"/proc/{one['pid']}").exists()]
                if alive:
                    pid = int(generator.choice(alive))
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        shares = {"sound_to_image": 3, "edit_image": 1}
        visits = crowd(studio, mixed(shares, 10**9, files, 25), 6, seconds)
        ended.set()
        killer.join()
    served = [one for one in visits if one.outcome == "served"]
    told = [one for one in visits if one.outcome == "told"]
    run.add(
        Metric("engines killed", float(len(killed)), note=f"in {seconds:.0f} s, {len(visits)} requests"),
        Metric(
            "results of another's request",
            float(sum(one.own is False for one in visits)),
            0.0,
            at_least=False,
        ),
        Metric("people without an answer", float(len(visits) - len(served) - len(told)), 0.0, at_least=False),
        Metric("told with a sentence", float(len(told))),
    )
    run.details["kill_words"] = sorted({one.words for one in told})


def measure_hits(run: Run) -> None:
    """How often an edit finds its picture studied, with four engines and people who come and go."""
    files, people, each = run.files, 24, 6
    generator = np.random.default_rng(0)
    edits: list[tuple[Any, str]] = []
    for number in generator.permutation(np.repeat(np.arange(people), each)):
        request = request_of("edit_image", files, len(edits), 4)
        edits.append((request.changed(picture=files.picture(int(number))), f"person {number}"))
    with engines(run.tiny, 4, queue=1000) as (studio, _):
        warm(studio, files, ["sound_to_image"], 4, 4)
        pace = rate(crowd(studio, edits[:24], 4))
        times = np.cumsum(generator.exponential(1 / (0.7 * pace), len(edits)))
        stream = [
            (float(at), request, f"again {session}")
            for at, (request, session) in zip(times, edits, strict=True)
        ]
        visits = arrivals_at(studio, stream)
    seen: set[str] = set()
    later = []
    for one in visits:
        if one.session in seen:
            later.append(one.found)
        seen.add(one.session)
    run.add(
        Metric(
            "edits that found their picture studied, four engines",
            sum(later) / len(later),
            LEAST_HITS,
            note=f"{len(later)} edits after a person's first",
        )
    )


def measure_page(run: Run) -> None:
    """What the page itself takes: fifty people over HTTP, processor seconds of its process for each."""
    from sonic_ui.evaluation.app_process import free_port, page_on_cluster, processor_seconds, running_app
    from sonic_ui.evaluation.page_load import hiss, load_metrics, run_round
    from sonic_ui.serve import cluster

    with engines(run.tiny, 2, queue=1000):
        port = free_port()
        variables = {"SONIC_UI_QUEUE": "1000"}
        command = page_on_cluster(port, cluster.head_address())
        with running_app(command, port, environment=variables) as (process, _):
            address = f"http://127.0.0.1:{port}"
            run_round(address, hiss(), [0], 120.0, None)
            before, rounds = processor_seconds(process.pid), []
            for number in range(run.options.rounds):
                seeds = range(1 + number * run.options.clients, 1 + (number + 1) * run.options.clients)
                rounds.append(run_round(address, hiss(), seeds, 300.0, process.pid))
            spent = processor_seconds(process.pid) - before
    total = run.options.clients * run.options.rounds
    run.add(
        *(
            Metric(f"page: {one.name}", one.value, one.reach, one.at_least, one.note)
            for one in load_metrics(rounds)
        )
    )
    run.add(Metric("page: its own processor seconds a picture", spent / total))
    run.details["page_s"] = spent / total


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m sonic_ui.evaluation.load --backend ray", description=__doc__
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS])
    parser.add_argument("--bundle", default="miniature", help="weights where real ones are measured")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queue", type=int, default=40, help="of the run with fifty people")
    parser.add_argument("--requests", type=int, default=64, help="of each run that compares")
    parser.add_argument("--pictures", type=int, default=12, help="pairs of pictures for the overhead")
    parser.add_argument("--kill-s", type=float, default=62.0, dest="kill_s")
    parser.add_argument("--out", type=Path, default=Path("runs/load/ray.json"))
    parser.add_argument("--into", type=Path, metavar="FILE", help="write the tables between its marks")
    parser.add_argument(
        "--plan", type=Path, metavar="JSON", help="measure nothing: extrapolate from this file"
    )
    options = parser.parse_args(arguments)
    if options.plan is not None:
        print(plan_tables(json.loads(options.plan.read_text(encoding="utf-8"))["measured"]))
        return
    with tempfile.TemporaryDirectory(prefix="sonic-ui-ray-") as folder:
        run = Run(options, Path(folder))
        for part in options.only:
            started = time.perf_counter()
            print(f"{part} ...", flush=True)
            MEASURES[part](run)
            run.details.setdefault("part_s", {})[part] = time.perf_counter() - started
            write_json(run.metrics, options.out, measured=run.details)
    print(f"\n{table(run.metrics)}\n")
    plan = plan_tables(run.details) if run.details.get("costs") else ""
    print(plan)
    if options.into is not None:
        write_into_card(run.metrics, options.into)
        if plan:
            write_plan(plan, options.into)


MEASURES: dict[str, Callable[[Run], None]] = {
    "scale": measure_scale,
    "overhead": measure_overhead,
    "simulation": measure_simulation,
    "costs": measure_costs,
    "everybody": measure_everybody,
    "kills": measure_kills,
    "hits": measure_hits,
    "page": measure_page,
}
