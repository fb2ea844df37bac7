"""Sessions that are live: sound comes in chunks, frames go out, and nothing of either stays on the server."""

import asyncio
import contextlib
import json
import secrets
import struct
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import anyio.to_thread

from sonic_ui import __version__
from sonic_ui.audio.rolling import RATE_HZ, RollingSound, pcm_samples
from sonic_ui.engine.events import LABELS_SHOWN, Cancelled, CancelToken, encode_error
from sonic_ui.engine.live import MEMORY_S, LiveFrame, LivePainter, LiveTurns
from sonic_ui.engine.studio import Studio
from sonic_ui.media.live_film import LiveRecording
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.requests.live import LiveRequest
from sonic_ui.ui.widgets.fields import label_sentence

MOST_SESSIONS = 12
"""So many may be live or wait for their turn."""

GONE_S = 2.0
"""Without a chunk for so long a session gives its turn away; the next chunk asks for it again."""

CONNECT_S = 20.0
"""A session whose frames nobody fetches for so long after it was started is forgotten."""

AWAY_S = 60.0
"""A session that is paused, frozen or without sound for so long ends."""

RECORDING_STAYS_S = 30.0
"""How long a recording can still be fetched after its connection broke."""

POLL_S = 0.25
UNSHOWN = 3
"""Frames that may be under way to a page: of a slow connection none queue up."""

KEPT_FRAMES = 8
"""The newest frames, which can be kept."""

BUSY = (
    f"{MOST_SESSIONS} people are live on this engine already, or wait for it. Try again in a few minutes, or "
    "run the app on your own computer."
)
AWAY = "Live has ended, because nothing was heard for a minute. Press Start to go on."
GONE = "This frame is gone: only the newest can be kept. Freeze first, then keep."
ENDED = "This session is over. Press Start for another."

State = Literal["waking", "live", "waiting", "frozen", "paused", "silent"]


def pack(header: dict[str, Any], *parts: bytes) -> bytes:
    """A record: the length of the header as uint32 (little endian), the header as JSON, the parts.

    The header's `sizes` are the lengths of the parts.
    """
    sizes = {"sizes": [len(part) for part in parts]}
    text = json.dumps(sizes | header, ensure_ascii=False).encode()
    return struct.pack("<I", len(text)) + text + b"".join(parts)


def as_jpeg(frame: LiveFrame) -> bytes:
    """A frame for the page."""
    buffer = BytesIO()
    frame.image.convert("RGB").save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


class LiveSession:
    """One person's sound and frames. All but `close` and `change` is called on the server's event loop.

    session   the page's session, whose end ends it
    ticket    its name in addresses, which nobody can guess
    """

    def __init__(
        self, studio: Studio, turns: LiveTurns, request: LiveRequest, session: str, now: Callable[[], float]
    ) -> None:
        self.session = session
        self.ticket = secrets.token_urlsafe(24)
        self.recording: LiveRecording | None = None
        self.studio = studio
        self._turns, self._request = turns, request
        self._cancel = CancelToken()
        self._sound = RollingSound(MEMORY_S)
        self._painter: tuple[object, LivePainter] | None = None
        self._frames: OrderedDict[int, LiveFrame] = OrderedDict()
        self._number = 0
        self._shown = 0
        self._chunk = -1
        self._painted_chunk = -1
        self._hold: Literal["", "frozen", "paused"] = ""
        self._news = asyncio.Event()
        self._now = now
        self._last_chunk_s = self._active_s = self.started_s = now()
        self.is_connected = False
        self._ahead_on_device = 0
        self._record_from_s = 0.0

    # What comes in

    def hear(self, content: bytes, rate_hz: int, chunk: int, shown: int) -> None:
        """A chunk of int16 PCM; chunk: its number, shown: the number of the newest frame that is shown."""
        samples = pcm_samples(content, rate_hz)
        self._sound.append(samples)
        if self.recording is not None:
            self.recording.add_sound(samples)
        self._chunk, self._shown = chunk, max(self._shown, min(shown, self._number))
        self._last_chunk_s = self._now()
        self._news.set()

    def change(self, request: LiveRequest) -> None:
        """Paint the next frames with other settings."""
        self._request = request

    def hold(self, kind: Literal["", "frozen", "paused"]) -> None:
        """Stop painting: frozen by the person, paused by a page that is not seen; or go on."""
        self._hold = kind
        self._last_chunk_s = self._now()
        self._news.set()

    def close(self) -> None:
        """End it: the engine is free within a step."""
        self._cancel.cancel()
        self._turns.leave(self)

    @property
    def is_over(self) -> bool:
        return self._cancel.cancelled

    # What goes out

    async def records(self) -> AsyncIterator[bytes]:
        """States and frames, until it ends; see `pack`. Whoever stops reading ends it."""
        reported: dict[str, Any] = {}
        self.is_connected, self._last_chunk_s, self._active_s = True, self._now(), self._now()
        try:
            while not self.is_over:
                state = self._state()
                if state != reported:
                    reported = state
                    yield pack({"kind": "state", **state})
                if self._now() - self._active_s > AWAY_S:
                    yield pack({"kind": "ended", "words": AWAY})
                    return
                if state["state"] != "live" or not self._is_due:
                    await self._wait()
                    continue
                async for record in self._painted():
                    yield record
        except Exception as error:
            yield pack({"kind": "ended", "words": encode_error(error)["words"]})
        finally:
            self.close()

    def _state(self) -> dict[str, Any]:
        """The state for the page. Who cannot paint now gives the turn to others."""
        silent = self._now() - self._last_chunk_s > GONE_S
        if self._hold or silent or self._chunk < 0:
            self._turns.leave(self)
            return {"state": self._hold or ("silent" if silent else "waking")}
        self._active_s = self._now()
        ahead = self._turns.ahead(self)
        return {"state": "waiting", "ahead": ahead} if ahead else {"state": "live"}

    @property
    def _is_due(self) -> bool:
        return self._chunk > self._painted_chunk and self._number - self._shown < UNSHOWN

    async def _wait(self) -> None:
        """Wait for news, and look after the turn now and then."""
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), POLL_S)

    async def _painted(self) -> AsyncIterator[bytes]:
        """The next frame; before it, what is waited for."""
        chunk, self._painted_chunk = self._chunk, self._chunk
        work = asyncio.ensure_future(anyio.to_thread.run_sync(self._paint))
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio complains
        reported = 0
        while not (await asyncio.wait({work}, timeout=POLL_S))[0]:
            if self._ahead_on_device != reported:
                reported = self._ahead_on_device
                yield pack({"kind": "state", "state": "live", "jobs": reported})
        if self.is_over:
            return
        if (painted := work.result()) is None:
            yield pack({"kind": "quiet", "chunk": chunk})
            return
        frame, jpeg = painted
        self._number += 1
        self._frames[self._number] = frame
        while len(self._frames) > KEPT_FRAMES:
            self._frames.popitem(last=False)
        if self.recording is not None:
            self.recording.add_frame(jpeg, frame.position_s - self._record_from_s)
        yield pack({"kind": "frame", "number": self._number, "chunk": chunk, **_described(frame)}, jpeg)

    def _paint(self) -> tuple[LiveFrame, bytes] | None:
        """Paint a frame of what is heard now, on a thread. None: too quiet."""

        def on_wait(ahead: int) -> None:
            self._ahead_on_device = ahead

        self._ahead_on_device = 0
        backend = self.studio.backend
        if self._painter is None or self._painter[0] is not backend:
            self._painter = (backend, self.studio.live_painter())
        self._painter[1].words = self.studio.words_of(self.session)
        memory, position_s = self._sound.newest()
        try:
            frame = self._painter[1].paint(self._request, memory, position_s, self._cancel, on_wait)
        except Cancelled:
            return None
        return None if frame is None else (frame, as_jpeg(frame))

    # What is kept, by the person

    def frame(self, number: int) -> LiveFrame:
        """One of the newest frames. Raises `BadInput`."""
        if number not in self._frames:
            raise BadInput(GONE)
        return self._frames[number]

    def record(self) -> None:
        """Record from now on, beginning with the frame that is shown."""
        self.recording = LiveRecording(RATE_HZ)
        self._record_from_s = self._sound.position_s
        if self._frames:
            self.recording.add_frame(as_jpeg(self._frames[next(reversed(self._frames))]), 0.0)

    def write_film(self, folder: Path, check: Callable[[], None]) -> tuple[Path, dict[str, Any]]:
        """The film of the recording, which ends with it, and its settings. Raises `BadInput`."""
        recording, self.recording = self.recording, None
        if recording is None:
            raise BadInput("Nothing is being recorded. Press Record first.")
        settings = {**_settings(self.studio, self._request), "length_s": round(recording.duration_s, 2)}
        return recording.write(folder / f"live-{self._request.seed}", settings, check), settings


def _described(frame: LiveFrame) -> dict[str, Any]:
    return {
        "heard": label_sentence(frame.labels, frame.is_unknown),
        "unknown": frame.is_unknown,
        "labels": [[one.name, round(one.probability, 3)] for one in frame.labels[:LABELS_SHOWN]],
    }


def frame_settings(
    studio: Studio, frame: LiveFrame, request: SoundToImageRequest, digest: str
) -> dict[str, Any]:
    """The settings that a kept frame carries: those of a picture of its own window of sound, and `live`."""
    settings = {
        **_settings(studio, request),
        "sound_sha256": digest,
        "sound_listened_s": [0.0, round(frame.window.size / RATE_HZ, 3)],
        "sound_heard": [[one.name, round(one.probability, 4)] for one in frame.labels[:LABELS_SHOWN]],
        "live": {"smoothing_s": frame.request.smoothing_s, "position_s": round(frame.position_s, 2)},
    }
    if frame.known_probability is not None:
        settings["sound_known"] = round(frame.known_probability, 4)
    return settings


def _settings(studio: Studio, request: LiveRequest | SoundToImageRequest) -> dict[str, Any]:
    return {
        "app": f"Sonic UI {__version__}",
        "bundle": studio.info.name,
        "request": request.model_dump(mode="json"),
    }


class LiveSessions:
    """All sessions that are live or wait; safe to share between threads.

    now   a clock, in seconds
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._turns = LiveTurns(clock=now)
        self._now = now
        self._lock = threading.Lock()
        self._sessions: dict[str, LiveSession] = {}

    def start(self, studio: Studio, request: LiveRequest, session: str) -> LiveSession:
        """A new one; an earlier one of the same page ends. Raises `BadInput`."""
        studio.check_live()
        if session:
            self.release(session)
        with self._lock:
            missed = self._now() - CONNECT_S
            for one in [*self._sessions.values()]:
                if not one.is_connected and one.started_s < missed:
                    del self._sessions[one.ticket]
            if len(self._sessions) >= MOST_SESSIONS:
                raise BadInput(BUSY)
            made = LiveSession(studio, self._turns, request, session, self._now)
            self._sessions[made.ticket] = made
        return made

    def find(self, ticket: str) -> LiveSession:
        """The session of a ticket. Raises `BadInput`."""
        with self._lock:
            found = self._sessions.get(ticket)
        if found is None:
            raise BadInput(ENDED)
        return found

    def of_page(self, session: str) -> LiveSession | None:
        """What runs of a page's session."""
        with self._lock:
            return next((one for one in self._sessions.values() if one.session == session), None)

    def forget(self, one: LiveSession) -> None:
        """End a session, and let go of all that it holds."""
        one.close()
        with self._lock:
            self._sessions.pop(one.ticket, None)

    def release(self, session: str) -> None:
        """The page was closed."""
        with self._lock:
            own = [one for one in self._sessions.values() if one.session == session]
        for one in own:
            self.forget(one)

    @property
    def count(self) -> int:
        with self._lock:
            return len(self._sessions)
