"""Links and Python code of results, checked on what a page really does with them."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from sonic_ui.engine.events import Result
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import InterpolateRequest, PaintingRequest, SoundToImageRequest, VolumeSweepRequest
from sonic_ui.ui.page import build_page, has_mcp, launch_options
from sonic_ui.ui.session.context import Example
from sonic_ui.ui.settings.reuse import Record, with_record
from sonic_ui.ui.settings.sharing import ADDRESS, open_link, python_call, share_link
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.tabs import ME, event, last
from tests.ui.test_handlers import page_values, tab_of


@pytest.fixture
def examples(write_sound: WriteSound, tmp_path: Path) -> tuple[Example, ...]:
    picture = tmp_path / "rain.png"
    Image.new("RGB", (8, 8), "navy").save(picture)
    return (
        Example(write_sound("rain.wav"), "Rain", picture, seed=3),
        Example(write_sound("dog.wav", hz=700), "A dog", None),
    )


def record_of(request: PaintingRequest) -> Record:
    result = [e for e in Studio(FakeBackend()).run(request) if isinstance(e, Result)][-1]
    return with_record({}, "one", result)["one"]


def test_an_example_travels_and_a_persons_sound_does_not(
    examples: tuple[Example, ...], write_sound: WriteSound, tmp_path: Path
) -> None:
    uploaded = tmp_path / "cache-of-the-page.wav"
    uploaded.write_bytes(examples[0].sound.read_bytes())
    shared = share_link(record_of(SoundToImageRequest(sound=str(uploaded), prompt="ink", seed=9)), examples)
    opened = open_link(shared.query.removeprefix("?s="), examples)
    assert opened.files == {"sound": str(examples[0].sound)} and "not your" not in shared.words
    assert (opened.settings["request"]["seed"], opened.settings["request"]["prompt"]) == (9, "ink")

    mine = write_sound("my voice.wav", hz=333)
    glide = record_of(InterpolateRequest(sound_a=str(mine), sound_b=str(examples[1].sound), frames=2))
    shared = share_link(glide, examples)
    assert "not your first sound: a link never brings it" in shared.words
    opened = open_link(shared.query.removeprefix("?s="), examples)
    assert opened.files == {"sound_b": str(examples[1].sound)}
    assert "first sound it was made with did not come along" in opened.words
    assert "voice" not in str(opened)


def test_the_tab_takes_over_what_a_link_brings(
    examples: tuple[Example, ...], write_sound: WriteSound
) -> None:
    tab = tab_of(FakeBackend(), examples)
    reuse = tab.reuse
    values = page_values(examples[0].sound, prompt="ink", start_s=0.25, layers="1 0.5", count=2)
    shown = last(tab.generate(ME, *values))
    name = shown["stage"]["result"]["id"]
    told = reuse.share(ME, shown["records"], event(id=name, **{"as": "link"}))["share"]
    assert told["kind"] == "link"
    back = reuse.restore(event(link=told["query"].removeprefix("?s=")))
    assert back["sound"] == str(examples[0].sound)
    assert (back["prompt"], back["start_s"], back["layers"], back["count"]) == ("ink", 0.25, "1 0.5", 2)
    assert (back["seed"], back["keep_seed"], back["share"]["kind"]) == (5, True, "note")
    assert (back["quality"], back["steps"]) == ("fine", 3)
    assert reuse.share(ME, {}, event(id="example-0", **{"as": "link"}))["share"]["kind"] == "link"
    for wrong in (event(id="result-99"), event(), gr.EventData(None, None)):
        assert reuse.share(ME, {}, wrong)["share"]["kind"] == "error"
        assert reuse.restore(wrong)["share"]["kind"] == "error"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Any:
    page = build_page(Studio(FakeBackend()), tmp_path_factory.mktemp("none"))
    _, address, _ = page.launch(prevent_thread_lock=True, **launch_options())
    yield address
    page.close()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            SoundToImageRequest,
            {"prompt": 'it\'s "ink"\\', "strength": (1.0, 0.5), "seed": 11, "count": 2, "gain_db": -6.0},
        ),
        (InterpolateRequest, {"method": "spherical", "positions": (0.0, 1.0), "loop": False, "seed": 3}),
        (VolumeSweepRequest, {"gains_db": (0.0,), "scales": (0.5, 1.5), "room": "hall", "film_s": 1.0}),
    ],
)
def test_the_python_code_runs_and_asks_for_the_same(
    address: str,
    kind: type[PaintingRequest],
    values: dict[str, Any],
    write_sound: WriteSound,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    names = {name: f"my {name}.wav" for name in kind.SOUNDS}
    for number, name in enumerate(names.values()):
        write_sound(name, 0.4, hz=300 + 200 * number)
    given = kind.from_values({**{name: str(tmp_path / file) for name, file in names.items()}, **values})
    record = record_of(given)
    code = python_call(record)
    assert str(tmp_path) not in code
    monkeypatch.chdir(tmp_path)
    spoken: dict[str, Any] = {"__name__": "__main__"}
    exec(code.replace(ADDRESS, address), spoken)
    assert spoken["result"][-1]["request"] == record["settings"]["request"]


def test_who_is_logged_in_is_reminded_of_the_password(write_sound: WriteSound) -> None:
    record = record_of(SoundToImageRequest(sound=str(write_sound())))
    assert "auth" not in python_call(record)
    code = python_call(record, 'ann"')
    ast.parse(code)
    assert """auth=('ann"', 'your password')""" in code


@pytest.mark.parametrize(("version", "offered"), [("1.27.0", True), ("2.0.1", False), (None, False)])
def test_mcp_is_offered_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, version: str | None, offered: bool
) -> None:
    import importlib.metadata

    def installed(name: str) -> str:
        assert name == "mcp"
        if version is None:
            raise importlib.metadata.PackageNotFoundError
        return version

    monkeypatch.setattr(importlib.metadata, "version", installed)
    assert has_mcp() is offered
    assert launch_options()["mcp_server"] is offered


def test_a_draft_comes_back_as_one_and_leaves_the_steps_of_fine_pictures_alone(
    examples: tuple[Example, ...],
) -> None:
    tab = tab_of(FakeBackend(), examples)
    request = SoundToImageRequest(sound=str(examples[0].sound), quality="draft", steps=4, guidance_scale=1.0)
    back = tab.table.values({"request": request.model_dump(mode="json")}, {"sound": str(examples[0].sound)})
    assert "steps" not in back and "guidance_scale" not in back
    assert back["quality"] == "fine"  # this engine has no drafts
