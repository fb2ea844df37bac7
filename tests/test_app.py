"""The command line, and what it says before the page is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import app
from sonic_ui.ui.session.limits import read_limits


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "99999"], "--port: 99999 is no port; choose one from 1 to 65535"),
        (["--port", "0"], "--port: 0 is no port"),
        (["--port", "-1"], "--port: -1 is no port"),
        (["--host", "no such host"], "--host: 'no such host' is no address; 127.0.0.1 is this computer"),
        (["--host", ""], "--host: '' is no address"),
    ],
)
def test_what_cannot_be_served_is_a_sentence(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        app.read_options(arguments)
    assert ended.value.code == 2 and says in capsys.readouterr().err


def test_addresses_of_this_computer_are_taken() -> None:
    for host in ("127.0.0.1", "localhost", "0.0.0.0", "::1", "[::1]"):
        assert app.read_options(["--host", host, "--port", "65535"]).host == host


@pytest.mark.parametrize(
    ("arguments", "warned"),
    [
        (["--host", "0.0.0.0"], True),
        (["--host", "0.0.0.0", "--auth", "ann:secret"], False),
        ([], False),
        (["--host", "localhost"], False),
    ],
)
def test_a_page_that_is_open_to_the_network_says_so(
    arguments: list[str],
    warned: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def served(page: Any, **options: Any) -> Any:
        raise OSError("no server here")

    monkeypatch.setattr(app, "serve", served)
    monkeypatch.setattr(app, "build_page", lambda *values: None)
    monkeypatch.setattr(app, "log_short_lines", lambda: None)
    with pytest.raises(SystemExit, match="cannot be served on"):
        app.main([*arguments, "--bundle", str(tmp_path)], tmp_path)
    words = capsys.readouterr().err
    assert ("*** Sonic UI has no password, and is served on 0.0.0.0" in words) is warned


def test_who_may_change_the_engine_is_the_owners_choice() -> None:
    assert app.read_options(["--open-engines"]).open_engines and not app.read_options([]).open_engines
    assert read_limits({"SONIC_UI_OPEN_ENGINES": "1"}).open_engines
    assert not read_limits({"SONIC_UI_OPEN_ENGINES": "0"}).open_engines and not read_limits({}).open_engines
