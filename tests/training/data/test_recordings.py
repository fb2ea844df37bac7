"""Which recordings are of which source, and takes of them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.scenes.sounds.synthesis import Synth
from sonic_ui.scenes.world import SOURCES
from sonic_ui.training.data.machine_loops import LOOPS, machine_loop
from sonic_ui.training.data.other_kinds import KINDS, other_sound
from sonic_ui.training.data.recordings import (
    AMBIGUOUS_LABELS,
    CALIBRATION_GROUPS,
    SOURCE_OF_LABEL,
    read_recordings,
)
from sonic_ui.training.data.sounds import ClipInfo, load_clips, store_recordings
from sonic_ui.training.data.tagged_sounds import TakeBank
from sonic_ui.training.data.takes import coded, cropped, laid_out, take_of

SR = 48_000
SHARED = Path(__file__).parents[4] / "shared" / "data"
COLUMNS = ("file", "label", "fold", "seconds", "licence", "author", "source", "use")


def write_recordings(folder: Path) -> Path:
    """A folder with a table of six short recordings."""
    rows = [
        ("sounds/rain/a.wav", "rain", "", "train"),
        ("sounds/rain/modsounds_train_whistle.ogg", "rain", "", "train"),
        ("sounds/music/b.wav", "music", "", "train"),
        ("sounds/hail/c.wav", "hail", "", "train"),
        ("sounds/rain/d.wav", "rain", "4", "report"),
        ("sounds/train/e.wav", "train", "", "tune"),
    ]
    rng = np.random.default_rng(0)
    for name, *_ in rows:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, rng.normal(0, 0.1, SR).astype(np.float32), SR)
    with (folder / "sounds.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(
            (n, label, fold, 1.0, "CC0", "me", f"me/{use} x", use) for n, label, fold, use in rows
        )
    return folder


def test_every_source_has_a_label_and_no_label_two_meanings() -> None:
    assert set(SOURCE_OF_LABEL.values()) == set(SOURCES)
    assert not set(SOURCE_OF_LABEL) & set(AMBIGUOUS_LABELS)


def test_use_is_binding_and_labels_have_their_meaning(tmp_path: Path) -> None:
    found = {r.path.name: r for r in read_recordings(write_recordings(tmp_path))}
    assert set(found) == {"a.wav", "modsounds_train_whistle.ogg", "b.wav", "c.wav"}
    assert found["modsounds_train_whistle.ogg"].source == "train"
    assert found["a.wav"].source == "rain" and not found["a.wav"].is_other_kind
    assert found["b.wav"].is_other_kind and not found["b.wav"].is_ambiguous
    assert found["c.wav"].is_ambiguous and found["c.wav"].source is None and not found["c.wav"].is_other_kind
    report = read_recordings(tmp_path, ("report",))
    assert [r.group for r in report] == ["me/report fold 4"]
    assert read_recordings(tmp_path / "nowhere") == []


@pytest.mark.skipif(not SHARED.exists(), reason="real recordings are not part of the project")
def test_no_group_is_trained_on_and_tuned_on() -> None:
    train = {r.group.split(" fold")[0] for r in read_recordings(SHARED, ("train",))}
    tune = {r.group for r in read_recordings(SHARED, ("tune",))}
    assert train and not train & tune and tune > CALIBRATION_GROUPS


@pytest.mark.parametrize("seconds", [0.2, 3.0, 12.0])
def test_a_take_is_as_long_as_asked_and_as_loud_as_any(seconds: float) -> None:
    samples = np.random.default_rng(1).normal(0, 0.02, int(seconds * SR)).astype(np.float32)
    for seed in range(6):
        take = take_of(samples, Synth(np.random.default_rng(seed), 2 * SR, SR))
        assert take.shape == (2 * SR,) and np.isfinite(take).all()
        assert np.sqrt(np.mean(take**2)) == pytest.approx(1.0, abs=1e-3)


def test_parts_of_a_take_keep_what_they_are_given() -> None:
    synth = Synth(np.random.default_rng(0), 400, 100)
    ramp = np.linspace(0.1, 1, 1000, dtype=np.float32)
    assert cropped(ramp, synth).size <= 448
    assert np.isin(np.unique(laid_out(ramp, replace(synth, n=4000))), np.append(ramp, 0)).all()
    tone = np.sin(np.arange(SR) * 0.05).astype(np.float32)
    for seed in range(8):
        heard = coded(tone, Synth(np.random.default_rng(seed), SR, SR))
        assert heard.shape == tone.shape and np.isfinite(heard).all()


def test_further_sounds_are_finite_at_unit_rms() -> None:
    for seed in range(3):
        for source in LOOPS:
            sound = machine_loop(source, np.random.default_rng(seed), 1.0, SR)
            assert sound.shape == (SR,) and np.sqrt(np.mean(sound**2)) == pytest.approx(1.0, abs=1e-3)
        assert np.isfinite(other_sound(np.random.default_rng(seed), 1.0, SR)).all()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_other_kind_sounds(kind: str) -> None:
    make, _ = KINDS[kind]
    sound = np.asarray(make(Synth(np.random.default_rng(5), 2 * SR, SR)))
    assert sound.shape == (2 * SR,) and np.isfinite(sound).all() and np.abs(sound).max() > 1e-3


def test_only_recordings_for_training_are_stored_to_train_on(tmp_path: Path) -> None:
    data = write_recordings(tmp_path / "data")
    store_recordings(tmp_path / "clips", data, windows=1)
    trained, held_out = (load_clips(tmp_path / "clips", split)[1] for split in ("real", "real_held_out"))
    assert {info.source for info in trained} == {"rain", "train"} and len(trained) == 2
    assert held_out == [ClipInfo("rain", "dry", -1.0, True)]


def test_sounds_are_of_recordings_for_training(tmp_path: Path) -> None:
    recordings = read_recordings(write_recordings(tmp_path / "data"))
    bank = TakeBank(recordings, np.random.default_rng(0), known=12, other=4)
    assert {source for _, source in bank.known} == {"rain", *LOOPS}
    drawn = [bank.draw() for _ in range(16)]
    assert all(one.samples.shape == (5 * SR,) and np.isfinite(one.samples).all() for one in drawn)
    assert {len(one.scene.sources) for one in drawn} >= {0, 1}


def test_without_recordings_there_are_machine_loops_and_other_kinds() -> None:
    bank = TakeBank([], np.random.default_rng(0), known=4, other=2)
    assert {source for _, source in bank.known} <= set(LOOPS) and len(bank.other) == 2
