"""Where a browser cannot play a file, the page plays what was decoded of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.engine.studio import Studio
from sonic_ui.ui.components import sound_file
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets import sound_input
from tests.fakes import FakeBackend


@pytest.mark.parametrize(("name", "most_s"), [("a.aiff", 300.0), ("a.w64", 300.0), ("a.caf", 1.0)])
def test_what_was_decoded_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most_s: float
) -> None:
    monkeypatch.setattr(sound_input, "PLAYED_S", most_s)
    sound = 0.3 * np.random.default_rng(0).uniform(-1, 1, 32000).astype(np.float32)
    soundfile.write(tmp_path / name, sound, 16000)
    context = AppContext(Studio(FakeBackend()))  # its folder goes with it
    value = sound_input.decoded_file(context, str(tmp_path / name), 3)
    assert value["number"] == 3 and "cannot play" in value["words"]
    assert ("It has the first" in value["words"]) == (most_s < 2)
    info = soundfile.info(value["file"]["path"])
    assert (info.format, info.samplerate) == ("FLAC", 48000)
    assert info.duration == pytest.approx(min(2.0, most_s), abs=0.01)


def test_what_cannot_be_decoded_is_not_played(tmp_path: Path) -> None:
    context = AppContext(Studio(FakeBackend()))
    (tmp_path / "a.amr").write_bytes(b"no sound at all")
    for path in (None, str(tmp_path / "a.amr"), str(tmp_path / "gone.wav")):
        assert sound_input.decoded_file(context, path, 1) == sound_file.not_playable(1)
