"""Many people at once on the running app, on this computer; `python -m sonic_ui.evaluation.load`.

All clients ask for a picture in the same moment, each with a seed, words and a file of its own, round by
round. Whoever finds the queue full comes again. Measured: who was served, in which order, whether
anybody got another's picture, and whether the app's memory grows.
"""

import argparse
import asyncio
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from sonic_ui.evaluation.metrics import Metric, table, write_json

FULL = 503
"""The status of a queue that is full."""

COME_AGAIN_S = 0.5
KEY = "sonic-ui"


@dataclass
class Visit:
    """One client's way: refused `refusals` times, then queued, then served; seconds since the round began.

    own   whether the picture that was fetched is this client's; None where none was
    """

    seed: int
    refusals: int = 0
    queued_s: float = 0.0
    served_s: float | None = None
    own: bool | None = None
    picture: bytes = field(default=b"", repr=False)
    problem: str = ""


@dataclass(frozen=True)
class Round:
    """What became of all clients of one round, and the app's memory after it, in MB (None if unknown)."""

    visits: tuple[Visit, ...]
    seconds: float
    memory_mb: float | None


def run_round(address: str, sound: bytes, seeds: Sequence[int], patience_s: float, pid: int | None) -> Round:
    """One round of simultaneous clients, one a seed; it ends after `patience_s` at the latest."""
    started = time.perf_counter()
    visits = asyncio.run(_everybody(address.rstrip("/"), sound, seeds, patience_s))
    memory = None if pid is None else resident_mb(pid)
    return Round(tuple(visits), time.perf_counter() - started, memory)


async def _everybody(address: str, sound: bytes, seeds: Sequence[int], patience_s: float) -> list[Visit]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=patience_s, limits=limits) as client:
        files = [await _upload(client, address, sound, seed) for seed in seeds]
        started, visits = time.perf_counter(), [Visit(seed) for seed in seeds]
        work = [
            asyncio.wait_for(_visit(client, address, file, visit, started), patience_s)
            for file, visit in zip(files, visits, strict=True)
        ]
        for visit, outcome in zip(visits, await asyncio.gather(*work, return_exceptions=True), strict=True):
            if isinstance(outcome, BaseException):
                visit.problem = visit.problem or f"{type(outcome).__name__}: {outcome}"
    return visits


async def _upload(client: Any, address: str, sound: bytes, seed: int) -> str:
    name = f"sound-{seed}.wav"
    answer = await client.post(f"{address}/gradio_api/upload", files={"files": (name, sound)})
    answer.raise_for_status()
    return str(answer.json()[0])


async def _visit(client: Any, address: str, file: str, visit: Visit, started: float) -> None:
    """Ask until the queue takes it, wait for the picture, look whose it is."""
    call = f"{address}/gradio_api/call/sound_to_image"
    sent = {"path": file, "meta": {"_type": "gradio.FileData"}}
    body = {"data": [sent, f"number {visit.seed}", "", None, None, None, visit.seed, 1, None, None, 0]}
    while True:
        answer = await client.post(call, json=body)
        if answer.status_code != FULL:
            break
        visit.refusals += 1
        await asyncio.sleep(COME_AGAIN_S)
    answer.raise_for_status()
    visit.queued_s = time.perf_counter() - started
    events = await client.get(f"{call}/{answer.json()['event_id']}")
    found = re.search(r"event: complete\ndata: (.*)", events.text)
    if found is None:
        visit.problem = events.text.strip()[-200:]
        return
    visit.served_s = time.perf_counter() - started
    files, settings = json.loads(found.group(1))
    picture = await client.get(f"{address}/gradio_api/file={files[0]['path']}")
    visit.picture = picture.content
    visit.own = _is_own(visit.seed, settings, picture.content)


def _is_own(seed: int, settings: dict[str, Any], picture: bytes) -> bool:
    """Whether the answer and the picture itself are of this client's seed, words and file."""
    from PIL import Image

    inside = json.loads(Image.open(BytesIO(picture)).info[KEY])
    wanted = {"seed": seed, "prompt": f"number {seed}", "sound": f"sound-{seed}.wav"}
    return all(
        metadata["request"][name] == value
        for metadata in (settings, inside)
        for name, value in wanted.items()
    )


def load_metrics(rounds: Sequence[Round]) -> list[Metric]:
    """What the rounds say."""
    visits = [visit for one in rounds for visit in one.visits]
    served = [visit for visit in visits if visit.served_s is not None]
    waits = sorted(visit.served_s for visit in served if visit.served_s is not None)
    refused = sum(visit.refusals > 0 for visit in visits)
    own, anothers = (sum(visit.own is truth for visit in visits) for truth in (True, False))
    metrics = [
        Metric("clients served", len(served) / len(visits), 1.0, note=f"{len(visits)} requests"),
        Metric("clients that got their own picture", own / len(visits), 1.0),
        Metric("clients that got another's", float(anothers), 0.0, at_least=False),
        Metric("clients told that the queue is full", float(refused), note="they came again"),
        Metric("places by which anybody was overtaken, at most", float(most_overtaken(rounds))),
        Metric("pictures a second", len(served) / sum(one.seconds for one in rounds)),
        Metric("seconds to a picture, median", waits[len(waits) // 2] if waits else float("nan")),
        Metric("seconds to a picture, longest", waits[-1] if waits else float("nan")),
    ]
    memory = [one.memory_mb for one in rounds if one.memory_mb is not None]
    if len(memory) > 1:
        metrics.append(Metric("memory of the app after the first round, MB", memory[0]))
        metrics.append(Metric("memory after the last over that", memory[-1] / memory[0], 1.1, at_least=False))
    return metrics


def most_overtaken(rounds: Sequence[Round]) -> int:
    """By how many places anybody was served later than queued, at most.

    The few that are at work together may overtake each other.
    """
    most = 0
    for one in rounds:
        served = [visit for visit in one.visits if visit.served_s is not None]
        queued = sorted(served, key=lambda visit: visit.queued_s)
        rank = {visit.seed: number for number, visit in enumerate(queued)}
        in_order = sorted(served, key=lambda visit: visit.served_s or 0.0)
        most = max([most, *(number - rank[visit.seed] for number, visit in enumerate(in_order))])
    return most


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process in MB; None where `ps` does not know it."""
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return float(done.stdout) / 1024 if done.stdout.strip() else None


def hiss() -> bytes:
    """Half a second of noise as a WAV file."""
    import numpy as np
    import soundfile

    buffer = BytesIO()
    samples = 0.1 * np.random.default_rng(0).standard_normal(24_000)
    soundfile.write(buffer, samples, 48_000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """Start the app, or take one that runs, let everybody in, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m sonic_ui.evaluation.load", description=__doc__)
    parser.add_argument("--backend", choices=("local", "ray"), default="local", help="ray: many engines")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--patience", type=float, default=300.0, help="seconds that a round may take")
    parser.add_argument(
        "--bundle", help="weights; left out, tiny random ones: the queue is measured, not them"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/load/figures.json"))
    options = parser.parse_args(arguments)

    from sonic_ui.evaluation.app_process import app_command, free_port, running_app

    with tempfile.TemporaryDirectory(prefix="sonic-ui-load-") as folder:
        bundle = options.bundle
        if bundle is None:
            from sonic_ui.testing.tiny_bundle import debug_bundle

            bundle = str(debug_bundle(Path(folder) / "bundle"))
        port = free_port()
        with running_app(app_command(port, bundle), port) as (process, _):
            address, sound = f"http://127.0.0.1:{port}", hiss()
            run_round(address, sound, [0], options.patience, None)  # wakes the models
            rounds = []
            for number in range(options.rounds):
                first = 1 + number * options.clients
                seeds = range(first, first + options.clients)
                rounds.append(run_round(address, sound, seeds, options.patience, process.pid))
    metrics = load_metrics(rounds)
    print(table(metrics))
    problems = sorted({visit.problem for one in rounds for visit in one.visits if visit.problem})
    print("\n".join(problems))
    write_json(metrics, options.out, clients=options.clients, rounds=options.rounds, problems=problems)
