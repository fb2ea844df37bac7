"""The caption on the page and for programs: written, painted by, refused; a batch writes its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from sonic_ui.engine.remote import Address, RemoteStudio
from sonic_ui.engine.studio import Studio
from sonic_ui.media.captions import Caption
from sonic_ui.requests import SoundToImageRequest
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.tabs.sound_to_image.captions import CaptionHandlers, CaptionSettings, chance_line
from sonic_ui.ui.widgets.mixer import Mixer, MixerHandlers
from sonic_ui.ui.widgets.sound_input import SoundInput
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.tabs import ME, last, part
from tests.ui.test_handlers import page_values, tab_of


def handlers(backend: FakeBackend) -> CaptionHandlers:
    parts, sound = part(CaptionSettings, message="caption_message"), part(SoundInput)
    context = AppContext(Studio(backend), ())
    files = {name: name for name in SoundToImageRequest.SOUNDS[1:]}
    mixer = MixerHandlers(context, part(Mixer, files=files), {"sound": sound.sound, **sound.part})
    return CaptionHandlers(context, parts, sound, mixer)


def write(backend: FakeBackend, sound: str | None, **values: Any) -> dict[Any, Any]:
    """The button's answer for a sound and some settings of the mixer."""
    one = handlers(backend)
    nothing = {"sound": sound, "gain_db": 0, "room": "dry", "by_name": True}
    return one.write(*({**nothing, **values}.get(name) for name in one._mixer.inputs))


def test_the_button_writes_what_is_heard(write_sound: WriteSound) -> None:
    shown = write(FakeBackend(), str(write_sound()))
    assert shown["caption"] == "loud rain" and shown["chances"] == "How sure: loud 75% · rain 75%"
    refused = write(FakeBackend(), None)
    assert "no sound yet" in refused["caption_message"]["text"] and "caption" not in refused


def test_of_a_mix_every_sound_is_named_the_loudest_first(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    texts = iter(("loud dog", "quiet wind"))
    loudness: list[float] = []

    def caption_audio(samples: np.ndarray, *_: Any) -> Caption:
        loudness.append(float(np.abs(samples).max()))
        words = tuple(next(texts).split())
        return Caption(words, (0.5,) * len(words))

    backend.caption_audio = caption_audio  # type: ignore[method-assign]
    quiet, loud = (str(write_sound(f"{gain}.wav", gain=gain)) for gain in (0.02, 0.3))
    shown = write(backend, quiet, sound2=loud)
    assert shown["caption"] == "loud dog and quiet wind" and loudness[0] > 5 * loudness[1]


def test_a_caption_is_painted_and_one_of_the_engine_is_shown(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    tab = tab_of(backend)
    own = {"by_caption": "words_alone", "caption": "a dog"}
    shown = last(tab.generate(ME, *page_values(write_sound(), **own)))
    assert backend.jobs[-1].caption == Caption(("a", "dog"), (0.75, 0.75)) and "caption" not in shown
    assert "painted by “a dog”" in shown["stage"]["result"]["detail"]
    shown = last(tab.generate(ME, *page_values(write_sound(), by_caption="with_sound")))
    assert shown["caption"] == "loud rain" and backend.jobs[-1].request.caption == "loud rain"
    refused = last(tab.generate(ME, *page_values(write_sound(), optimize_steps=4)))
    assert "The steps of tuning are 4" in refused["caption_message"]["text"]
    refused = last(tab.generate(ME, *page_values(write_sound(), caption="rain " * 1000)))
    assert "at most 1000" in refused["caption_message"]["text"]


def test_each_sound_of_a_batch_gets_a_caption_of_its_own(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    values = page_values(None, by_caption="with_sound", caption="a dog in the editor")
    last(tab_of(backend).generate_batch(ME, [str(write_sound("a.wav")), str(write_sound("b.wav"))], *values))
    assert [job.request.caption for job in backend.jobs] == ["loud rain"] * 2


def test_programs_get_captions_and_paint_by_them(
    client: Any, backend: FakeBackend, write_sound: WriteSound
) -> None:
    sound = handle_file(str(write_sound()))
    answer = client.predict(sound, api_name="/caption_sound")
    assert answer == {"caption": "loud rain", "words": [["loud", 0.75], ["rain", 0.75]]}
    _, settings = client.predict(sound, by_caption="words_alone", caption="a dog", api_name="/sound_to_image")
    assert settings["caption_words"] == [["a", 0.75], ["dog", 0.75]]
    with pytest.raises(AppError, match="Words to draw from is 99"):
        client.predict(sound, top_k=99, api_name="/caption_sound")


def test_an_engine_elsewhere_writes_captions(address: str, write_sound: WriteSound) -> None:
    remote = RemoteStudio(Address(address))
    caption = remote.captions.caption(remote.load_sound(str(write_sound())), "a dog")
    assert caption == Caption(("a", "dog"), (0.75, 0.75))
    assert chance_line(caption) == "How sure: a 75% · dog 75%"
