"""The overview of a sound: its outline, spectrogram and loudness over time, whatever its length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.audio import overview
from sonic_ui.audio.loudness import gated_lufs, integrated_lufs
from sonic_ui.requests import BadInput

RATE = 16_000


def written(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, samples.astype(np.float32), rate, subtype="FLOAT")
    return path


def tone(hz: float, seconds: float, gain: float = 0.5) -> np.ndarray:
    return gain * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)


def test_the_outline_is_that_of_the_samples(tmp_path: Path) -> None:
    quiet_then_loud = np.concatenate([tone(300, 3, 0.05), tone(300, 1, 0.8)])
    seen = overview.read_overview(written(tmp_path / "a.wav", quiet_then_loud))
    columns = len(seen.outline)
    assert seen.duration_s == seen.seen_s == pytest.approx(4)
    assert seen.outline[: columns * 7 // 10, 1].max() == pytest.approx(0.05, abs=0.001)
    assert seen.outline[columns * 8 // 10 :, 1].max() == pytest.approx(0.8, abs=0.001)
    assert seen.outline[:, 0].min() == pytest.approx(-0.8, abs=0.001)


def test_a_higher_tone_lies_higher_in_the_spectrogram(tmp_path: Path) -> None:
    bands = [
        int(overview.read_overview(written(tmp_path / f"{hz}.wav", tone(hz, 1))).mel.mean(axis=1).argmax())
        for hz in (200, 1000, 5000)
    ]
    assert bands == sorted(set(bands))
    assert overview.read_overview(tmp_path / "200.wav").mel.max() == 1


def test_the_loudness_of_a_part_follows_from_its_mean_squares(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = np.concatenate([rng.standard_normal(3 * RATE) * gain for gain in (0.02, 0.2)])
    seen = overview.read_overview(written(tmp_path / "a.wav", samples))
    assert seen.power_s == 0.1 and len(seen.power_db) == 60
    for first, last in ((0, 60), (0, 30), (30, 60)):
        power = 10 ** (seen.power_db[first:last] / 10)
        blocks = np.convolve(power, np.full(4, 0.25), "valid")
        part = samples[round(first * 0.1 * RATE) : round(last * 0.1 * RATE)]
        assert gated_lufs(blocks) == pytest.approx(integrated_lufs(part, RATE), abs=0.1)


def test_a_long_file_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "WHOLE_S", 5.0)
    samples = np.concatenate([tone(440, 30, 0.1), tone(440, 30, 0.6)])
    seen = overview.read_overview(written(tmp_path / "a.wav", samples))
    assert seen.duration_s == seen.seen_s == pytest.approx(60)
    assert seen.outline.shape == (overview.SLICES, 2) and seen.mel.shape[1] == overview.SLICES
    assert seen.outline[290, 1] == pytest.approx(0.1, abs=0.01)
    assert seen.outline[310, 1] == pytest.approx(0.6, abs=0.01)
    assert seen.power_s == pytest.approx(60 / overview.SLICES)


@pytest.mark.parametrize("count", [1, 50, 3000])
def test_short_sounds_and_silence_are_drawn(tmp_path: Path, count: int) -> None:
    seen = overview.read_overview(written(tmp_path / "a.wav", np.zeros(count)))
    assert len(seen.outline) == min(count, overview.OUTLINE_COLUMNS)
    assert not seen.outline.any() and np.isfinite(seen.mel).all()


def test_a_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", tone(300, 1))
    first = overview.load_overview(path)
    assert overview.load_overview(path) is first
    written(path, tone(300, 2))
    assert overview.load_overview(path).duration_s == pytest.approx(2)
    (tmp_path / "b.wav").write_text("no sound")
    for name in ("b.wav", "gone.wav"):
        with pytest.raises(BadInput, match=name):
            overview.load_overview(tmp_path / name)
