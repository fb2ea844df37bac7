"""What a person who runs the app sets by environment variables: who may enter, how many, how much.

SONIC_UI_AUTH        NAME:PASSWORD that the page asks for
SONIC_UI_QUEUE       how many requests may wait (32)
SONIC_UI_UPLOAD_MB   the largest file that may be uploaded, in megabytes (200)
SONIC_UI_OPEN_ENGINES  1 lets everybody change the engine, also without a password
SONIC_UI_UPLOADS_MB  all uploads that are on the disk together (2000); the oldest give way
SONIC_UI_RESULTS_MB  all results, likewise (2000)
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from gradio.context import LocalContext

from sonic_ui.requests import BadInput, Range

QUEUE = Range("SONIC_UI_QUEUE", 1, 10_000, 1, 32, whole=True)
UPLOAD_MB = Range("SONIC_UI_UPLOAD_MB", 1, 4096, 1, 200, whole=True)
UPLOADS_MB = Range("SONIC_UI_UPLOADS_MB", 1, 1_000_000, 1, 2000, whole=True)
RESULTS_MB = Range("SONIC_UI_RESULTS_MB", 1, 1_000_000, 1, 2000, whole=True)

MAX_SESSIONS = 250
"""Sessions whose components' values Gradio keeps, near a megabyte each; of more, those unused for longest are
forgotten. Gradio's own limit is 10,000."""


@dataclass(frozen=True)
class Limits:
    """`auth` is (name, password), or None where everybody may enter."""

    auth: tuple[str, str] | None = None
    queue: int = 32
    upload_mb: int = 200
    open_engines: bool = False
    uploads_mb: int = 2000
    results_mb: int = 2000


def read_limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """What the environment says. Raises `BadInput` naming the variable."""
    given = environment.get("SONIC_UI_AUTH", "")
    name, _, password = given.partition(":")
    if given and not (name and password):
        raise BadInput("SONIC_UI_AUTH takes NAME:PASSWORD, both not empty.", "auth")
    return Limits(
        (name, password) if given else None,
        int(QUEUE.check(environment.get("SONIC_UI_QUEUE") or 32, "queue")),
        int(UPLOAD_MB.check(environment.get("SONIC_UI_UPLOAD_MB") or 200, "upload_mb")),
        environment.get("SONIC_UI_OPEN_ENGINES", "") not in ("", "0"),
        int(UPLOADS_MB.check(environment.get("SONIC_UI_UPLOADS_MB") or 2000, "uploads_mb")),
        int(RESULTS_MB.check(environment.get("SONIC_UI_RESULTS_MB") or 2000, "results_mb")),
    )


def concurrent_of(studio: object) -> int | None:
    """Requests of one kind that a page lets through at once where its studio takes more than usual."""
    concurrent: int | None = getattr(studio, "concurrent", None)
    return concurrent


def is_without_session() -> bool:
    """Whether the call that is answered now has no session of its own: its name was made up for it alone."""
    request, event = LocalContext.request.get(None), LocalContext.event_id.get(None)
    return request is None or request.session_hash in (None, "", event)


def forget_call() -> None:
    """Let go of the session that a program's call made, from within the coroutine that answers it.

    The call itself goes on with what it holds. Who calls again, in the same session too, gets a new one: an
    endpoint finds nothing there that an earlier call left. Outside of a call it does nothing.
    """
    page, request = LocalContext.blocks.get(None), LocalContext.request.get(None)
    if page is None or request is None or request.session_hash is None:
        return
    page.state_holder.session_data.pop(request.session_hash, None)
    page.state_holder.time_last_used.pop(request.session_hash, None)
