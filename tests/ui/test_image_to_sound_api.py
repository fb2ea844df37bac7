"""The endpoint `image_to_sound`, as a program calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from gradio_client.exceptions import AppError

from sonic_ui.engine.inputs import Libraries
from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import read_sound_settings
from tests.fakes import FakeBackend


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def studio(backend: FakeBackend, library: Path) -> Studio:
    return Studio(backend, Libraries(library))


def call(client: Any, picture: Path, **values: Any) -> tuple[list[str], dict[str, Any]]:
    from gradio_client import handle_file

    return client.predict(handle_file(str(picture)), api_name="/image_to_sound", **values)


def test_programs_let_a_picture_sound(client: Any, meadow: Path) -> None:
    files, settings = call(client, meadow, curve=[0, 1, 0.2], takes=2, seed=11)
    assert len(files) == 2 and settings["request"]["curve"] == [0, 1, 0.2]
    samples, rate = soundfile.read(files[1])
    assert rate == 16_000 and samples.size == 80_000
    assert [take["pearson_r"] > 0.9 for take in settings["takes"]] == [True, True]
    assert len(settings["energy"][0]) == len(settings["wish"]) == 500
    assert read_sound_settings(files[0])["request"]["seed"] == 11
    _, settings = call(client, meadow)
    assert "by itself" in settings["notices"][0] and settings["wish"] is None
    _, settings = call(client, meadow, moments=[[0.5, 1.5], [3, 4]], mode="natural")
    assert settings["request"]["moments"] == [[0.5, 1.5], [3, 4]] and np.sum(settings["wish"]) == 200


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"curve": []}, "The curve is empty"),
        ({"concept_levels": []}, "The concepts are empty"),
        ({"concept_levels": ["rain"] * 40}, "Concepts: 40 were given; 1 to 4 sound at once"),
        ({"length_s": 31}, "Length in seconds is 31; it takes a number from 2 to 30"),
        ({"curve": [0, 1.5]}, "Number 2 of the curve is 1.5"),
        ({"curve": [0, None]}, "Number 2 of the curve is empty"),
        ({"curve": "loud"}, "it takes a list of numbers"),
        ({"curve": [0, 1], "moments": [0, 1]}, "Give one of them"),
        ({"moments": [[2, 1]]}, "runs from 2 s to 1 s"),
        ({"moments": [[9, 10]]}, "All moments lie after the end"),
        ({"mode": "wild"}, "natural, exact"),
        ({"takes": 9}, "from 1 to 4"),
        ({"source": "recordings", "library": "/etc"}, "--sounds FOLDER"),
    ],
)
def test_programs_get_the_same_sentences(
    client: Any, meadow: Path, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(AppError) as caught:
        call(client, meadow, **values)
    assert says in str(caught.value)


def test_a_hundred_thousand_points_are_taken(client: Any, meadow: Path) -> None:
    _, settings = call(client, meadow, curve=[i % 1000 / 1000 for i in range(100_000)])
    assert len(settings["request"]["curve"]) == 1000


def test_a_curve_of_one_point_is_held_for_half_a_minute(client: Any, meadow: Path) -> None:
    files, settings = call(client, meadow, curve=[0.5], length_s=30)
    assert soundfile.info(files[0]).frames == 30 * 16_000 and settings["request"]["length_s"] == 30
    assert settings["wish"] == [0.5] * 3000


def test_concepts_are_named_and_both_ways_come_back(client: Any, meadow: Path, library: Path) -> None:
    files, settings = call(
        client, meadow, source="both", concept_levels=[["rain", -3], "a dog"], curve=[0, 1]
    )
    assert [Path(file).stem.rpartition("-")[2] for file in files] == ["layered", "generated", "recorded"]
    assert settings["request"]["concept_levels"] == [["rain", -3], ["a dog", 0]]
    assert [take["origin"] for take in settings["takes"]] == ["layered", "generated", "recorded"]
    assert [part["name"] for part in settings["takes"][1]["concepts"]] == ["rain", "a dog"]


def test_no_picture_and_no_picture_file(client: Any, tmp_path: Path, meadow: Path) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("This is not a picture.")
    with pytest.raises(AppError, match="cannot be read as a picture"):
        call(client, letter)
    with pytest.raises(AppError, match="There is no picture yet"):
        client.predict(api_name="/image_to_sound")
    assert len(call(client, meadow)[0]) == 1
