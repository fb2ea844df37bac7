"""`python -m sonic_ui.deploy owner/name`: put this app on a Hugging Face Space, with what it needs alone.

The Space is made if it is not there. `--dry-run` says what would be done, and asks nothing of the hub. The
token is the one of `hf auth login`, or HF_TOKEN. The app's settings in the environment become the Space's
variables, its passwords secrets.
"""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

NEEDED = (
    "app.py",
    "README.md",
    "LICENSE",
    "requirements.txt",
    "assets/examples",
    "assets/miniature",
    "assets/readme",
    "sonic_ui/__init__.py",
    "sonic_ui/audio",
    "sonic_ui/bundles",
    "sonic_ui/engine",
    "sonic_ui/media",
    "sonic_ui/models",
    "sonic_ui/pipelines",
    "sonic_ui/requests",
    "sonic_ui/retrieval",
    "sonic_ui/serve",
    "sonic_ui/ui",
)
"""What runs: scenes, training, evaluation, testing and tests stay behind."""

LEFT_OUT = ("__pycache__", ".pyc", ".pyi", ".DS_Store")
HARDWARE = (
    "cpu-basic",
    "cpu-upgrade",
    "zero-a10g",
    "t4-small",
    "t4-medium",
    "l4x1",
    "a10g-small",
    "a100-large",
)
SECRETS = ("SONIC_UI_AUTH", "SONIC_UI_LOGIN", "SONIC_UI_TOKEN")
VARIABLES = (
    "SONIC_UI_BUNDLE",
    "SONIC_UI_BACKEND",
    "SONIC_UI_QUEUE",
    "SONIC_UI_UPLOAD_MB",
    "SONIC_UI_OPEN_ENGINES",
    "SONIC_UI_UPLOADS_MB",
    "SONIC_UI_RESULTS_MB",
)


class NotPossible(SystemExit):
    """The deployment cannot be done; the message is a sentence."""


@dataclass(frozen=True)
class Plan:
    """What is to be done: files from `ROOT`, and how the Space is set up. Secrets are never printed."""

    space: str
    files: tuple[str, ...]
    size_bytes: int
    hardware: str | None = None
    private: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def lines(self) -> list[str]:
        """The plan as a person reads it."""
        kind = "private" if self.private else "public"
        folders: dict[str, int] = {}
        for name in self.files:
            folder = "/".join(name.split("/")[:2]) if "/" in name else name
            folders[folder] = folders.get(folder, 0) + 1
        return [
            f"Space       {self.space} ({kind}, made if it is not there)",
            f"Hardware    {self.hardware or 'as it is; a new Space gets cpu-basic'}",
            *(f"Variable    {name}={value}" for name, value in self.variables.items()),
            *(f"Secret      {name}" for name in self.secrets),
            f"Files       {len(self.files)}, {self.size_bytes / 1e6:.1f} MB",
            *(
                f"            {folder}" + (f" ({count} files)" if count > 1 else "")
                for folder, count in folders.items()
            ),
        ]


def files_to_upload(root: Path = ROOT) -> tuple[str, ...]:
    """The paths of what the Space needs, from `root`. Raises `NotPossible` naming what is missing."""
    found: list[str] = []
    for name in NEEDED:
        path = root / name
        if not path.exists():
            raise NotPossible(f"{name} is missing in {root}: run this from a whole copy of the project.")
        paths = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [
            path.relative_to(root).as_posix()
            for path in paths
            if path.is_file() and not any(part.endswith(LEFT_OUT) for part in path.parts)
        ]
    return tuple(found)


def make_plan(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ, root: Path = ROOT
) -> tuple[Plan, bool]:
    """What the command line asks for, and whether it is a dry run."""
    parser = argparse.ArgumentParser(prog="python -m sonic_ui.deploy", description=__doc__)
    parser.add_argument("space", metavar="owner/name")
    parser.add_argument("--hardware", choices=HARDWARE, help="what it runs on; left out, it stays as it is")
    parser.add_argument("--private", action="store_true", help="only you and who you invite see it")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    options = parser.parse_args(arguments)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", options.space):
        parser.error(f"the Space is called {options.space!r}; it takes owner/name, as in its address")
    files = files_to_upload(root)
    plan = Plan(
        options.space,
        files,
        sum((root / name).stat().st_size for name in files),
        options.hardware,
        options.private,
        {name: environment[name] for name in VARIABLES if environment.get(name)},
        {name: environment[name] for name in SECRETS if environment.get(name)},
    )
    return plan, options.dry_run


def deploy(plan: Plan, api: Any, root: Path = ROOT) -> str:
    """Do it; returns the Space's address. What was uploaded before and is not needed any more is deleted.

    Settings come before the files: the first start has its password already.
    """
    address = api.create_repo(
        plan.space, repo_type="space", space_sdk="gradio", private=plan.private, exist_ok=True
    )
    for name, value in plan.secrets.items():
        api.add_space_secret(plan.space, name, value)
    for name, value in plan.variables.items():
        api.add_space_variable(plan.space, name, value)
    if plan.hardware is not None:
        api.request_space_hardware(plan.space, plan.hardware)
    api.upload_folder(
        repo_id=plan.space,
        repo_type="space",
        folder_path=root,
        allow_patterns=[*plan.files],
        delete_patterns=["*"],
        commit_message="Sonic UI",
    )
    return str(address)


def main(arguments: Sequence[str] | None = None) -> None:
    """Deploy, or say what would be done."""
    plan, dry_run = make_plan(arguments)
    print("\n".join(plan.lines()))
    if dry_run:
        print("Nothing was done: this was a dry run.")
        return
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    try:
        address = deploy(plan, HfApi())
    except LocalTokenNotFoundError:
        raise NotPossible("There is no Hugging Face token: run `hf auth login`, or set HF_TOKEN.") from None
    except (HfHubHTTPError, OSError) as problem:
        first = str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__
        raise NotPossible(
            f"The hub did not do it: {first} See that your token may write to {plan.space.split('/')[0]}, "
            "and that you are online; then run this again, it goes on where it stopped."
        ) from None
    print(f"It is being built at {address}")


if __name__ == "__main__":
    main()
