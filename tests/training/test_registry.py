"""Every stage, from rendering to the exported bundle, at the smallest sizes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sonic_ui.scenes.sound_captions import sound_caption_words
from sonic_ui.scenes.world import SOURCES, sample_scene
from sonic_ui.training.bundle_io import export_bundle
from sonic_ui.training.data.rendering import training_pictures
from sonic_ui.training.data.sounds import ClipInfo, log_mel
from sonic_ui.training.registry import ORDER, STAGES, run_stage
from sonic_ui.training.run import REGISTERED, Run
from sonic_ui.training.stages.adapter import (
    LEAST_SCALE,
    MOST_SCALE,
    at_scale,
    scene_embeddings,
    source_caption,
    token_weights,
    trained_adapter,
)
from sonic_ui.training.stages.audio_captioner import caption_pool, trained_captioner
from sonic_ui.training.stages.clap import SoundBank
from sonic_ui.training.stages.latent_diffusion import trained_unet
from sonic_ui.training.stages.picture_autoencoder import (
    coarse_autoencoder,
    latent_normalizer,
    stored_latents,
    trained_autoencoder,
)
from sonic_ui.training.stages.spectral_stats import trained_clap

FINE = ("decoder.up.", "decoder.levels.1.", "decoder.levels.2.")
"""What the stage `autoencoder` does not train of the recipe's autoencoder, or not for the whole decoder."""


def log_of(run: Run, stage: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run.folder / stage / "log.jsonl").read_text().splitlines()]


def test_every_stage_has_its_row() -> None:
    assert set(REGISTERED) == set(STAGES) == set(ORDER)


def test_the_autoencoder_learns_a_handful_of_pictures(run: Run) -> None:
    losses = [line["loss"] for line in log_of(run, "autoencoder")]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_the_upscaler_learns_a_handful_of_pictures(run: Run) -> None:
    losses = [line["loss"] for line in log_of(run, "upscaler")]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_the_captioner_learns_which_words_follow(run: Run) -> None:
    log = log_of(run, "audio_captioner")
    assert np.mean([line["loss"] for line in log[-5:]]) < 0.7 * np.mean([line["loss"] for line in log[:5]])
    assert np.mean([line["word"] for line in log[-5:]]) > 0.3
    pool = caption_pool(run)
    assert len(pool.scenes) == len(pool.series) == 64 and pool.scenes[0] == pool.scenes[1]
    assert trained_captioner(run).word.num_embeddings == len(sound_caption_words()) + 4


@pytest.mark.parametrize("stage", ["picture_decoder", "decoder"])
def test_the_stages_of_the_decoder_leave_the_latents_as_they_are(run: Run, stage: str) -> None:
    trained = torch.load(run.checkpoint(stage), weights_only=True)["average"]
    assert trained and all(name.startswith(("decoder.", "critic.")) for name in trained)


def test_the_trained_autoencoder_has_the_first_encoder_and_the_last_decoder(run: Run) -> None:
    first = torch.load(run.checkpoint("autoencoder"), weights_only=True)["average"]
    last = torch.load(run.checkpoint("decoder"), weights_only=True)["average"]
    expected = {k: v for k, v in first.items() if k.startswith("encoder.")}
    expected |= {k: v for k, v in last.items() if k.startswith("decoder.")}
    state = trained_autoencoder(replace(run, artifacts={})).state_dict()
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[k], expected[k]) for k in state)


def test_the_projector_learns_both_of_its_losses(run: Run) -> None:
    lines = log_of(run, "projector")
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert lines[-1]["mse"] < lines[0]["mse"]


def test_the_adapter_opens_its_gates_and_keeps_the_denoiser(run: Run) -> None:
    assert log_of(run, "adapter")[-1]["gate"] > 0
    state = torch.load(run.checkpoint("adapter"), weights_only=True)["average"]
    assert all(name.startswith(("projector.", "attention.")) for name in state)
    assert not any(p.requires_grad for p in trained_unet(run).parameters())


def test_latents_are_normalised(run: Run) -> None:
    latents = stored_latents(run)["latents"].float()
    assert latents.shape == (24, 2, 8, 4, 4)
    assert latents[:, 0].mean((0, 2, 3)).abs().max() < 0.05
    assert latents[:, 0].square().mean() == pytest.approx(1, abs=0.05)


def test_the_exported_bundle_paints(run: Run, tmp_path: Path) -> None:
    from sonic_ui.bundles import check_pipeline
    from sonic_ui.models.presence_classifier import load_classifier
    from sonic_ui.models.upscaler import load_network
    from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline

    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "bundle.json").write_text('{"name": "mine", "title": "Mine", "picture_px": 128}')
    export_bundle(run, bundle)
    check_pipeline(bundle / "audio_to_image")
    assert json.loads((bundle / "bundle.json").read_text())["picture_px"] == 32
    assert max(p.stat().st_size for p in bundle.rglob("*.safetensors")) <= 15.5e6
    names = [s["id"] for s in json.loads((bundle / "vocabulary.json").read_text())["sources"]]
    assert names == list(SOURCES)
    pipeline = AudioToImagePipeline.from_pretrained(bundle / "audio_to_image", dtype=torch.float32)
    sound = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    picture = pipeline(sound, num_inference_steps=2, seed=1).images[0]
    assert picture.size == (32, 32)
    larger = load_network(bundle / "upscaler", torch.device("cpu"))
    *_, whole = larger.enlarge(torch.rand(1, 3, 32, 32), 64)
    assert whole.shape == (1, 3, 64, 64)
    presence, level = load_classifier(bundle).float().predict(torch.zeros(1, 3, 32, 32))
    assert presence.shape == level.shape == (1, len(SOURCES))
    features, judge = (load_classifier(bundle, name).stem.weight for name in ("features", "judge"))
    assert features.shape == judge.shape and not torch.allclose(features, judge, atol=1e-2), "trained apart"


def test_training_goes_on_from_a_bundle(run: Run, tmp_path: Path) -> None:
    from sonic_ui.training.bundle_io import import_bundle

    bundle = export_bundle(run, tmp_path / "bundle")
    again = Run(run.recipe, tmp_path / "run", report=lambda _: None)
    import_bundle(again, bundle)
    for folder in ("pictures", "clips"):
        (again.folder / folder).symlink_to(run.folder / folder)
    state = torch.load(again.checkpoint("denoiser"), weights_only=True)["average"]
    expected = trained_unet(run).state_dict()
    assert state.keys() == expected.keys()
    assert all(torch.allclose(state[k], expected[k], atol=2e-3) for k in state)
    whole, expected = (trained_autoencoder(replace(each, artifacts={})).state_dict() for each in (again, run))
    assert all(torch.allclose(whole[k], expected[k], atol=2e-3) for k in expected)
    coarse = {k: v for k, v in coarse_autoencoder(again).state_dict().items() if not k.startswith(FINE)}
    assert coarse and all(torch.allclose(coarse[k], expected[k], atol=2e-3) for k in coarse)
    pictures, scenes = training_pictures(run)
    again.artifacts["training_pictures"] = pictures[:6] // 2, scenes[:6]
    means = [latent_normalizer(each).mean for each in (again, run)]
    assert torch.allclose(*means, atol=1e-2), "as the bundle's, not anew"
    for name in ("presence_classifier", "picture_features"):
        kept, made = (
            torch.load(each.checkpoint(name), weights_only=True)["average"] for each in (again, run)
        )
        assert torch.allclose(kept["stem.weight"], made["stem.weight"], atol=2e-3)
    run_stage(again, "denoiser")
    assert torch.load(again.checkpoint("denoiser"), weights_only=True)["step"] == 3
    assert trained_adapter(again).gates()
    assert trained_clap(again).config.projection_dim == trained_clap(run).config.projection_dim
    with pytest.raises(FileExistsError, match="is there already"):
        import_bundle(again, bundle)


def test_token_weights_fall_as_the_supplement_says() -> None:
    weights = token_weights(24)
    assert weights[0] == pytest.approx(0.8037, abs=1e-4) and torch.all(weights.diff() < 0)


def test_source_captions_name_what_sounds_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        scene = sample_scene(rng)
        text = source_caption(scene)
        assert scene.style not in text and " at night" not in text and f" in a {scene.place}" not in text


def test_a_scaled_scene_has_the_level_that_its_scale_makes_up_for() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        scene = sample_scene(rng)
        changed, scale = at_scale(scene, rng)
        assert LEAST_SCALE <= scale <= MOST_SCALE
        assert max(source.level for source in changed.sources) <= 1 + 1e-9
        assert changed.levels * scale == pytest.approx(scene.levels) and changed.room == scene.room


def test_every_take_of_a_scene_has_its_scale(run: Run) -> None:
    made = scene_embeddings(run)
    assert made.embeddings.shape[:2] == made.scales.shape == (24, 2)
    assert torch.all(made.scales[:, 0] == 1) and made.scales[:, 1].std() > 0.1


def test_composed_sounds_have_the_loudness_of_their_level() -> None:
    mel = np.zeros((251, 64), np.float16)
    bank = SoundBank(np.stack([mel]), [ClipInfo("rain", "dry", 0.5, False)])
    rng = np.random.default_rng(0)
    quiet, loud = (
        sample_scene(np.random.default_rng(3), sources=("rain",), levels=(v,)) for v in (0.25, 0.75)
    )
    gap = bank.compose(loud, rng, augment=False) - bank.compose(quiet, rng, augment=False)
    assert np.allclose(gap, 18.0, atol=0.1)  # dB


def test_log_mels_are_those_of_the_feature_extractor() -> None:
    from sonic_ui.models.encoders import sound_features
    from sonic_ui.training.data.sounds import FRAME_STEP
    from sonic_ui.training.stages.clap import build_feature_extractor

    sound = np.random.default_rng(0).normal(0, 0.1, 5 * 48_000).astype(np.float32)
    expected = sound_features(build_feature_extractor(), [sound])[0, 0].numpy()
    assert np.abs(log_mel(sound)[::FRAME_STEP] - expected).max() < 0.05
