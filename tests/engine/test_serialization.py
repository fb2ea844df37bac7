"""What two apps say to each other comes out as it went in, and nothing else is believed."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.events import (
    AudioAnalysis,
    FrameInfo,
    FramesDone,
    Label,
    Notice,
    Preview,
    Progress,
    Result,
)
from sonic_ui.engine.serialization import REMOTE_FILE, DecodeError, decode, encode
from sonic_ui.requests import EditImageRequest, SoundToImageRequest

NOISE = Image.effect_noise((40, 30), 90).convert("RGB")


def there_and_back(value: Any) -> Any:
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


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
    result = Result((NOISE,), request, (Label("rain", 1.0),), {"request": {"sound": "rain.wav"}}, 1.0)
    assert "/srv" not in json.dumps(encode(result))
    assert there_and_back(result).request == request.changed(sound=REMOTE_FILE)
    edit = EditImageRequest(picture="/srv/a.png", sound="/srv/b.wav")
    assert there_and_back(edit).mask is None


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
    ],
)
def test_what_is_not_understood_is_refused(value: Any) -> None:
    with pytest.raises(DecodeError):
        decode(value)


def test_a_pickle_in_an_array_is_not_opened() -> None:
    import base64
    from io import BytesIO

    buffer = BytesIO()
    np.save(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DecodeError):
        decode({"_": "array", "data": base64.b64encode(buffer.getvalue()).decode()})
