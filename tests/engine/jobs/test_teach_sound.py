"""Teaching as a job: an engine of its own, what is refused, who waits, what is left when it is stopped."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.bundles import registry, taught
from sonic_ui.bundles.registry import read_bundle
from sonic_ui.engine.events import Cancelled, CancelToken, Notice, Preview, Progress, TeachResult
from sonic_ui.engine.jobs import teach_sound
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.switching import Engines
from sonic_ui.requests import BadInput, ChangeEngineRequest, SoundToImageRequest, TeachSoundRequest
from sonic_ui.testing.tiny_bundle import debug_bundle

WriteSound = Callable[..., Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of taught engines, and two known sounds to rehearse."""
    monkeypatch.setenv("SONIC_UI_TAUGHT", str(tmp_path / "engines"))
    (tmp_path / "known").mkdir()
    for name, hz in (("low", 150), ("high", 4000)):
        samples = 0.3 * np.sin(2 * np.pi * hz * np.arange(24_000) / 48_000)
        soundfile.write(tmp_path / "known" / f"{name}.mp3", samples, 48_000)
    monkeypatch.setattr(teach_sound, "EXAMPLES", tmp_path / "known")
    return tmp_path / "engines"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return debug_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def base(written: Path, tmp_path: Path) -> Path:
    """A bundle of the test's own."""
    return Path(shutil.copytree(written, tmp_path / "debug"))


@pytest.fixture
def request_of(tmp_path: Path, write_sound: WriteSound) -> Callable[..., TeachSoundRequest]:
    def make(name: str = "gong", **values: Any) -> TeachSoundRequest:
        sounds = [str(write_sound(f"gong{k}.wav", hz=700 + 20 * k)) for k in range(2)]
        picture = tmp_path / "gong.png"
        Image.new("RGB", (70, 60), (220, 180, 30)).save(picture)
        given = {"name": name, "recordings": sounds, "pictures": [str(picture)], "training_steps": 20}
        return TeachSoundRequest.from_values({**given, **values})

    return make


def studio_of(base: Path) -> Studio:
    return Studio(LocalBackend(str(base)), engines=Engines(LocalBackend, str(base)))


def test_a_sound_is_taught_used_and_taken_along(
    base: Path, home: Path, request_of: Callable[..., TeachSoundRequest], tmp_path: Path
) -> None:
    studio = studio_of(base)
    events = [*studio.run(request_of())]
    result = events[-1]
    assert isinstance(result, TeachResult) and len(result.before) == len(result.after) == 4
    assert any(isinstance(one, Notice) and "fewer than four" in one.message for one in events)
    assert sum(isinstance(one, Preview) for one in events) >= 2
    assert any(isinstance(one, Progress) and one.message == "Learning" and one.total == 20 for one in events)
    assert result.settings["request"]["recordings"] == ["gong0.wav", "gong1.wav"]
    assert "gong" in [engine.name for engine in studio.engines.listed()]
    assert not any(str(tmp_path) in json.dumps(result.settings) for _ in "x")
    assert [*studio.change_engine(ChangeEngineRequest(engine="gong"))]
    assert studio.info.title == "Debug + gong" and studio.supports("image_to_sound")
    heard = studio.embed_audio(studio.load_sound(request_of().recordings[0]))
    assert heard.labels[0].name == "gong" and not heard.is_unknown
    *_, painted = studio.run(SoundToImageRequest(sound=request_of().recordings[0], steps=2))
    assert painted.settings["bundle"] == "gong"  # type: ignore[union-attr]
    with ZipFile(result.bundle) as archive:
        assert {"gong/bundle.json", "gong/taught/gated_attention.pt"} <= {*archive.namelist()}
        assert json.loads(archive.read("gong/bundle.json"))["base"] == "debug"
    # a second word goes on from the first; the engine below stays the same
    *_, second = studio.run(request_of("bell"))
    assert isinstance(second, TeachResult)
    both = read_bundle("bell")
    assert both.folder == base.resolve() and [one.id for one in both.info.taught] == ["gong", "bell"]
    LocalBackend("bell").load()


def test_names_are_one_free_word(
    base: Path, request_of: Callable[..., TeachSoundRequest], home: Path
) -> None:
    for name in ("two words", "<script>", "../up", "", "-", "x" * 33, "a/b", 5):
        with pytest.raises(BadInput) as caught:
            request_of(name)
        assert caught.value.field == "name"
    assert request_of("Nebelhörn-2").name == "nebelhörn-2"
    studio = studio_of(base)
    for name in ("miniature", "rain", "debug"):
        with pytest.raises(BadInput, match="already"):
            [*studio.run(request_of(name))]
    (home / "gong").mkdir(parents=True)
    (home / "gong" / "bundle.json").write_text("{}")
    with pytest.raises(BadInput, match="called 'gong' already"):
        [*studio.run(request_of())]


def test_bad_files_are_left_out_and_the_rest_is_learned(
    base: Path, request_of: Callable[..., TeachSoundRequest], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    good = request_of()
    studio = studio_of(base)
    *_, result = studio.run(good.changed(recordings=(*good.recordings, str(broken))))
    assert isinstance(result, TeachResult) and any("broken.wav" in note for note in result.notices)
    with pytest.raises(BadInput, match="None of the recordings can be used") as caught:
        [*studio.run(good.changed(name="bell", recordings=(str(broken),)))]
    assert caught.value.field == "recordings"
    for field in ("recordings", "pictures"):
        with pytest.raises(BadInput, match=r"yet\. Give 1 to 20"):
            request_of("bell", **{field: []})
        with pytest.raises(BadInput, match=r"21 .* were given"):
            request_of("bell", **{field: ["x"] * 21})


def events_until(events: Iterator[Any], wanted: Callable[[Any], bool]) -> None:
    for event in events:
        if wanted(event):
            return


@pytest.mark.parametrize("message", ["Reading the files", "Rehearsing what it knows", "Learning"])
def test_nothing_is_left_of_a_teaching_that_is_stopped(
    base: Path, home: Path, request_of: Callable[..., TeachSoundRequest], message: str
) -> None:
    studio, cancel = studio_of(base), CancelToken()
    events = studio.run(request_of(training_steps=1000), cancel)
    events_until(events, lambda event: isinstance(event, Progress) and event.message == message)
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(events)
    assert not home.exists() or not [*home.iterdir()]
    assert taught.taught_names() == ()


def test_the_second_person_waits_and_is_told(
    base: Path, request_of: Callable[..., TeachSoundRequest]
) -> None:
    studio, first, second = studio_of(base), CancelToken(), CancelToken()
    running = studio.run(request_of(training_steps=1000), first)
    events_until(running, lambda event: isinstance(event, Progress) and event.message == "Learning")
    waiting = studio.run(request_of("bell"), second)
    events_until(
        waiting, lambda event: isinstance(event, Progress) and "one is taught at a time" in event.message
    )
    painted = [*studio.run(SoundToImageRequest(sound=request_of().recordings[0], steps=1))]  # others paint on
    assert painted
    ended = threading.Thread(target=lambda: [*_swallowed(running)])
    ended.start()
    first.cancel()
    ended.join(60)
    events_until(waiting, lambda event: isinstance(event, Progress) and event.message == "Learning")
    second.cancel()
    [*_swallowed(waiting)]


def _swallowed(events: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from events
    except Cancelled:
        return


def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    base: Path,
    home: Path,
    request_of: Callable[..., TeachSoundRequest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sonic_ui.pipelines import taught as weights

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    studio = studio_of(base)
    monkeypatch.setattr(weights, "save_low_rank", full)
    with pytest.raises(BadInput, match="disk is full"):
        [*studio.run(request_of())]
    assert [*home.iterdir()] == []
    monkeypatch.setattr(taught, "MOST_ENGINES", 0)
    with pytest.raises(BadInput, match="as many as are kept"):
        [*studio.run(request_of())]


def test_an_engine_of_another_edition_is_refused(
    base: Path, request_of: Callable[..., TeachSoundRequest], home: Path
) -> None:
    [*studio_of(base).run(request_of())]
    described = json.loads((home / "gong" / "bundle.json").read_text())
    (home / "gong" / "bundle.json").write_text(json.dumps({**described, "edition": "another"}))
    with pytest.raises(BadInput, match="another edition"):
        read_bundle("gong")
    (home / "gong" / "bundle.json").write_text(json.dumps({**described, "base": "gong"}))
    with pytest.raises(BadInput, match="taught itself"):
        read_bundle("gong")
    assert "gong" not in [engine.name for engine in studio_of(base).engines.listed()]
    assert registry.BUNDLES
