"""How the requests of each class are planned and run; `jobs/<verb>.py` registers those of a verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sonic_ui.engine.components import Components
from sonic_ui.engine.control import CancelToken
from sonic_ui.engine.jobs.plan import Plan, RunContext
from sonic_ui.engine.jobs.runner import JobRunner
from sonic_ui.requests import VERBS, BadInput, MakingRequest


@dataclass(frozen=True)
class JobType:
    """How the requests of one class become results.

    plan      a request whose settings are all filled in, and its files -> its job. Raises `BadInput`
    runner    that job -> the work on a bundle's pipelines
    reading   message while the files are read
    """

    plan: Callable[[Any, RunContext], Plan]
    runner: Callable[[Components, Any, CancelToken], JobRunner]
    reading: str = "Listening to the sound"


JOB_TYPES: dict[type[MakingRequest], JobType] = {}


def job_type(request: MakingRequest) -> JobType:
    """How a request is planned and run. Raises `BadInput` for a class that nobody registered."""
    kind, verb = type(request), str(getattr(request, "verb", ""))
    if kind not in JOB_TYPES and verb in VERBS and VERBS[verb].request is kind:
        import_module(f"sonic_ui.engine.jobs.{verb}")
    if kind not in JOB_TYPES:
        raise BadInput(f"This app does not know how to run {kind.__name__}.")
    return JOB_TYPES[kind]
