"""The endpoint `edit_image`, as a program calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gradio_client.exceptions import AppError
from PIL import Image

from sonic_ui.media.metadata import read_settings
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.picture_files import BAD, GOOD, SIZE


def edit(client: Any, picture: Path, sound: Path, **values: Any) -> tuple[list[str], dict[str, Any]]:
    from gradio_client import handle_file

    files = {"picture": handle_file(str(picture)), "sound": handle_file(str(sound))}
    return client.predict(**files, api_name="/edit_image", **values)


def test_programs_edit_and_the_second_time_is_shorter(
    client: Any, backend: FakeBackend, write_sound: WriteSound, meadow: Path
) -> None:
    sound = write_sound("rain.wav")
    files, settings = edit(client, meadow, sound, mode="style", tau_attn=0.7, steps=4, room="hall")
    assert Image.open(files[0]).size == SIZE and read_settings(files[0])["request"]["mode"] == "style"
    request = settings["request"]
    assert (request["picture"], request["tau_attn"], request["layers"]) == ("meadow.png", 0.7, None)
    assert settings["reused"] is False and settings["kept_bytes"] == 1000
    files, settings = edit(client, meadow, sound, strengths=[0.5, 1, 2], steps=4)
    assert len(files) == 3 and [one["strength"] for one in settings["edits"]] == [0.5, 1, 2]
    assert settings["reused"] is True and backend.edits[-1].source.inversion is not None
    other = edit(client, meadow, sound, strength=[1, 0.5], steps=5)[1]
    assert other["reused"] is False and other["request"]["strength"] == [1, 0.5]


def test_a_mask_is_a_picture_of_the_same_shape(
    client: Any, backend: FakeBackend, write_sound: WriteSound, meadow: Path, tmp_path: Path
) -> None:
    from gradio_client import handle_file

    sound, mask = write_sound(), tmp_path / "mask.png"
    half = Image.new("L", (120, 80))
    half.paste(255, (0, 0, 60, 80))
    half.save(mask)
    settings = edit(client, meadow, sound, mask=handle_file(str(mask)))[1]
    used = backend.edits[-1].source.mask
    assert used is not None and used.size == SIZE and len(settings["mask_sha256"]) == 64
    for picture, says in (
        (Image.new("L", (60, 40)), "The mask is empty"),
        (Image.new("L", (40, 40), 255), "40 × 40 px, the picture 60 × 40 px"),
    ):
        picture.save(mask)
        with pytest.raises(AppError, match=says):
            edit(client, meadow, sound, mask=handle_file(str(mask)))
    mask.write_text("no mask")
    with pytest.raises(AppError, match="The mask cannot be used"):
        edit(client, meadow, sound, mask=handle_file(str(mask)))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"tau_attn": 1.2}, "Keep the layout is 1.2; it takes a number from 0 to 1."),
        ({"tau_feature": -0.1}, "Keep the detail is -0.1"),
        ({"mode": "melt"}, "it takes replace, add, style"),
        ({"layers": "all"}, "paper, released, harder"),
        ({"strengths": [1] * 7}, "7 values were given; 1 to 6"),
        ({"strengths": [3]}, "from 0 to 2"),
        ({"variation": 2}, "Variation is 2; it takes a number from 0 to 1."),
        ({"source_prompt": "x" * 2000}, "2000 characters"),
        ({"room": "cave"}, "dry, room, hall, church"),
        ({"start_s": 50}, "earlier start"),
    ],
)
def test_what_is_out_of_range_is_a_sentence(
    client: Any, write_sound: WriteSound, meadow: Path, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(AppError) as caught:
        edit(client, meadow, write_sound(), **values)
    assert says in str(caught.value)


def test_every_kind_of_picture_is_read_or_refused_and_the_next_works(
    client: Any, backend: FakeBackend, write_sound: WriteSound, meadow: Path, tmp_path: Path
) -> None:
    sound = write_sound()
    for name, (make, says) in BAD.items():
        path = tmp_path / name
        make(path)
        with pytest.raises(AppError, match=says):
            edit(client, path, sound)
    for name, make in GOOD.items():
        make(tmp_path / name)
        files, _ = edit(client, tmp_path / name, sound)
        assert Image.open(files[0]).size == backend.edits[-1].source.picture.size
    with pytest.raises(AppError, match="no picture yet"):
        client.predict(api_name="/edit_image")
    assert len(edit(client, meadow, sound)[0]) == 1


def test_files_of_the_machine_are_not_read(client: Any) -> None:
    secret = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(AppError):
        client.predict(picture=secret, api_name="/edit_image")
