"""The page as a server: what programs can call, what is kept, and the command line."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from gradio_client.exceptions import AppError
from PIL import Image

import app
from sonic_ui.engine.studio import Studio
from sonic_ui.media import temporary
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import VERBS
from sonic_ui.ui.page import build_page, launch_options
from tests.conftest import WriteSound
from tests.fakes import FakeBackend

PUBLIC = {
    "/sound_to_image",
    "/caption_sound",
    "/edit_image",
    "/interpolate",
    "/volume_sweep",
    "/make_film",
    "/image_to_sound",
    "/teach_sound",
    "/upscale_image",
    "/learn_word",
    "/list_words",
    "/split_sound",
    "/add_word",
    "/remove_word",
    "/start_live",
    "/change_engine",
    "/engines",
}


def call(client: Any, sound: Path, **values: Any) -> tuple[list[str], dict[str, Any]]:
    from gradio_client import handle_file

    return client.predict(handle_file(str(sound)), api_name="/sound_to_image", **values)


def test_programs_paint_with_the_same_request(
    client: Any, backend: FakeBackend, write_sound: WriteSound
) -> None:
    files, settings = call(
        client, write_sound("rain.wav"), prompt="ink", strength=[1, 0.5], steps=4, seed=11, count=2
    )
    assert settings["request"]["strength"] == [1, 0.5]
    assert settings["sound_heard"][0][0] == "rain"
    assert backend.jobs[-1].request.prompt == "ink"
    assert [read_settings(path)["picture"] for path in files] == [0, 1]
    assert Image.open(files[0]).getpixel((0, 0)) == (11, 90, 160)


def test_settings_left_open_are_the_engines_own(
    client: Any, backend: FakeBackend, write_sound: WriteSound
) -> None:
    call(client, write_sound())
    painted = backend.jobs[-1].request
    assert (painted.steps, painted.guidance_scale, painted.strength, painted.seed) == (3, 2.5, 1.0, 0)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"steps": 0}, "Steps is 0; it takes a whole number from 1 to 100. Choose one in that range."),
        ({"steps": 2.5}, "Steps is 2.5; it takes a whole number from 1 to 100."),
        ({"strength": 3}, "Strength of the sound is 3; it takes a number from 0 to 2."),
        ({"seed": -1}, "Seed is -1; it takes a whole number from 0 to 4294967295."),
        ({"count": 100}, "Number of pictures is 100; it takes a whole number from 1 to 8."),
        ({"prompt": "x" * 2000}, "The words are 2000 characters long"),
        ({"start_s": 50}, "Choose an earlier start."),
    ],
)
def test_programs_get_the_same_sentences(
    client: Any, write_sound: WriteSound, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(AppError) as caught:
        call(client, write_sound(), **values)
    assert says in str(caught.value)
    assert len(call(client, write_sound())[0]) == 1


def test_bad_files_are_refused_and_the_next_works(
    client: Any, write_sound: WriteSound, tmp_path: Path
) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(48_000), 48_000)
    zipped = tmp_path / "zip.wav"
    zipped.write_bytes(b"PK\x03\x04" + bytes(200))
    for path, says in ((silent, "is silent"), (zipped, "zip.wav")):
        with pytest.raises(AppError, match=says):
            call(client, path)
    with pytest.raises(AppError, match="no sound yet"):
        client.predict(api_name="/sound_to_image")
    assert len(call(client, write_sound())[0]) == 1


def test_programs_mix_sounds_in_a_room(client: Any, backend: FakeBackend, write_sound: WriteSound) -> None:
    from gradio_client import handle_file

    dog = handle_file(str(write_sound("dog.wav", hz=900)))
    faders = [-6, {"lufs": -20, "pan": 0.5}]
    _, settings = call(client, write_sound("rain.wav"), sound2=dog, faders=faders, room="church")
    request = backend.jobs[-1].request
    assert (request.faders[0].gain_db, request.faders[1].lufs, request.room) == (-6.0, -20.0, "church")
    assert settings["request"]["sound2"] == "dog.wav" and len(settings["sound2_sha256"]) == 64
    with pytest.raises(AppError, match="20 faders were given; a mix has up to 6 sounds"):
        call(client, write_sound(), faders=[0] * 20)


def test_programs_split_a_recording(client: Any, write_sound: WriteSound) -> None:
    from gradio_client import handle_file

    sound = handle_file(str(write_sound("rain.wav", 1.5)))
    stems, about = client.predict(sound, way="2", api_name="/split_sound")
    assert [Path(stem).suffix for stem in stems] == [".wav", ".wav"] and len(about["stems"]) == 2
    total = sum(soundfile.read(stem)[0] for stem in stems)
    assert np.abs(total - soundfile.read(write_sound("rain.wav", 1.5))[0]).max() < 5e-3
    with pytest.raises(AppError, match="The way to split is 'nine'"):
        client.predict(sound, way="nine", api_name="/split_sound")


def glide(client: Any, a: Path, b: Path, **values: Any) -> tuple[list[str], str, str, dict[str, Any]]:
    from gradio_client import handle_file

    sounds = {"sound_a": handle_file(str(a)), "sound_b": handle_file(str(b))}
    return client.predict(**sounds, api_name="/interpolate", **values)


def test_programs_glide_between_two_sounds(client: Any, write_sound: WriteSound) -> None:
    a, b = write_sound("rain.wav"), write_sound("dog.wav", 0.5, hz=900, rate=16_000)
    files, film, gif, settings = glide(client, a, b, frames=3, film_s=1, smoothing=1, seed=11)
    assert len(files) == 3 and Image.open(files[0]).getpixel((0, 0)) == (11, 90, 160)
    assert [frame["position"] for frame in settings["frames"]] == [0, 0.5, 1]
    assert Path(film).suffix in (".mp4", ".webm") and Path(film).stat().st_size > 1000
    assert Image.open(gif).format == "GIF"
    assert settings["request"]["sound_b"] == "dog.wav"
    files, film, gif, settings = glide(client, a, b, positions=[0.25])
    assert (len(files), film, gif) == (1, None, None) and settings["notices"] == ["A film needs two frames."]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"frames": 500}, "Number of frames is 500; it takes a whole number from 2 to 48."),
        (
            {"method": "mix", "lufs_a": 0},
            "Loudness in the mix (LUFS) is 0; it takes a number from -60 to -6.",
        ),
        ({"positions": [2]}, "from 0 to 1"),
        ({"method": "swirl"}, "The method is 'swirl'"),
    ],
)
def test_programs_that_glide_get_sentences(
    client: Any, write_sound: WriteSound, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(AppError) as caught:
        glide(client, write_sound("a.wav"), write_sound("b.wav", hz=900), **values)
    assert says in str(caught.value)


def test_only_the_endpoints_are_public(client: Any) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert {"/sound_to_image", "/interpolate"} <= set(endpoints) <= PUBLIC
    names = [parameter["parameter_name"] for parameter in endpoints["/sound_to_image"]["parameters"]]
    assert names[:4] == ["sound", "prompt", "negative_prompt", "strength"]


def test_the_components_of_endpoints_are_for_programs_alone(client: Any) -> None:
    def endpoints(config: Any) -> int:
        classes = [one["props"].get("elem_classes") or [] for one in config["components"]]
        return sum("su-endpoint" in one for one in classes)

    page = httpx.get(f"{client.src}config", params={"page": ""}).json()
    whole = httpx.get(f"{client.src}config").json()
    assert endpoints(whole) >= len(VERBS)
    assert endpoints(page) == 0
    assert {one["id"] for one in page["dependencies"]} == {one["id"] for one in whole["dependencies"]}
    shown = {one["id"] for one in page["components"]}
    assert shown < {one["id"] for one in whole["components"]}


@pytest.mark.parametrize("verb", VERBS)
def test_an_endpoint_takes_the_settings_of_its_request_with_the_same_defaults(client: Any, verb: str) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    taken = {one["parameter_name"]: one["parameter_default"] for one in endpoints[f"/{verb}"]["parameters"]}
    fields = VERBS[verb].request.model_fields
    assert set(taken) == set(fields) - {"verb"}
    given = {name: value for name, value in taken.items() if value is not None}
    assert given == {name: fields[name].default for name in given}


def test_files_of_the_machine_are_not_served(client: Any, tmp_path: Path) -> None:
    import httpx

    secret = Path(__file__).resolve().parent.parent.parent / "pyproject.toml"
    for path in ("/etc/passwd", str(secret.parent / ".git" / "HEAD")):
        answer = httpx.get(f"{client.src.rstrip('/')}/gradio_api/file={path}")
        assert answer.status_code in (403, 404)
    with pytest.raises(AppError):
        client.predict(
            {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, api_name="/sound_to_image"
        )


def test_what_the_page_keeps_and_tells() -> None:
    options = launch_options()
    assert options["max_file_size"] == "200mb"
    assert options["enable_monitoring"] is False and options["run_history"] is False
    assert options["allowed_paths"] == [str(Path(app.__file__).parent / "assets" / "examples")]
    page = build_page(Studio(FakeBackend()))
    shown = json.dumps(page.get_config_file(), default=str)
    assert str(Path(app.__file__).parent) not in shown and str(Path.home()) not in shown, "paths are private"
    assert page.analytics_enabled is False
    assert page.delete_cache == (3600, 86_400)
    assert page._queue.max_size == 32


# The command line


def test_options() -> None:
    options = app.read_options(["--port", "7000", "--bundle", "somewhere"])
    assert (options.host, options.port, options.bundle, options.share) == (
        "127.0.0.1",
        7000,
        "somewhere",
        False,
    )
    shared = app.read_options(["--share", "--auth", "ann:secret:1"])
    assert shared.share and shared.auth == "ann:secret:1"


def test_a_folder_of_recordings_must_be_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.read_options(["--sounds", str(tmp_path)]).sounds == tmp_path
    with pytest.raises(SystemExit):
        app.read_options(["--sounds", str(tmp_path / "gone")])
    assert "there is no folder" in capsys.readouterr().err


@pytest.fixture
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `main` sets for the whole process."""
    monkeypatch.setattr(app, "end_on_signals", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())


def test_temporary_files_that_cannot_be_written_are_a_sentence(
    as_it_was: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(temporary.BASE, str(tmp_path / "file"))
    monkeypatch.setattr(temporary, "_folder", None)
    with pytest.raises(SystemExit, match=r"cannot start\. The folder for temporary files, .*TMPDIR"):
        app.main([], tmp_path)


def test_a_taken_port_is_a_sentence(as_it_was: None, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"port {port}: is it taken"):
            app.main(["--port", str(port), "--bundle", str(tmp_path)], tmp_path)


@pytest.mark.parametrize("arguments", [["--share"], ["--auth", "ann"], ["--auth", ":x"], ["--port", "high"]])
def test_unsafe_or_wrong_options_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        app.read_options(arguments)
    assert "auth" in capsys.readouterr().err or "high" in arguments
