"""Every verb through two engines of a small Ray on loopback: one test of the whole, marked `cluster`."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.bundles.manifest import write_manifest
from sonic_ui.engine.events import (
    Cancelled,
    CancelToken,
    Failure,
    FilmResult,
    Preview,
    Progress,
    Result,
    SoundResult,
    UpscaleResult,
    WordResult,
)
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import (
    VERBS,
    BadInput,
    EditImageRequest,
    ImageToSoundRequest,
    InterpolateRequest,
    LearnWordRequest,
    MakeFilmRequest,
    UpscaleImageRequest,
    VolumeSweepRequest,
)
from sonic_ui.serve.address import RayAddress
from sonic_ui.serve.options import ClusterOptions
from tests.serve.sounds import write_tone
from tests.ui.serving import wanted

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray Serve is absent: pip install -r requirements-cluster.txt",
    ),
]

STORE_BYTES = 100 * 2**20
PEOPLE = 4  # all of them may wait at once: an engine that has just answered is busy for a moment longer
PATIENCE_S = 180.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Path:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    return debug_bundle(folder / "bundle")


@pytest.fixture(scope="module")
def studio(bundle: Path) -> Iterator[Any]:
    """A page's studio on two engines; Ray starts with the first test and ends with the last."""
    from sonic_ui.serve import cluster
    from sonic_ui.serve.client import RayStudio

    options = ClusterOptions(bundle=str(bundle), replicas=2, queue=PEOPLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # beside other tests nothing would start in time
        cluster.start_here(options, STORE_BYTES)
        try:
            cluster.deploy(options)
            studio = RayStudio(RayAddress(cluster.head_address()))
            loading = studio.start()
            assert loading is not None
            loading.join(PATIENCE_S)
            yield studio
            studio.close()
        finally:
            cluster.leave(everything=True)


@pytest.fixture(scope="module")
def sounds(folder: Path) -> list[str]:
    return [str(write_tone(folder / f"tone {hz}.wav", hz)) for hz in (300, 900, 2000)]


@pytest.fixture(scope="module")
def picture(folder: Path) -> str:
    path = folder / "picture.png"
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return str(path)


def requests_of(sounds: list[str], picture: str) -> dict[str, tuple[Any, type]]:
    """A request of every verb that takes files alone, and the kind of its result."""
    a, b = sounds[:2]
    film = MakeFilmRequest(sound=a, end_s=1.0, fps=6, output="gif", steps=1)
    return {
        "sound_to_image": (wanted(Path(a), steps=2, count=2), Result),
        "edit_image": (EditImageRequest(picture=picture, sound=a, steps=2), Result),
        "interpolate": (InterpolateRequest(sound_a=a, sound_b=b, frames=3, steps=2), Result),
        "volume_sweep": (VolumeSweepRequest(sound=a, gains_db=(-6, 0), steps=2), Result),
        "make_film": (film, FilmResult),
        "image_to_sound": (ImageToSoundRequest(picture=picture, source="generate", steps=2), SoundResult),
        "upscale_image": (UpscaleImageRequest(picture=picture), UpscaleResult),
        "learn_word": (
            LearnWordRequest(word="storm", sound=a, picture1=picture, learning_steps=10),
            WordResult,
        ),
    }


def until(done: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def engines(studio: Any) -> dict[str, Any]:
    found: dict[str, Any] = (studio.cluster_status() or {}).get("engines", {})
    return found


def counted(studio: Any, what: str) -> int:
    return sum(count[what] for engine in engines(studio).values() for count in engine["verbs"].values())


def test_every_verb_runs_there_as_here(studio: Any, bundle: Path, sounds: list[str], picture: str) -> None:
    """All at once, by several people; the same pictures as on this computer."""
    every = requests_of(sounds, picture)
    assert {*every} == {verb for verb in VERBS if not VERBS[verb].request.FILE_LISTS}
    here = Studio(LocalBackend(str(bundle)))

    def run(number: int) -> tuple[str, Any]:
        verb = [*every][number % len(every)]
        return verb, [*studio.run(every[verb][0], session=f"person-{number}")]

    with ThreadPoolExecutor(PEOPLE) as people:
        results = [*people.map(run, range(2 * len(every)))]
    for verb, events in results:
        result, (request, kind) = events[-1], every[verb]
        assert isinstance(result, kind) and result.request.with_defaults({}).verb == verb
        assert result.request == request.with_defaults(here.info.defaults.model_dump()), verb
        assert result.settings["request"]["verb"] == verb
        if isinstance(result, FilmResult):
            assert result.film.stat().st_size > 100 and result.film.suffix == ".gif"
    painted = dict(results)["sound_to_image"]
    mine = [*here.run(every["sound_to_image"][0])][-1]
    for one, other in zip(painted[-1].images, mine.images, strict=True):
        difference = np.abs(np.asarray(one, int) - np.asarray(other, int)).max()
        assert difference <= 2, "sounds that are embedded together round otherwise"
    assert any(isinstance(event, Preview) for event in painted)
    until(lambda: counted(studio, "done") >= 2 * len(every))
    assert len(engines(studio)) == 2 and all(one["verbs"] for one in engines(studio).values())


def test_a_picture_is_studied_once(studio: Any, sounds: list[str], picture: str) -> None:
    before = sum(one["studied"] for one in engines(studio).values())
    edits = [EditImageRequest(picture=picture, sound=sounds[n % 3], steps=2, seed=n) for n in range(6)]
    results = [[*studio.run(edit, session="ann")][-1] for edit in edits]
    assert [result.reused for result in results] == [False, True, True, True, True, True]
    assert studio.cache_usage("ann", picture).count == 1
    until(lambda: sum(one["studied"] for one in engines(studio).values()) == before + 1)
    studio.release("ann")
    deadline = time.monotonic() + PATIENCE_S
    while [*studio.run(edits[0], session="ann")][-1].reused:  # the word is on its way to all engines
        assert time.monotonic() < deadline


def test_refusals_and_cancelling(studio: Any, sounds: list[str]) -> None:
    with pytest.raises(BadInput, match="earlier start") as caught:
        [*studio.run(wanted(Path(sounds[0]), start_s=50))]
    assert caught.value.field == "start_s"
    token, steps = CancelToken(), []
    with pytest.raises(Cancelled):
        for event in studio.run(wanted(Path(sounds[0]), steps=100, count=4), token):
            if isinstance(event, Progress) and event.step:
                steps.append(event.step)
                token.cancel()
    assert steps and steps[-1] < 90
    strip, token = VolumeSweepRequest(sound=sounds[0], gains_db=tuple(range(-16, 0)), steps=20), CancelToken()
    events = []
    for event in studio.run(strip, token):
        events.append(event)
        if type(event).__name__ == "FramesDone":
            token.cancel()
    assert events[-1].stopped and 0 < len(events[-1].images) < 16, "what was done comes back"
    assert isinstance([*studio.run(wanted(Path(sounds[0])))][-1], Result)


def test_the_queue_says_ones_place_and_when_it_is_full(studio: Any, sounds: list[str]) -> None:
    token = CancelToken()
    outcomes: list[str] = []
    numbers: list[str] = []

    def run(number: int) -> None:
        try:
            for event in studio.run(wanted(Path(sounds[0]), steps=100, count=4, seed=number), token):
                if "number" in getattr(event, "message", ""):
                    numbers.append(event.message)
        except (Cancelled, Failure) as problem:
            outcomes.append(str(problem))

    people = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for person in people:
        person.start()
    until(lambda: any("queue is full" in words for words in outcomes) and numbers)
    token.cancel()
    for person in people:
        person.join(PATIENCE_S)
    assert len(outcomes) == 12 and all(not words or "you would be number" in words for words in outcomes)
    assert isinstance([*studio.run(wanted(Path(sounds[0])))][-1], Result)


def test_an_engine_that_is_killed_takes_its_own_work_alone(studio: Any, sounds: list[str]) -> None:
    outcomes: dict[int, str] = {}
    begun: set[int] = set()

    def run(number: int) -> None:
        request = wanted(Path(sounds[number]), steps=100, count=4, seed=number)
        try:
            for event in studio.run(request):
                if isinstance(event, Progress) and event.step:
                    begun.add(number)
            outcomes[number] = f"{type(event).__name__} {event.request.seed}"
        except Failure as problem:
            outcomes[number] = str(problem)

    victim = next(iter(engines(studio).values()))
    people = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for person in people:
        person.start()
    until(lambda: len(begun) == 2 or outcomes)
    os.kill(victim["pid"], signal.SIGKILL)
    for person in people:
        person.join(PATIENCE_S)
    killed = [words for words in outcomes.values() if "ended in the middle" in words]
    assert len(outcomes) == 2 and len(killed) == 1, outcomes
    assert [words for number, words in outcomes.items() if words == f"Result {number}"], "others go on"
    assert isinstance([*studio.run(wanted(Path(sounds[2])))][-1], Result), "the next request works"


def test_another_bundle_drops_nobody(studio: Any, bundle: Path, folder: Path, sounds: list[str]) -> None:
    """Engines are replaced one after the other while people go on."""
    from sonic_ui.serve import cluster

    shutil.copytree(bundle, other := folder / "other")
    info = json.loads((other / "bundle.json").read_text(encoding="utf-8"))
    (other / "bundle.json").write_text(json.dumps({**info, "name": "other", "title": "Other"}))
    write_manifest(other)
    problems: list[BaseException] = []
    bundles: list[str] = []
    replaced = threading.Event()

    def ask(number: int) -> None:
        try:
            while not replaced.is_set():
                events = [*studio.run(wanted(Path(sounds[number]), seed=number))]
                assert events[-1].request.seed == number
                bundles.append(events[-1].settings["bundle"])
        except BaseException as problem:
            problems.append(problem)

    people = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for person in people:
        person.start()
    until(lambda: bundles)
    cluster.deploy(ClusterOptions(bundle=str(other), replicas=2, queue=PEOPLE))
    until(lambda: bundles[-1] != bundles[0] or problems)
    replaced.set()
    for person in people:
        person.join(PATIENCE_S)
    assert problems == [] and len({*bundles}) == 2
    until(lambda: studio.info.title == "Other")
