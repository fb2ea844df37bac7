"""What stands before the page: sentences for calls of a wrong form, limits, and who may change what."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio import http_server
from starlette.requests import Request

from sonic_ui.engine.studio import Studio
from sonic_ui.engine.switching import Engines
from sonic_ui.requests import BadInput
from sonic_ui.ui import server
from sonic_ui.ui.engine_panel import check_may_change
from sonic_ui.ui.server import (
    MAX_BODY_BYTES,
    MAX_LOG_CHARACTERS,
    PatientServer,
    ShortLines,
    is_at_the_machine,
)
from sonic_ui.ui.session.logins import FREE_TRIES, FREE_TRIES_IN_ALL, LONGEST_S, LoginThrottle
from tests.fakes import FakeBackend
from tests.ui.serving import PATIENCE_S, serving

FOREIGN = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
REST = ["", "", None, None, None, 0, 1, None, None, 0]


@pytest.fixture(scope="module")
def studio(backend: FakeBackend) -> Studio:
    return Studio(backend, engines=Engines(lambda name: FakeBackend(), "miniature"))


@pytest.fixture(scope="module")
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{address}gradio_api", timeout=PATIENCE_S) as http:
        yield http


def answer_to(http: httpx.Client, endpoint: str, data: list[Any]) -> str:
    """What a queued call is answered, as the server writes it."""
    event = http.post(f"/call/{endpoint}", json={"data": data}).json()["event_id"]
    return http.get(f"/call/{endpoint}/{event}").text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([FOREIGN, *REST], "What was sent for sound is no file that was uploaded here. Upload it"),
        ([{**FOREIGN, "url": "http://127.0.0.1:1/"}, *REST], "for sound is no file"),
        (["/etc/passwd", *REST], "for sound is no file"),
        ([["deep"], *REST], "for sound is no file"),
        ([], "The endpoint sound_to_image takes 27 values (sound, prompt, "),
        ([None, "rain"], "There is no sound yet"),
        ([None, 5, *REST[1:]], "The words are 5; they take text"),
        ([None, {"a": 1}, *REST[1:]], "The words are {'a': 1}"),
        ([None, *REST[:5], [[7]], *REST[6:]], "Seed is [[7]]; it takes a whole number"),
        ([None, *REST[:5], True, *REST[6:]], "Seed is True; it takes a whole number"),
        ([None, *REST], "no sound yet"),
    ],
)
def test_what_no_handler_can_take_is_a_sentence(
    http: httpx.Client, capfd: pytest.CaptureFixture[str], data: list[Any], says: str
) -> None:
    direct = http.post("/run/sound_to_image", json={"data": data})
    assert direct.status_code == 400 and says in direct.json()["error"]
    assert says.encode() in answer_to(http, "sound_to_image", data).encode()
    assert "Traceback" not in capfd.readouterr().err


def test_a_fault_of_the_app_is_a_sentence_for_programs(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*values: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Studio, "change_engine", fail)
    answer = http.post("/run/change_engine", json={"data": ["miniature"]})
    assert answer.status_code == 500 and answer.json()["error"] == server.APP_FAILED
    assert "secret" in caplog.text, "the log has the details"


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "says"),
    [
        ("POST", "/call/no_such_verb", {"json": {"data": []}}, 404, "no endpoint of this name"),
        (
            "POST",
            "/queue/join",
            {"json": {"data": [], "fn_index": 9999, "session_hash": "x"}},
            400,
            "not under",
        ),
        ("POST", "/call/engines", {"json": {"data": 5}}, 422, "wrong at 'body'.'data'"),
        ("POST", "/call/engines", {"content": '{"data": ["\\ud800"], "x'}, 422, "wrong at 'body'"),
        ("POST", "/call/engines", {"content": "[" * 100_000}, 400, "parsing the body"),
        ("POST", "/call/engines", {"content": b" " * (MAX_BODY_BYTES + 1)}, 413, "longer than 8 MB"),
        ("POST", "/call/engines", {"content": iter([b" " * 2**20] * 9)}, 413, "longer than 8 MB"),
    ],
)
def test_calls_of_a_wrong_form_are_sentences(
    http: httpx.Client, method: str, path: str, options: dict[str, Any], status: int, says: str
) -> None:
    answer = http.request(method, path, headers={"content-type": "application/json"}, **options)
    assert answer.status_code == status and says in answer.text and "null" not in answer.text


def test_a_stream_without_session_ends(http: httpx.Client, capfd: pytest.CaptureFixture[str]) -> None:
    assert "session_not_found" in http.get("/queue/data", params={"session_hash": "nobody"}).text
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/upload", {"origin": "http://evil.example"}, 403),
        ("/upload", {"origin": "null"}, 403),
        ("/upload", {"sec-fetch-site": "cross-site"}, 403),
        ("/upload", {"origin": "https://studio.example", "host": "studio.example"}, 200),
        ("/upload", {"origin": "http://evil.example", "host": "studio.example"}, 403),
        ("/upload", {"origin": "http://proxied.example", "sec-fetch-site": "same-origin"}, 200),
        ("/upload", {}, 200),
        ("/call/engines", {"origin": "http://evil.example"}, 403),
        ("/call/engines", {"origin": "http://evil.example", "host": "studio.example"}, 200),
    ],
)
def test_pages_of_other_sites_send_nothing_here(
    http: httpx.Client, path: str, headers: dict[str, str], status: int
) -> None:
    content = {"files": {"files": ("a.wav", b"x")}} if path == "/upload" else {"json": {"data": []}}
    answer = http.post(path, headers=headers, **content)
    assert answer.status_code == status
    assert status == 200 or "another address" in answer.json()["error"]


def test_wrong_passwords_are_slowed(tmp_path: Any) -> None:
    with (
        serving(Studio(FakeBackend()), tmp_path / "none", auth=("ann", "secret")) as address,
        httpx.Client(base_url=address, timeout=PATIENCE_S) as http,
    ):

        def enter(password: str) -> httpx.Response:
            return http.post("login", data={"username": "ann", "password": password})

        for _ in range(FREE_TRIES):
            assert enter("secret").status_code == 200
            assert enter("wrong").status_code == 400
            assert enter("secret").status_code == 200
        answers = [enter("wrong") for _ in range(FREE_TRIES + 1)]
        assert [answer.status_code for answer in answers] == [400] * FREE_TRIES + [429]
        assert int(answers[-1].headers["retry-after"]) >= 1 and "Try again in" in answers[-1].text
        assert enter("secret").status_code == 429, "the right one waits as well, else it would be found"


def test_waits_between_passwords_grow_for_an_address_and_in_all() -> None:
    now = [0.0]
    throttle = LoginThrottle(lambda: now[0])
    waits = []
    for _ in range(FREE_TRIES + 9):
        while (wait_s := throttle.begin("a")) > 0:
            waits.append(wait_s)
            now[0] += wait_s
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST_S, LONGEST_S, LONGEST_S]
    assert throttle.begin("b") == 0, "another address is free"
    for number in range(FREE_TRIES_IN_ALL):
        throttle.begin(f"address {number}")
    assert throttle.begin("new") > 0, "until too many failed in all"
    now[0] += 3601
    assert throttle.begin("a") == throttle.begin("new") == 0, "all is forgotten"


def request_from(client: str = "127.0.0.1", **headers: str) -> Request:
    raw = [
        (name.replace("_", "-").encode(), value.encode())
        for name, value in {"host": "localhost:7860", **headers}.items()
    ]
    return Request({"type": "http", "client": (client, 5), "headers": raw})


def test_who_is_at_the_machine() -> None:
    assert is_at_the_machine(request_from()) and is_at_the_machine(request_from("::1", host="[::1]:7860"))
    for stranger in (
        request_from("192.168.1.5"),
        request_from(host="studio.example"),
        request_from(host="evil.example:7860"),
        request_from(x_forwarded_for="10.0.0.1"),
        request_from(x_gradio_user="mcp"),
        request_from(host="[::1"),
    ):
        assert not is_at_the_machine(stranger)
    assert not is_at_the_machine(None)


def test_everybodys_engine_is_changed_by_few(http: httpx.Client) -> None:
    stranger = request_from("192.168.1.5", host="192.168.1.4")
    with pytest.raises(BadInput, match="takes the app's password"):
        check_may_change(gr.Request(stranger), open_engines=False)
    check_may_change(gr.Request(stranger), open_engines=True)
    check_may_change(gr.Request(stranger, username="ann"), open_engines=False)
    body = {"json": {"data": ["sd14-landscape"]}}
    far = http.post("/run/change_engine", headers={"host": "studio.example"}, **body)
    assert far.status_code == 400 and "for everybody here" in far.json()["error"]
    assert http.post("/run/change_engine", **body).status_code == 200


def test_lines_of_the_log_are_cut() -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, "%s\nnext", ("a" * 10_000,), None)
    first, second = ShortLines("%(message)s").format(record).split("\n")
    assert len(first) == MAX_LOG_CHARACTERS + 2 and second == "next"


class SlowToStart(PatientServer):
    """A server whose start takes longer than Gradio would wait."""

    started = False

    def __init__(self) -> None:
        self.go = threading.Event()

    def run(self, sockets: Any = None) -> None:
        self.started = self.go.wait(PATIENCE_S)


def test_a_slow_start_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowToStart()
    threading.Timer(0.3, slow.go.set).start()
    slow.run_in_thread()
    assert slow.started

    class Ends(SlowToStart):
        def run(self, sockets: Any = None) -> None:
            pass

    with pytest.raises(server.ServerFailedToStartError):
        Ends().run_in_thread()

    class Other(gr.Blocks):
        def launch(self, **options: Any) -> Any:
            assert http_server.Server is PatientServer and options["_frontend"] is False
            return None, "address", None

    usual = http_server.Server
    assert server.serve(Other(), **server.server_options())[1] == "address"
    assert http_server.Server is usual


def test_the_page_does_not_watch_its_events(address: str) -> None:
    page = httpx.get(address, timeout=PATIENCE_S)
    assert page.text.count("Object.setPrototypeOf(window.gradio_config.dependencies") == 1
    at = page.text.index("Object.setPrototypeOf(window.gradio_config.dependencies")
    assert page.text.index("window.gradio_config =") < at < page.text.index('type="module"')
    head = httpx.head(address, timeout=PATIENCE_S)
    assert head.status_code == 200 and not head.content
