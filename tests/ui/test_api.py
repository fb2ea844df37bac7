"""The endpoints of the page, against a snapshot of what released versions offer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import gradio as gr
import pytest

from sonic_ui.audio.reader_types import SUFFIXES
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import VERBS, GeneratingRequest
from sonic_ui.requests.fields import SoundPath
from sonic_ui.requests.verbs import Verb
from sonic_ui.ui.page import build_page
from tests.fakes import FakeBackend

SNAPSHOT = json.loads((Path(__file__).parent / "snapshots" / "api.json").read_text(encoding="utf-8"))
HIDDEN = {"engine": ["question", "files"], "engine_cancel": ["run"]}
"""Endpoints for other copies of the app, which stand in no list, and what they take."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> gr.Blocks:
    return build_page(Studio(FakeBackend()), tmp_path_factory.mktemp("no-examples"))


def endpoints_of(page: gr.Blocks) -> dict[str, Any]:
    """What programs can rely on: names, components, types, defaults and order of what goes in and out."""
    endpoints = {}
    for name, info in page.get_api_info()["named_endpoints"].items():
        parameters = []
        for one in info["parameters"]:
            kind = {"component": one["component"], "type": one["python_type"]["type"]}
            default = {"default": one["parameter_default"]} if one["parameter_has_default"] else {}
            parameters.append({"name": one["parameter_name"], **kind, **default})
        returns = [
            {"name": one["label"], "component": one["component"], "type": one["python_type"]["type"]}
            for one in info["returns"]
        ]
        endpoints[name] = {"parameters": parameters, "returns": returns}
    return endpoints


def test_programs_find_the_endpoints_of_released_versions(page: gr.Blocks) -> None:
    endpoints = endpoints_of(page)
    assert set(endpoints) == set(SNAPSHOT)
    for name, endpoint in SNAPSHOT.items():
        assert endpoints[name] == endpoint, name


def test_another_app_finds_the_engine(page: gr.Blocks) -> None:
    labels = {one["id"]: one["props"].get("label") for one in page.config["components"]}
    hidden = {
        one["api_name"]: [labels[number] for number in one["inputs"]]
        for one in page.config["dependencies"]
        if one["api_visibility"] == "undocumented"
    }
    assert hidden == HIDDEN


class HumRequest(GeneratingRequest):
    """Hum a sound as long as another one.

    sound    path of a sound file
    pitches  in hertz
    """

    verb: Literal["hum"] = "hum"
    sound: SoundPath
    pitches: tuple[float, ...] = (220.0,)
    vowel: Literal["a", "o"] = "a"
    breathy: bool = False


def test_a_new_verb_gets_its_endpoint_from_its_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(VERBS, "hum", Verb(HumRequest, "Hum", "hum", "none"))
    page = build_page(Studio(FakeBackend()), tmp_path)
    endpoint = endpoints_of(page)["/hum"]
    names = [parameter["name"] for parameter in endpoint["parameters"]]
    assert names[0] == "sound" and set(names) == set(HumRequest.model_fields) - {"verb"}
    by_name = {one["name"]: (one["component"], one["default"]) for one in endpoint["parameters"]}
    assert by_name["sound"] == ("Audio", None) and by_name["pitches"] == ("Json", None)
    assert by_name["vowel"] == ("Textbox", "a") and by_name["breathy"] == ("Checkbox", False)
    assert by_name["steps"] == ("Number", None) and by_name["seed"] == ("Number", 0)
    assert [one["name"] for one in endpoint["returns"]] == ["pictures", "settings"]
    words = page.get_api_info()["named_endpoints"]["/hum"]["description"]
    assert "Hum a sound" in words and "in hertz" in words and "denoising steps" in words


def test_the_descriptions_say_what_comes_back_and_what_is_refused(page: gr.Blocks) -> None:
    for name, info in page.get_api_info()["named_endpoints"].items():
        if name.strip("/") in VERBS:
            assert "Returns the" in info["description"] and "refused with a sentence" in info["description"]


def test_every_upload_of_sounds_offers_what_is_accepted(page: gr.Blocks) -> None:
    blocks = [*page.blocks.values()]
    uploads = {one.elem_id for one in blocks if isinstance(one, gr.Audio) and one.elem_id}
    offered = {
        one.props["audio"]: one.props["accept"]
        for one in blocks
        if isinstance(one, gr.HTML) and str(one.elem_id).endswith("-file")
    }
    assert len(uploads) == 8 and set(offered) == uploads
    assert all(accept == ["audio/*", "video/*", *SUFFIXES] for accept in offered.values())
    assert {".mov", ".mp4", ".webm", ".3gp", ".caf", ".w64", ".mka", ".amr", ".aiff", ".wma"} <= set(SUFFIXES)
