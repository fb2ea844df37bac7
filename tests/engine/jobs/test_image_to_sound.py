"""Pictures that sound on this machine: the debug bundle's own ears and eyes, and a library of recordings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.audio.energy import pearson_r
from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.bundles import ImageLabels, Vocabulary
from sonic_ui.engine.events import Cancelled, CancelToken, JobEvent, Notice, Progress, SoundsDone
from sonic_ui.engine.jobs.image_to_sound import SoundJob, target_curve
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.words import refuse_unknown_concepts
from sonic_ui.requests import BadInput, ImageToSoundRequest

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8))
RATE = 16_000


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> LocalBackend:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    return LocalBackend(str(debug_bundle(tmp_path_factory.mktemp("bundle"))))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    for number in range(4):
        noise = np.random.default_rng(number).normal(0, 0.1, RATE * (1 + 2 * number))
        soundfile.write(folder / f"noise{number}.wav", noise, RATE)
    (folder / "letter.wav").write_text("This is not a sound.")
    return folder


def ask(**values: Any) -> ImageToSoundRequest:
    return ImageToSoundRequest.from_values({"picture": "p.png", "source": "recordings", **values})


def sound(backend: LocalBackend, library: Path | None, **values: Any) -> list[JobEvent]:
    return list(backend.run(SoundJob(ask(**values), PICTURE, library), CancelToken()))


def sounded(events: list[JobEvent]) -> SoundsDone:
    assert isinstance(events[-1], SoundsDone)
    return events[-1]


def test_sees_what_may_sound(backend: LocalBackend) -> None:
    seen = backend.analyze_image(PICTURE)
    assert {label.name for label in seen.labels} == {source.label for source in backend.bundle.sources}
    chances = [label.probability for label in seen.labels]
    assert sum(chances) == pytest.approx(1, abs=1e-3) and chances == sorted(chances, reverse=True)
    assert 4 < seen.duration_s < 12


def test_a_calibrated_bundle_says_when_nothing_fits(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backend.analyze_image(PICTURE).fit is None
    for none, unsure in ((1.0, True), (-1.0, False)):
        labels = ImageLabels(scale=50, none=none, least_fit=0.5)
        info = backend.bundle.info.model_copy(update={"image_labels": labels})
        monkeypatch.setattr(backend.components, "bundle", replace(backend.bundle, info=info))
        seen = backend.analyze_image(PICTURE)
        assert seen.is_unsure == unsure and seen.least_fit == 0.5
        assert seen.fit == pytest.approx(sum(label.probability for label in seen.labels), abs=1e-4)


def test_damaged_eyes_are_a_sentence(tmp_path: Path) -> None:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    folder = debug_bundle(tmp_path)
    weights = folder / "clip" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BadInput, match=r"clip/model\.safetensors cannot be used \(its SHA-256"):
        LocalBackend(str(folder)).analyze_image(PICTURE)
    weights.write_bytes(b"no weights")
    (folder / "manifest.json").unlink()  # as bundles of before have none
    with pytest.raises(BadInput, match=r"clip/model\.safetensors cannot be used"):
        LocalBackend(str(folder)).analyze_image(PICTURE)


def test_a_learned_vocoder_sounds_and_a_damaged_one_is_a_sentence(tmp_path: Path, library: Path) -> None:
    from sonic_ui.bundles.manifest import write_manifest
    from sonic_ui.models.vocoder import SpectralVocoder
    from sonic_ui.testing.tiny_bundle import debug_bundle

    folder = debug_bundle(tmp_path)
    index = folder / "image_to_audio" / "model_index.json"
    parts = json.loads(index.read_text())
    parts["vocoder"] = ["sonic_ui.models.vocoder", "SpectralVocoder"]
    index.write_text(json.dumps(parts))
    SpectralVocoder(width=8, inner=8, blocks=1).save_pretrained(folder / "image_to_audio" / "vocoder")
    write_manifest(folder)
    made = sounded(sound(LocalBackend(str(folder)), library, source="generate", curve=[0.5]))
    assert np.isfinite(made.samples).all() and made.samples.std() > 0
    weights = folder / "image_to_audio" / "vocoder" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(BadInput, match=r"vocoder/diffusion_pytorch_model\.safetensors cannot be used"):
        sound(LocalBackend(str(folder)), library, source="generate", curve=[0.5])


def test_builds_from_recordings_along_a_curve(backend: LocalBackend, library: Path) -> None:
    curve = [0.0, 0.1, 1.0, 0.3, 0.0, 0.8, 0.0]
    events = sound(backend, library, curve=curve, takes=2, concepts=3)
    made = sounded(events)
    assert made.samples.shape[0] == 2 and made.sample_rate == 48_000 and made.skipped == 1
    assert made.target is not None
    for number in range(2):
        assert pearson_r(made.energy[number], made.target) > 0.95
        assert {pick.excerpt.path.parent for pick in made.picks[number]} == {library}
    messages = {event.message for event in events if isinstance(event, Progress)}
    assert messages <= {"Listening to the recordings", "Putting recordings together"} and messages


def test_sounds_are_as_long_as_requested(backend: LocalBackend, library: Path) -> None:
    built = sounded(sound(backend, library, curve=[0.5], length_s=7.5))
    assert built.samples.shape == (1, 48_000 * 7.5) and built.energy.shape == (1, 750)
    strip = {"moments": [[5, 6.5]], "mode": "natural", "length_s": 7.5}
    built = sounded(sound(backend, library, **strip))
    assert built.target is not None and built.target.shape == (750,) and built.target[520:640].mean() > 0.3
    generated = sounded(sound(backend, None, source="generate", steps=1, **strip))
    assert generated.samples.shape == (1, 16_000 * 7.5)
    assert generated.target is not None and generated.target.shape == (750,)
    with pytest.raises(BadInput, match="the sound is 2 s long"):
        sound(backend, None, source="generate", moments=[[3, 4]], length_s=2)


def test_candidates_are_ranked_by_the_encoder_and_the_curve(backend: LocalBackend) -> None:
    values = {"source": "generate", "steps": 1, "candidates": 2, "prompt": "rain", "seed": 4}
    events = sound(backend, None, curve=[0, 1, 0], takes=2, **values)
    made = sounded(events)
    assert made.samples.shape[0] == 2 and [one.count for one in made.choices] == [2, 2]
    for take, choice in enumerate(made.choices):
        assert choice.similarity is not None and -1 <= choice.similarity <= 1
        assert choice.agreement is not None and choice.score == (choice.similarity + choice.agreement) / 2
        assert choice.seed in (4 + take, 6 + take)
    messages = [event.message for event in events if isinstance(event, Progress)]
    assert {*messages} <= {"Generating 2 candidates a take", "Choosing the best candidate"}
    assert sounded(sound(backend, None, **values)).choices[0].agreement is None, "nothing was drawn"


def test_ranking_stops_at_the_next_candidate(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    token, compared = CancelToken(), []

    def embed(samples: np.ndarray) -> np.ndarray:
        compared.append(samples.size)
        token.cancel()
        return np.ones(32, np.float32)

    monkeypatch.setattr(backend.components, "embed", embed)
    job = SoundJob(ask(source="generate", steps=1, candidates=8), PICTURE)
    with pytest.raises(Cancelled):
        list(backend.run(job, token))
    assert len(compared) == 1


def test_candidates_that_nothing_ranks_are_not_made(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend.components.sound_pipeline, "ranking_embedding", lambda *_: None)
    events = sound(backend, None, source="generate", steps=1, candidates=4)
    assert sounded(events).choices == ()
    assert "nothing to rank candidates by" in next(one.message for one in events if isinstance(one, Notice))
    drawn = sounded(sound(backend, None, source="generate", steps=1, candidates=2, curve=[0, 1]))
    assert drawn.choices[0].similarity is None and drawn.choices[0].agreement is not None


def test_named_concepts_are_generated_each_and_mixed(backend: LocalBackend, library: Path) -> None:
    levels = [["rain", 0], ["sea waves", -12]]
    values = {"source": "generate", "steps": 1, "curve": [0, 1, 0], "seed": 3, "concept_levels": levels}
    mixed = sounded(sound(backend, None, candidates=2, takes=2, **values))
    assert mixed.origins == ("generated",) * 2 and mixed.choices == ()
    for take, parts in enumerate(mixed.concepts):
        assert [(part.name, part.gain_db) for part in parts] == [("rain", 0), ("sea waves", -12)]
        assert all(part.choice and part.choice.count == 2 and part.seed == part.choice.seed for part in parts)
        assert integrated_lufs(mixed.samples[take], mixed.sample_rate) == pytest.approx(-20, abs=1)
    alone = {**values, "concept_levels": ["rain"]}
    first, again = (sounded(sound(backend, None, **alone)).samples for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(
        first, sounded(sound(backend, None, **{**alone, "concept_levels": None})).samples
    )
    built = sounded(sound(backend, library, concept_levels=levels, curve=[0, 1]))
    assert [(pick.concept, pick.lufs) for pick in built.picks[0]] == [("rain", -20), ("sea waves", -32)]


def test_both_ways_are_layered_and_stand_alone(backend: LocalBackend, library: Path) -> None:
    made = sounded(sound(backend, library, source="both", steps=1, curve=[0, 1, 0], takes=2, length_s=2))
    assert made.samples.shape == (6, 96_000) and made.sample_rate == 48_000
    assert made.origins == ("layered", "generated", "recorded") * 2
    assert made.picks[1] == () and made.picks[2] and made.picks[0] == made.picks[2]
    for number in (0, 1, 2):
        assert integrated_lufs(made.samples[number], 48_000) == pytest.approx(-20, abs=1)
    silent = sounded(sound(backend, library, source="both", steps=1, curve=[0.0], length_s=2))
    assert silent.samples.shape == (3, 96_000) and np.abs(silent.samples).max() < 0.005
    with pytest.raises(BadInput, match="no folder of recordings"):
        sound(backend, None, source="both", steps=1)


def test_concepts_that_the_engine_does_not_know_are_refused(backend: LocalBackend) -> None:
    words = Vocabulary(words=("a", "rain", "sea", "waves", "dog"))
    bundle = replace(backend.bundle, info=backend.bundle.info.model_copy(update={"vocabulary": words}))
    refuse_unknown_concepts(bundle, ask(concept_levels=["heavy rain", "the sea"]))
    with pytest.raises(BadInput, match=r"Debug knows no sound of “a dragon”. It knows: .*rain") as caught:
        refuse_unknown_concepts(bundle, ask(concept_levels=["rain", "a dragon"]))
    assert caught.value.field == "concept_levels"
    refuse_unknown_concepts(backend.bundle, ask(concept_levels=["a dragon"]))


def test_ranking_of_several_concepts_stops_at_once(backend: LocalBackend) -> None:
    token, seen = CancelToken(), []
    job = SoundJob(ask(source="generate", steps=1, candidates=2, concept_levels=["rain", "a dog"]), PICTURE)
    with pytest.raises(Cancelled):
        for event in backend.run(job, token):
            if isinstance(event, Progress) and event.message == "Choosing the best candidate":
                seen.append((event.step, event.total))
                token.cancel()
    assert seen[0] == (1, 4) and len(seen) <= 2


def test_words_are_a_source_of_their_own(backend: LocalBackend, library: Path) -> None:
    made = sounded(sound(backend, library, prompt="a distant bell", curve=[0, 1], concepts=1))
    assert made.picks[0][0].concept == "a distant bell" and len(made.picks[0]) == 2


def test_recordings_keep_their_own_energy_if_nothing_shapes_them(
    backend: LocalBackend, library: Path
) -> None:
    for values in ({"control": "none", "curve": [0, 1]}, {"energy_strength": 0, "curve": [0, 1]}):
        assert sounded(sound(backend, library, **values)).target is None
    assert sounded(sound(backend, library)).target is None, "nothing was drawn"


def test_no_folder_and_cancelling(backend: LocalBackend, library: Path) -> None:
    with pytest.raises(BadInput, match="no folder of recordings"):
        sound(backend, None)
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        list(backend.run(SoundJob(ask(), PICTURE, library), token))


def test_a_bundle_that_cannot_generate_says_what_can(backend: LocalBackend) -> None:
    if backend.supports("image_to_sound"):
        pytest.skip("the debug bundle can generate")
    with pytest.raises(BadInput, match="“Debug” cannot generate sounds") as caught:
        sound(backend, None, source="generate")
    assert caught.value.field == "source"


def test_curves_on_the_frames_of_a_sound() -> None:
    assert target_curve(ask(), 10, 1.0) is None
    assert target_curve(ask(curve=[0, 1]), 3, 1.0) == pytest.approx([0.0, 0.5, 1.0], abs=0.2)
    strip = target_curve(ask(moments=[[0.5, 1.0]]), 10, 1.0)
    assert strip is not None and strip.tolist() == [0] * 5 + [1] * 5
    assert target_curve(ask(moments=[0, 0]), 4, 1.0).tolist() == [0] * 4  # type: ignore[union-attr]
    with pytest.raises(BadInput, match="the sound is 1 s long"):
        target_curve(ask(moments=[[2, 3]]), 10, 1.0)
