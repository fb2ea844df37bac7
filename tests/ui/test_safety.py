"""What strangers may do to a page that is open to them: not read its files, not fill its disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio.mcp
import gradio.routes
import httpx
import pytest

from sonic_ui.engine.studio import Studio
from sonic_ui.media.temporary import process_folder
from sonic_ui.ui.page import build_page, launch_options
from tests.conftest import WriteSound
from tests.fakes import FakeBackend

ROOT = Path(__file__).resolve().parent.parent.parent
SECRETS = ("/etc/passwd", str(ROOT / "app.py"), str(ROOT / "sonic_ui" / "__init__.py"))
PATIENCE_S = 60


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the API of an app that takes files of a megabyte at most."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SONIC_UI_UPLOAD_MB", "1")
        page = build_page(Studio(FakeBackend()), tmp_path_factory.mktemp("none"))
        _, address, _ = page.launch(prevent_thread_lock=True, **launch_options())
    yield f"{address.rstrip('/')}/gradio_api"
    page.close()


def call(api: str, endpoint: str, data: list[Any]) -> str:
    """What the server says to a call as anyone could write it."""
    event = httpx.post(f"{api}/call/{endpoint}", json={"data": data}, timeout=PATIENCE_S)
    if event.status_code != 200:
        return f"refused with {event.status_code}"
    return httpx.get(f"{api}/call/{endpoint}/{event.json()['event_id']}", timeout=PATIENCE_S).text


@pytest.mark.parametrize("secret", SECRETS)
def test_no_file_of_the_machine_can_be_read(api: str, secret: str) -> None:
    for way in (secret, secret.replace("/", "%2F"), f"{ROOT}/assets/examples/../../{Path(secret).name}"):
        answer = httpx.get(f"{api}/file={way}", timeout=PATIENCE_S)
        assert answer.status_code in (403, 404), way
    content = Path(secret).read_text()[:40]
    sent = {"path": secret, "meta": {"_type": "gradio.FileData"}}
    plain = ["", "", None, None, None, 0, 1, None, None, 0]
    for given in (sent, {**sent, "url": f"file://{secret}"}):
        said = call(api, "sound_to_image", [given, *plain])
        assert "complete" not in said and content not in said


def test_addresses_inside_the_network_are_not_fetched(api: str) -> None:
    sent = {"path": f"{api}/file=x.wav", "url": f"{api}/info", "meta": {"_type": "gradio.FileData"}}
    assert "complete" not in call(
        api, "sound_to_image", [sent, "", "", None, None, None, 0, 1, None, None, 0]
    )


def test_uploads_have_a_largest_size(api: str, write_sound: WriteSound) -> None:
    large = httpx.post(f"{api}/upload", files={"files": ("a.wav", bytes(1_200_000))}, timeout=PATIENCE_S)
    assert large.status_code == 413
    sound = write_sound("rain.wav", 0.5)
    with sound.open("rb") as file:
        small = httpx.post(f"{api}/upload", files={"files": ("rain.wav", file)}, timeout=PATIENCE_S)
    sent = {"path": small.json()[0], "meta": {"_type": "gradio.FileData"}}
    assert "event: complete" in call(
        api, "sound_to_image", [sent, "", "", None, None, None, 0, 1, None, None, 0]
    )


def test_nobody_is_told_of_visits() -> None:
    options = launch_options()
    assert options["enable_monitoring"] is False and options["run_history"] is False
    assert build_page(Studio(FakeBackend()), Path("none")).analytics_enabled is False


def test_uploads_have_a_quota_and_nothing_unfinished_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONIC_UI_UPLOADS_MB", "1")
    page = build_page(Studio(FakeBackend()), tmp_path / "none")
    assert gradio.routes.DEFAULT_TEMP_DIR == gradio.mcp.DEFAULT_TEMP_DIR == str(process_folder())
    before = {path.name for path in process_folder().iterdir()}
    _, address, _ = page.launch(prevent_thread_lock=True, **launch_options())
    upload = f"{address.rstrip('/')}/gradio_api/upload"

    def sent(name: str, content: bytes) -> httpx.Response:
        return httpx.post(upload, files={"files": (name, content)}, timeout=PATIENCE_S)

    def on_the_disk() -> list[Path]:
        fresh = [path for path in process_folder().iterdir() if path.name not in before]
        return [file for path in fresh for file in ([path] if path.is_file() else path.iterdir())]

    try:
        paths = [Path(sent(f"{number}.wav", bytes([number]) * 300_000).json()[0]) for number in range(5)]
        assert paths[-1].is_file() and not paths[0].exists()
        assert sum(path.stat().st_size for path in on_the_disk()) <= 1_000_000
        refused = sent("large.wav", bytes(1_500_000))
        assert refused.status_code == 413 and "more than all uploads may take" in refused.text

        async def write(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("gradio.route_utils.GradioUploadFile.write", write)
        full = sent("rain.wav", bytes(100_000))
        assert full.status_code == 507 and "the disk is full" in full.text
        assert [path for path in on_the_disk() if path.name.startswith("tmp")] == []
    finally:
        page.close()


def test_inversions_of_callers_without_a_session_go_with_the_call(
    tmp_path: Path, write_sound: WriteSound
) -> None:
    from gradio_client import Client, handle_file
    from PIL import Image

    studio = Studio(FakeBackend())
    page = build_page(studio, tmp_path / "none")
    _, address, _ = page.launch(prevent_thread_lock=True, **launch_options())
    picture, sound = tmp_path / "meadow.png", write_sound("rain.wav", 0.5)
    Image.effect_noise((60, 40), 90).convert("RGB").save(picture)
    api = f"{address.rstrip('/')}/gradio_api"
    try:
        uploads = [("files", (file.name, file.read_bytes())) for file in (picture, sound)]
        files = [
            {"path": path, "meta": {"_type": "gradio.FileData"}}
            for path in httpx.post(f"{api}/upload", files=uploads, timeout=PATIENCE_S).json()
        ]
        body = {"picture": files[0], "sound": files[1]}
        event = httpx.post(f"{api}/call/v2/edit_image", json=body, timeout=PATIENCE_S).json()["event_id"]
        said = httpx.get(f"{api}/call/v2/edit_image/{event}", timeout=PATIENCE_S).text
        assert "event: complete" in said
        question = {"ask": "run", "request": '{"verb": "edit_image"}', "files": ["picture", "sound"]}
        assert "Result" in call(api, "engine", [question, files])
        assert studio._inversions.sizes() == []
        client = Client(address, verbose=False, download_files=False)
        for reused in (False, True):
            _, settings = client.predict(
                handle_file(str(picture)), handle_file(str(sound)), api_name="/edit_image"
            )
            assert settings["reused"] is reused
        assert len(studio._inversions.sizes()) == 1
    finally:
        page.close()


def test_what_is_painted_and_never_read_does_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import gradio as gr
    from gradio.components.image_editor import AcceptBlobs

    from sonic_ui.ui.components import picture_files

    monkeypatch.setattr(picture_files.PaintedLayers, "LAYER_BYTES", 2500)
    editor = picture_files.PaintedLayers(render=False)

    def send(name: str, index: Any) -> None:
        data = {"type": "layer", "index": index, "file": b"", "id": name}
        editor.accept_blobs(AcceptBlobs.model_construct(data=data, files=[("layer", bytes(1000))]))

    for number in range(5):
        send(str(number), "0")
    assert [*editor.blob_storage] == ["3", "4"]
    for index in ("1000000000", "many", "-1"):
        with pytest.raises(gr.Error, match="32 painted layers"):
            send("huge", index)
