"""The handlers of "Interpolate", each update checked by the name of the part it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from sonic_ui.engine.events import CancelToken, Result
from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput, InterpolateRequest
from sonic_ui.ui.components.strip_player import StripPlayer
from sonic_ui.ui.session.context import AppContext, Example, SharedComponents
from sonic_ui.ui.tabs.interpolate.events import Components, Handlers, InterpolationSettings
from sonic_ui.ui.tabs.interpolate.results import caption, first_strip
from sonic_ui.ui.widgets.runs import RunBar
from sonic_ui.ui.widgets.settings_drop import SettingsDrop
from sonic_ui.ui.widgets.sound_input import SoundInput
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.tabs import ME, OWN_PICTURE, event, in_order, last, own_picture, part, prompts


def tab_of(backend: FakeBackend) -> Handlers:
    """The tab's handlers, on components that are their own names."""
    a, b = (
        part(
            SoundInput,
            message=f"message_{side}",
            sound=f"sound_{side}",
            start_s=f"start_{side}_s",
            end_s=f"end_{side}_s",
        )
        for side in "ab"
    )
    parts = Components(
        a,
        b,
        part(InterpolationSettings, message="how_message"),
        own_picture(),
        prompts(beside_seed="frames", advanced="continuity"),
        "swap",  # type: ignore[arg-type]
        part(RunBar, message="run_message"),
        part(StripPlayer),
        part(SettingsDrop, message="picture_message"),
        part(SharedComponents),
    )
    return Handlers(AppContext(Studio(backend)), parts)


@pytest.fixture
def pair(write_sound: WriteSound) -> tuple[Path, Path]:
    """Two sounds of different length and rate."""
    return write_sound("rain.wav", 1.0), write_sound("dog.wav", 0.6, hz=900, rate=22_050)


def page_values(pair: tuple[Path | None, Path | None], **values: Any) -> list[Any]:
    settings = {
        **{f"sound_{side}": path and str(path) for side, path in zip("ab", pair, strict=True)},
        **{f"{name}_{side}_s": None for side in "ab" for name in ("start", "end")},
        **{
            "method": "linear",
            "room": "dry",
            "by_name": True,
            "frames": 4,
            "spacing": "heard",
            "continuity": 0.5,
            "positions": "",
            "loop": True,
            "smoothing": 1,
            "film_s": 1,
        },
        **OWN_PICTURE,
        **{"own_a": False, "lufs_a": -20, "own_b": False, "lufs_b": -20},
        **{"prompt": "", "negative_prompt": "", "strength": 1, "layers": "", "guidance_scale": 4.0},
        **{"steps": 3, "seed": 5, "keep_seed": True, "aspect": "1:1"},
        **values,
    }
    return in_order(tab_of(FakeBackend()).table, settings)


def test_a_glide_comes_frame_by_frame(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    updates = list(tab.generate(ME, *page_values(pair, prompt="ink")))
    views = [update["view"] for update in updates if "view" in update]
    assert [view["kind"] for view in views[:-1]] == ["working"] * (len(views) - 1)
    assert [slot["caption"] for slot in views[0]["slots"]] == ["0 %", "33 %", "67 %", "100 %"]
    there = [set(view["frames"]) for view in views[:-1]]
    assert there == sorted(there, key=len) and {"0"} in there and {"0", "3"} in there, "the ends come first"
    assert any(view["previews"] for view in views[:-1])
    strip = views[-1]["strip"]
    assert strip["title"] == "From rain to rain" and strip["filming"] and strip["note"] == ""
    assert [frame["at"] for frame in strip["frames"]] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert strip["frames"][1]["words"] == (
        "Picture painted 33 % of the way from rain to rain, with the words “ink”."
    )
    settings = read_settings(strip["frames"][2]["file"]["path"])
    assert settings["request"]["sound_b"] == "dog.wav" and settings["picture"] == 2
    assert Path(strip["frames"][0]["file"]["path"]).name == "rain-to-dog-5-1.png"


def test_an_evenly_seen_glide_grows_between_its_first_frames(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    updates = list(tab.generate(ME, *page_values(pair, frames=8, spacing="seen")))
    views = [update["view"] for update in updates if "view" in update]
    grown = [[slot["at"] for slot in view["slots"]] for view in views[:-1]]
    assert grown[0] == [0, 0.5, 1]
    assert sorted({len(slots) for slots in grown}) == [3, 4, 5, 6, 7, 8]
    assert all(slots == sorted(slots) for slots in grown)
    before, after = grown[0], grown[-1]
    assert set(before) < set(after), "a frame stays where it is"
    assert {"0", "7"} <= set(views[-2]["frames"]), "the last one's number is its place"
    strip = views[-1]["strip"]
    assert [frame["at"] for frame in strip["frames"]] == after and strip["note"] == ""


def test_the_film_is_made_after_the_strip_is_shown(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    strip = last(tab.generate(ME, *page_values(pair)))["view"]["strip"]
    told = tab.strip.write_film(ME, event(id=strip["id"]))["films"]
    assert told["id"] == strip["id"] and told["note"] == "" and not told["again"]
    labels = [one["label"] for one in told["downloads"]]
    assert labels[1:] == ["GIF", "Strip (PNG)"] and labels[0].startswith("Film (")
    with av.open(told["video"]["path"]) as film:
        assert float(film.duration / av.time_base) == pytest.approx(2.0, abs=0.1), "there and back"
        assert len(film.streams.audio) == 1
        assert '"sound_b": "dog.wav"' in film.metadata.get("comment", film.metadata.get("COMMENT", ""))
    assert read_settings(told["downloads"][2]["file"]["path"])["request"]["seed"] == 5
    again = tab.strip.write_film(ME, event(id=strip["id"]))["films"]
    assert again["video"] is None and again["downloads"] == [], "it is made once"


def test_a_film_gives_way_to_a_new_run_and_is_made_after_it(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    strip = last(tab.generate(ME, *page_values(pair)))["view"]["strip"]

    def files(context: AppContext, result: Result, token: CancelToken) -> Any:
        last(tab.generate(ME, *page_values(pair)))
        token.check()

    own, tab.strip._files_of = tab.strip._files_of, files
    left = tab.strip.write_film(ME, event(id=strip["id"]))["films"]
    assert left["again"] and left["id"] == strip["id"] and left["downloads"] == []
    tab.strip._files_of = own
    told = tab.strip.write_film(ME, event(id=strip["id"]))["films"]
    assert not told["again"] and len(told["downloads"]) == 3


def test_cancelling_keeps_the_frames_made_so_far(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    shown: dict[str, Any] = {}
    for update in tab.generate(ME, *page_values(pair, frames=9)):
        shown |= update
        if len(update.get("view", {}).get("frames", ())) == 2:
            tab.runs.cancel(ME)
    strip = shown["view"]["strip"]
    assert len(strip["frames"]) == 2 and strip["frames"][1]["at"] == 1
    assert strip["note"] == "Stopped: 2 of 9 pictures were finished."
    assert tab.strip.write_film(ME, event(id=strip["id"]))["films"]["video"] is not None


def test_cancelling_before_the_first_frame_keeps_the_last_strip(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    shown: dict[str, Any] = {}
    for update in tab.generate(ME, *page_values(pair)):
        shown |= update
        tab.runs.cancel(ME)
    assert shown["view"]["kind"] == "ended" and "Stopped" in shown["view"]["message"]


def test_a_place_between_frames_is_painted(pair: tuple[Path, Path]) -> None:
    backend = FakeBackend()
    tab = tab_of(backend)
    shown = last(tab.generate(ME, *page_values(pair, method="mix", own_b=True, lufs_b=-30)))
    strip, records = shown["view"]["strip"], shown["records"]

    def answers(**data: Any) -> list[dict[str, Any]]:
        return [update["answer"] for update in tab.strip.refine(ME, records, event(**data))]

    *glimpses, answer = answers(id=strip["id"], at=0.37, knob="")
    assert (answer["id"], answer["at"], answer["frame"]["caption"]) == (strip["id"], 0.37, "37 %")
    assert glimpses and all(one["glimpse"] and one["frame"] is None for one in glimpses)
    assert len(glimpses) < 3, "the first steps show less than the nearest frame"
    painted = backend.jobs[-1].request
    assert isinstance(painted, InterpolateRequest)
    assert painted.positions == (0.37,) and painted.seed == 5 and painted.lufs_b == -30
    for wrong in ({"id": "other", "at": 0.5}, {"id": strip["id"], "at": "x"}, {}):
        assert [answer["frame"] for answer in answers(**wrong)] == [None]
    (beyond,) = answers(id=strip["id"], at=7)
    assert beyond["frame"] is None and "could not be painted" in beyond["words"]


def test_a_newer_place_ends_the_one_before(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values(pair, steps=20)))
    strip, records = shown["view"]["strip"], shown["records"]
    older = tab.strip.refine(ME, records, event(id=strip["id"], at=0.4))
    assert next(older)["answer"]["glimpse"]
    newer = last(tab.strip.refine(ME, records, event(id=strip["id"], at=0.6)))
    assert newer["answer"]["frame"]["caption"] == "60 %"
    assert list(older) == [], "it says nothing more"


def test_a_run_ends_the_painting_of_places(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values(pair, steps=20)))
    place = tab.strip.refine(ME, shown["records"], event(id=shown["view"]["strip"]["id"], at=0.4))
    next(place)
    assert last(tab.generate(ME, *page_values(pair)))["view"]["kind"] == "done"
    assert list(place) == []


@pytest.mark.parametrize(
    ("values", "place", "says"),
    [
        ({"sound_a": None}, "message_a", "no first sound yet"),
        ({"sound_b": None}, "message_b", "no second sound yet"),
        ({"start_b_s": 30}, "message_b", "earlier start"),
        ({"start_a_s": 2, "end_a_s": 1}, "message_a", "Move the end"),
        ({"method": "swirl"}, "how_message", "linear, spherical, mix"),
        ({"spacing": "odd"}, "how_message", "seen, heard"),
        ({"method": "mix", "own_a": True, "lufs_a": 3}, "how_message", "from -60 to -6"),
        ({"room": "cave"}, "how_message", "dry, room, hall, church"),
        ({"frames": 500}, "run_message", "from 2 to 48"),
        ({"positions": "0, 1.5"}, "how_message", "from 0 to 1"),
        ({"film_s": 0}, "run_message", "from 1 to 60"),
        ({"continuity": 2}, "run_message", "from 0 to 0.9"),
        ({"prompt": "x" * 1001}, "words_message", "at most 1000"),
    ],
)
def test_a_refusal_stands_beside_its_cause(
    pair: tuple[Path, Path], values: dict[str, Any], place: str, says: str
) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values(pair, **values)))
    assert says in shown[place]["text"] and shown[place]["kind"] == "error"
    assert shown["view"]["kind"] == "ended"
    again = last(tab.generate(ME, *page_values(pair)))
    assert again["view"]["kind"] == "done" and not again[place]["text"]


def test_silence_or_a_letter_on_one_side_is_said_there(pair: tuple[Path, Path], tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    tab = tab_of(FakeBackend())
    silent, letter = tmp_path / "silent.wav", tmp_path / "letter.wav"
    soundfile.write(silent, np.zeros((48_000, 2)), 48_000)
    letter.write_text("words")
    told = last(tab.generate(ME, *page_values((pair[0], silent))))
    assert "silent" in told["message_b"]["text"] and not told["message_a"]["text"]
    told = last(tab.generate(ME, *page_values((letter, pair[1]))))
    assert "letter.wav" in told["message_a"]["text"] and not told["message_b"]["text"]


def test_the_same_sound_twice_is_noted(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values((pair[0], pair[0]))))
    assert shown["message_b"]["kind"] == "note" and "the same" in shown["message_b"]["text"]
    assert shown["view"]["kind"] == "done"


def test_settings_come_back(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    wanted = {"method": "mix", "own_a": True, "lufs_a": -30, "room": "hall", "frames": 3, "start_a_s": 0.2}
    wanted |= {"continuity": 0.25}
    shown = last(tab.generate(ME, *page_values(pair, **wanted)))
    strip = shown["view"]["strip"]
    for back in (
        tab.reuse.shown(shown["records"], event(id=strip["id"])),
        tab.reuse.dropped(strip["frames"][1]["file"]["path"], shown["records"]),
    ):
        assert {name: back[name] for name in wanted} == wanted
        assert back["own_b"] is False and "lufs_b" not in back
        assert (back["sound_a"], back["sound_b"]) == tuple(map(str, pair))
        assert (back["seed"], back["keep_seed"], back["smoothing"]) == (5, True, 1)
    elsewhere = tab.reuse.dropped(strip["frames"][1]["file"]["path"], {})
    assert "“rain.wav” and “dog.wav”" in elsewhere["picture_message"]["text"]
    assert "sound_a" not in elsewhere


def test_uneven_places_come_back_as_they_are(pair: tuple[Path, Path]) -> None:
    tab = tab_of(FakeBackend())
    places = (0.0, 0.1, 1 / 3, 0.5, 1.0)
    request = InterpolateRequest(sound_a=str(pair[0]), sound_b=str(pair[1]), positions=places)
    back = tab_of(FakeBackend()).table.values({"request": request.model_dump(mode="json")}, {})
    assert back["positions"] == "0, 0.1, 0.3333333333333333, 0.5, 1" and back["frames"] == 5
    shown = last(tab.generate(ME, *page_values(pair, positions=back["positions"])))
    strip = shown["view"]["strip"]
    assert tuple(frame["at"] for frame in strip["frames"]) == places
    again = tab.reuse.shown(shown["records"], event(id=strip["id"]))
    assert again["positions"] == back["positions"]
    even = last(tab.generate(ME, *page_values(pair, positions=" ")))
    assert len(even["view"]["strip"]["frames"]) == 4
    assert tab.reuse.shown(even["records"], event(id=even["view"]["strip"]["id"]))["positions"] == ""


def test_places_are_told_in_percent_and_halves() -> None:
    assert [caption(at) for at in (0, 0.125, 1 / 3, 0.505, 0.4375, 1)] == [
        *("0 %", "12.5 %", "33 %", "50.5 %", "44 %", "100 %")
    ]


def test_settings_of_another_tab_are_refused() -> None:
    with pytest.raises(BadInput, match="belong to the tab “Volume”"):
        tab_of(FakeBackend()).table.values({"request": {"verb": "volume_sweep"}}, {})


def test_the_first_strip_is_two_examples(write_sound: WriteSound, tmp_path: Path) -> None:
    picture = tmp_path / "rain.png"
    Image.new("RGB", (8, 8)).save(picture)
    rain, dog = Example(write_sound("r.wav"), "Rain", picture), Example(write_sound("d.wav"), "Dog", picture)
    strip = first_strip(AppContext(Studio(FakeBackend()), (rain, dog)), 0, 1)
    assert strip is not None and strip.title == "Rain and Dog" and not strip.refinable
    bare = Example(rain.sound, "Rain", None)
    assert first_strip(AppContext(Studio(FakeBackend()), (rain, bare)), 0, 1) is None
    assert first_strip(AppContext(Studio(FakeBackend())), 0, 0) is None


def test_a_picture_of_ones_own_is_glided_over(write_sound: WriteSound, tmp_path: Path) -> None:
    pair = (write_sound("a.wav", hz=300), write_sound("b.wav", hz=900))
    picture = tmp_path / "sea.png"
    Image.new("RGB", (60, 40), "teal").save(picture)
    backend = FakeBackend()
    tab = tab_of(backend)
    values = page_values(
        pair, picture=str(picture), mode="style", tau_attn=0.4, tau_feature=1.0, held="harder"
    )
    shown = last(tab.generate(ME, *values))
    (job,) = backend.glides
    assert job.source is not None and job.source.picture.size == (60, 40) and job.size is None
    assert job.request.hold["tau_attn"] == 0.4 and job.request.hold["feature_layers"] == (4, 5, 6)
    (record,) = shown["records"].values()
    back = tab.table.values(record["settings"], {"picture": str(picture)})
    assert (back["mode"], back["tau_attn"], back["held"]) == ("style", 0.4, "harder")
    assert back["picture"] == str(picture)
    plain = tab.table.values(
        {**record["settings"], "request": {**record["settings"]["request"], "picture": None}}, {}
    )
    assert plain["picture"] is None, "settings without a picture take the one on the page away"
