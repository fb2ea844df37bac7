"""What goes to a Space, in which order, and what is said before."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sonic_ui import deploy
from sonic_ui.deploy import ROOT, NotPossible, files_to_upload, main, make_plan
from sonic_ui.ui.session.limits import Limits, read_limits

SETTINGS = {"SONIC_UI_AUTH": "ann:secret", "SONIC_UI_QUEUE": "8", "HF_TOKEN": "hf_x", "PATH": "/bin"}


class Hub:
    """Notes what it is asked to do."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def noted(*given: Any, **named: Any) -> str:
            self.asked.append((name, given, named))
            return "https://huggingface.co/spaces/ann/studio"

        return noted


def test_a_dry_run_says_everything_and_does_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: pytest.fail("the hub was asked"))
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    main(["ann/studio", "--hardware", "zero-a10g", "--private", "--dry-run"])
    said = capsys.readouterr().out
    assert "ann/studio (private" in said and "zero-a10g" in said and "dry run" in said
    assert "SONIC_UI_QUEUE=8" in said and "Secret      SONIC_UI_AUTH" in said
    assert "ann:secret" not in said and "hf_x" not in said
    assert re.search(r"Files +\d+, \d+\.\d MB", said)


def test_the_space_is_set_up_before_its_files_come() -> None:
    plan, only_told = make_plan(["ann/studio", "--hardware", "t4-small"], SETTINGS)
    hub = Hub()
    assert not only_told and deploy.deploy(plan, hub).endswith("ann/studio")
    order = [name for name, _, _ in hub.asked]
    assert order == [
        "create_repo",
        "add_space_secret",
        "add_space_variable",
        "request_space_hardware",
        "upload_folder",
    ]
    assert hub.asked[1][1] == ("ann/studio", "SONIC_UI_AUTH", "ann:secret")
    assert "ann:secret" not in repr(plan)
    uploaded = hub.asked[-1][2]
    assert uploaded["allow_patterns"] == [*plan.files] and uploaded["repo_type"] == "space"
    plain = Hub()
    deploy.deploy(make_plan(["ann/studio"], {})[0], plain)
    assert [name for name, _, _ in plain.asked] == ["create_repo", "upload_folder"]


def test_what_runs_is_uploaded_and_nothing_else() -> None:
    files = set(files_to_upload())
    assert {
        "app.py",
        "requirements.txt",
        "README.md",
        "sonic_ui/ui/components/result_view/result_view.js",
    } <= files
    assert {"assets/miniature/bundle.json", "assets/examples/examples.json"} <= files
    assert not [
        name for name in files if name.startswith(("tests/", "sonic_ui/training", "sonic_ui/evaluation"))
    ]
    assert not [name for name in files if "__pycache__" in name or name.endswith(".pyi")]


def test_everything_that_is_imported_is_uploaded() -> None:
    files = files_to_upload()
    uploaded = {name.removesuffix(".py").removesuffix("/__init__") for name in files if name.endswith(".py")}
    for name in files:
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sonic_ui"):
                assert str(node.module).replace(".", "/") in uploaded, f"{name} reads {node.module}"


def test_the_front_matter_is_complete() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    values = yaml.safe_load(text.split("---")[1])
    assert values["sdk"] == "gradio" and values["app_file"] == "app.py" and values["python_version"] == "3.11"
    assert f"gradio=={values['sdk_version'].rpartition('.')[0]}.*" in (ROOT / "requirements.txt").read_text()
    assert values["suggested_hardware"] in deploy.HARDWARE


@pytest.mark.parametrize("space", ["studio", "ann/", "a/b/c", "ann/my studio"])
def test_names_that_are_no_space(space: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make_plan([space], {})
    assert "owner/name" in capsys.readouterr().err


def test_a_copy_that_is_not_whole_is_told(tmp_path: Path) -> None:
    (tmp_path / "app.py").touch()
    with pytest.raises(NotPossible, match=r"README\.md is missing"):
        files_to_upload(tmp_path)


def test_limits_from_the_environment() -> None:
    from sonic_ui.requests import BadInput

    assert read_limits({}) == Limits(None, 32, 200)
    given = {"SONIC_UI_AUTH": "ann:se:cret", "SONIC_UI_QUEUE": "5", "SONIC_UI_UPLOAD_MB": "20"}
    assert read_limits(given) == Limits(("ann", "se:cret"), 5, 20)
    for wrong, says in (
        ({"SONIC_UI_AUTH": "ann"}, "NAME:PASSWORD"),
        ({"SONIC_UI_QUEUE": "many"}, "SONIC_UI_QUEUE is 'many'"),
        ({"SONIC_UI_UPLOAD_MB": "0"}, "from 1 to 4096"),
    ):
        with pytest.raises(BadInput, match=says):
            read_limits(wrong)
