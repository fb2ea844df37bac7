"""Which engine a request goes to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from PIL import Image

from sonic_ui.requests import (
    EditImageRequest,
    InterpolateRequest,
    MakeFilmRequest,
    SoundToImageRequest,
    UpscaleImageRequest,
)
from sonic_ui.serve.rendezvous import choices, long_engines, ranked
from sonic_ui.serve.work import LONG, SHORT, work_of
from tests.conftest import WriteSound

NAMES = [f"engine-{number}" for number in range(4)]
KEYS = [f"ann/{number}" for number in range(2000)]


def test_keys_are_spread_and_stay_where_they_are() -> None:
    first = {key: NAMES[ranked(NAMES, key)[0]] for key in KEYS}
    assert min(Counter(first.values()).values()) > 0.2 * len(KEYS)
    backwards = NAMES[::-1]
    assert all(backwards[ranked(backwards, key)[0]] == first[key] for key in KEYS), "whatever their order"
    fewer = NAMES[:3]
    moved = [key for key in KEYS if fewer[ranked(fewer, key)[0]] != first[key]]
    assert moved == [key for key in KEYS if first[key] == NAMES[3]], "only those of the engine that is gone"


def test_the_first_is_waited_for_and_then_the_next_is_taken() -> None:
    key = KEYS[0]
    order = [NAMES[number] for number in ranked(NAMES, key)]
    assert choices(NAMES, NAMES, key, SHORT, 0.5, waits=True) == [order[:1]]
    assert choices(NAMES, NAMES, key, SHORT, 0.5, waits=False) == [[name] for name in order]
    assert choices(NAMES, NAMES, "", SHORT, 0.5, waits=False) == [NAMES], "whichever is free"


def test_long_work_leaves_engines_to_short_work() -> None:
    taken = {NAMES[number] for number in long_engines(NAMES, 0.5)}
    assert len(taken) == 2
    for key in KEYS[:50]:
        assert {name for rank in choices(NAMES, NAMES, key, LONG, 0.5, False) for name in rank} == taken
    assert long_engines(["one"], 0.5) == [0] and len(long_engines(NAMES[:2], 0.5)) == 1
    assert len(long_engines(NAMES, 1.0)) == 4


def test_what_a_request_costs_and_where_it_belongs(write_sound: WriteSound, tmp_path: Path) -> None:
    a, b = str(write_sound("a.wav")), str(write_sound("b.wav", hz=900))
    picture = str(tmp_path / "picture.png")
    Image.new("RGB", (16, 16)).save(picture)
    painted = work_of(SoundToImageRequest(sound=a), "ann")
    assert painted.lane == SHORT and painted.key and not painted.waits
    assert work_of(SoundToImageRequest(sound=a, prompt="ink", seed=9), "bob") == painted
    edit = work_of(EditImageRequest(picture=picture, sound=b), "ann")
    assert edit.waits and edit.lane == SHORT and edit.key.startswith("ann/")
    assert edit == work_of(EditImageRequest(picture=picture, sound=a), "ann"), "the picture decides"
    assert edit.key != work_of(EditImageRequest(picture=picture, sound=a), "bob").key
    assert work_of(MakeFilmRequest(sound=a), "ann").lane == LONG
    assert work_of(InterpolateRequest(sound_a=a, sound_b=b, frames=24, steps=100), "ann").lane == LONG
    assert not work_of(UpscaleImageRequest(picture=picture), "ann").waits
