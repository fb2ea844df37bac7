"""What went wrong with a cluster, as a sentence; and what another engine can still mend."""

import logging
from typing import Any

from sonic_ui.engine import events
from sonic_ui.engine.remote import Lost
from sonic_ui.requests import BadInput
from sonic_ui.serve.lanes import full

log = logging.getLogger(__name__)

STOPPED = (
    "The engine that worked on this ended in the middle of it. Nothing else was lost, and others go on: try "
    "again."
)
NO_CLUSTER = (
    "There is no cluster at {address}, or it does not answer. Start one (python -m sonic_ui.serve --replicas "
    "2), or see whether the address is right."
)
NO_ENGINES = "No engines run in {address}. Start some: python -m sonic_ui.serve --address auto --replicas 2."
FAILED = "The cluster stopped this on an error ({kind}); its log has the details. Try again."

ENGINE_ENDED = (
    "RayActorError",
    "ActorDiedError",
    "ActorUnavailableError",
    "WorkerCrashedError",
    "NodeDiedError",
)
FILE_LOST = (
    "ObjectLostError",
    "OwnerDiedError",
    "ObjectFetchTimedOutError",
    "ReferenceCountingAssertionError",
)
GONE = ("DeploymentUnavailableError", "RayServeException", "RaySystemError", "GetTimeoutError")
STOPS = ("RequestCancelledError", "TaskCancelledError", "CancelledError")


def _names(problem: BaseException) -> set[str]:
    """Names of a problem's classes, and of what it was caused by in an engine."""
    cause: Any = getattr(problem, "cause", None)
    kinds = [*type(problem).__mro__, *(type(cause).__mro__ if isinstance(cause, BaseException) else ())]
    return {kind.__name__ for kind in kinds}


def is_engine_ended(problem: BaseException) -> bool:
    """Whether the engine that was asked is no more."""
    return bool(_names(problem) & {*ENGINE_ENDED})


def is_file_lost(problem: BaseException) -> bool:
    """Whether the bytes of a file went with a machine."""
    return bool(_names(problem) & {*FILE_LOST})


def explained(problem: BaseException, address: str, waiting: int) -> BaseException:
    """What to raise for what was raised while a cluster was asked.

    waiting   how many wait in the lane
    """
    if isinstance(problem, (BadInput, events.Failure, events.Cancelled)):
        return problem
    names = _names(problem)
    if "BackPressureError" in names:
        return events.Failure(full(max(waiting - 1, int(getattr(problem, "args", [0])[0] or 0))))
    if is_engine_ended(problem):
        return events.Failure(STOPPED)
    if names & {*STOPS}:
        return events.Cancelled()
    log.warning("The cluster %s: %r", address, problem)
    if names & {*GONE} or isinstance(problem, (ConnectionError, TimeoutError)):
        return Lost(NO_ENGINES.format(address=address))
    return events.Failure(FAILED.format(kind=type(problem).__name__))
