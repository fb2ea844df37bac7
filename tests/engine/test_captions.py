"""What is heard, in words, through the engine: written, scored, painted by, tuned; on tiny networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonic_ui.engine.answering import answers
from sonic_ui.engine.events import Cancelled, CancelToken, Preview, Progress, Result
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.serialization import decode
from sonic_ui.engine.studio import Studio
from sonic_ui.media.captions import Caption
from sonic_ui.requests import BadInput, SoundToImageRequest
from tests.conftest import WriteSound


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    return Studio(LocalBackend(str(debug_bundle(tmp_path_factory.mktemp("bundle")))))


@pytest.fixture
def sound(write_sound: WriteSound) -> str:
    return str(write_sound("tone.wav", 2.0, 300))


def painted(studio: Studio, sound: str, **values: Any) -> Result:
    request = SoundToImageRequest(sound=sound, steps=2, guidance_scale=3.0, **values)
    result = [*studio.run(request)][-1]
    assert isinstance(result, Result)
    return result


def pixels(result: Result) -> np.ndarray:
    return np.asarray(result.images[0], np.int16)


def test_the_engine_writes_and_scores(studio: Studio, sound: str) -> None:
    read = studio.load_sound(sound)
    caption = studio.captions.caption(read)
    assert caption.words and all(0 < chance <= 1 for chance in caption.probabilities)
    scored = studio.captions.caption(read, "a dog and a violin")
    assert scored.words == ("a", "dog", "and", "a", "violin") and scored.probabilities[-1] == 0.0
    drawn = {studio.captions.caption(read, "", 5, seed).text for seed in range(6)}
    assert len(drawn) > 1


def test_the_words_are_painted_and_an_edit_changes_the_picture(studio: Studio, sound: str) -> None:
    plain = painted(studio, sound)
    assert plain.request.caption == "" and "caption_words" not in plain.settings
    one = painted(studio, sound, by_caption="words_alone", caption="a dog and rain")
    other = painted(studio, sound, by_caption="words_alone", caption="a dog")
    beside = painted(studio, sound, by_caption="with_sound", caption="a dog")
    pictures = [pixels(each) for each in (plain, one, other, beside)]
    for at, first in enumerate(pictures):
        assert all(np.abs(first - second).max() > 0 for second in pictures[at + 1 :])
    assert other.settings["request"]["caption"] == "a dog"
    assert [word for word, _ in other.settings["caption_words"]] == ["a", "dog"]
    unweighed = painted(studio, sound, by_caption="words_alone", caption="a dog", caption_attention=False)
    assert np.abs(pixels(unweighed) - pictures[2]).max() > 0


def test_without_a_caption_the_engine_writes_it(studio: Studio, sound: str) -> None:
    written = studio.captions.caption(studio.load_sound(sound)).text
    result = painted(studio, sound, by_caption="with_sound")
    assert result.request.caption == written
    again = painted(studio, sound, by_caption="with_sound", caption=written)
    assert np.array_equal(pixels(result), pixels(again))


def test_tuning_shows_every_step_and_ends_when_it_is_cancelled(studio: Studio, sound: str) -> None:
    values = {
        "sound": sound,
        "steps": 2,
        "guidance_scale": 3.0,
        "by_caption": "with_sound",
        "caption": "a dog",
    }
    request = SoundToImageRequest(**values, optimize_steps=2)
    events = [*studio.run(request)]
    tuning = [e for e in events if isinstance(e, Progress) and e.message.startswith("Tuning")]
    assert [(e.step, e.total) for e in tuning] == [(1, 4), (2, 4)]
    assert sum(isinstance(e, Preview) for e in events) >= 2
    last = [e for e in events if isinstance(e, Progress)][-1]
    assert (last.step, last.total) == (4, 4)
    untuned = painted(studio, sound, by_caption="with_sound", caption="a dog")
    assert np.abs(pixels(events[-1]) - pixels(untuned)).max() > 0
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        for event in studio.run(request, cancel):
            if isinstance(event, Progress) and event.message.startswith("Tuning"):
                cancel.cancel()


def test_an_engine_without_a_captioner_paints_what_is_typed(
    studio: Studio, sound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    components = studio.backend.components  # type: ignore[attr-defined]
    monkeypatch.setattr(type(components), "captioner", None, raising=False)
    with pytest.raises(
        BadInput, match=r"Debug writes no captions of sounds\. Write what is heard"
    ) as refusal:
        painted(studio, sound, by_caption="with_sound")
    assert refusal.value.field == "caption"
    result = painted(studio, sound, by_caption="words_alone", caption="a dog", prompt="at night")
    assert [chance for _, chance in result.settings["caption_words"]] == [1.0, 1.0]


def test_another_app_gets_captions(studio: Studio, sound: str) -> None:
    question = {"ask": "caption", "duration_s": 2.0, "text": "a dog", "top_k": 1, "seed": 0}
    (answer,) = answers(studio, question, [sound], "", CancelToken())
    caption = decode(answer["value"], Caption)
    assert caption.words == ("a", "dog")
    with pytest.raises(BadInput, match="Words to draw from is 99"):
        list(answers(studio, {**question, "top_k": 99}, [sound], "", CancelToken()))
