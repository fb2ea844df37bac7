"""The endpoint `volume_sweep`, as a program calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from gradio_client.exceptions import AppError
from PIL import Image

from sonic_ui.media.metadata import read_settings
from tests.conftest import WriteSound


def sweep(client: Any, sound: Path, **values: Any) -> tuple[list[str], str, str, dict[str, Any]]:
    from gradio_client import handle_file

    return client.predict(handle_file(str(sound)), api_name="/volume_sweep", **values)


def test_programs_turn_a_sound_up(client: Any, write_sound: WriteSound) -> None:
    files, film, gif, settings = sweep(
        client, write_sound("rain.wav", gain=0.1), gains_db=[-24, -12, 0], room="hall", seed=11, film_s=1
    )
    assert len(files) == 3 and Image.open(files[0]).getpixel((0, 0)) == (11, 90, 160)
    assert read_settings(files[2])["request"]["gains_db"] == [-24, -12, 0]
    assert Path(film).stat().st_size > 1000 and Image.open(gif).format == "GIF"
    frames = settings["frames"]
    assert [frame["gain_db"] for frame in frames] == [-24, -12, 0]
    assert [frame["level"] for frame in frames] == [0.75] * 3
    lufs = [frame["lufs"] for frame in frames]
    assert np.diff(lufs) == pytest.approx([12, 12], abs=0.2)


def test_what_is_left_out_is_a_sweep_from_a_whisper(client: Any, write_sound: WriteSound) -> None:
    files, _, _, settings = sweep(client, write_sound(), film_s=1, smoothing=0)
    assert settings["request"]["gains_db"] == [-24, -12, 0, 6, 12] and len(files) == 5
    files, film, gif, settings = sweep(client, write_sound(), gains_db=[0], scales=[1.5])
    assert (len(files), film, gif) == (1, None, None) and settings["frames"][0]["scale"] == 1.5


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"gains_db": [30]}, "Gain in dB is 30; it takes a number from -40 to 20."),
        ({"gains_db": [-41, 0]}, "Gain in dB is -41"),
        ({"gains_db": [0] * 500}, "500 values were given; 1 to 16 are accepted"),
        ({"gains_db": []}, "Give at least one"),
        ({"gains_db": "loud"}, "Gain in dB is 'loud'"),
        ({"scales": [2.5]}, "from 0 to 2"),
        ({"gains_db": [0, 1, 2], "scales": [1, 2]}, "3 gains and 2 scales"),
        ({"room": "cave"}, "dry, room, hall, church"),
        ({"start_s": 50}, "earlier start"),
    ],
)
def test_what_is_out_of_range_is_a_sentence(
    client: Any, write_sound: WriteSound, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(AppError) as caught:
        sweep(client, write_sound(), **values)
    assert says in str(caught.value)


def test_bad_sounds_are_refused_and_the_next_works(
    client: Any, write_sound: WriteSound, tmp_path: Path
) -> None:
    silent, letter = tmp_path / "silent.wav", tmp_path / "letter.wav"
    soundfile.write(silent, np.zeros(48_000), 48_000)
    letter.write_text("This is not a sound.")
    for path, says in ((silent, "is silent"), (letter, "letter.wav")):
        with pytest.raises(AppError, match=says):
            sweep(client, path)
    with pytest.raises(AppError, match="no sound yet"):
        client.predict(api_name="/volume_sweep")
    assert len(sweep(client, write_sound(), gains_db=[0])[0]) == 1
