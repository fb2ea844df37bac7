"""Settings as a link: what travels, what never does, and what comes back."""

from __future__ import annotations

import base64
import json

import pytest

from sonic_ui.requests import (
    VERBS,
    BadInput,
    EditImageRequest,
    Request,
    SoundToImageRequest,
    VolumeSweepRequest,
)
from sonic_ui.requests.links import ABSENT, MAX_LINK_CHARACTERS, read_link, shareable, write_link

FILES = {
    "sound_to_image": ("sound",),
    "interpolate": ("sound_a", "sound_b"),
    "volume_sweep": ("sound",),
    "edit_image": ("picture", "sound", "mask"),
}


def packed(values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize("verb", FILES)
def test_every_setting_of_every_verb_comes_back(verb: str) -> None:
    files = FILES[verb]
    made = VERBS[verb].request.from_values(
        {
            **{name: f"/home/ann/{name}.bin" for name in files},
            "prompt": "ink / water, “at dusk”",
            "strength": [1, 0.5],
            "steps": 30,
            "guidance_scale": 3.3,
            "seed": 4_000_000_000,
        }
    )
    text = write_link(made, {files[0]: "rain.mp3"})
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    linked = read_link(text)
    assert (linked.verb, linked.examples) == (verb, {files[0]: "rain.mp3"})
    given = {name: linked.examples.get(name, ABSENT) for name in files if name != "mask"}
    expected = {**made.model_dump(mode="json"), **given, **({"mask": None} if "mask" in files else {})}
    assert linked.values == expected


def test_concepts_come_back() -> None:
    values = {"picture": "p.png", "concept_levels": [["rain / hail", 0], ["a dog", -6.5]], "source": "both"}
    linked = read_link(write_link(VERBS["image_to_sound"].request.from_values(values), {}))
    assert linked.values["concept_levels"] == values["concept_levels"] and linked.values["source"] == "both"


def test_nothing_of_a_persons_own_travels() -> None:
    request = EditImageRequest(picture="/home/ann/diary.png", sound="C:\\ann\\voice.wav", mask="/tmp/ann.png")
    assert "ann" not in json.dumps(shareable(request, {}))

    class Library(Request):
        verb: str = "library"
        folder: str = "/home/ann/sounds"

    assert shareable(Library(), {}) == {"verb": "library"}


def test_a_path_in_a_link_leads_nowhere() -> None:
    linked = read_link(packed({"verb": "sound_to_image", "sound": "/etc/passwd"}))
    assert linked.values["sound"] == ABSENT and linked.examples == {}
    edit = read_link(packed({"verb": "edit_image", "picture": "example:../../x.png", "mask": "/etc/passwd"}))
    assert edit.values["mask"] is None and edit.examples == {"picture": "../../x.png"}
    with pytest.raises(BadInput, match="no setting called 'folder'"):
        read_link(packed({"verb": "sound_to_image", "folder": "x"}))


def test_long_curves_are_rounded_and_longer_ones_refused() -> None:
    class Curve(Request):
        verb: str = "curve"
        curve: tuple[float, ...] = ()

    class Short(Curve):
        pass

    text = write_link(Curve(curve=tuple(i / 700 for i in range(700))), {})
    assert len(text) <= MAX_LINK_CHARACTERS
    back = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["curve"]
    assert len(back) == 700 and max(abs(one - i / 700) for i, one in enumerate(back)) <= 0.005
    few = write_link(Short(curve=(1 / 3,)), {})
    assert json.loads(base64.urlsafe_b64decode(few + "=="))["curve"] == [1 / 3]
    with pytest.raises(BadInput, match="too long for a link"):
        write_link(Curve(curve=tuple(i / 9000 for i in range(9000))), {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cut or changed"),
        ("!!!", "cut or changed"),
        ("é", "cut or changed"),
        (packed([1]), "cut or changed"),
        (packed({"verb": "sound_to_image"})[:-3], "cut or changed"),
        (packed("x")[:-1] + "_", "cut or changed"),
        (packed({"verb": "dance"}), "cannot do"),
        (packed({"verb": ["sound_to_image"]}), "cannot do"),
        (packed({"verb": "sound_to_image", "steps": 1e9}), "Steps is 1000000000.0"),
        (packed({"verb": "volume_sweep", "gains_db": [0] * 999}), "999 values"),
        ("A" * (MAX_LINK_CHARACTERS + 1), "characters long"),
        (base64.urlsafe_b64encode(b"[" * 4000).decode(), "cut or changed"),
    ],
)
def test_links_that_cannot_be_used(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_link(text)


def test_a_link_is_the_same_every_time() -> None:
    request = VolumeSweepRequest(sound="a.wav", gains_db=(-6, 0))
    assert write_link(request, {}) == write_link(request, {})
    assert write_link(SoundToImageRequest(sound="a.wav"), {}) != write_link(request, {})
