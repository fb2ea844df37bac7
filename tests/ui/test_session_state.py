"""What Gradio keeps of those who come: nothing of a program's call, of browser tabs only so many."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from sonic_ui.engine.studio import Studio
from sonic_ui.ui.page import build_page, launch_options
from sonic_ui.ui.session.limits import MAX_SESSIONS, forget_call
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.serving import PATIENCE_S


@pytest.fixture
def page(tmp_path: Path) -> Iterator[gr.Blocks]:
    page = build_page(Studio(FakeBackend()), tmp_path / "none")
    page.launch(prevent_thread_lock=True, **launch_options())
    yield page
    page.close()


def call(address: str, seed: Any, sound: dict[str, Any]) -> str:
    """Ask as a program without a session does, and read what it is told."""
    url = f"{address}gradio_api/call/sound_to_image"
    body = {"data": [sound, "", "", None, None, None, seed, 1, None, None, 0]}
    answer = httpx.post(url, json=body, timeout=PATIENCE_S)
    answer.raise_for_status()
    return httpx.get(f"{url}/{answer.json()['event_id']}", timeout=PATIENCE_S).text


def test_a_programs_calls_leave_no_sessions(page: gr.Blocks, write_sound: WriteSound) -> None:
    tab = page.state_holder["a tab"]
    with write_sound("rain.wav").open("rb") as file:
        uploaded = httpx.post(f"{page.local_url}gradio_api/upload", files={"files": file}).json()[0]
    sound = {"path": uploaded, "meta": {"_type": "gradio.FileData"}}
    assert "event: complete" in call(page.local_url, 1, sound)
    assert "event: error" in call(page.local_url, -1, sound)
    assert list(page.state_holder.session_data) == list(page.state_holder.time_last_used) == ["a tab"]
    assert page.state_holder["a tab"] is tab


def test_a_programs_session_goes_on_without_what_gradio_keeps(
    page: gr.Blocks, write_sound: WriteSound, tmp_path: Path
) -> None:
    client = Client(page.local_url, verbose=False, download_files=str(tmp_path))
    sound = handle_file(str(write_sound("rain.wav")))

    def seed_of(seed: int) -> int:
        _, settings = client.predict(sound, seed=seed, api_name="/sound_to_image")
        return int(settings["request"]["seed"])

    with ThreadPoolExecutor(6) as programs:  # at once, in one session
        assert [*programs.map(seed_of, range(1, 13))] == [*range(1, 13)]
    with pytest.raises(AppError):
        seed_of(-1)
    assert client.session_hash not in page.state_holder


def test_sessions_of_browser_tabs_are_limited(page: gr.Blocks) -> None:
    assert page.state_holder.capacity == MAX_SESSIONS
    page.state_holder.capacity = 3
    for name in ("first", "second", "third", "first", "fourth"):
        page.state_holder[name]
    assert list(page.state_holder.session_data) == ["third", "first", "fourth"]


def test_outside_of_a_call_nothing_is_forgotten() -> None:
    forget_call()
