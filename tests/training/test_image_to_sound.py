"""The stages of image-to-sound at the smallest sizes, and what they are fed with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sonic_ui.audio.energy import pearson_r, smooth
from sonic_ui.models.vocoder import SpectralVocoder
from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline
from sonic_ui.training.bundle_io import export_image_to_sound
from sonic_ui.training.data.image_to_sound import (
    PEAK_RMS,
    bend,
    drawn_curve,
    image_to_sound_scenes,
    load_image_to_sound,
)
from sonic_ui.training.run import Run
from sonic_ui.training.stages.clip import trained_clip
from sonic_ui.training.stages.image_to_audio_mapper import natural_energy, rough_target, trained_mapper
from sonic_ui.training.stages.sound_diffusion import trained_sound_unet
from sonic_ui.training.stages.vocoder import VocoderStage


@pytest.mark.parametrize(
    ("stage", "least"),
    [
        ("mel_autoencoder", 0.85),
        ("sound_denoiser", 0.95),
        ("image_to_audio_mapper", 0.9),
        ("energy_modulator", 0.95),
        ("sound_classifier", 0.95),
    ],
)
def test_every_stage_learns_a_handful(run: Run, stage: str, least: float) -> None:
    lines = (run.folder / stage / "log.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines]
    third = len(losses) // 3
    assert np.mean(losses[-third:]) < least * np.mean(losses[:third])


def test_the_vocoder_learns_a_handful_and_then_beside_a_critic(run: Run) -> None:
    first, *_, last = [
        json.loads(line) for line in (run.folder / "vocoder" / "log.jsonl").read_text().splitlines()
    ]
    assert last["reconstruction"] < 0.9 * first["reconstruction"]
    assert "critic" not in first and last["critic"] > 0
    assert VocoderStage(run).step == 30, "the critic goes on where it was"


def test_the_control_net_learns_and_the_denoiser_stays(run: Run) -> None:
    trained = torch.load(run.checkpoint("energy_control"), weights_only=True)["average"]
    assert trained["zero_middle.weight"].abs().max() > 0 and trained["curve_out.weight"].abs().max() > 0
    kept = torch.load(run.checkpoint("sound_denoiser"), weights_only=True)["average"]
    unet = trained_sound_unet(run).state_dict()
    assert all(torch.equal(unet[name], value) for name, value in kept.items())


def test_rendered_sounds_are_of_one_level_and_repeat(run: Run) -> None:
    data = load_image_to_sound(run.folder / "image_to_sound", "train")
    assert data.mels.shape == (18, 512, 64) and data.energies.shape == (18, 512)
    assert data.image_embeds.shape[0] == data.embeds.shape[0] == 18
    peaks = [smooth(e).max() for e in data.energies]
    assert peaks == pytest.approx([PEAK_RMS] * 18, rel=1e-3)
    assert data.scenes == image_to_sound_scenes("train", 0, 18)
    with pytest.raises(FileNotFoundError, match="run the stage image_to_sound"):
        load_image_to_sound(run.folder / "nowhere", "train")


def test_the_exported_pipeline_sounds(run: Run, tmp_path: Path) -> None:
    from sonic_ui.bundles import check_pipeline

    folder = export_image_to_sound(run, tmp_path)
    check_pipeline(folder)
    assert (tmp_path / "sound_classifier" / "config.json").exists()
    pipeline = ImageToAudioPipeline.from_pretrained(folder, dtype=torch.float32)
    assert isinstance(pipeline.vocoder, SpectralVocoder)
    picture = Image.new("RGB", (90, 60), (40, 80, 160))
    made = pipeline(picture, sketch=np.linspace(0, 1, 9), prompt="rain", num_inference_steps=2)
    assert made.samples.shape == (1, 81_920) and np.isfinite(made.samples).all()
    seen = trained_mapper(run)(
        trained_clip(run).get_image_features(pixel_values=torch.zeros(1, 3, 64, 64)).pooler_output
    )
    grey = pipeline.embed_image(Image.new("RGB", (64, 64), (127, 127, 128)))
    assert torch.nn.functional.cosine_similarity(seen, grey) > 0.99


def test_drawn_curves_are_curves() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        curve = drawn_curve(rng, 512)
        assert curve.shape == (512,) and curve.min() >= 0 and curve.max() == pytest.approx(1)
        assert np.ptp(curve) > 0.1


def test_a_bent_sound_has_the_energy_that_is_returned() -> None:
    rng = np.random.default_rng(1)
    energy = smooth(np.abs(rng.normal(0.1, 0.02, 512)))
    mel = np.log(energy)[:, None] + np.zeros((512, 64), np.float32)
    curve = np.linspace(0.05, 1, 512)
    bent, made = bend(mel, energy, curve, flatten=1.0)
    assert pearson_r(made, curve) > 0.99
    assert smooth(made).max() == pytest.approx(smooth(energy).max(), rel=1e-3)
    assert np.allclose(bent[:, 0], np.log(made), atol=1e-3)
    silent, quiet = bend(np.full((512, 64), -11.5), np.zeros(512), curve, flatten=1.0)
    assert np.isfinite(silent).all() and not quiet.any()


def test_rough_sketches_stay_near_their_curve() -> None:
    rng = np.random.default_rng(2)
    curve = natural_energy(drawn_curve(rng, 512))
    near = [pearson_r(np.asarray(rough_target(curve, rng), float), curve) for _ in range(40)]
    assert np.median(near) > 0.6 and not natural_energy(np.zeros(512)).any()
