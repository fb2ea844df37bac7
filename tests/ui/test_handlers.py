"""The handlers of "Sound → Image", each update checked by the name of the part it changes."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from sonic_ui.engine.events import Failure
from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import read_settings
from sonic_ui.ui.session.context import AppContext, Example, SharedComponents
from sonic_ui.ui.tabs.sound_to_image.batch import BatchComponents
from sonic_ui.ui.tabs.sound_to_image.captions import CaptionSettings
from sonic_ui.ui.tabs.sound_to_image.events import Components, Handlers
from sonic_ui.ui.tabs.sound_to_image.results import example_card
from sonic_ui.ui.widgets.mixer import MORE, Mixer
from sonic_ui.ui.widgets.runs import RunBar
from sonic_ui.ui.widgets.settings_drop import SettingsDrop
from sonic_ui.ui.widgets.sound_input import SoundInput
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.tabs import ME, event, in_order, last, part, prompts


def tab_of(backend: FakeBackend, examples: tuple[Example, ...] = ()) -> Handlers:
    """The tab's handlers, on components that are their own names."""
    parts = Components(
        part(SoundInput, message="sound_message"),
        prompts(beside_seed="count"),
        part(RunBar, message="run_message"),
        "stage",  # type: ignore[arg-type]
        part(SettingsDrop, message="picture_message"),
        part(SharedComponents),
        part(BatchComponents, view="batch"),
        part(
            CaptionSettings, message="caption_message", attention="caption_attention", tuning="optimize_steps"
        ),
        part(Mixer, message="mix_message", files={name: name for name in MORE}),
    )
    return Handlers(AppContext(Studio(backend), examples), parts)


NO_MIX: dict[str, Any] = {
    **dict.fromkeys(("mixer", *MORE, "impulse_response")),
    "room": "dry",
    "by_name": True,
}
"""What the page hands over where nothing is mixed."""


def page_values(path: Path | None, **values: Any) -> list[Any]:
    """What the page hands to `Handlers.generate`, with some settings changed."""
    settings = {
        "sound": None if path is None else str(path),
        "start_s": None,
        "end_s": None,
        "gain_db": 0,
        "prompt": "",
        "negative_prompt": "",
        "strength": 1,
        "layers": "",
        "guidance_scale": 4.0,
        "steps": 3,
        "seed": 5,
        "keep_seed": True,
        "count": 1,
        "variations": "",
        "aspect": "1:1",
        "quality": "fine",
        "by_caption": "off",
        "caption": "",
        "caption_attention": True,
        "optimize_steps": 0,
        **NO_MIX,
        **values,
    }
    return in_order(tab_of(FakeBackend()).table, settings)


def test_generating_shows_progress_previews_and_the_result(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    updates = list(tab.generate(ME, *page_values(write_sound("rain.wav"), count=2)))
    kinds = [update["stage"]["kind"] for update in updates if "stage" in update]
    assert kinds[0] == "working" and kinds[-1] == "done" and set(kinds) == {"working", "done"}
    assert any(
        len(update["stage"]["previews"]) == 2 for update in updates if "previews" in update.get("stage", {})
    )
    shown = last(updates)
    card = shown["stage"]["result"]
    assert card["title"] == "Heard rain"
    assert len(card["pictures"]) == 2
    path = Path(card["pictures"][0]["file"]["path"])
    assert read_settings(path)["request"]["seed"] == 5
    assert shown["records"][card["id"]]["settings"]["request"]["count"] == 2
    assert shown["head"]["state"] == "ready"


def test_a_new_seed_unless_it_is_kept(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    sound = write_sound()
    kept = last(tab.generate(ME, *page_values(sound)))
    free = [last(tab.generate(ME, *page_values(sound, keep_seed=False)))["seed"] for _ in range(3)]
    assert kept["seed"] == 5
    assert len({5, *free}) == 4


@pytest.mark.parametrize(
    ("values", "place", "says"),
    [
        ({"sound": None}, "sound_message", "no sound yet"),
        ({"start_s": 30}, "sound_message", "earlier start"),
        ({"start_s": 2, "end_s": 1}, "sound_message", "Move the end"),
        ({"prompt": "x" * 1001}, "words_message", "at most 1000"),
        ({"steps": 1000}, "run_message", "from 1 to 100"),
        ({"strength": 9}, "run_message", "from 0 to 2"),
        ({"layers": "1, loud"}, "run_message", "'loud'"),
        ({"seed": -3}, "run_message", "from 0 to"),
        ({"seed": None}, "run_message", "Seed is empty"),
        ({"count": 99}, "run_message", "from 1 to 8"),
    ],
)
def test_a_refusal_stands_beside_its_cause(
    write_sound: WriteSound, values: dict[str, Any], place: str, says: str
) -> None:
    tab = tab_of(FakeBackend())
    sound = write_sound()
    shown = last(tab.generate(ME, *page_values(sound, **values)))
    assert says in shown[place]["text"] and shown[place]["kind"] == "error"
    others = {"sound_message", "words_message", "run_message"} - {place}
    assert all(not shown[other]["text"] for other in others)
    assert shown["stage"]["kind"] == "ended"
    again = last(tab.generate(ME, *page_values(sound)))
    assert again["stage"]["kind"] == "done" and not again[place]["text"]


def test_cancel_keeps_the_last_picture(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    tab = tab_of(backend)
    shown: dict[str, Any] = {}
    for update in tab.generate(ME, *page_values(write_sound(), steps=60)):
        shown |= update
        if update.get("stage", {}).get("step") == 2:
            tab.runs.cancel(gr.Request(session_hash="somebody else"))
        if update.get("stage", {}).get("step") == 4:
            tab.runs.cancel(ME)
    assert backend.steps_done < 8
    assert shown["stage"] == {
        "kind": "ended",
        "run": shown["stage"]["run"],
        "message": "Stopped. The last picture stays.",
    }


def test_failures_and_missing_weights_are_sentences(write_sound: WriteSound) -> None:
    sound = write_sound()
    tab = tab_of(FakeBackend(failure=Failure("Out of memory.")))
    assert last(tab.generate(ME, *page_values(sound)))["run_message"]["text"] == "Out of memory."
    tab = tab_of(FakeBackend(problem="unet/config.json is missing."))
    shown = last(tab.generate(ME, *page_values(sound)))
    assert shown["run_message"]["text"] == "unet/config.json is missing."
    assert shown["head"]["state"] == "failed"


def test_a_fault_of_the_app_is_a_sentence_too(write_sound: WriteSound) -> None:
    backend = FakeBackend(failure=ZeroDivisionError("secret"))
    tab = tab_of(backend)
    shown = last(tab.generate(ME, *page_values(write_sound())))
    assert "went wrong in the app" in shown["run_message"]["text"] and shown["stage"]["kind"] == "ended"
    backend.failure = None
    assert last(tab.generate(ME, *page_values(write_sound())))["stage"]["kind"] == "done"


def test_a_cut_prompt_is_told_beside_the_words(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend(notice="Left out: “boat”."))
    shown = last(tab.generate(ME, *page_values(write_sound())))
    assert shown["words_message"] == {"kind": "note", "text": "Left out: “boat”."}
    assert shown["stage"]["kind"] == "done"


def test_a_sound_is_drawn_and_then_named(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    drawn, named = tab.sound.analyze(ME, str(write_sound(seconds=12)), None, None, 0, "dry")
    drawing = drawn["drawing"]
    assert drawing["state"] == "drawn" and drawing["name"] == "tone.wav" and drawing["asked"] == [None, None]
    picture = Image.open(BytesIO(base64.b64decode(drawing["overview"]["mel"].partition(",")[2])))
    assert picture.width > 400 and drawing["overview"]["duration_s"] == pytest.approx(12)
    assert drawing["heard"][1] - drawing["heard"][0] == pytest.approx(10)
    assert "12.0 s" in drawing["caption"] and "LUFS" in drawing["alt"]
    assert drawn["labels"]["waiting"]
    assert named == {
        "labels": {"waiting": "", "labels": [{"name": "rain", "share": 0.9}, {"name": "a dog", "share": 0.1}]}
    }


@pytest.mark.parametrize("known", [0.2, 0.8])
def test_an_unknown_sound_is_said_to_be_so_and_is_painted(write_sound: WriteSound, known: float) -> None:
    backend = FakeBackend()
    backend.known_probability = known
    tab = tab_of(backend)
    sound = write_sound()
    named = [*tab.sound.analyze(ME, str(sound), None, None, 0, "dry")][-1]["labels"]
    card = last(tab.generate(ME, *page_values(sound)))["stage"]["result"]
    sentence = "I do not know this sound. Nearest: rain, a dog."
    if known < 0.5:
        assert named == {"waiting": sentence, "labels": []} and card["title"] == sentence
    else:
        assert named["labels"][0]["name"] == "rain" and card["title"] == "Heard rain"
    settings = read_settings(Path(card["pictures"][0]["file"]["path"]))
    assert settings["sound_known"] == known and settings["sound_heard"][0][0] == "rain"


def test_a_sound_is_drawn_even_without_weights(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend(problem="nothing there"))
    drawn, named = tab.sound.analyze(ME, str(write_sound()), None, None, 0, "dry")
    assert drawn["drawing"]["state"] == "drawn"
    assert "cannot be named" in named["labels"]["waiting"]


def test_labels_of_a_sound_left_behind_are_not_shown(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    first = tab.sound.analyze(ME, str(write_sound("a.wav")), None, None, 0, "dry")
    next(first)
    next(tab.sound.analyze(ME, str(write_sound("b.wav", hz=800)), None, None, 0, "dry"))
    assert list(first) == []


def test_looking_at_nothing_or_at_no_sound(write_sound: WriteSound, tmp_path: Path) -> None:
    tab = tab_of(FakeBackend())
    assert last(tab.sound.analyze(ME, None, None, None, 0, "dry"))["drawing"] == {"state": "empty"}
    text = tmp_path / "a.wav"
    text.write_text("words")
    shown = last(tab.sound.analyze(ME, str(text), None, None, 0, "dry"))
    assert shown["sound_message"]["kind"] == "error"
    assert shown["drawing"] == {"state": "failed", "name": "a.wav"}
    assert set(shown) == {"drawing", "labels", "sound_message"}, "what a person types is left alone"


def test_results_are_reused(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    sound = write_sound("rain.wav")
    shown = last(tab.generate(ME, *page_values(sound, prompt="ink", count=2, start_s=0.2)))
    name = shown["stage"]["result"]["id"]
    back = tab.reuse.shown(shown["records"], event(id=name, index=0))
    assert (back["prompt"], back["seed"], back["keep_seed"], back["count"]) == ("ink", 5, True, 2)
    assert (back["sound"], back["start_s"], back["steps"]) == (str(sound), 0.2, 3)
    assert "are back" in back["picture_message"]["text"]
    for unknown in (event(id="result-999", index=0), event(), gr.EventData(None, None), event(id=["x"])):
        assert tab.reuse.shown(shown["records"], unknown)["picture_message"]["kind"] == "error"


def test_dropped_pictures_are_reused(write_sound: WriteSound, tmp_path: Path) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values(write_sound("rain.wav"), prompt="ink")))
    picture = shown["stage"]["result"]["pictures"][0]["file"]["path"]
    back = tab.reuse.dropped(picture, shown["records"])
    assert back["prompt"] == "ink" and back["sound"].endswith("rain.wav")
    assert back["picture"] is None
    elsewhere = tab.reuse.dropped(picture, {})
    assert "sound" not in elsewhere
    assert "“rain.wav”" in elsewhere["picture_message"]["text"]
    foreign = tmp_path / "holiday.png"
    Image.new("RGB", (8, 8)).save(foreign)
    told = tab.reuse.dropped(str(foreign), {})
    assert set(told) == {"picture_message", "picture"}
    assert "“holiday.png” carries no settings" in told["picture_message"]["text"]


def test_examples_bring_sound_and_picture(write_sound: WriteSound, tmp_path: Path) -> None:
    picture = tmp_path / "rain.png"
    Image.new("RGB", (8, 8)).save(picture)
    examples = (
        Example(write_sound("rain.wav"), "Rain", picture),
        Example(write_sound("dog.wav"), "A dog", None),
    )
    tab = tab_of(FakeBackend(), examples)
    first = example_card(AppContext(Studio(FakeBackend()), examples), 0)
    assert first is not None and first.title == "Rain" and not first.reusable
    seeded = tab_of(FakeBackend(), (Example(examples[0].sound, "Rain", picture, seed=7),))
    card = example_card(
        AppContext(Studio(FakeBackend()), (Example(examples[0].sound, "Rain", picture, seed=7),)), 0
    )
    assert card is not None and card.reusable
    back = seeded.reuse.shown({}, event(id="example-0", index=0))
    assert (back["seed"], back["steps"], back["strength"]) == (7, 3, 0.5)
    chosen = tab.choose(event(index=0))
    assert chosen["sound"].endswith("rain.wav") and chosen["stage"]["result"]["title"] == "Rain"
    assert tab.choose(event(index=1))["stage"] == {"kind": "show", "result": None}
    for wrong in (event(index=2), event(index=-1), event(index="0"), gr.EventData(None, None)):
        with pytest.raises(gr.Error):
            tab.choose(wrong)


def test_a_picture_is_varied_with_its_own_settings_and_again(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values(write_sound("rain.wav"), count=2)))
    card, records = shown["stage"]["result"], shown["records"]
    varied = last(tab.vary(ME, records, event(id=card["id"], index=1, amount=0.25)))
    assert "seed" not in varied, "the page's own seed stays"
    result = varied["stage"]["result"]
    assert len(result["pictures"]) == 4 and "varied by 0.25" in result["detail"]
    assert [one["caption"] for one in result["pictures"]] == [f"variation {n}" for n in (1, 2, 3, 4)]
    third = read_settings(Path(result["pictures"][2]["file"]["path"]))
    request = third["request"]
    assert request["seed"] == 6 and [amount for _, amount in request["variations"]] == [0.25]
    seed = request["variations"][0][0]
    assert third["variations"] == [[(seed + 2) % 2**32, 0.25]]

    again = last(tab.vary(ME, varied["records"], event(id=result["id"], index=2, amount=0.5)))
    first = read_settings(Path(again["stage"]["result"]["pictures"][0]["file"]["path"]))
    assert first["variations"][0] == third["variations"][0] and len(first["variations"]) == 2


def test_what_cannot_be_varied_says_why(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    gone = last(tab.vary(ME, {}, event(id="result-9", index=0, amount=0.25)))
    assert gone["stage"]["kind"] == "ended" and "not known any more" in gone["run_message"]["text"]
