"""Where a browser cannot play a file, the page plays what was decoded of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.engine.studio import Studio
from sonic_ui.ui.components import sound_file
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.sound_input import decoded_file
from tests.fakes import FakeBackend


@pytest.mark.parametrize(("name", "seconds"), [("a.aiff", 2.0), ("a.w64", 2.0), ("a.caf", 310.0)])
def test_what_was_decoded_is_played(tmp_path: Path, name: str, seconds: float) -> None:
    context = AppContext(Studio(FakeBackend()))
    rate = 2000 if seconds > 10 else 16000
    sound = 0.3 * np.random.default_rng(0).uniform(-1, 1, int(seconds * rate)).astype(np.float32)
    soundfile.write(tmp_path / name, sound, rate)
    value = decoded_file(context, str(tmp_path / name), 3)
    assert value["number"] == 3 and "cannot play" in value["words"]
    assert ("first 5 minutes" in value["words"]) == (seconds > 300)
    info = soundfile.info(value["file"]["path"])
    assert (info.format, info.samplerate) == ("FLAC", 48000)
    assert info.duration == pytest.approx(min(seconds, 300.0), abs=0.01)


def test_what_cannot_be_decoded_is_not_played(tmp_path: Path) -> None:
    context = AppContext(Studio(FakeBackend()))
    (tmp_path / "a.amr").write_bytes(b"no sound at all")
    for path in (None, str(tmp_path / "a.amr"), str(tmp_path / "gone.wav")):
        assert decoded_file(context, path, 1) == sound_file.not_playable(1)
