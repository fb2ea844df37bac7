"""Live over HTTP: an endpoint that starts a session, and the routes of its sound and its frames.

`/start_live` takes the settings of a `LiveRequest` and answers {"address", ...}: below that address

    GET  frames                    the session's records, for as long as it lasts; leaving ends it
    POST sound?chunk&rate&shown    int16 PCM, mono, little endian, at that rate in Hz; `chunk` counts up,
                                   `shown` is the number of the newest frame that is shown
    POST hold?kind=                frozen, paused, or empty to go on
    POST keep?number               a record with that frame as PNG and its two seconds of sound as WAV
    POST record                    record from now on
    POST film                      a record with the film of the recording, which ends
    POST stop                      end

A record is what `session.live.pack` writes. Records of frames have the kinds "state", "quiet", "frame" (with
a JPEG) and "ended". What goes wrong is JSON with an `error`. All of it asks for the page's own password.

Plain requests and one answer that goes on are enough, and go wherever the page itself goes: through any
proxy, within the limits and the checks of `ui.server`, with no library besides.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio.to_thread
import gradio as gr
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sonic_ui.audio.rolling import HIGHEST_HZ, LOWEST_HZ, RATE_HZ
from sonic_ui.engine.events import Cancelled, CancelToken
from sonic_ui.engine.live import LiveFrame
from sonic_ui.media.metadata import write_picture, write_sound
from sonic_ui.media.temporary import new_folder
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.requests.live import LiveRequest
from sonic_ui.requests.quality import DRAFT, FINE
from sonic_ui.ui import api
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.session.live import RECORDING_STAYS_S, LiveSession, LiveSessions, frame_settings, pack

PATH = "/live"
MOST_BYTES = 2**20
"""Of one chunk of sound: ten seconds at 48 kHz."""

BYTES = "application/octet-stream"
STREAMED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Headers by which proxies pass frames on as they come."""

LOGIN_FIRST = "This page asks for a password. Log in first."
NOT_A_NUMBER = "The setting {name} of this address takes a whole number."
RETURNS = (
    "Returns the address of the session as JSON, below which sound goes up and frames come down: see "
    "sonic_ui/ui/live_api.py. It ends when its frames are fetched no longer."
)


def add_endpoint(context: AppContext) -> None:
    """Add `/start_live` to the current page."""

    def start(request: LiveRequest, caller: api.Caller) -> dict[str, Any]:
        return started(context, request, "")

    api.add_endpoint(
        "start_live", LiveRequest, start, {"session": gr.JSON}, api.describe(LiveRequest, RETURNS)
    )


def started(context: AppContext, request: LiveRequest, session: str) -> dict[str, Any]:
    """A new session, for whoever is to fetch its frames. Raises `BadInput`."""
    live = context.live.start(context.studio, request, session)
    return {"address": f"{PATH[1:]}/{live.ticket}", "rate_hz": RATE_HZ}


def live_routes() -> list[Route]:
    """The routes of all sessions, for the application that serves a `Page`."""
    actions: dict[str, Callable[[LiveSession, Request], Any]] = {
        "sound": _sound,
        "hold": _hold,
        "keep": _keep,
        "record": _record,
        "film": _film,
        "stop": _stop,
    }
    posts = [
        Route(f"{PATH}/{{ticket}}/{name}", _checked(action), methods=["POST"])
        for name, action in actions.items()
    ]
    return [Route(f"{PATH}/{{ticket}}/frames", _checked(_frames), methods=["GET"]), *posts]


def _checked(action: Callable[[LiveSession, Request], Any]) -> Callable[[Request], Any]:
    """A route for people who may see the page; what they did wrong is a sentence."""

    async def answer(request: Request) -> Response:
        _check_login(request)
        try:
            response: Response = await action(_sessions(request).find(request.path_params["ticket"]), request)
        except BadInput as problem:
            return JSONResponse({"error": problem.message, "field": problem.field}, 400)
        return response

    return answer


def _check_login(request: Request) -> None:
    """As Gradio's own routes do. Raises `HTTPException`."""
    app = request.app
    if app.auth is None and app.auth_dependency is None:
        return
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    tokens = (request.cookies.get(name) for name in names)
    if not any(token is not None and app.tokens.get(token) is not None for token in tokens):
        raise HTTPException(401, LOGIN_FIRST)


def _sessions(request: Request) -> LiveSessions:
    sessions: LiveSessions = request.app.get_blocks().live
    return sessions


def _number(request: Request, name: str, default: int, lowest: int, highest: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.lstrip("-").isdecimal() or not lowest <= int(text[:20]) <= highest:
        raise BadInput(f"{NOT_A_NUMBER.format(name=name)} It is from {lowest} to {highest}.", name)
    return int(text)


async def _frames(live: LiveSession, request: Request) -> Response:
    sessions = _sessions(request)
    if live.is_connected:
        raise BadInput("The frames of this session are fetched already. Start another.")

    async def records() -> AsyncIterator[bytes]:
        try:
            async for record in live.records():
                yield record
        finally:
            _forget(sessions, live)

    return StreamingResponse(records(), media_type=BYTES, headers=STREAMED)


def _forget(sessions: LiveSessions, live: LiveSession) -> None:
    """Let go of a session whose connection ended; of one with a recording a little later."""
    import asyncio

    if live.recording is None:
        sessions.forget(live)
    else:
        live.close()
        asyncio.get_running_loop().call_later(RECORDING_STAYS_S, sessions.forget, live)


async def _sound(live: LiveSession, request: Request) -> Response:
    chunk = _number(request, "chunk", 0, 0, 10**9)
    rate_hz = _number(request, "rate", RATE_HZ, LOWEST_HZ, HIGHEST_HZ)
    shown = _number(request, "shown", 0, 0, 10**9)
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise HTTPException(413, f"A chunk of sound takes {MOST_BYTES // 1024} KB at most.")
    live.hear(content, rate_hz, chunk, shown)
    return Response(status_code=204)


async def _hold(live: LiveSession, request: Request) -> Response:
    kind = request.query_params.get("kind", "")
    if kind not in ("", "frozen", "paused"):
        raise BadInput("A session is held “frozen” or “paused”, or goes on with an empty kind.", "kind")
    live.hold(kind)  # type: ignore[arg-type]
    return Response(status_code=204)


async def _stop(live: LiveSession, request: Request) -> Response:
    live.close()
    return Response(status_code=204)


async def _record(live: LiveSession, request: Request) -> Response:
    live.record()
    return Response(status_code=204)


async def _keep(live: LiveSession, request: Request) -> Response:
    frame = live.frame(_number(request, "number", 0, 0, 10**9))
    content = await anyio.to_thread.run_sync(_kept, live, frame)
    return Response(content, media_type=BYTES, headers=STREAMED)


def _kept(live: LiveSession, frame: LiveFrame) -> bytes:
    """The record of a frame that a person keeps: PNG and WAV, with settings inside and beside them."""
    stem = f"live-{frame.position_s:07.2f}s".replace(".", "-")
    request = as_request(frame, f"{stem}.wav")
    with new_folder() as folder:
        digest = hashlib.sha256(frame.window.tobytes()).hexdigest()
        settings = frame_settings(live.studio, frame, request, digest)
        sound = write_sound(frame.window, RATE_HZ, settings, Path(folder) / f"{stem}.wav")
        picture = Path(folder) / f"{stem}.png"
        write_picture(frame.image, settings, picture)
        header = {"kind": "kept", "names": [picture.name, sound.name], "settings": settings}
        return pack(header, picture.read_bytes(), sound.read_bytes())


def as_request(frame: LiveFrame, sound: str) -> SoundToImageRequest:
    """The request whose picture comes nearest to a frame: of its own two seconds of sound."""
    live = frame.request
    shared = ("prompt", "negative_prompt", "strength", "guidance_scale", "steps", "seed", "gain_db")
    gain = {"gain_db": max(-48.0, min(24.0, live.gain_db))}
    given = {name: getattr(live, name) for name in shared} | gain
    return SoundToImageRequest(sound=sound, quality=DRAFT if frame.is_draft else FINE, **given)


async def _film(live: LiveSession, request: Request) -> Response:
    sessions, cancel = _sessions(request), CancelToken()
    folder = new_folder("live-")
    try:
        path, settings = await anyio.to_thread.run_sync(
            live.write_film, Path(folder.name), cancel.check, abandon_on_cancel=True
        )
    except Cancelled:
        raise HTTPException(409, "Stopped.") from None
    except BaseException:
        cancel.cancel()
        folder.cleanup()
        raise
    finally:
        if live.is_over:
            sessions.forget(live)

    async def content() -> AsyncIterator[bytes]:
        try:
            header = {"kind": "film", "names": [path.name], "settings": settings}
            size = path.stat().st_size
            yield pack({**header, "sizes": [size]})
            async with await anyio.open_file(path, "rb") as file:
                while block := await file.read(2**18):
                    yield block
        finally:
            folder.cleanup()

    return StreamingResponse(content(), media_type=BYTES, headers=STREAMED)
