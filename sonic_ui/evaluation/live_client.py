"""A program that is live on a running app: it sends sound at its own pace, and reads the frames."""

import json
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from gradio_client import Client

RATE_HZ = 48_000
CHUNK_S = 0.15
"""Length of a chunk, as the page sends them."""

PATIENCE_S = 60.0
FAREWELL_S = 2.0


@dataclass(frozen=True)
class Record:
    """A record that came: when (`time.perf_counter`), its header, and its parts."""

    time_s: float
    header: dict[str, Any]
    parts: tuple[bytes, ...] = field(repr=False)


class LiveClient:
    """One session.

    records   what came so far; sent: when each chunk was sent, by its number
    """

    def __init__(self, address: str, **settings: Any) -> None:
        client = Client(address, verbose=False, httpx_kwargs={"timeout": PATIENCE_S})
        session = client.predict(api_name="/start_live", **settings)
        self.base = f"{address.rstrip('/')}/{session['address']}"
        self.http = httpx.Client(timeout=PATIENCE_S)
        self.records: list[Record] = []
        self.sent: dict[int, float] = {}
        self._stream = self.http.stream("GET", f"{self.base}/frames")
        self._response = self._stream.__enter__()
        self._response.raise_for_status()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for record in read_records(self._response.iter_bytes()):
                self.records.append(record)
        except (httpx.HTTPError, OSError, ValueError):
            return  # closed

    @property
    def frames(self) -> list[Record]:
        """The frames so far."""
        return [one for one in [*self.records] if one.header["kind"] == "frame"]

    @property
    def shown(self) -> int:
        """The number of the newest frame."""
        frames = self.frames
        return int(frames[-1].header["number"]) if frames else 0

    def play(self, samples: np.ndarray, chunk_s: float = CHUNK_S) -> None:
        """Send float samples [T] at 48 kHz, chunk by chunk, in their own time."""
        step, begin, first = round(chunk_s * RATE_HZ), time.perf_counter(), len(self.sent)
        for number, start in enumerate(range(0, samples.size, step)):
            part = samples[start : start + step]
            time.sleep(max(0.0, begin + (start + part.size) / RATE_HZ - time.perf_counter()))
            pcm = np.rint(np.clip(part, -1, 1) * 32767).astype("<i2").tobytes()
            self.sent[first + number] = time.perf_counter()
            query = {"chunk": first + number, "rate": RATE_HZ, "shown": self.shown}
            self.http.post(f"{self.base}/sound", params=query, content=pcm).raise_for_status()

    def post(self, action: str, **query: Any) -> httpx.Response:
        """Another request below the session's address."""
        return self.http.post(f"{self.base}/{action}", params=query)

    def leave(self) -> None:
        """Go, as a page does that is closed."""
        self._response.close()
        self.http.close()
        self._thread.join(FAREWELL_S)  # one who was sent away may wait for a word that never comes


def read_records(blocks: Iterator[bytes]) -> Iterator[Record]:
    """Records of a stream of bytes; see `sonic_ui.ui.session.live.pack`."""
    buffer = b""
    for block in blocks:
        buffer += block
        while len(buffer) >= 4:
            length = struct.unpack("<I", buffer[:4])[0]
            if len(buffer) < 4 + length:
                break
            header = json.loads(buffer[4 : 4 + length])
            offset, sizes = 4 + length, header["sizes"]
            if len(buffer) < offset + sum(sizes):
                break
            parts = []
            for size in sizes:
                parts.append(buffer[offset : offset + size])
                offset += size
            yield Record(time.perf_counter(), header, tuple(parts))
            buffer = buffer[offset:]
