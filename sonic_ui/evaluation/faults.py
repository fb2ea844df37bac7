"""`python -m sonic_ui.evaluation.faults`: what strangers and accidents do to the running app.

The app runs as a process of its own on loopback, on tiny random weights. Measured: whether every hostile
input is answered in a sentence and a good request is served after it; work after a cancel; memory over many
requests; a disk that is full; files that are left after the app ended, or was killed and started again.
"""

import argparse
import contextlib
import json
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from sonic_ui.evaluation.app_process import app_command, free_port, running_app
from sonic_ui.evaluation.hostile import API, Attempt, attempts
from sonic_ui.evaluation.metrics import Metric, table, write_json
from sonic_ui.evaluation.page_load import hiss, resident_mb
from sonic_ui.requests import VERBS

PATIENCE_S = 120.0
REFUSED = (400, 401, 403, 404, 405, 409, 411, 413, 415, 422, 429, 503, 507)
"""Statuses of a refusal; all others from 400 on are faults."""

NOTICED_S = 0.5
"""How long a broken connection may take to be noticed, besides a step."""

FIRST, LAST = 20, 200
"""Requests after which the memory is measured."""

SMALL: dict[str, dict[str, Any]] = {
    "sound_to_image": {"steps": 1},
    "edit_image": {"steps": 2},
    "interpolate": {"steps": 1, "frames": 2, "film_s": 1},
    "volume_sweep": {"steps": 1, "gains_db": [-6, 0], "film_s": 1},
    "image_to_sound": {"steps": 1},
    "make_film": {"steps": 1},
    "upscale_image": {},
    "learn_word": {"learning_steps": 10},
    "teach_sound": {"training_steps": 20},
}
"""Settings of a request of every verb that costs little."""

LEARNING = {"learn_word": "word", "teach_sound": "name"}
"""Verbs whose results stay, with the setting that must be new each time: they take hostile inputs alone."""
QUICK = [verb for verb in VERBS if verb not in LEARNING]


@dataclass(frozen=True)
class Answer:
    """What a request was answered: `served`, or a refusal in `words`; `fault` says why it is neither."""

    served: bool
    words: str = ""
    fault: str = ""


def read_answer(status: int, text: str) -> Answer:
    """The answer in a response, or in the events of a call. A sentence has words in it and no traceback."""
    event = re.findall(r"event: (\w+)\ndata: (.*)", text)
    if not event:
        if status < 400:
            return Answer(True, text)
        fault = "" if status in REFUSED and _is_sentence(text) else f"status {status}: {text[:200]!r}"
        return Answer(False, text, fault)
    kind, data = event[-1]
    value = json.loads(data)
    if kind == "complete":
        problems = [one["problem"] for one in value or [] if isinstance(one, dict) and "problem" in one]
        words = str(problems[0].get("words")) if problems else ""
        return Answer(not problems, words, "" if not problems or _is_sentence(words) else repr(problems))
    words = str((value.get("error") if isinstance(value, dict) else value) or "")
    return Answer(False, words, "" if kind == "error" and _is_sentence(words) else f"{kind}: {data[:200]}")


def _is_sentence(words: str) -> bool:
    return len(words.split()) >= 3 and "Traceback" not in words


@dataclass
class Caller:
    """A program that calls the app at `address`; `files` are what it uploaded, by setting."""

    address: str
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import httpx

        self._http = httpx.Client(base_url=self.address, timeout=PATIENCE_S)

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """A file for a call. Raises RuntimeError where it is refused."""
        answer = self._http.post(f"{API}/upload", files={"files": (name, content)})
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
        return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}

    def call(self, verb: str, **values: Any) -> Answer:
        """The answer of a verb's endpoint to its usual files and small settings, changed by `values`."""
        model = VERBS[verb].request
        needed = [name for name in (*model.SOUNDS, *model.PICTURES) if model.model_fields[name].is_required()]
        settings = {**SMALL[verb], **{name: self.files[name] for name in needed}}
        if verb in LEARNING:
            settings[LEARNING[verb]] = f"new{time.time_ns()}"
        if verb == "teach_sound":
            settings |= {"recordings": [self.files["sound"]], "pictures": [self.files["picture"]]}
        settings |= values
        content = json.dumps(settings).encode("ascii")
        headers = {"content-type": "application/json"}
        return self.send("POST", f"{API}/call/v2/{verb}", content=content, headers=headers)

    def send(self, method: str, path: str, **options: Any) -> Answer:
        """The answer to a raw request; that of a call is waited for."""
        import httpx

        try:
            first = self._http.request(method, path, **options)
            event = _event_id(first.text) if first.status_code == 200 and "/call/" in path else ""
            if not event:
                return read_answer(first.status_code, first.text)
            return read_answer(200, self._http.get(f"{path}/{event}").text)
        except httpx.TransportError as problem:
            return Answer(False, fault=f"{type(problem).__name__}: {problem}")

    def attempt(self, attempt: Attempt) -> Answer:
        """The answer to a hostile input."""
        if attempt.request is not None:
            method, path, options = attempt.request
            return self.send(method, path, **options)
        try:
            files = {name: self.upload(*file) for name, file in (attempt.files or {}).items()}
        except RuntimeError as refusal:
            return read_answer(422, str(refusal))
        return self.call(attempt.verb, **{**(attempt.values or {}), **files})


def _event_id(text: str) -> str:
    found = re.fullmatch(r'\s*\{"event_id":\s*"(\w+)"\}\s*', text)
    return found[1] if found else ""


def good_picture() -> bytes:
    """A picture of noise as a PNG file."""
    import numpy as np
    from PIL import Image

    buffer = BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


# What is measured


def hostile_metrics(caller: Caller, log: Path, limit: int, until: float) -> tuple[list[Metric], list[str]]:
    """Hostile inputs, evenly out of all there are, each followed by a good request; and what went wrong."""
    known = [*attempts(hiss(), good_picture())]
    count = min(limit, len(known))
    chosen = [known[number * len(known) // count] for number in range(count)]
    faults, served, tried = [], 0, 0
    for attempt in chosen:
        if time.monotonic() > until:
            break
        tried += 1
        answer = caller.attempt(attempt)
        good = caller.call("sound_to_image", seed=tried)
        served += good.served
        if answer.fault:
            faults.append(f"{attempt.name}: {answer.fault}")
        if not good.served:
            faults.append(f"after {attempt.name}: {good.words or good.fault}")
    traces = log.read_text(errors="replace").count("Traceback")
    bad = sum(not fault.startswith("after ") for fault in faults)
    metrics = [
        Metric("hostile inputs tried", float(tried), 500.0),
        Metric("answered in a sentence", (tried - bad) / max(1, tried), 1.0),
        Metric("served right after", served / max(1, tried), 1.0),
        Metric("tracebacks in the log", float(traces), 0.0, at_least=False),
    ]
    return metrics, faults


def cancel_metrics(caller: Caller, until: float) -> list[Metric]:
    """Seconds for which the engine goes on after a call is cancelled, of the slowest verb."""
    from gradio_client import Client

    client = Client(caller.address, verbose=False, download_files=False)
    slowest = Metric("seconds of work after a cancel", float("nan"))
    for verb in QUICK:
        if time.monotonic() > until:
            break
        caller.call("sound_to_image")  # an empty queue
        usual_s = _seconds(caller, "sound_to_image", seed=1)
        step_s = _step_seconds(caller, verb)
        values = {**SMALL[verb], "steps": 100}
        values |= {
            name: file for name, file in caller.files.items() if name in VERBS[verb].request.model_fields
        }
        job = client.submit(**values, api_name=f"/{verb}")
        time.sleep(max(1.0, 3 * step_s))
        running = not job.done()
        job.cancel()
        after_s = max(0.0, _seconds(caller, "sound_to_image", seed=2) - usual_s)
        note = f"{verb}; a step takes {step_s:.2f} s" + ("" if running else ", it was done before")
        if not after_s <= slowest.value:
            reach = step_s + NOTICED_S
            slowest = Metric(slowest.name, after_s, round(reach, 2), at_least=False, note=note)
    return [slowest]


def _seconds(caller: Caller, verb: str, **values: Any) -> float:
    started = time.perf_counter()
    caller.call(verb, **values)
    return time.perf_counter() - started


def _step_seconds(caller: Caller, verb: str) -> float:
    """Seconds of one step of a small request, from the difference that more steps make."""
    few, many = (_seconds(caller, verb, steps=steps, seed=5) for steps in (2, 12))
    return max(0.0, (many - few) / 10)


def memory_metrics(caller: Caller, pid: int, until: float) -> list[Metric]:
    """Resident memory of the app after many requests of the quick verbs over that after a few."""
    verbs, first = QUICK, None
    done = 0
    while done < LAST and time.monotonic() < until:
        caller.call(verbs[done % len(verbs)], seed=done)
        done += 1
        if done == FIRST:
            first = resident_mb(pid)
    last = resident_mb(pid)
    ratio = last / first if first and last and done > FIRST else float("nan")
    note = f"{done} requests, {first or 0:.0f} MB after {FIRST}"
    return [Metric("memory after the last request over that after the first", ratio, 1.05, False, note)]


def full_disk_metrics(caller: Caller, pid: int) -> list[Metric]:
    """Endpoints that answer in a sentence while no file can be written, and work again afterwards."""
    import resource

    if not hasattr(resource, "prlimit"):
        return []
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    right = 0
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        answers = [caller.call(verb) for verb in QUICK]
        with contextlib.suppress(RuntimeError):
            caller.upload("sound.wav", hiss() + b"more")
            right -= 1  # it cannot have been saved
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    right += sum("could not be saved" in answer.words for answer in answers)
    again = sum(caller.call(verb).served for verb in QUICK)
    return [
        Metric("endpoints with a sentence on a full disk", float(right), float(len(QUICK))),
        Metric("endpoints that work again afterwards", float(again), float(len(QUICK))),
    ]


def left_files(folder: Path) -> int:
    """Files that lie in a folder and the folders in it."""
    return sum(path.is_file() for path in folder.rglob("*"))


# The app


@contextlib.contextmanager
def started(
    bundle: Path, folder: Path, verbs: Iterable[str] = QUICK
) -> Iterator[tuple[Caller, subprocess.Popen[bytes]]]:
    """The app on a bundle, with its temporary files in `folder`, and a program that may call it.

    verbs   those that are called once, so that their models are there
    """
    port, temporary = free_port(), folder / "tmp"
    temporary.mkdir(exist_ok=True)
    environment = {
        "TMPDIR": str(temporary),
        "GRADIO_TEMP_DIR": "",
        "XDG_CACHE_HOME": str(folder / "cache"),
        "HF_HUB_OFFLINE": "1",
    }
    command = app_command(port, bundle)
    with running_app(command, port, log=folder / "log.txt", environment=environment) as (process, _):
        caller = Caller(f"http://127.0.0.1:{port}")
        sound, picture = caller.upload("rain.wav", hiss()), caller.upload("sea.png", good_picture())
        caller.files = {"sound": sound, "sound_a": sound, "sound_b": sound, "picture": picture}
        for verb in verbs:
            answer = caller.call(verb)
            if not answer.served:
                raise RuntimeError(f"{verb} does not work: {answer.words or answer.fault}")
        yield caller, process


def end_metrics(bundle: Path, folder: Path) -> list[Metric]:
    """Files that are left after the app was ended, and after it was killed and started again."""
    temporary, verbs = folder / "tmp", ("sound_to_image",)
    with started(bundle, folder, verbs) as (_, process):
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    ended = left_files(temporary)
    with started(bundle, folder, verbs) as (_, process):
        process.kill()
        process.wait(60)
    killed = {path for path in temporary.rglob("*") if path.is_file()}
    with started(bundle, folder, verbs):
        again = sum(path.exists() for path in killed)
    note = f"{len(killed)} before the restart"
    return [
        Metric("files left after SIGTERM", float(ended), 0.0, at_least=False),
        Metric("files left after kill -9 and a restart", float(again), 0.0, at_least=False, note=note),
        Metric("files left at the end", float(left_files(temporary)), 0.0, at_least=False),
    ]


PARTS = ("hostile", "cancel", "disk", "memory", "end")


def main(arguments: Sequence[str] | None = None) -> None:
    """Start the app on tiny weights, do all of it, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m sonic_ui.evaluation.faults", description=__doc__)
    parser.add_argument("--limit", type=int, default=1000, help="hostile inputs, at most")
    parser.add_argument("--minutes", type=float, default=20.0, help="after which no part goes on")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="all if left out")
    parser.add_argument("--out", type=Path, default=Path("runs/faults/figures.json"))
    options = parser.parse_args(arguments)

    from sonic_ui.testing.tiny_bundle import debug_bundle

    metrics: list[Metric] = []
    faults: list[str] = []
    until = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(prefix="sonic-ui-faults-") as name:
        folder = Path(name)
        bundle = debug_bundle(folder / "bundle")
        if options.parts != ["end"]:
            with started(bundle, folder) as (caller, process):
                if "cancel" in options.parts:
                    metrics += cancel_metrics(caller, until)
                if "disk" in options.parts:
                    metrics += full_disk_metrics(caller, process.pid)
                if "memory" in options.parts:
                    metrics += memory_metrics(caller, process.pid, until)
                if "hostile" in options.parts:
                    hostile, faults = hostile_metrics(caller, folder / "log.txt", options.limit, until)
                    metrics += hostile
        if "end" in options.parts:
            metrics += end_metrics(bundle, folder)
        log = (folder / "log.txt").read_text(errors="replace")
    print(table(metrics))
    print("\n".join(faults))
    write_json(metrics, options.out, faults=faults, log=log[-20_000:])


if __name__ == "__main__":
    main()
