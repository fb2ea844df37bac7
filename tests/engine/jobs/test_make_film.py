"""Films: what is painted for a track, what is painted again, and what a person is told."""

from __future__ import annotations

import struct
import wave
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.engine.cost import FilmCost, check_film
from sonic_ui.engine.events import (
    Cancelled,
    CancelToken,
    FilmResult,
    FramesDone,
    Notice,
    Progress,
    WindowAnalysis,
)
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.media import film_writer
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput, MakeFilmRequest
from tests.fakes import FakeBackend

RATE = 48_000
WriteTrack = Callable[..., str]


@pytest.fixture
def write_track(tmp_path: Path) -> WriteTrack:
    """A function that writes tones of 3 s one after the other, 0 Hz being silence."""

    def write(*tones: float, seconds: float = 3.0, name: str = "track.flac") -> str:
        times = np.arange(int(seconds * RATE)) / RATE
        parts = [0.3 * np.sin(2 * np.pi * hz * times) for hz in tones]
        soundfile.write(tmp_path / name, np.concatenate(parts).astype(np.float32), RATE)
        return str(tmp_path / name)

    return write


def film(studio: Studio, sound: str, **values: Any) -> FilmResult:
    *_, result = studio.run(MakeFilmRequest.from_values({"sound": sound, "steps": 2, **values}))
    assert isinstance(result, FilmResult)
    return result


def test_the_picture_follows_the_sound(write_track: WriteTrack) -> None:
    import av

    backend = FakeBackend()
    track = write_track(300, 3000)
    result = film(Studio(backend), track, fps=10, size_px=128, seed=4)
    assert [segment.label for segment in result.segments] == ["rain", "a dog"]
    assert abs(result.segments[0].end_s - 3.0) < 0.15
    assert (result.duration_s, result.frames, result.film.name) == (6.0, 60, "track-4.mp4")
    settings = read_settings(result.film)
    assert settings["request"]["sound"] == "track.flac" and settings["sound_listened_s"] == [0.0, 6.0]
    with av.open(str(result.film)) as opened:
        frames = [frame.to_ndarray(format="rgb24") for frame in opened.decode(video=0)]
    assert len(frames) == 60 and frames[0].shape == (128, 128, 3)
    greener = [float(frame[..., 1].mean()) > float(frame[..., 0].mean()) for frame in frames]
    assert abs(greener.index(True) - 30) <= 3 and all(greener[greener.index(True) :])


def test_what_is_heard_has_its_name_and_is_as_loud_as_it_is(write_track: WriteTrack, tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.certainty = 0.995
    track = write_track(300, 3000)
    film(Studio(backend), track, size_px=128)
    job = backend.films[-1]
    texts = [" ".join(text for text, _ in picture.words) for picture in job.pictures]
    assert "loud rain" in texts[0] and "dog" not in texts[0] and "loud dog" in texts[-1]
    assert any("rain" in text and "dog" in text for text in texts), "over the change both are said"
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    quiet: list[dict[str, Any]] = [
        {"by_name": False},
        {"content": False},
        {"picture": str(tmp_path / "red.png")},
    ]
    for values in quiet:
        film(Studio(backend), track, size_px=128, seed=len(backend.films), **values)
        assert {picture.words for picture in backend.films[-1].pictures} == {()}
    backend.certainty = 0.9
    film(Studio(backend), track, size_px=128, seed=9)
    assert {picture.words for picture in backend.films[-1].pictures} == {(("", 1.0),)}, "what may be several"


def test_another_film_of_the_same_pictures_paints_nothing(write_track: WriteTrack) -> None:
    backend = FakeBackend()
    studio, track = Studio(backend), write_track(300, 3000)
    first = film(studio, track, size_px=128)
    windows = backend.windows
    again = film(studio, track, size_px=128, fps=24, kick="zoom", output="frames")
    assert first.painted > 4 and again.painted == 0 and backend.films[-1].missing == ()
    assert backend.windows == windows  # nor is anything listened to twice
    assert again.frames == 144 and again.film.suffix == ".zip"
    other = film(studio, track, size_px=128, seed=1)
    assert other.painted == first.painted


def test_what_swells_is_heard_at_every_loudness_that_it_has(tmp_path: Path) -> None:
    seconds, heard = np.arange(10 * RATE) / RATE, []
    for name, swell_db in (("steady", 0.0), ("swelling", 30.0)):
        tone = 0.5 * np.sin(2 * np.pi * 300 * seconds) * 10 ** (swell_db * (seconds / 10 - 1) / 20)
        soundfile.write(tmp_path / f"{name}.wav", tone.astype(np.float32), RATE)
        backend = FakeBackend()
        film(studio := Studio(backend), str(tmp_path / f"{name}.wav"), size_px=128)
        heard.append(backend.windows)
        film(studio, str(tmp_path / f"{name}.wav"), size_px=128, seed=7)
        assert backend.windows == heard[-1], "it is not heard twice"
    assert heard[1] - heard[0] == 3 * 9, "three windows, from 22 dB below to the loudest in steps of 3 dB"


def test_one_moment_is_painted_first_and_then_known(write_track: WriteTrack) -> None:
    studio, track = Studio(FakeBackend()), write_track(300, 3000)
    still = film(studio, track, at_s=5.2)
    assert still.film.suffix == ".png" and still.painted == 1 and abs(still.times[0] - 5.2) < 1.5
    whole = film(studio, track, size_px=128)
    assert still.times[0] in whole.times
    assert whole.painted == len(whole.times) - 1


def test_a_film_that_is_stopped_is_shorter(write_track: WriteTrack) -> None:
    backend, token = FakeBackend(), CancelToken()
    studio, track = Studio(backend), write_track(300, 3000, 300)
    events, seen = [], 0.0
    for event in studio.run(MakeFilmRequest(sound=track, steps=2, size_px=128, change_s=0.4), token):
        events.append(event)
        if isinstance(event, FramesDone):
            seen = max(seen, event.infos[0].position or 0.0)
        if seen > 4.0:
            token.cancel()
    result = events[-1]
    assert isinstance(result, FilmResult) and result.stopped
    assert 1.0 <= result.duration_s < 9.0 and result.film.is_file()


def test_kicks_and_holds(write_track: WriteTrack, tmp_path: Path) -> None:
    backend = FakeBackend()
    studio = Studio(backend)
    pulse = np.zeros(8 * RATE, np.float32)
    for start in np.arange(0.25, 8, 0.5):
        pulse[int(start * RATE) : int(start * RATE) + 900] = 0.5
    noise = np.random.default_rng(0).standard_normal(pulse.size)
    path = tmp_path / "pulse.wav"
    soundfile.write(path, pulse * noise + 1e-3 * noise, RATE)
    painted = film(studio, str(path), kick="noise", size_px=128)
    kicks = [picture for picture in backend.films[-1].pictures if picture.noise]
    assert 4 <= len(kicks) <= 12 and painted.notices == ()
    film(studio, str(path), hold_beats=4, size_px=128)
    steady = film(studio, write_track(300, name="tone.flac"), hold_beats=2, size_px=128)
    assert "No steady beat" in steady.notices[0]


def test_a_picture_is_edited_along_the_track(write_track: WriteTrack, tmp_path: Path) -> None:
    backend = FakeBackend()
    Image.new("RGB", (300, 200), "navy").save(tmp_path / "sea.png")
    studio, track = Studio(backend), write_track(300, 3000)
    request = MakeFilmRequest(sound=track, picture=str(tmp_path / "sea.png"), size_px=128, steps=4)
    *_, result = studio.run(request, session="me")
    job = backend.films[-1]
    assert job.source is not None and min(job.source.picture.size) == 128
    assert all(picture.begin is None for picture in job.pictures)
    assert isinstance(result, FilmResult) and result.settings["picture_px"] == [300, 200]
    assert result.film.name == "sea-with-track-0.mp4"
    [*studio.run(request.changed(seed=7), session="me")]
    again = backend.films[-1].source
    assert again is not None and again.inversion == "inversion of a film"
    with pytest.raises(BadInput, match="has the picture's own shape"):
        [*studio.run(request.changed(aspect="16:9"))]


def test_silence_and_unknown_sounds_are_named(write_track: WriteTrack) -> None:
    backend = FakeBackend()
    gap = film(Studio(backend), write_track(300, 0, 300), size_px=128)
    assert [segment.label for segment in gap.segments] == ["rain", "silence", "rain"]
    with pytest.raises(BadInput, match="is silent in the part to film"):
        film(Studio(backend), write_track(0, 0, name="silent.flac"))
    backend.known_probability = 0.1
    unknown = film(Studio(backend), write_track(300, name="speech.flac"), size_px=128)
    assert [segment.label for segment in unknown.segments] == [""]


def test_a_source_that_swells_stays_one_thing(write_track: WriteTrack, tmp_path: Path) -> None:
    class Swelling(FakeBackend):
        """Named rain throughout; loud rain lies far from soft rain."""

        def embed_windows(self, windows: Sequence[np.ndarray]) -> WindowAnalysis:
            found = super().embed_windows(windows)
            is_loud = np.array([np.abs(one).max() > 0.1 for one in windows])
            return replace(found, embeddings=np.float32([[1, 0, 0, 0], [0, 0, 1, 0]])[is_loud.astype(int)])

    backend, samples = Swelling(), soundfile.read(write_track(300, 300))[0]
    samples[: samples.size // 2] *= 0.05
    soundfile.write(tmp_path / "swell.flac", samples, RATE)
    result = film(Studio(backend), str(tmp_path / "swell.flac"), size_px=128)
    assert [segment.label for segment in result.segments] == ["rain"]
    assert all(picture.begin is None for picture in backend.films[-1].pictures)  # no way between two things
    backend.known_probability = 0.1
    film(Studio(backend), str(tmp_path / "swell.flac"), size_px=128)
    assert any(picture.begin is not None for picture in backend.films[-1].pictures)


def test_long_stretches_are_known_by_longer_windows_than_short_ones(write_track: WriteTrack) -> None:
    class Doubtful(FakeBackend):
        """Two seconds sound known, five do not."""

        def embed_windows(self, windows: Sequence[np.ndarray]) -> WindowAnalysis:
            short = np.array([one.size < 4 * RATE for one in windows], np.uint8)
            return replace(super().embed_windows(windows), is_known=short)

    studio = Studio(Doubtful())
    names = [film(studio, write_track(300, seconds=s, name=f"{s}.flac"), size_px=128) for s in (9.0, 6.0)]
    assert [[one.label for one in result.segments] for result in names] == [[""], ["rain"]]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"fps": 1000}, "Frames a second is 1000; it takes a whole number from 6 to 30"),
        ({"kick": "shake"}, "The kick is 'shake'; it takes one of none, zoom, noise"),
        ({"end_s": 0.5}, r"gives 0\.5 s of sound; a film needs at least 1 s"),
        ({"start_s": 50}, "Choose an earlier start"),
        ({"aspect": "16:9"}, "does not paint pictures of 16:9"),
    ],
)
def test_what_cannot_be_filmed_is_a_sentence(
    write_track: WriteTrack, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        film(Studio(FakeBackend()), write_track(300), **values)


@pytest.mark.parametrize(
    ("values", "cost", "says"),
    [
        ({}, {"pictures": 3001}, "needs 3001 pictures; one film takes at most 3000"),
        ({"output": "gif"}, {}, "A GIF holds at most 60 s, and this part has 90 s"),
        ({"output": "frames"}, {"megapixels": 2000.0}, r"would take about 3\.2 GB; at most 2 GB"),
        ({}, {"passes": 3000.0}, "is lent for 120 s at a time, and this film may need 158 s"),
    ],
)
def test_a_film_that_takes_too_much_is_refused_before_it_starts(
    values: dict[str, Any], cost: dict[str, Any], says: str
) -> None:
    usual = FilmCost(pictures=40, kept=0, frames=1080, megapixels=280.0, passes=160)
    request = MakeFilmRequest.from_values({"sound": "x.wav", **values})
    if values != {"output": "gif"}:
        check_film(request, 90.0, usual, 120.0)
    with pytest.raises(BadInput, match=says):
        check_film(request, 90.0, replace(usual, **cost), 120.0)


def test_of_three_hours_a_part_is_filmed(tmp_path: Path) -> None:
    path, rate, at_s = tmp_path / "long.wav", 8000, 2 * 3600
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(rate)
        file.setnframes(3 * 3600 * rate)
        file.writeframesraw(b"")
    with path.open("r+b") as sparse:
        sparse.write(b"RIFF" + struct.pack("<I", 36 + 3 * 3600 * rate))
        sparse.seek(40)
        sparse.write(struct.pack("<I", 3 * 3600 * rate))
        sparse.truncate(44 + 3 * 3600 * rate)
        sparse.seek(44 + at_s * rate)
        sparse.write((128 + 60 * np.sin(2 * np.pi * 300 * np.arange(3 * rate) / rate)).astype(np.uint8))
    studio = Studio(FakeBackend())
    with pytest.raises(BadInput, match=r"gives 3 h of sound; a film covers at most 10 min\. Choose a part"):
        film(studio, str(path))
    part = film(studio, str(path), start_s=at_s, end_s=at_s + 2, size_px=128)
    assert part.duration_s == 2.0 and part.segments[0].begin_s == at_s


def test_cancelled_at_any_stage_it_leaves_no_part_of_a_file(write_track: WriteTrack) -> None:
    track, stages = write_track(300, 3000, seconds=1.5), set()
    count = len([*Studio(FakeBackend()).run(MakeFilmRequest(sound=track, steps=2, size_px=128))])
    for stage in range(count):
        studio, token, events = Studio(FakeBackend()), CancelToken(), []
        try:
            for event in studio.run(MakeFilmRequest(sound=track, steps=2, size_px=128), token):
                events.append(event)
                if len(events) == stage + 1:
                    token.cancel()
        except Cancelled:
            stages.add("nothing")
            assert not films_of(studio)
        else:
            result = events[-1]
            assert isinstance(result, FilmResult) and films_of(studio) == [result.film]
            stages.add("stopped" if result.stopped else "whole")
    assert stages == {"nothing", "stopped", "whole"}


def films_of(studio: Studio) -> list[Path]:
    """Files of films in a studio's store."""
    return [path for path in (studio._films.path / "films").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("output", "owner", "name"),
    [("mp4", film_writer, "encode_picture"), ("frames", zipfile.ZipFile, "writestr")],
)
def test_a_full_disk_while_it_is_written_is_a_sentence_and_the_next_film_works(
    write_track: WriteTrack, monkeypatch: pytest.MonkeyPatch, output: str, owner: Any, name: str
) -> None:
    studio, track, written = Studio(FakeBackend()), write_track(300, 3000, seconds=1.5), 0

    def full(*values: Any) -> Any:
        nonlocal written
        written += 1
        if written > 5:
            raise OSError(28, "No space left on device")
        return untouched(*values)

    untouched = getattr(owner, name)
    with monkeypatch.context() as patched, pytest.raises(BadInput, match="the disk is full"):
        patched.setattr(owner, name, full)
        film(studio, track, size_px=128, output=output)
    assert written == 6 and not films_of(studio)
    again = film(studio, track, size_px=128, output=output)
    assert films_of(studio) == [again.film]


def test_films_on_real_networks(write_track: WriteTrack, tmp_path: Path) -> None:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    studio = Studio(LocalBackend(str(debug_bundle(tmp_path / "bundle"))))
    track = write_track(300, 3000, seconds=2.0)
    request = MakeFilmRequest(sound=track, steps=4, guidance_scale=3.0, kick="noise", size_px=128)
    events = [*studio.run(request)]
    result = events[-1]
    assert isinstance(result, FilmResult) and result.duration_s == pytest.approx(4.0, abs=0.1)
    assert any(isinstance(event, Progress) and event.total > 1 for event in events)
    assert not any(isinstance(event, Notice) and "error" in event.message for event in events)
    Image.effect_noise((64, 64), 60).convert("RGB").save(tmp_path / "picture.png")
    known, other = (studio.estimate_film(one) for one in (request, request.changed(seed=9)))
    assert known is not None and known[0].pictures == 0 and known[0].frames == 48
    assert other is not None and other[0].pictures == result.painted and (other[1] or 0) > (known[1] or 0) > 0
    edited = film(studio, track, picture=str(tmp_path / "picture.png"), guidance_scale=1.0, size_px=128)
    assert edited.painted > 1 and edited.images[0].size == (64, 64)
