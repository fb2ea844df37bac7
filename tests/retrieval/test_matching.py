"""Sounds out of a library: Algorithm 1 of Seeing Sound, loudness, the curve, and the folder itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.audio.energy import pearson_r, resample_curve, rms_energy
from sonic_ui.audio.limiter import CEILING_DBTP
from sonic_ui.audio.loudness import integrated_lufs, true_peak_dbfs
from sonic_ui.requests import BadInput
from sonic_ui.retrieval.library import (
    SAMPLE_RATE,
    Concept,
    Excerpt,
    Library,
    RecordingIndexer,
    build_sound,
    eligible,
    fingerprint,
    match,
    signed_root,
    sound_files,
)

WriteSound = Callable[..., Path]


def test_signed_square_root() -> None:
    assert signed_root(np.array([0.25, -0.25, 0.0])).tolist() == [0.5, -0.5, 0.0]


def test_what_lies_above_the_mean_of_the_best_is_eligible() -> None:
    similarity = np.array([0.01, 0.81, 0.64, 0.04, 0.36, -0.5])
    # roots of the three best: 0.9, 0.8, 0.6; their mean is 0.767
    assert eligible(similarity, top_k=3).tolist() == [1, 2]
    assert eligible(similarity, top_k=1).tolist() == [1]
    assert eligible(np.array([0.5, 0.5, 0.1]), top_k=2).tolist() == [0, 1]
    assert eligible(np.array([-0.3])).tolist() == [0]
    with pytest.raises(ValueError, match="at least one"):
        eligible(np.array([]))


def hum(hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(SAMPLE_RATE) / SAMPLE_RATE)


class Pitch:
    """Hears how high a sound is: below 500 Hz is [1, 0], above is [0, 1]."""

    def __init__(self) -> None:
        self.clips = 0

    def __call__(self, clips: list[np.ndarray]) -> np.ndarray:
        self.clips += len(clips)
        crossings = [np.mean(np.diff(np.sign(clip)) != 0) * SAMPLE_RATE / 2 for clip in clips]
        return np.array([[1, 0] if hz < 500 else [0, 1] for hz in crossings], np.float32)


LOW, HIGH = (Concept(name, np.float32(vector)) for name, vector in (("low", [1, 0]), ("high", [0, 1])))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "sounds"
    (root / "more").mkdir(parents=True)
    for name, hz, seconds in (("low.wav", 200, 1), ("more/lower.flac", 100, 12), ("high.wav", 2000, 1)):
        soundfile.write(root / name, 0.2 * np.resize(hum(hz), seconds * SAMPLE_RATE), SAMPLE_RATE)
    return root


@pytest.fixture
def library(folder: Path) -> Library:
    return RecordingIndexer(Pitch()).index(folder)


def test_a_concept_takes_what_sounds_like_it(library: Library) -> None:
    assert [excerpt.path.name for excerpt in library.excerpts] == ["high.wav", "low.wav"] + ["lower.flac"] * 2
    rng = np.random.default_rng(0)
    names = {library.excerpts[match(LOW, library, rng)[0]].path.name for _ in range(30)}
    assert names == {"low.wav", "lower.flac"}
    index, similarity = match(HIGH, library, rng)
    assert library.excerpts[index].path.name == "high.wav" and similarity == pytest.approx(1.0)


def build(library: Library, curve: np.ndarray | None = None, **values: object) -> tuple[np.ndarray, tuple]:
    options: dict = {
        "duration_s": 2.0,
        "lufs_range": (-30.0, -24.0),
        "loudness_lufs": -20.0,
        "flatten": True,
        "seed": 3,
    }
    return build_sound([LOW, HIGH], library, curve, **{**options, **values})


def test_the_sum_is_as_loud_as_asked_and_does_not_clip(library: Library) -> None:
    samples, picks = build(library)
    assert samples.shape == (2 * SAMPLE_RATE,) and samples.dtype == np.float32
    assert integrated_lufs(samples, SAMPLE_RATE) == pytest.approx(-20, abs=0.3)
    assert [pick.concept for pick in picks] == ["low", "high"]
    assert all(-30 <= pick.lufs <= -24 for pick in picks)
    loud, _ = build(library, loudness_lufs=-10.0)
    assert true_peak_dbfs(loud) <= CEILING_DBTP + 0.05
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum[2 * 2000] > 50 * np.median(spectrum) and spectrum[:600].max() > 50 * np.median(spectrum)


def test_the_same_seed_builds_the_same(library: Library) -> None:
    one, again, other = (build(library, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one[0], again[0]) and one[1] == again[1]
    assert [pick.lufs for pick in one[1]] != [pick.lufs for pick in other[1]]


def test_the_curve_shapes_the_sum(library: Library) -> None:
    curve = np.concatenate([np.zeros(60), np.hanning(80), np.zeros(60)])
    samples, _ = build(library, curve)
    energy = rms_energy(samples, SAMPLE_RATE)
    assert pearson_r(energy, resample_curve(curve, energy.size)) > 0.97
    silent, _ = build(library, np.zeros(200))
    assert np.abs(silent).max() == 0


def test_a_bark_begins_where_the_curve_wants_it(tmp_path: Path) -> None:
    bark = np.zeros(2 * SAMPLE_RATE)
    bark[:4800] = 0.3 * np.random.default_rng(0).normal(size=4800)
    soundfile.write(tmp_path / "bark.wav", bark, SAMPLE_RATE)
    library = Library((Excerpt(tmp_path / "bark.wav", 0.0, ""),), np.float32([[1, 0]]))
    curve = np.zeros(200)
    curve[130:145] = 1
    samples, _ = build_sound(
        [LOW], library, curve, duration_s=2.0, lufs_range=(-24, -24), loudness_lufs=None, flatten=True, seed=0
    )
    energy = rms_energy(samples, SAMPLE_RATE)
    assert 125 <= int(energy.argmax()) <= 150


def test_files_are_heard_once_and_known_by_their_content(folder: Path, tmp_path: Path) -> None:
    ear, told = Pitch(), []
    store = tmp_path / "cache" / "heard.npz"
    first = RecordingIndexer(ear, store).index(folder, lambda done, total: told.append((done, total)))
    assert ear.clips == 4 and told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    shutil.copytree(folder, tmp_path / "elsewhere")
    later = RecordingIndexer(ear, store).index(tmp_path / "elsewhere")
    assert ear.clips == 4 and np.array_equal(first.embeddings, later.embeddings)
    assert [excerpt.start_s for excerpt in later.excerpts] == [excerpt.start_s for excerpt in first.excerpts]
    whole = store.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 0x40
    embedded = ear.clips
    for damaged in (b"not a store", b"", whole[: len(whole) // 2], bytes(flipped), b"PK\x03\x04" + bytes(80)):
        store.write_bytes(damaged)
        assert len(RecordingIndexer(ear, store).index(folder).excerpts) == 4
        embedded += 4
        assert ear.clips == embedded, "a damaged index is an empty one"
    assert store.read_bytes() == whole


def test_an_index_whose_arrays_do_not_fit_is_an_empty_one(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "heard.npz"
    arrays = {"digests": np.array(["a"]), "counts": np.array([3]), "starts": np.zeros(2, np.float32)}
    np.savez(store, **arrays, embeddings=np.ones((2, 2), np.float32))
    assert len(RecordingIndexer(Pitch(), store).index(folder).excerpts) == 4


def test_an_index_forgets_what_was_seen_first(folder: Path, tmp_path: Path) -> None:
    ear = Pitch()
    indexer = RecordingIndexer(ear, max_bytes=30)
    for _ in range(2):
        assert len(indexer.index(folder).excerpts) == 4
    assert ear.clips > 4, "not all of it was kept"


def test_an_index_that_cannot_be_written_leaves_nothing_half(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Path, **arrays: object) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    store = tmp_path / "cache" / "heard.npz"
    assert len(RecordingIndexer(Pitch(), store).index(folder).excerpts) == 4
    assert [*store.parent.iterdir()] == []


def test_broken_files_are_left_out_and_counted(folder: Path) -> None:
    (folder / "letter.wav").write_text("This is not a sound.")
    (folder / "empty.mp3").touch()
    soundfile.write(folder / "silence.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    (folder / "notes.txt").write_text("never looked at")
    library = RecordingIndexer(Pitch()).index(folder)
    assert library.skipped == 3 and len(library.excerpts) == 4


def test_folders_that_are_no_library(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no folder “gone”"):
        sound_files(tmp_path / "gone")
    with pytest.raises(BadInput, match="There is no sound in"):
        sound_files(tmp_path)
    (tmp_path / "letter.wav").write_text("This is not a sound.")
    with pytest.raises(BadInput, match="None of the 1 files") as caught:
        RecordingIndexer(Pitch()).index(tmp_path)
    assert caught.value.field == "library"


def test_links_out_of_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    soundfile.write(secret, hum(300), SAMPLE_RATE)
    (folder / "link.wav").symlink_to(secret)
    assert "link.wav" not in {path.name for path in sound_files(folder)}


def test_an_encoder_is_known_by_how_it_hears() -> None:
    assert fingerprint(Pitch()) == fingerprint(Pitch())
    assert fingerprint(lambda clips: np.ones((len(clips), 4), np.float32)) != fingerprint(Pitch())
