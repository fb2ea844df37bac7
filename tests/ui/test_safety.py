"""What strangers may do to a page that is open to them: not read its files, not fill its disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sonic_ui.engine.studio import Studio
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
