"""Strips: glides and sweeps as jobs, frames as they come, and what a cancelled strip keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.events import (
    AudioAnalysis,
    Cancelled,
    CancelToken,
    Event,
    FramesAdded,
    FramesDone,
    Label,
    Notice,
    Progress,
    Result,
)
from sonic_ui.engine.jobs.sound_to_image import PaintJob
from sonic_ui.engine.studio import Studio
from sonic_ui.pipelines.embedding_path import SIDE_BY_SIDE, coarse_to_fine, strip_groups
from sonic_ui.requests import BadInput, InterpolateRequest, VolumeSweepRequest
from tests.fakes import FakeBackend

WriteSound = Callable[..., Path]


class ByLoudness(FakeBackend):
    """Embeds a sound as its RMS and its length."""

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        self.heard.append(samples)
        rms = float(np.sqrt(np.mean(np.square(samples))))
        return AudioAnalysis(
            np.float32([rms, len(samples) / 48_000]),
            (Label("rain", self.certainty), Label("a dog", 1 - self.certainty)),
        )


def result_of(events: list[Event]) -> Result:
    assert isinstance(events[-1], Result)
    return events[-1]


@pytest.fixture
def pair(write_sound: WriteSound) -> dict[str, str]:
    return {
        "sound_a": str(write_sound("a.wav", seconds=1.0, hz=300)),
        "sound_b": str(write_sound("b.wav", seconds=2.0, hz=700)),
    }


@pytest.mark.parametrize("count", [1, 2, 3, 8, 48])
@pytest.mark.parametrize("ends_alone", [True, False])
def test_every_frame_is_painted_once_and_the_ends_first(count: int, ends_alone: bool) -> None:
    groups = strip_groups(count, (0, count - 1) if ends_alone else ())
    assert sorted(index for group in groups for index in group) == list(range(count))
    assert max(map(len, groups)) <= SIDE_BY_SIDE
    assert 0 in groups[0]
    if ends_alone and count > 1:
        assert groups[:2] == ((0,), (count - 1,))


def test_frames_come_coarse_to_fine() -> None:
    assert coarse_to_fine(0, 8) == [4, 2, 6, 1, 3, 5, 7]


def test_a_glide_starts_and_ends_at_the_sounds(pair: dict[str, str]) -> None:
    backend = ByLoudness()
    studio = Studio(backend)
    events = list(studio.run(InterpolateRequest(**pair, frames=5, spacing="heard", seed=11)))
    job = backend.jobs[-1]
    ends = [studio.embed_audio(studio.load_sound(pair[name])).embedding for name in ("sound_a", "sound_b")]
    assert np.array_equal(job.embeddings[0], ends[0])
    assert np.array_equal(job.embeddings[-1], ends[1])
    assert np.allclose(job.embeddings[2], (ends[0] + ends[1]) / 2)
    assert job.seeds == (11,) * 5
    result = result_of(events)
    assert len(result.images) == 5
    assert [info.position for info in result.frames] == [0, 0.25, 0.5, 0.75, 1]
    assert not result.stopped
    assert result.labels_b[0].name == "rain"
    assert result.settings["request"]["sound_b"] == "b.wav"
    assert result.settings["sound_a_sha256"] != result.settings["sound_b_sha256"]
    done = [index for event in events if isinstance(event, FramesDone) for index in event.indices]
    assert done[:2] == [0, 4]
    assert sorted(done) == [0, 1, 2, 3, 4]


class TurnsOver(ByLoudness):
    """Paints black, and from `at` of the way between the sounds on white, with a short ramp."""

    at, ramp = 0.83, 0.1

    def picture(self, job: PaintJob, index: int) -> Image.Image:
        way = float(job.embeddings[index][1]) - 1.0  # the sounds last one second and two
        return Image.new("L", (32, 32), round(255 * np.clip((way - self.at) / self.ramp, 0, 1))).convert(
            "RGB"
        )


def test_an_evenly_seen_glide_looks_closer_where_the_picture_changes(pair: dict[str, str]) -> None:
    backend = TurnsOver()
    events = list(Studio(backend).run(InterpolateRequest(**pair, frames=8)))
    result = result_of(events)
    places = [info.position or 0.0 for info in result.frames]
    assert len(places) == 8 and places == sorted(set(places)) and (places[0], places[-1]) == (0, 1)
    assert sum(0.8 < place < 0.96 for place in places) >= 3, places
    shades = [np.asarray(image).mean() for image in result.images]
    assert shades == sorted(shades), "the pictures are in the order of their places"
    assert len(backend.glides) == 1, "the whole glide is one job"
    added = [event for event in events if isinstance(event, FramesAdded)]
    assert [len(event.infos) for event in added] == [1] * 5
    done = [index for event in events if isinstance(event, FramesDone) for index in event.indices]
    assert done == [0, 2, 1, 3, 4, 5, 6, 7]
    shares = [event.step / event.total for event in events if isinstance(event, Progress) and event.total]
    assert shares == sorted(shares) and shares[-1] == 1.0, "one progress for the whole strip"
    again = result_of(list(Studio(backend).run(InterpolateRequest(**pair, frames=8))))
    assert [info.position for info in again.frames] == places


def test_a_notice_of_the_backend_is_told_once(pair: dict[str, str]) -> None:
    events = list(Studio(FakeBackend(notice="Cut.")).run(InterpolateRequest(**pair, frames=8)))
    assert [event.message for event in events if isinstance(event, Notice)] == ["Cut."]


def test_stopping_at_a_place_that_was_found_keeps_all_that_was_made(pair: dict[str, str]) -> None:
    token, events = CancelToken(), []
    for event in Studio(TurnsOver()).run(InterpolateRequest(**pair, frames=8), token):
        events.append(event)
        if isinstance(event, FramesDone) and 4 in event.indices:
            token.cancel()
    result = result_of(events)
    assert result.stopped and len(result.images) == 5
    places = [info.position or 0.0 for info in result.frames]
    assert places == sorted(places)


def test_mixing_happens_before_listening(pair: dict[str, str]) -> None:
    backend = ByLoudness()
    studio = Studio(backend)
    request = InterpolateRequest(**pair, frames=3, spacing="heard", method="mix", lufs_b=-40)
    result = result_of(list(studio.run(request)))
    seconds = backend.jobs[-1].embeddings[:, 1]
    assert seconds.tolist() == [1.0, 2.0, 2.0]  # the shorter one is looped in the mix
    assert result.frames[2].lufs == pytest.approx(-40, abs=0.5)
    count = len(backend.heard)
    list(studio.run(request))
    assert len(backend.heard) == count + 1, "the studio remembers the ends; the backend hears the mix"


def test_a_mix_is_placed_by_what_is_seen_as_well(pair: dict[str, str]) -> None:
    backend = ByLoudness()
    request = InterpolateRequest(**pair, frames=6, method="mix", lufs_a=-20, lufs_b=-40)
    result = result_of(list(Studio(backend).run(request)))
    assert len(result.frames) == 6
    lufs = [float(info.lufs or 0) for info in result.frames]
    assert lufs[0] == pytest.approx(-20, abs=0.5) and lufs[-1] == pytest.approx(-40, abs=0.5)
    assert lufs == sorted(lufs, reverse=True)
    between = backend.glides[-1].path
    assert result.frames[2].lufs == between.lufs(result.frames[2].position or 0.0)


def test_the_same_sound_twice_is_told(pair: dict[str, str]) -> None:
    both = {**pair, "sound_b": pair["sound_a"]}
    events = list(Studio(FakeBackend()).run(InterpolateRequest(**both, frames=2)))
    notices = [event.message for event in events if isinstance(event, Notice)]
    assert len(notices) == 1
    assert notices[0].startswith("Both sounds are the same")
    assert result_of(events).notices == tuple(notices)


def test_a_sweep_turns_the_sound_and_judges_what_is_seen(write_sound: WriteSound) -> None:
    backend = ByLoudness()
    sound = str(write_sound())
    result = result_of(
        list(Studio(backend).run(VolumeSweepRequest(sound=sound, gains_db=(-24, -12, 0), scales=(1.5,))))
    )
    rms = backend.jobs[-1].embeddings[:, 0]
    assert rms[1] / rms[0] == pytest.approx(4, rel=0.02)
    assert backend.jobs[-1].scales == (1.5, 1.5, 1.5)
    assert [info.gain_db for info in result.frames] == [-24, -12, 0]
    lufs = [float(info.lufs or 0) for info in result.frames]
    assert np.diff(lufs) == pytest.approx([12, 12], abs=0.3)
    assert [info.level for info in result.frames] == [0.75] * 3
    assert backend.jobs[-1].sound_words == (), "what may be several things has no name"


def test_a_sweep_names_its_sound_as_loud_as_each_frame(write_sound: WriteSound) -> None:
    backend = ByLoudness()
    backend.certainty = 0.995
    request = VolumeSweepRequest(sound=str(write_sound()), gains_db=(-24, -12, 0))
    result = result_of(list(Studio(backend).run(request)))
    (quiet,), (middle,), (loud,) = (words.names for words in backend.jobs[-1].sound_words)
    assert quiet.level < middle.level < loud.level and {quiet.name, middle.name, loud.name} == {"rain"}
    assert result.settings["sound_words"] == "rain"
    list(Studio(backend).run(request.changed(by_name=False)))
    assert backend.jobs[-1].sound_words == ()


def test_without_a_judge_there_is_no_level(write_sound: WriteSound) -> None:
    events = Studio(FakeBackend(judge=False)).run(VolumeSweepRequest(sound=str(write_sound()), gains_db=(0,)))
    assert result_of(list(events)).frames[0].level is None


def test_a_room_changes_what_is_heard(write_sound: WriteSound) -> None:
    studio, sound = Studio(FakeBackend()), str(write_sound())
    dry, church = studio.load_sound(sound), studio.load_sound(sound, room="church")
    assert dry.key != church.key
    assert not np.allclose(dry.clip.samples, church.clip.samples)


def test_cancelling_keeps_the_frames_made_so_far(pair: dict[str, str]) -> None:
    token = CancelToken()
    events: list[Event] = []
    for event in Studio(FakeBackend()).run(InterpolateRequest(**pair, frames=8), token):
        events.append(event)
        if isinstance(event, FramesDone) and len(events) > 4:
            token.cancel()
    result = result_of(events)
    assert result.stopped
    assert [info.position for info in result.frames] == [0.0]


def test_cancelling_before_the_first_frame_is_a_cancel(pair: dict[str, str]) -> None:
    token = CancelToken()
    with pytest.raises(Cancelled):
        for _ in Studio(FakeBackend()).run(InterpolateRequest(**pair), token):
            token.cancel()


@pytest.mark.parametrize(
    ("side", "broken", "field"),
    [("sound_a", "missing.wav", "sound_a"), ("sound_b", "silent.wav", "sound_b")],
)
def test_a_side_that_cannot_be_heard_is_named(
    pair: dict[str, str], write_sound: WriteSound, side: str, broken: str, field: str
) -> None:
    silent = write_sound("silent.wav", seconds=1.0, gain=0.0)
    path = str(silent.with_name(broken))
    studio = Studio(FakeBackend())
    with pytest.raises(BadInput) as refusal:
        list(studio.run(InterpolateRequest(**{**pair, side: path})))
    assert refusal.value.field == field
    assert broken in refusal.value.message
    assert isinstance(list(studio.run(InterpolateRequest(**pair, frames=2)))[-1], Result)


def test_a_window_outside_the_second_sound_is_named(pair: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"b\.wav") as refusal:
        list(Studio(FakeBackend()).run(InterpolateRequest(**pair, start_b_s=30)))
    assert refusal.value.field == "start_b_s"


def test_a_sweep_by_an_engine_that_names_nothing(
    write_sound: WriteSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FakeBackend()
    monkeypatch.setattr(backend, "embed_audio", lambda samples: AudioAnalysis(np.ones(4, np.float32) / 2, ()))
    result = list(Studio(backend).run(VolumeSweepRequest(sound=str(write_sound()), gains_db=(-6, 0))))[-1]
    assert len(result.images) == 2 and result.labels == ()  # type: ignore[union-attr]


def test_a_glide_names_both_ends(write_sound: WriteSound) -> None:
    backend = ByLoudness()
    backend.certainty = 0.995
    a, b = (str(write_sound(f"{gain}.wav", gain=gain)) for gain in (0.01, 0.5))
    request = InterpolateRequest(sound_a=a, sound_b=b, frames=3)
    result = result_of(list(Studio(backend).run(request)))
    job = backend.glides[-1]
    assert result.settings["sound_words"] == "quiet rain to loud rain"
    assert dict(job.blend(0.0, 1.0)).get("loud rain", 0.0) < 0.5 < dict(job.blend(1.0, 1.0))["loud rain"]
    middle = dict(job.blend(0.5, 1.0))
    assert sum(middle.values()) == pytest.approx(1.0)
    list(Studio(backend).run(request.changed(by_name=False)))
    assert backend.glides[-1].words is None
