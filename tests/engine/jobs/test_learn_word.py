"""Learning a word with the debug bundle, from its pictures to prompts that hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.events import Cancelled, CancelToken, Notice, Preview, Progress, Result, WordResult
from sonic_ui.engine.inputs import Libraries
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.serialization import decode, encode
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.word_store import WordStore
from sonic_ui.media.word_files import SoundWord
from sonic_ui.requests import BadInput, LearnWordRequest, SoundToImageRequest
from tests.conftest import WriteSound


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> LocalBackend:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    return LocalBackend(str(debug_bundle(tmp_path_factory.mktemp("bundle"))))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(5):
        colours = np.random.default_rng(number).integers(0, 255, (40, 50, 3), np.uint8)
        Image.fromarray(colours).save(folder / f"{number}.png")
    (folder / "notes.png").write_text("no picture")
    return folder


@pytest.fixture
def studio(backend: LocalBackend, pictures: Path, tmp_path: Path) -> Studio:
    libraries = Libraries(pictures, None, "pictures", "--pictures")
    return Studio(backend, words=WordStore(tmp_path / "words"), pictures=libraries)


def learn(studio: Studio, sound: Path, cancel: CancelToken | None = None, **values: Any) -> list[Any]:
    settings = {"word": "storm", "sound": str(sound), "learning_steps": 12, **values}
    return [*studio.run(LearnWordRequest.from_values(settings), cancel, "ann")]


def test_a_word_is_learned_and_used(studio: Studio, write_sound: WriteSound, tmp_path: Path) -> None:
    sound = write_sound()
    events = learn(studio, sound, references=3)
    result = events[-1]
    assert isinstance(result, WordResult) and result.word.name == "storm"
    assert len(result.references) == 3 and len(result.images) == len(result.sentences) == 3
    assert all("<storm>" in sentence for sentence in result.sentences)
    assert any(isinstance(one, Preview) for one in events)
    assert max(one.step for one in events if isinstance(one, Progress)) >= 12
    assert result.settings["request"]["word"] == "storm" and "sound_sha256" in result.settings
    assert (tmp_path / "words" / "debug" / "storm.safetensors").is_file()

    def paint(prompt: str, session: str = "ben") -> Result:
        request = SoundToImageRequest(sound=str(sound), prompt=prompt, steps=2)
        *_, result = studio.run(request, None, session)
        assert isinstance(result, Result)
        return result

    worded, plain = paint("a dog <storm>"), paint("a dog")
    assert worded.settings["words"] == {"storm": result.word.digest} and "words" not in plain.settings
    assert worded.images[0].tobytes() != plain.images[0].tobytes()
    assert not any("storm" in notice for notice in worded.notices)
    assert decode(encode(result), WordResult).word.digest == result.word.digest


def test_a_word_that_is_not_here_is_told(studio: Studio, write_sound: WriteSound) -> None:
    request = SoundToImageRequest(sound=str(write_sound()), prompt="<storm> and <fire>", steps=1)
    told = [one.message for one in studio.run(request) if isinstance(one, Notice)]
    assert "<storm> and <fire>" in told[0] and "not here" in told[0]


def test_own_pictures_serve_without_a_library(
    studio: Studio, pictures: Path, write_sound: WriteSound
) -> None:
    result = learn(studio, write_sound(), picture1=str(pictures / "0.png"))[-1]
    assert len(result.references) == 1 and any("1 picture:" in notice for notice in result.notices)


def test_a_cancelled_word_leaves_nothing(studio: Studio, write_sound: WriteSound, tmp_path: Path) -> None:
    cancel, seen = CancelToken(), 0
    request = LearnWordRequest(word="storm", sound=str(write_sound()), learning_steps=1000)
    with pytest.raises(Cancelled):
        for event in studio.run(request, cancel, "ann"):
            if isinstance(event, Progress) and event.message == "Learning the word":
                seen += 1
                cancel.cancel()
    assert 0 < seen < 5 and not studio.words_of("ann") and not (tmp_path / "words").exists()


def test_what_cannot_be_learned_is_refused(
    studio: Studio, write_sound: WriteSound, tmp_path: Path, backend: LocalBackend
) -> None:
    sound = write_sound()
    studio.add_word(SoundWord("storm", np.ones((1, backend.word_width), np.float32)))
    with pytest.raises(BadInput, match="<storm> already"):
        learn(studio, sound)
    with pytest.raises(BadInput, match="numbers"):
        studio.add_word(SoundWord("sea", np.ones((1, 7), np.float32)))
    with pytest.raises(BadInput, match="Start it with --pictures"):
        learn(studio, sound, word="sea", library="mine")
    empty = tmp_path / "empty"
    empty.mkdir()
    studio.picture_libraries = Libraries(empty, None, "pictures", "--pictures")
    with pytest.raises(BadInput, match="no picture in"):
        learn(studio, sound, word="sea")


def test_a_word_of_another_engine_is_refused_by_its_job(studio: Studio, write_sound: WriteSound) -> None:
    strange = SoundWord("sea", np.ones((1, 7), np.float32), None, {"title": "Stable Diffusion"})
    request = SoundToImageRequest(sound=str(write_sound()), prompt="<sea>", steps=1)
    with pytest.raises(BadInput, match="another engine, Stable Diffusion"):
        [*studio.run(request, words={"sea": strange})]
