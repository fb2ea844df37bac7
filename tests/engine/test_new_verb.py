"""A new painting verb is a request model, a job and a row in the table of verbs: one is made here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest

from sonic_ui.engine.cost import sample_passes
from sonic_ui.engine.events import FrameInfo, FramesDone, Result
from sonic_ui.engine.jobs.base import JOB_TYPES, JobType, PaintingPlan, RunContext
from sonic_ui.engine.jobs.sound_to_image import PaintJob, PaintRunner
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.serialization import decode, encode
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import VERBS, BadInput, PaintingRequest, Range, read_request
from sonic_ui.requests.base import EndS, StartS
from sonic_ui.requests.fields import SoundPath
from sonic_ui.requests.links import read_link, write_link
from sonic_ui.requests.verbs import Verb
from tests.conftest import WriteSound
from tests.fakes import FakeBackend

STAGES = Range("Number of stages", 2, 6, 1, 3, whole=True)


class FadeInRequest(PaintingRequest):
    """Let a sound take hold of a picture: `stages` pictures from one seed, the last at full strength."""

    verb: Literal["fade_in"] = "fade_in"
    sound: SoundPath
    start_s: StartS = None
    end_s: EndS = None
    stages: Annotated[int, STAGES] = 3

    @property
    def outputs(self) -> int:
        return self.stages


def plan_fade(request: FadeInRequest, context: RunContext) -> PaintingPlan:
    count = request.stages
    scales = tuple((stage + 1) / count for stage in range(count))
    embedding = context.embed_audio(context.sounds["sound"]).embedding
    job = PaintJob(
        request, np.repeat(embedding[None], count, 0), (request.seed,) * count, scales, (tuple(range(count)),)
    )
    return PaintingPlan(context, job, tuple(FrameInfo(scale=scale) for scale in scales))


@pytest.fixture
def fade_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verb, registered for one test."""
    monkeypatch.setitem(VERBS, "fade_in", Verb(FadeInRequest, "Fade in", "fade-in", "audio_to_image"))
    monkeypatch.setitem(JOB_TYPES, FadeInRequest, JobType(plan_fade, PaintRunner))


@pytest.mark.usefixtures("fade_in")
def test_a_new_verb_runs(write_sound: WriteSound) -> None:
    sound = write_sound("my rain.wav")
    request = FadeInRequest(sound=str(sound), seed=9)
    events = list(Studio(FakeBackend()).run(request))
    result = events[-1]
    assert isinstance(result, Result) and len(result.images) == 3
    assert [info.scale for info in result.frames] == [1 / 3, 2 / 3, 1.0]
    assert result.settings["request"]["sound"] == "my rain.wav"
    assert [event.indices for event in events if isinstance(event, FramesDone)] == [(0, 1, 2)]
    assert read_request(request.to_json()) == request
    assert read_link(write_link(request, {"sound": "rain.mp3"})).examples == {"sound": "rain.mp3"}
    assert sample_passes(request) == 3 * sample_passes(request.changed(stages=2)) / 2
    assert decode(encode(result)).request == request.changed(
        sound="away", **result.request.model_dump(include={"steps", "guidance_scale"})
    )
    with pytest.raises(BadInput, match="Number of stages is 7; it takes a whole number from 2 to 6"):
        request.changed(stages=7)
    with pytest.raises(BadInput, match="no longer there") as caught:
        list(Studio(FakeBackend()).run(request.changed(sound="gone.wav")))
    assert caught.value.field == "sound"


@pytest.mark.usefixtures("fade_in")
def test_a_new_verb_paints_on_real_networks(write_sound: WriteSound, tmp_path: Path) -> None:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    studio = Studio(LocalBackend(str(debug_bundle(tmp_path / "bundle"))))
    request = FadeInRequest(sound=str(write_sound()), stages=2, steps=2, guidance_scale=3.0)
    *_, result = studio.run(request)
    assert isinstance(result, Result) and [image.size for image in result.images] == [(64, 64)] * 2


def test_a_verb_without_a_job_is_refused(write_sound: WriteSound) -> None:
    with pytest.raises(BadInput, match="does not know how to run FadeInRequest"):
        list(Studio(FakeBackend()).run(FadeInRequest(sound=str(write_sound()))))


# Through the API: for the endpoints that are made from the table of verbs.


@pytest.mark.usefixtures("fade_in")
def test_a_new_verb_has_an_endpoint(write_sound: WriteSound, tmp_path: Path) -> None:
    api = pytest.importorskip("sonic_ui.ui.api")
    if not hasattr(api, "add_verbs"):
        pytest.skip("endpoints are still written by hand")
    from gradio_client import Client, handle_file

    from tests.ui.serving import serving

    with serving(Studio(FakeBackend()), tmp_path / "none") as address:
        client = Client(address, verbose=False, analytics_enabled=False, httpx_kwargs={"timeout": 60})
        files, settings = client.predict(
            sound=handle_file(write_sound()), stages=2, seed=4, api_name="/fade_in"
        )
    assert len(files) == 2 and settings["request"]["verb"] == "fade_in"
