"""Pictures that sound: what the studio reads, says and measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.events import Cancelled, CancelToken, Event, Failure, Notice, Progress, SoundResult
from sonic_ui.engine.inputs import Libraries
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput, ImageToSoundRequest
from tests.fakes import FakeBackend


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "storm.png"
    Image.new("RGB", (40, 30), (20, 30, 90)).save(path)
    return str(path)


def result_of(events: list[Event]) -> SoundResult:
    assert isinstance(events[-1], SoundResult)
    return events[-1]


def said(events: list[Event]) -> str:
    return " ".join(event.message for event in events if isinstance(event, Notice))


def test_takes_with_what_they_measure(picture: str) -> None:
    backend = FakeBackend()
    curve = (0.0, 0.2, 1.0, 0.4, 0.0)
    events = list(Studio(backend).run(ImageToSoundRequest(picture=picture, curve=curve, takes=2, seed=5)))
    result = result_of(events)
    assert any(isinstance(event, Progress) and event.total == 3 for event in events)
    assert len(result.takes) == 2 and not np.array_equal(result.takes[0].samples, result.takes[1].samples)
    for take in result.takes:
        assert take.r is not None and take.r > 0.95 and take.e_l1 is not None and take.e_l1 < 0.1
        assert -40 < take.lufs < -10
    assert result.settings["request"]["picture"] == "storm.png"
    assert result.settings["takes"][1]["pearson_r"] == pytest.approx(result.takes[1].r, abs=1e-4)
    assert result.settings["picture_shows"][0] == ["rain", 0.8]
    assert str(Path(picture).parent) not in str(result.settings)
    assert said(events) == ""


def test_a_result_says_how_many_candidates_there_were(picture: str) -> None:
    request = ImageToSoundRequest(picture=picture, candidates=4, takes=2, seed=5)
    result = result_of(list(Studio(FakeBackend()).run(request)))
    kept = {"candidates": 4, "seed": 6, "score": 0.5, "similarity": 0.5}
    assert kept.items() <= result.settings["takes"][1].items()
    plain = result_of(list(Studio(FakeBackend()).run(request.changed(candidates=1))))
    assert "candidates" not in plain.settings["takes"][0] and plain.takes[0].choice is None


def test_without_a_curve_nothing_is_wished_and_that_is_said(picture: str) -> None:
    events = list(Studio(FakeBackend()).run(ImageToSoundRequest(picture=picture)))
    assert "rises and falls by itself" in said(events)
    result = result_of(events)
    assert result.target is None and result.takes[0].r is None and result.takes[0].energy.any()


def test_a_flat_zero_is_said(picture: str) -> None:
    for given in ({"curve": (0.0, 0.0)}, {"moments": (0, 0, 0)}):
        events = list(Studio(FakeBackend()).run(ImageToSoundRequest(picture=picture, **given)))
        assert "close to silence" in said(events) and result_of(events).takes[0].r == 0


def test_moments_after_the_end_are_refused(picture: str) -> None:
    with pytest.raises(BadInput, match="All moments lie after the end: the sound is 5 s long") as caught:
        list(Studio(FakeBackend()).run(ImageToSoundRequest(picture=picture, moments=((6, 7),))))
    assert caught.value.field == "moments"


def test_a_picture_is_looked_at_once(picture: str) -> None:
    backend = FakeBackend()
    studio = Studio(backend)
    analysis = studio.analyze_image(picture)
    assert analysis.labels[0].name == "rain"
    assert studio.analyze_image(picture) is analysis


def test_bad_pictures_are_named(tmp_path: Path) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("This is not a picture.")
    for path, says in (
        (tmp_path / "gone.png", "There is no picture"),
        (letter, "cannot be read as a picture"),
    ):
        with pytest.raises(BadInput, match=says) as caught:
            list(Studio(FakeBackend()).run(ImageToSoundRequest(picture=str(path))))
        assert caught.value.field == "picture"


def test_cancelling_and_failing(picture: str) -> None:
    request = ImageToSoundRequest(picture=picture)
    token = CancelToken()
    run = Studio(FakeBackend()).run(request, token)
    for event in run:
        if isinstance(event, Progress) and event.step == 1:
            break
    token.cancel()
    with pytest.raises(Cancelled):
        list(run)
    with pytest.raises(Failure, match="out of paint"):
        list(Studio(FakeBackend(failure=Failure("out of paint"))).run(request))


# Folders of recordings


def test_only_the_folder_that_was_named_is_read(tmp_path: Path, picture: str) -> None:
    own = tmp_path / "mine"
    (own / "birds").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    libraries = Libraries(tmp_path / "examples", own)
    assert libraries.folder_of(None) == tmp_path / "examples"
    assert libraries.folder_of(".") == own and libraries.folder_of("birds") == own / "birds"
    assert libraries.folder_of(str(own / "birds")) == own / "birds"
    for name in ("..", "../secret", "/etc", str(tmp_path / "secret"), "birds/../../secret"):
        with pytest.raises(BadInput, match="lies outside “mine”") as caught:
            libraries.folder_of(name)
        assert caught.value.field == "library"
    with pytest.raises(BadInput, match="There is no folder 'bats' in “mine”"):
        libraries.folder_of("bats")
    with pytest.raises(BadInput, match="--sounds FOLDER"):
        Libraries(tmp_path).folder_of("birds")
    (own / "way-out").symlink_to(tmp_path / "secret")
    with pytest.raises(BadInput, match="lies outside"):
        libraries.folder_of("way-out")


def test_what_is_offered(tmp_path: Path) -> None:
    assert Libraries(tmp_path).choices() == [("The examples", "")]
    own = tmp_path / "mine"
    assert Libraries(tmp_path, own).choices() == [("The examples", "")]
    (own / "birds").mkdir(parents=True)
    (own / ".git").mkdir()
    assert Libraries(tmp_path, own).choices()[1:] == [("mine", "."), ("mine / birds", "birds")]


def test_the_folder_reaches_the_backend(tmp_path: Path, picture: str) -> None:
    backend = FakeBackend()
    studio = Studio(backend, Libraries(tmp_path))
    list(studio.run(ImageToSoundRequest(picture=picture, source="recordings")))
    list(studio.run(ImageToSoundRequest(picture=picture)))
    assert [job.library for job in backend.sound_jobs] == [tmp_path, None]
    with pytest.raises(BadInput, match="--sounds FOLDER"):
        list(studio.run(ImageToSoundRequest(picture=picture, source="recordings", library="/etc")))
