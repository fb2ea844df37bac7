"""What two apps say to each other comes out as it went in, and nothing else is believed."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.events import (
    AudioAnalysis,
    FilmResult,
    FrameInfo,
    FramesDone,
    Label,
    Notice,
    Preview,
    Progress,
    Result,
    SoundResult,
    Take,
    UpscaleResult,
    WordResult,
)
from sonic_ui.engine.serialization import REMOTE_FILE, DecodeError, decode, encode
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import VERBS, EditImageRequest, ImageToSoundRequest, SoundToImageRequest
from sonic_ui.requests.image_to_sound import SoundSource
from sonic_ui.requests.interpolate import Method
from sonic_ui.requests.links import file_settings
from sonic_ui.retrieval.library import Excerpt, Pick
from tests.conftest import WriteSound
from tests.fakes import FakeBackend

NOISE = Image.effect_noise((40, 30), 90).convert("RGB")


REQUEST = SoundToImageRequest(sound="rain.wav")
RESULT = Result((NOISE,), REQUEST, (Label("rain", 1.0),), {"app": "x", "request": {}}, 1.0)
PICK = Pick("rain", Excerpt(Path("/srv/recordings/rain.wav"), 1.5, "abc"), 0.5, -20.0)
TAKE = Take(np.zeros(800, np.float32), np.zeros(5, np.float32), None, None, -math.inf, (PICK,))
SOUNDS = SoundResult(
    (TAKE,),
    16_000,
    None,
    NOISE,
    ImageToSoundRequest(picture="sea.png", source="recordings"),
    (),
    {"app": "x", "request": {}},
    1.0,
)


def there_and_back(value: Any) -> Any:
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


def tuple_of(*items: Any) -> dict[str, Any]:
    return {"_": "tuple", "items": [*items]}


def array_text(array: np.ndarray) -> str:
    buffer = BytesIO()
    np.save(buffer, array)
    return base64.b64encode(buffer.getvalue()).decode()


def huge_header() -> str:
    """An array of a few bytes that says that it takes a terabyte."""
    buffer = BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (250_000_000_000,)}
    np.lib.format.write_array_header_1_0(buffer, header)
    return base64.b64encode(buffer.getvalue() + bytes(64)).decode()


def bomb() -> str:
    """A flat picture, small as a file."""
    buffer = BytesIO()
    Image.new("1", (16_000, 16_000)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(
    "value",
    [
        Progress(2, 7, "Painting", 1.5),
        Progress(0, 0, "Waiting"),
        Notice("“ink” is left out."),
        {"a": [1, 2.5, None, True], "b": ("x", ())},
        FrameInfo(position=0.5, gain_db=-6.0, lufs=-math.inf),
        (Label("rain", 0.25),),
    ],
)
def test_plain_values_come_back(value: Any) -> None:
    assert there_and_back(value) == value


def test_pictures_and_arrays_come_back_to_the_bit() -> None:
    back = there_and_back(FramesDone((3,), (NOISE,), (FrameInfo(),)))
    assert back.indices == (3,) and np.array_equal(np.asarray(back.images[0]), np.asarray(NOISE))
    embedding = np.linspace(-1, 1, 7, dtype=np.float32)
    heard = there_and_back(AudioAnalysis(embedding, (Label("rain", 1.0),)))
    assert not heard.is_unknown
    assert there_and_back(AudioAnalysis(embedding, (), 0.25, 0.5)).is_unknown
    assert heard.embedding.dtype == np.float32 and np.array_equal(heard.embedding, embedding)
    assert there_and_back(np.float32(0.5)) == 0.5 and there_and_back(np.int64(3)) == 3


def test_previews_are_small() -> None:
    assert len(json.dumps(encode(Preview((NOISE,), (0,))))) < len(json.dumps(encode(NOISE)))
    assert there_and_back(Preview((NOISE,), (0,))).images[0].size == NOISE.size


def test_requests_travel_without_their_paths() -> None:
    request = SoundToImageRequest(sound="/srv/cache/rain.wav", prompt="a/b", strength=(1.0, 0.5))
    result = replace(RESULT, request=request, settings={"app": "x", "request": {"sound": "rain.wav"}})
    assert "/srv" not in json.dumps(encode(result))
    assert there_and_back(result).request == request.changed(sound=REMOTE_FILE)
    edit = EditImageRequest(picture="/srv/a.png", sound="/srv/b.wav")
    assert there_and_back(edit).mask is None


def test_what_recordings_a_sound_was_built_from_comes_back_without_their_folder() -> None:
    back = there_and_back(SOUNDS)
    assert "/srv" not in json.dumps(encode(SOUNDS))
    (pick,) = back.takes[0].picks
    assert pick == replace(PICK, excerpt=replace(PICK.excerpt, path=Path("rain.wav")))
    assert back.takes[0].lufs == -math.inf and back.request.source == "recordings"


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j, SoundToImageRequest, Thread(), [Thread()]])
def test_what_is_never_sent_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="is never sent"):
        encode(value)


def test_another_kind_than_the_one_that_was_due_is_refused() -> None:
    assert decode(encode(Notice("ink")), (Notice, Progress)) == Notice("ink")
    with pytest.raises(DecodeError, match="another kind"):
        decode(encode(Notice("ink")), Result)


@pytest.mark.parametrize(
    "value",
    [
        {"_": "Popen", "args": ["ls"]},
        {"_": "Progress", "step": 1},
        {"_": "Progress", "step": 1, "total": 2, "message": "", "more": 1},
        {"_": "array", "data": "AAAA"},
        {"_": "array", "data": "k05VTVBZ"},
        {"_": "picture", "data": "R0lGODlhAQABAAAAACwAAAAAAQABAAAC"},
        {"_": "picture"},
        {"_": "request", "json": "{}"},
        {"_": ["list"]},
        {"_": "number", "value": "many"},
        {"_": "number", "value": "0.5"},
        {"_": "file", "name": "../secret"},
        {"_": "file", "name": ""},
        {"_": "file", "name": 3},
        {"_": "array", "data": array_text(np.zeros((1, 1, 1), np.float32))},
        {"_": "array", "data": array_text(np.array(["text"]))},
        {"_": "array", "data": array_text(np.float32([np.nan]))},
        {"_": "array", "data": array_text(np.zeros(5_000_000, np.uint8))},
        {"_": "array", "data": array_text(np.zeros(8, np.float32))[:-8]},
        {"_": "array", "data": huge_header()},
        {"_": "array", "data": 3},
        {"_": "picture", "data": bomb()},
        {"_": "picture", "data": bomb()[:-400]},
        {"_": "Progress", "step": "1", "total": 2, "message": ""},
        {"_": "Progress", "step": -1, "total": 2, "message": ""},
        {"_": "Progress", "step": True, "total": 2, "message": ""},
        {"_": "Progress", "step": 10**30, "total": 2, "message": ""},
        {"_": "Progress", "step": 1, "total": 2, "message": "", "eta_s": float("nan")},
        {"_": "Progress", "step": 1, "total": 2, "message": {"a": 1}},
        {"_": "Notice", "message": None},
        {"_": "Notice", "message": "x" * 200_000},
        {"_": "Label", "name": "rain", "probability": 7},
        {"_": "CacheUsage", "count": -1, "nbytes": 0},
        {"_": "ImageAnalysis", "labels": tuple_of(), "suggestion": None, "duration_s": 1e9},
        {"_": "AudioAnalysis", "embedding": [1.0], "labels": tuple_of()},
        {"_": "FramesDone", "indices": tuple_of(0, 1), "images": tuple_of(encode(NOISE))},
        {"_": "FramesDone", "indices": tuple_of(-1), "images": tuple_of(encode(NOISE))},
        {"_": "FramesAdded", "infos": tuple_of(*[encode(FrameInfo())] * 1000)},
        {**encode(RESULT), "images": tuple_of()},
        {**encode(RESULT), "settings": {}},
        {**encode(RESULT), "request": None},
        {**encode(RESULT), "labels": tuple_of("rain")},
        {**encode(SOUNDS), "sample_rate": 0},
        {**encode(SOUNDS), "takes": tuple_of()},
        {**encode(SOUNDS), "image": None},
        [[0] * 1000] * 1000,
    ],
)
def test_what_is_not_understood_is_refused(value: Any) -> None:
    with pytest.raises(DecodeError):
        decode(value)


def test_a_pickle_in_an_array_is_not_opened() -> None:
    buffer = BytesIO()
    np.save(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DecodeError):
        decode({"_": "array", "data": base64.b64encode(buffer.getvalue()).decode()})


# Every verb and source

SOUNDS_OF = {"sound": "rain.wav", "sound_a": "rain.wav", "sound_b": "dog.wav", "picture": "sea.png"}
WANTED: dict[str, list[dict[str, Any]]] = {
    "sound_to_image": [
        *({"count": 2}, {"strength": (1.0, 0.5), "gain_db": -6}),
        {"sound2": "dog.wav", "faders": (0, "-inf"), "impulse_response": "rain.wav"},
    ],
    "edit_image": [{"mask": "mask.png"}, {"strengths": (0.5, 1.0)}, {"mode": "style", "layers": "harder"}],
    "interpolate": [{"frames": 3, "method": method} for method in get_args(Method)],
    "volume_sweep": [{"gains_db": (-6, 0)}, {"gains_db": (0,), "scales": (0.5, 1.0)}],
    "upscale_image": [{}],
    "learn_word": [{"word": "storm"}, {"word": "storm", "picture1": "sea.png", "picture2": "mask.png"}],
    "make_film": [{"size_px": 128, "kick": "zoom"}, {"at_s": 0.5}],
    "image_to_sound": [
        *({"source": source, "takes": 2, "curve": (0.0, 1.0)} for source in ("generate", "recordings")),
        {"source": "both", "takes": 2, "concept_levels": (("rain", 0.0), ("a dog", -6.0))},
        {"moments": (0, 1, 0), "mode": "natural", "length_s": 3.5, "takes": 2, "candidates": 3},
    ],
}


@pytest.mark.parametrize("verb", [verb for verb in VERBS if not VERBS[verb].request.FILE_LISTS])
def test_all_events_of_a_verb_come_back(verb: str, tmp_path: Path, write_sound: WriteSound) -> None:
    kind = VERBS[verb].request
    write_sound("rain.wav", 1.2), write_sound("dog.wav", 0.3, hz=900)
    NOISE.save(tmp_path / "sea.png")
    NOISE.convert("L").save(tmp_path / "mask.png")
    required = {name: value for name, value in SOUNDS_OF.items() if name in kind.model_fields}
    for values in WANTED[verb]:
        named = {**required, **values}
        paths = {name: str(tmp_path / named[name]) for name in file_settings(kind) if name in named}
        request = kind.from_values({**named, **paths})
        events = [*Studio(FakeBackend(notice="ink")).run(request)]
        for event in events:
            written = encode(event)
            back = decode(json.loads(json.dumps(written, allow_nan=False)), type(event))
            if not isinstance(event, Preview):  # JPEG of JPEG
                assert encode(back) == written
        assert (
            isinstance(events[-1], (Result, SoundResult, FilmResult, UpscaleResult, WordResult))
            and type(events[-1].request) is kind
        )
    sources = {values.get("source") for values in WANTED["image_to_sound"]}
    assert {*get_args(get_args(SoundSource)[0])} <= sources
