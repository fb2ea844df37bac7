"""What is computed of a live session's records."""

from __future__ import annotations

import json
import struct

import pytest

from sonic_ui.evaluation.live import chunk_delays, first_label, named_rightly
from sonic_ui.evaluation.live_client import Record, read_records


def frame(time_s: float, chunk: int, label: str = "rain") -> Record:
    return Record(time_s, {"kind": "frame", "chunk": chunk, "labels": [[label, 0.9]]}, (b"",))


def test_each_chunk_waits_for_the_first_frame_painted_after_it_came() -> None:
    sent = {0: 0.0, 1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}
    frames = [frame(0.15, 0), frame(0.5, 2), frame(0.9, 3)]
    assert chunk_delays(frames, sent) == pytest.approx([0.15, 0.4, 0.3, 0.6])
    assert chunk_delays([], sent) == []


def test_frames_are_named_by_what_is_played_while_they_come() -> None:
    frames = [frame(5.0, 0), frame(6.0, 1, "wind"), frame(7.0, 2), frame(9.0, 3), frame(9.5, 8)]
    sent = {0: 1.0, 1: 2.0, 2: 3.0, 3: 8.0}
    played = [("rain", 0.5, 2.5), ("wind", 2.5, 4.0)]
    assert named_rightly(frames, sent, played, first_label) == [True, False, False]
    assert named_rightly(frames, sent, played, lambda frame: "rain") == [True, True, False]


def test_records_are_read_from_blocks_of_any_size() -> None:
    headers = [{"kind": "state", "sizes": []}, {"kind": "frame", "sizes": [3, 2]}]
    stream = b""
    for header, body in zip(headers, (b"", b"abcde"), strict=True):
        text = json.dumps(header).encode()
        stream += struct.pack("<I", len(text)) + text + body
    for size in (1, 7, len(stream)):
        blocks = [stream[start : start + size] for start in range(0, len(stream), size)]
        found = list(read_records(iter(blocks)))
        assert [one.header for one in found] == headers
        assert found[1].parts == (b"abc", b"de")
