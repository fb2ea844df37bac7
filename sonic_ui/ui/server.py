"""Between the network and the page: who may send what, sentences for what fails, and the start."""

import ipaddress
import logging
import math
import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
from fastapi.exceptions import RequestValidationError
from gradio import http_server
from gradio.brotli_middleware import BrotliMiddleware
from gradio.exceptions import ServerFailedToStartError
from gradio.route_utils import FnIndexInferError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sonic_ui.requests import VERBS
from sonic_ui.requests.fields import shown
from sonic_ui.ui.identity import card_settings
from sonic_ui.ui.late_loading import leave_out_endpoints
from sonic_ui.ui.session.live import LiveSessions
from sonic_ui.ui.session.logins import LoginThrottle

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 8 * 2**20
"""Of everything that is no upload; a curve of 200,000 numbers is half of it."""

MAX_LOG_CHARACTERS = 2048
"""Of one line of the log."""

START_S = 300.0
"""How long the server may take to start on a busy machine."""

READING = ("GET", "HEAD", "OPTIONS")
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
FAILED = "sonic_ui.failed"
"""Key of an ASGI scope whose handler failed by a fault of the app."""

TOO_LONG = (
    f"What was sent is longer than {MAX_BODY_BYTES // 2**20} MB. Upload sounds and pictures as files "
    "(/gradio_api/upload), and send what the upload answers."
)
FOREIGN_PAGE = (
    "A page of another address may not send this. Open the app itself; a proxy in front of it has to pass on "
    "the Host header."
)
APP_FAILED = "Something went wrong in the app itself; its log has the details. Try again."
HOW_TO_CALL = "/gradio_api/info says what each endpoint takes; gradio_client calls them."
NOT_UNDERSTOOD = f"This call is not understood. {HOW_TO_CALL}"
NO_ENDPOINT = "There is no endpoint of this name. /gradio_api/info lists them."
NO_FILE = (
    "What was sent for {names} is no file that was uploaded here. Upload it first (gradio_client: "
    "handle_file), then send what the upload answered."
)
PERSONS_MISTAKES = (LookupError, ValueError, TypeError, AttributeError, RecursionError)
"""What Gradio's own routes raise for calls of a wrong form."""


class Page(gr.Blocks):
    """Blocks in which everything that goes wrong is a sentence: before a handler is called, and in it.

    live   who is live on it
    """

    live: LiveSessions

    def get_config_file(self, *args: Any, **options: Any) -> Any:
        """What the page is made of, and what the card of its address says.

        The components of endpoints are left out of the page itself, not of what programs read.
        """
        config = super().get_config_file(*args, **options)
        leave_out_endpoints(config)
        return {**config, **card_settings()}

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """The values for a handler; a call of a wrong form is refused here.

        Settings are only ever added at the end: a program that knows fewer of them leaves the others open.
        """
        missing = len(block_fn.inputs) - len(inputs)
        if missing > 0 and inputs and block_fn.api_name in VERBS:
            inputs = [*inputs, *[None] * missing]
        elif missing > 0:
            raise gr.Error(_too_few(block_fn, len(inputs)), print_exception=False)
        try:
            return await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except gr.Error:
            raise
        except Exception as error:
            log.debug("Refused before the handler", exc_info=error)
            raise gr.Error(_not_usable(block_fn, inputs), print_exception=False) from None

    async def process_api(self, block_fn: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """The values that a handler answers; a person's mistake leaves no traceback in the log."""
        try:
            return await super().process_api(block_fn, *args, **options)
        except gr.Error as problem:
            problem.print_exception = False
            raise
        except Exception:
            log.exception("The handler of %s failed", getattr(block_fn, "api_name", block_fn))
            connection = getattr(options.get("request"), "request", None)
            if connection is not None:
                connection.scope[FAILED] = True
            raise gr.Error(APP_FAILED, print_exception=False) from None


def _too_few(block_fn: Any, given: int) -> str:
    names = [str(block.label or block.get_block_name()) for block in block_fn.inputs]
    return (
        f"The endpoint {block_fn.api_name} takes {len(names)} values ({', '.join(names)}), in this order; "
        f"{given} came. Send null for what is left open, or call it with gradio_client, which does."
    )


def _not_usable(block_fn: Any, inputs: list[Any]) -> str:
    """The sentence for values that a handler cannot be given: files from elsewhere, most often."""
    files = [
        str(block.label or block.get_block_name())
        for block, value in zip(block_fn.inputs, inputs, strict=False)
        if value and getattr(block, "data_model", None) is not None
    ]
    return NO_FILE.format(names=", ".join(files)) if files else NOT_UNDERSTOOD


class Guard:
    """ASGI middleware: limits what is sent and from where, slows guessing, answers what fails with words."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._logins = LoginThrottle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, answer = Request(scope), _Answer(scope, send)
        try:
            _check_origin(request)
            limited = receive if _is_upload(request) else _limited(request, receive)
            if request.method == "POST" and request.url.path.rstrip("/").endswith("/login"):
                await self._login(request, limited, answer)
            else:
                await self._app(scope, limited, answer.send)
        except Exception as error:
            status, words, headers = _explained(error, request)
            if answer.started:  # the stream ends here
                await answer.send({"type": "http.response.body", "body": b""})
            else:
                await _sentence(status, words, headers)(scope, receive, send)

    async def _login(self, request: Request, receive: Receive, answer: "_Answer") -> None:
        address = request.client.host if request.client else ""
        wait_s = math.ceil(self._logins.begin(address))
        if wait_s > 0:
            words = f"Too many wrong passwords were tried. Try again in {wait_s} s."
            raise HTTPException(429, words, {"Retry-After": str(wait_s)})
        await self._app(request.scope, receive, answer.send)
        if answer.status < 400:
            self._logins.succeeded(address)


class CompressedPage(BrotliMiddleware):
    """ASGI middleware: the page, its configuration and the description of the endpoints go compressed.

    Gradio itself compresses files by their ending, and nothing else: events and media stay as they are.
    """

    def _is_compressible_file_type(self, scope: Scope) -> bool:
        path = scope["path"].rstrip("/")
        inside = path.removeprefix(scope.get("root_path", "").rstrip("/"))
        return inside in ("", "/config", "/gradio_api/info")


AFTER_CONFIGURATION = b"</script><script>window.gradio_api_info"
UNWATCHED = b";Object.setPrototypeOf(window.gradio_config.dependencies, Object.create(Array.prototype))"


class UnwatchedEvents:
    """ASGI middleware: the page's list of events goes to it as one that Svelte does not wrap.

    Gradio's page looks through all of its events for each component, twice, and never changes them. Wrapped
    to be watched, as plain lists are, each look costs many times as much. A page without the mark stays.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inside = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/")) if "path" in scope else ""
        if scope["type"] != "http" or scope["method"] != "GET" or inside not in ("", "/"):
            await self._app(scope, receive, send)
            return
        start: list[Message] = []

        async def mark(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
                return
            if start and not message.get("more_body"):
                body = message["body"].replace(AFTER_CONFIGURATION, UNWATCHED + AFTER_CONFIGURATION, 1)
                headers = MutableHeaders(raw=list(start[0]["headers"]))
                if "content-length" in headers:
                    headers["content-length"] = str(len(body))
                start[0] = {**start[0], "headers": headers.raw}
                message = {**message, "body": body}
            for waiting in start:
                await send(waiting)
            start.clear()
            await send(message)

        await self._app(scope, receive, mark)


class _Answer:
    """What was sent so far of the answer to one request."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.started = False
        self.status = 0

    async def send(self, message: Message) -> None:
        """Send on; a handler's refusal, which Gradio calls an error of the server, is one of the caller."""
        if message["type"] == "http.response.start":
            direct = "/run/" in self._scope["path"] or "/api/" in self._scope["path"]
            if direct and message["status"] == 500 and not self._scope.get(FAILED):
                message = {**message, "status": 400}
            self.started, self.status = True, message["status"]
        await self._send(message)


def _is_upload(request: Request) -> bool:
    """Whether this is one of the two routes that limit the size of files themselves."""
    path, kind = request.url.path.rstrip("/"), request.headers.get("content-type", "")
    return path.endswith(("/upload", "/component_server")) and kind.startswith("multipart/form-data")


def _limited(request: Request, receive: Receive) -> Receive:
    """`receive` that refuses a body which is too long, before it is read where its length is known."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MAX_BODY_BYTES:
        raise HTTPException(413, TOO_LONG)
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise HTTPException(413, TOO_LONG)
        return message

    return limited


def _check_origin(request: Request) -> None:
    """Refuse what a page of another site sends through a person's browser: uploads, and all to this computer.

    Browsers name the sender in Sec-Fetch-Site (W3C Fetch Metadata) and Origin; programs send neither.
    """
    if request.method in READING:
        return
    headers = request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        foreign = site not in ("same-origin", "none")
    else:
        foreign = origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()
    guarded = request.url.path.rstrip("/").endswith("/upload") or is_loopback(_host_name(request))
    if foreign and guarded:
        raise HTTPException(403, FOREIGN_PAGE)


def _explained(error: Exception, request: Request) -> tuple[int, str, dict[str, str]]:
    """Status, sentence and headers for what a route raised; what the person did not cause goes to the log."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, HTTPException):
        return error.status_code, str(error.detail), dict(error.headers or {})
    if isinstance(error, FnIndexInferError):
        return 404, NO_ENDPOINT, {}
    if isinstance(error, PERSONS_MISTAKES):
        log.warning("Not understood: %s %r (%r)", request.method, request.url.path, error)
        log.debug("Not understood", exc_info=error)
        return 400, NOT_UNDERSTOOD, {}
    log.error("A request failed: %s %r", request.method, request.url.path, exc_info=error)
    return 500, APP_FAILED, {}


async def _wrong_body(request: Request, error: RequestValidationError) -> JSONResponse:
    """The answer to a body of a wrong form. It never repeats the body, which may hold what no JSON can."""
    first = error.errors()[0]
    path = ".".join(str(part) if isinstance(part, int) else shown(part) for part in first["loc"])
    return _sentence(422, f"The call is wrong at {path}: {str(first['msg']).lower()}. {HOW_TO_CALL}")


def _sentence(status: int, words: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """A sentence in the forms that Gradio's clients look for."""
    return JSONResponse({"error": words, "detail": [{"msg": words}]}, status, headers)


def server_options(*inner: Middleware, routes: Sequence[BaseRoute] = ()) -> dict[str, Any]:
    """Options of `Blocks.launch` that put the guard before the page; fresh ones: Gradio adds to them.

    inner   middleware that stands between the two
    routes  come before Gradio's own
    """
    return {
        "app_kwargs": {
            "routes": [*routes],
            "middleware": [
                Middleware(Guard),
                Middleware(CompressedPage),
                Middleware(UnwatchedEvents),
                *inner,
            ],
            "exception_handlers": {RequestValidationError: _wrong_body},
        },
        "_frontend": False,  # else Gradio gives up on its own page if it is not there within three seconds
    }


# Who is at the machine


def is_loopback(host: str) -> bool:
    """Whether an address or a name is this computer's own."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _host_name(request: Request) -> str:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def is_at_the_machine(request: Request | None) -> bool:
    """Whether a request comes from this computer itself, neither forwarded nor by an MCP server."""
    if request is None or request.client is None:
        return False
    near = is_loopback(request.client.host) and is_loopback(_host_name(request))
    forwarded = any(name in request.headers for name in FORWARDED)
    return near and not forwarded and request.headers.get("x-gradio-user") != "mcp"


# Start


class PatientServer(http_server.Server):
    """uvicorn on a thread that may take its time to start. Gradio's own gives up after five seconds."""

    def run_in_thread(self) -> None:
        """Return once it serves. Raises `ServerFailedToStartError` if it ends instead."""
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        deadline = time.monotonic() + START_S
        while not self.started:
            if not self.thread.is_alive() or time.monotonic() > deadline:
                raise ServerFailedToStartError("The server did not start.")
            time.sleep(0.01)


def serve(page: gr.Blocks, **options: Any) -> tuple[Any, str, str]:
    """`page.launch` that waits for a slow machine: the server, its address, the public one if there is one.

    Raises OSError where there is no free port.
    """
    usual, http_server.Server = http_server.Server, PatientServer
    try:
        server, address, public = page.launch(prevent_thread_lock=True, **options)
    finally:
        http_server.Server = usual
    return server, address, public


class ShortLines(logging.Formatter):
    """Lines of the log, each cut at `MAX_LOG_CHARACTERS`: what strangers send is no way to fill a disk."""

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).split("\n")
        return "\n".join(
            line if len(line) <= MAX_LOG_CHARACTERS else f"{line[:MAX_LOG_CHARACTERS]} …" for line in lines
        )


def log_short_lines() -> None:
    """Let the app's log go to the terminal in short lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(ShortLines("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
