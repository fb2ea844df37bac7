"""The studio of a page on a cluster, without the cluster."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from sonic_ui.engine.events import Cancelled, Failure
from sonic_ui.engine.remote import Lost
from sonic_ui.requests import BadInput
from sonic_ui.serve.address import RayAddress
from sonic_ui.serve.client import RayStudio
from sonic_ui.serve.trouble import explained, is_engine_ended, is_file_lost


class RayActorError(Exception):
    """As Ray names what it raises."""


class ActorDiedError(RayActorError):
    """Likewise."""


class BackPressureError(Exception):
    """Likewise."""


class ObjectLostError(Exception):
    """Likewise."""


class TaskCancelledError(Exception):
    """Likewise."""


def test_what_a_cluster_raises_is_a_sentence() -> None:
    where = RayAddress("10.0.0.5:6379").shown
    assert "ended in the middle" in str(explained(ActorDiedError(), where, 0)) and is_engine_ended(
        ActorDiedError()
    )
    full = explained(BackPressureError(40, 40), where, 41)
    assert isinstance(full, Failure) and "40 requests wait" in str(full) and "number 41" in str(full)
    assert isinstance(explained(TaskCancelledError(), where, 0), Cancelled)
    lost = explained(ConnectionError("no route"), where, 0)
    assert isinstance(lost, Lost) and "10.0.0.5:6379" in str(lost) and "sonic_ui.serve" in str(lost)
    other = explained(ZeroDivisionError("secret"), where, 0)
    assert isinstance(other, Failure) and "secret" not in str(other)
    refused = BadInput("No.", "sound")
    assert explained(refused, where, 0) is refused
    wrapped = RuntimeError("in an engine")
    wrapped.cause = ObjectLostError()  # type: ignore[attr-defined]
    assert is_file_lost(wrapped) and not is_file_lost(ActorDiedError())


def test_teaching_is_done_before() -> None:
    studio = RayStudio(RayAddress())
    with pytest.raises(BadInput, match="taught before they start"):
        next(iter(studio.run(SimpleNamespace(FILE_LISTS=("recordings",)))))  # type: ignore[arg-type]
    studio.close()
