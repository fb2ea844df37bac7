"""People at a cluster, for `sonic_ui.evaluation.load --backend ray`: what they ask, what becomes of it."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sonic_ui.engine import events
from sonic_ui.evaluation.cluster_simulation import AGAIN, FIRST, Arrival
from sonic_ui.requests import (
    BadInput,
    EditImageRequest,
    ImageToSoundRequest,
    InterpolateRequest,
    LearnWordRequest,
    MakeFilmRequest,
    MakingRequest,
    SoundToImageRequest,
    UpscaleImageRequest,
    VolumeSweepRequest,
)
from sonic_ui.serve.work import work_of

RATE = 48_000
BEFORE = ("Sending", "Waking", "All engines are busy")
"""Beginnings of what a person reads before an engine has begun."""

FULL_WORDS = "queue is full"


@dataclass(frozen=True)
class Visit:
    """One request: when it came, when an engine began with it and when it was over, in seconds of the run.

    outcome   "served", "told" (a sentence), "stopped", or "nothing"
    own       whether the result is of this request; None without a result
    found     whether a picture was studied already
    """

    request: MakingRequest
    session: str
    at_s: float
    begun_s: float | None
    over_s: float
    outcome: str
    words: str = ""
    own: bool | None = None
    found: bool = False

    @property
    def verb(self) -> str:
        """Its verb."""
        return str(getattr(self.request, "verb", ""))

    @property
    def service_s(self) -> float:
        """Seconds on an engine."""
        return self.over_s - (self.at_s if self.begun_s is None else self.begun_s)


class Files:
    """Sounds and pictures of people, made up in a folder."""

    def __init__(self, folder: Path, pictures: int = 4) -> None:
        import soundfile
        from PIL import Image

        self.sounds, self.pictures = [], []
        for number, hz in enumerate((220, 500, 900, 1600, 3000, 5000)):
            times = np.arange(RATE) / RATE
            hiss = np.random.default_rng(number).standard_normal(RATE)
            path = folder / f"sound {number}.wav"
            soundfile.write(path, 0.2 * np.sin(2 * np.pi * hz * times) + 0.05 * hiss, RATE)
            self.sounds.append(str(path))
        for number in range(pictures):
            pixels = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
            path = folder / f"picture {number}.png"
            Image.fromarray(pixels).resize((256, 256), Image.Resampling.BICUBIC).save(path)
            self.pictures.append(str(path))

    def sound(self, number: int) -> str:
        """One of them, in turn."""
        return self.sounds[number % len(self.sounds)]

    def picture(self, number: int) -> str:
        """One of them, in turn."""
        return self.pictures[number % len(self.pictures)]


def request_of(verb: str, files: Files, number: int, steps: int | None = None) -> MakingRequest:
    """A request of a verb as the page makes it when nothing but its inputs was chosen; seed `number`."""
    sound, other = files.sound(number), files.sound(number + 1)
    seeded: dict[str, Any] = {"seed": number, "steps": steps}
    picture = files.picture(number)
    if verb == "draft":
        return SoundToImageRequest(sound=sound, quality="draft", **seeded)
    if verb == "edit_image":
        return EditImageRequest(picture=picture, sound=sound, **seeded)
    if verb == "interpolate":
        return InterpolateRequest(sound_a=sound, sound_b=other, frames=3, **seeded)
    if verb == "volume_sweep":
        return VolumeSweepRequest(sound=sound, gains_db=(-12.0, -6.0, 0.0), **seeded)
    if verb == "make_film":
        return MakeFilmRequest(sound=sound, end_s=1.0, fps=8, **seeded)
    if verb == "image_to_sound":
        return ImageToSoundRequest(picture=picture, source="generate", **seeded)
    if verb == "learn_word":
        few: dict[str, Any] = {} if steps is None else {"learning_steps": 10}
        return LearnWordRequest(word="storm", sound=sound, picture1=picture, seed=number, **few)
    if verb == "upscale_image":
        return UpscaleImageRequest(picture=picture)
    return SoundToImageRequest(sound=sound, **seeded)


def visit(
    studio: Any,
    request: MakingRequest,
    session: str,
    started: float,
    cancel: events.CancelToken | None = None,
    on_event: Callable[[events.Event], None] = lambda event: None,
) -> Visit:
    """Ask, and wait for what comes. Nothing is raised."""
    at_s, begun_s, words, outcome, last = time.perf_counter() - started, None, "", "nothing", None
    try:
        for event in studio.run(request, cancel, session):
            message = getattr(event, "message", "")
            if begun_s is None and not message.startswith(BEFORE):
                begun_s = time.perf_counter() - started
            last = event
            on_event(event)
        outcome = "served" if isinstance(last, events.AnyResult) else "nothing"
    except events.Cancelled:
        outcome = "stopped"
    except (BadInput, events.Failure) as problem:
        outcome, words = "told", str(problem)
    over_s = time.perf_counter() - started
    own = None
    if isinstance(last, events.AnyResult):
        own = is_own(request, last)
    return Visit(
        request, session, at_s, begun_s, over_s, outcome, words, own, bool(getattr(last, "reused", False))
    )


def is_own(request: MakingRequest, result: events.AnyResult) -> bool:
    """Whether a result is of this request: its verb, seed and files, in the result and in its settings."""
    inside = result.settings["request"]
    for name in ("verb", "seed"):
        wanted = getattr(request, name, None)
        if wanted is not None and (getattr(result.request, name) != wanted or inside.get(name) != wanted):
            return False
    return all(Path(str(inside[name])).name == Path(path).name for name, path in request.file_paths.items())


def crowd(
    studio: Any, requests: Iterable[tuple[MakingRequest, str]], clients: int, limit_s: float = 3600.0
) -> list[Visit]:
    """A closed loop: so many people, each asks for the next request when the last is over."""
    started, lock, visits = time.perf_counter(), threading.Lock(), []
    todo = iter(requests)

    def person() -> None:
        while time.perf_counter() - started < limit_s:
            with lock:
                one = next(todo, None)
            if one is None:
                return
            done = visit(studio, one[0], one[1], started)
            with lock:
                visits.append(done)

    _together([person] * clients)
    return visits


def arrivals_at(studio: Any, requests: Sequence[tuple[float, MakingRequest, str]]) -> list[Visit]:
    """An open stream: each request comes at its time, whatever became of the others; in order of time."""
    started = time.perf_counter()
    visits: dict[int, Visit] = {}

    def person(number: int, at_s: float, request: MakingRequest, session: str) -> None:
        time.sleep(max(0.0, at_s - (time.perf_counter() - started)))
        visits[number] = visit(studio, request, session, started)

    threads = [
        threading.Thread(target=person, args=(number, *one), daemon=True)
        for number, one in enumerate(requests)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [visits[number] for number in sorted(visits)]


def _together(work: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one, daemon=True) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def mixed(
    shares: Mapping[str, int], count: int, files: Files, steps: int | None = None, first: int = 0
) -> Iterator[tuple[MakingRequest, str]]:
    """Requests and sessions in a fixed order, verbs by their shares; edits come four to a person."""
    cycle = _spread(shares)
    edits = itertools.count(first)
    for number in range(first, first + count):
        verb = cycle[number % len(cycle)]
        session = f"person {next(edits) // 4}" if verb == "edit_image" else f"guest {number}"
        request = request_of(verb, files, number, steps)
        if verb == "edit_image":  # who edits stays with one picture
            request = request.changed(picture=files.picture(int(session.split()[1])))
        yield request, session


def _spread(shares: Mapping[str, int]) -> list[str]:
    """Names, each as often as its share, well mixed."""
    slots = [
        ((place + 0.5) / share, verb) for verb, share in shares.items() for place in range(share) if share
    ]
    return [verb for _, verb in sorted(slots)]


def kind_of(one: Visit) -> str:
    """What a visit costs by: its verb, drafts apart."""
    return (
        "draft"
        if getattr(one.request, "quality", "") == "draft" and one.verb == "sound_to_image"
        else one.verb
    )


def costs_of(visits: Sequence[Visit]) -> dict[str, dict[str, float]]:
    """Mean seconds on an engine by kind of request, of those that had to make what they start from, and of
    those that found it."""
    samples: dict[str, dict[str, list[float]]] = {}
    for one in visits:
        if one.outcome == "served":
            samples.setdefault(kind_of(one), {}).setdefault(AGAIN if one.found else FIRST, []).append(
                one.service_s
            )
    costs = {}
    for kind, some in samples.items():
        means = {name: float(np.mean(values)) for name, values in some.items()}
        only = next(iter(means.values()))
        costs[kind] = {FIRST: means.get(FIRST, only), AGAIN: means.get(AGAIN, only)}
    return costs


def as_arrivals(
    requests: Sequence[tuple[float, MakingRequest, str]], costs: Mapping[str, Mapping[str, float]]
) -> list[Arrival]:
    """The same requests for the simulation, with their mean costs."""
    arrivals = []
    for at_s, request, session in requests:
        work = work_of(request, session)
        blank = Visit(request, session, at_s, None, at_s, "served")
        cost = costs[kind_of(blank)]
        key = work.key if work.waits else ""
        arrivals.append(Arrival(at_s, work.lane, key, work.waits, cost[FIRST], cost[AGAIN]))
    return arrivals
