"""Another Sonic UI as the engine: the connection, and every way in which it can fail as a sentence.

The other app has the endpoint `/engine` (see `ui/engine_api.py`): it takes a question as JSON and files, and
streams answers. `/engine_cancel` stops what a question started.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sonic_ui import __version__
from sonic_ui.engine.control import Cancelled, CancelToken, Failure
from sonic_ui.requests import BadInput

log = logging.getLogger(__name__)

TIMEOUT_S = (15.0, 60.0, 120.0, 60.0)
"""To connect, to read (a busy engine sends a sign of life every 15 s), to write, to get a connection."""

POLL_S = 0.03
LAST_WORDS_S = 20.0
"""How long a question that was cancelled may take to end: a strip still brings the frames that are done."""

TOKEN = "SONIC_UI_TOKEN"
LOGIN = "SONIC_UI_LOGIN"

Answer = dict[str, Any]


@dataclass(frozen=True)
class Address:
    """Where the other app is: the name of a Space, or a URL; and what opens it.

    token   a Hugging Face token, for a private Space; None takes the one that is saved on this machine
    login   (name, password) where the app asks for them
    """

    where: str
    token: str | None = None
    login: tuple[str, str] | None = None

    @property
    def is_space(self) -> bool:
        """Whether it is named as a Space, and not by a URL."""
        return not self.where.startswith(("http://", "https://"))

    @property
    def shown(self) -> str:
        """As it may stand in a sentence: no path, no password."""
        return self.where if self.is_space else urlsplit(self.where).netloc.rpartition("@")[2]


def read_address(text: str, environment: Mapping[str, str] = os.environ) -> Address:
    """The address in `space:owner/name` or a URL, with what the environment says opens it.

    Raises `BadInput` for anything else.
    """
    where = text.removeprefix("space:").strip()
    if text.startswith("space:"):
        owner, _, name = where.partition("/")
        usable = bool(owner and name and "/" not in name)
    else:
        try:
            usable = where.startswith(("http://", "https://")) and bool(urlsplit(where).hostname)
        except ValueError:
            usable = False
    if not usable:
        raise BadInput(
            f"The engine is given as {text[:80]!r}; it takes “local”, “space:owner/name” or a URL that "
            "starts with http:// or https://.",
            "backend",
        )
    name, _, password = environment.get(LOGIN, "").partition(":")
    login = (name, password) if name and password else None
    return Address(where, environment.get(TOKEN) or None, login)


class Lost(Failure):
    """The connection is gone; the next question makes a new one."""


class Connection:
    """Questions to another app. It connects at the first one, and again after it was lost."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._client: Any = None
        self._connecting = threading.RLock()

    def ask(
        self, question: Answer, files: list[str] | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Answer]:
        """The answers to a question, as they come.

        Once the token is set the work there is stopped; it ends with its last answers, or raises
        `Cancelled` where they do not come. Raises `BadInput` where the other
        app refuses this one; `Lost` and `Failure`.
        """
        from gradio_client import handle_file

        cancel, run = cancel or CancelToken(), secrets.token_hex(8)
        client = self._connected()
        try:
            named = {**question, "run": run}
            job = client.submit(named, [handle_file(Path(file)) for file in files or []], api_name="/engine")
            yield from self._answers(client, job, run, cancel)
        except (Cancelled, BadInput, Failure):
            raise
        except GeneratorExit:
            self._stop(client, run)
            raise
        except BaseException as problem:
            raise self._explained(problem) from problem

    def close(self) -> None:
        """Let go of the connection."""
        with self._connecting:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _answers(self, client: Any, job: Any, run: str, cancel: CancelToken) -> Iterator[Answer]:
        """The answers until the work is over; once cancelled, what it still says for a while."""
        read, stopped_at = 0, 0.0
        while True:
            finished = job.done()
            answers = job.outputs()
            for answer in answers[read:]:
                yield _checked(answer)
            read = len(answers)
            if finished:
                problem = job.exception()
                if problem is not None:
                    raise problem
                return
            if not stopped_at and cancel.cancelled:
                self._stop(client, run)
                stopped_at = time.monotonic()
            if stopped_at and time.monotonic() - stopped_at > LAST_WORDS_S:
                raise Cancelled
            time.sleep(POLL_S)

    def _stop(self, client: Any, run: str) -> None:
        """Stop the work there; nothing is waited for."""
        try:
            client.submit(run, api_name="/engine_cancel")
        except Exception:
            log.info("The engine could not be told to stop", exc_info=True)

    def _connected(self) -> Any:
        with self._connecting:
            if self._client is None:
                try:
                    self._client = self._new_client()
                except BaseException as problem:
                    raise self._explained(problem) from problem
            return self._client

    def _new_client(self) -> Any:
        from gradio_client import Client

        address = self.address
        # A token that is saved on this machine is for the hub: no other address ever sees it.
        token = address.token if address.is_space or address.token else False
        return Client(
            address.where,
            token=token,
            auth=address.login,
            verbose=False,
            analytics_enabled=False,
            download_files=False,
            httpx_kwargs={"timeout": TIMEOUT_S},
        )

    def _explained(self, problem: BaseException) -> BaseException:
        """What to raise for an error of the connection; it is let go of if it is of no more use."""
        from concurrent.futures import CancelledError

        import httpx
        from gradio_client.exceptions import AppError, AuthenticationError

        if not isinstance(problem, Exception) and not isinstance(problem, CancelledError):
            return problem
        address, name = self.address.shown, type(problem).__name__
        log.info("The engine at %s: %s: %s", address, name, problem)
        if name == "QueueError":
            return Failure(f"The engine at {address} is busy: its queue is full. Try again in a moment.")
        refused = isinstance(problem, AuthenticationError) or "Could not login" in str(problem)
        if refused or _status(problem) in (401, 403):
            self.close()
            return BadInput(self._refused(), "bundle")
        if name == "TooManyRequestsError" or _status(problem) == 429:
            return Failure(f"The engine at {address} takes no more requests for now. Try again in a minute.")
        if isinstance(problem, AppError):
            return Failure(
                f"The engine at {address} stopped on an error; its log has the details. Try again."
            )
        if isinstance(problem, ValueError) and "/engine" in str(problem):
            self.close()
            return BadInput(no_engine(address), "bundle")
        self.close()
        if isinstance(problem, ValueError) and not isinstance(problem, httpx.InvalidURL):
            return Lost(f"There is no engine at {address}: {_first_sentence(problem)} Check --backend.")
        return Lost(
            f"The connection to the engine at {address} is lost or was never there. See whether it runs and "
            "whether you are online, then try again."
        )

    def _refused(self) -> str:
        address = self.address.shown
        if self.address.is_space:
            return f"{address} did not let us in: set {TOKEN} to a Hugging Face token that may read it."
        problem = (
            "did not accept the name and password" if self.address.login else "asks for a name and password"
        )
        return f"The engine at {address} {problem}: set {LOGIN} to NAME:PASSWORD, then start again."


def no_engine(address: str) -> str:
    """The sentence for an app that has no engine for others."""
    return (
        f"What runs at {address} lends no engine: it is another app, or a Sonic UI older than {__version__}. "
        "Check --backend, or bring it up to date."
    )


def _checked(answer: Any) -> Answer:
    if not isinstance(answer, dict):
        raise Failure("The engine answered something that this app does not understand. Try again.")
    return answer


def _status(problem: BaseException) -> int | None:
    response = getattr(problem, "response", None)
    return getattr(response, "status_code", None)


def _first_sentence(problem: BaseException) -> str:
    return str(problem).strip().split("\n")[0][:160].rstrip(".") + "."
