"""The command that starts a cluster, and the files that do so elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import app
from sonic_ui.requests import BadInput
from sonic_ui.serve import __main__ as command
from sonic_ui.serve import address
from sonic_ui.serve.options import APP, ClusterOptions

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_command_line_becomes_options_and_the_rest_is_the_pages() -> None:
    options, rest = command.read_options(
        ["--replicas", "3", "--gpus-per-replica", "0.5", "--port", "7999", "--auth", "ann:secret"]
    )
    wanted = command.cluster_options(options)
    assert (wanted.replicas, wanted.gpus_per_replica, wanted.max_replicas) == (3, 0.5, None)
    assert rest == ["--port", "7999", "--auth", "ann:secret"]
    line = command.page_command("10.0.0.5:6379", rest)
    assert line[1:] == [str(ROOT / "app.py"), "--backend", "ray:10.0.0.5:6379", *rest]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--replicas", "0"], "--replicas: "),
        (["--replicas", "3", "--max-replicas", "2"], "max_replicas is 2"),
    ],
)
def test_impossible_clusters_are_sentences(arguments: list[str], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        command.cluster_options(command.read_options(arguments)[0])


def test_the_page_takes_what_the_command_hands_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "check_installed", lambda: None)
    options = app.read_options(command.page_command("10.0.0.5:6379", ["--port", "7999"])[2:])
    assert (options.backend, options.port) == ("ray:10.0.0.5:6379", 7999)


def test_the_config_file_names_what_there_is() -> None:
    text = (ROOT / "deploy" / "serve.yaml").read_text(encoding="utf-8")
    block = text[text.index("    args:") :].splitlines()[1:]
    found = (re.fullmatch(r" {6}(\w+): ([^#]+?)( *#.*)?", line) for line in block if line.strip())
    values = {match.group(1): match.group(2).strip() for match in found if match}
    assert values["bundle"] == "miniature" and len(values) >= 5
    numbers = {name: float(value) for name, value in values.items() if name != "bundle"}
    assert ClusterOptions.model_validate(numbers).replicas == 2
    assert f"name: {APP}" in text and "import_path: sonic_ui.serve.application:build" in text
    with pytest.raises(ValidationError, match="engines"):
        ClusterOptions.model_validate({"engines": 2})


def test_the_image_holds_what_runs() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    copied = [word for line in re.findall(r"^COPY (.*)", text, re.M) for word in line.split()[:-1]]
    assert all((ROOT / name).exists() for name in copied)
    assert {"app.py", "assets", "sonic_ui", "requirements-cluster.txt"} <= {*copied}
