"""Learned words for programs, and with an engine elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from sonic_ui.engine.events import Notice, WordResult
from sonic_ui.engine.remote import Address, RemoteStudio
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import LearnWordRequest, SoundToImageRequest
from tests.conftest import WriteSound
from tests.fakes import FakeBackend


def names(answer: dict[str, Any]) -> list[str]:
    return [word["name"] for word in answer["words"]]


def test_programs_learn_use_give_and_remove_words(
    client: Any, backend: FakeBackend, studio: Studio, write_sound: WriteSound
) -> None:
    sound = handle_file(str(write_sound()))
    file, pictures, settings = client.predict("<Storm>", sound, api_name="/learn_word")
    assert Path(file).name == "storm.safetensors" and len(pictures) == 2
    assert settings["sentences"][0] == "a painting of <storm>" and settings["request"]["word"] == "storm"
    assert names(client.predict(api_name="/list_words")) == ["storm"]
    with pytest.raises(AppError, match="<storm> already"):
        client.predict("storm", sound, api_name="/learn_word")
    client.predict(sound, prompt="a boat under <storm>", api_name="/sound_to_image")
    assert [*backend.words] == ["storm"] and backend.words["storm"].label == "rain"
    assert names(client.predict("storm", api_name="/remove_word")) == []
    answer = client.predict(handle_file(file), word="sea", api_name="/add_word")
    assert names(answer) == ["sea"] and answer["words"][0]["heard"] == "rain"
    assert not studio.words_of("somebody else"), "where words are not kept they are their session's alone"
    with pytest.raises(AppError, match="holds no word"):
        client.predict(sound, api_name="/add_word")
    client.predict("sea", api_name="/remove_word")
    client.predict(sound, prompt="<sea>", api_name="/sound_to_image")
    assert not backend.words


def test_words_go_along_to_an_engine_elsewhere_and_stay_here(
    address: str, backend: FakeBackend, studio: Studio, write_sound: WriteSound, tmp_path: Path
) -> None:
    remote, sound = RemoteStudio(Address(address)), str(write_sound())
    learned = [*remote.run(LearnWordRequest(word="storm", sound=sound), session="ann")][-1]
    assert isinstance(learned, WordResult) and [*remote.words_of("ann")] == ["storm"]
    request = SoundToImageRequest(sound=sound, prompt="<storm> at sea")
    [*remote.run(request, session="ann")]
    assert backend.words["storm"].digest == learned.word.digest
    told = [one.message for one in remote.run(request, session="ben") if isinstance(one, Notice)]
    assert any("<storm> is not here" in one for one in told) and not backend.words
    remote.remove_word("storm", "ann")
    [*remote.run(LearnWordRequest(word="storm", sound=sound), session="ann")]
    assert [*remote.words_of("ann")] == ["storm"], "the engine there kept nothing that is in the way"
