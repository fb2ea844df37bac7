"""Letting a picture sound: what comes out, what the curve does, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sonic_ui.audio.energy import energy_l1, pearson_r
from sonic_ui.audio.follow_curve import follow_curve
from sonic_ui.audio.loudness import integrated_lufs, true_peak_dbfs
from sonic_ui.bundles.registry import MINIATURE
from sonic_ui.models.energy_control import EnergyControlNet
from sonic_ui.models.mel import GriffinLimVocoder, log_mel
from sonic_ui.pipelines.energy_guidance import energy_gap, frame_energy
from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline, guidance_schedule
from sonic_ui.pipelines.sampling import pred_original_sample, to_model_output
from sonic_ui.requests import BadInput
from sonic_ui.testing.tiny_bundle import debug_sound_pipeline
from sonic_ui.testing.tiny_models import debug_sound_unet

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8))
RAMP = np.linspace(0, 1, 40)
RAMP_512 = np.linspace(0, 1, 512)
ONE_STEP: dict[str, Any] = {
    "sketch": RAMP,
    "mode": "exact",
    "num_inference_steps": 1,
    "energy_guidance": 0.0,
}


@pytest.fixture(scope="module")
def sounding() -> ImageToAudioPipeline:
    return debug_sound_pipeline()


def test_takes_have_the_length_the_rate_and_the_curves_promised(sounding: ImageToAudioPipeline) -> None:
    assert (sounding.sample_rate, sounding.frames, sounding.duration_s) == (16_000, 512, 5.12)
    steps: list[Any] = []
    made = sounding(PICTURE, sketch=RAMP, num_takes=2, seed=3, on_step=steps.append)
    assert made.samples.shape == (2, 81_920) and made.samples.dtype == np.float32
    assert made.envelope.shape == (512,) and made.energy.shape == (2, 512)
    assert np.isfinite(made.samples).all() and made.samples.std() > 0
    assert made.seeds == [3, 4] and [s.step for s in steps] == [1, 2]
    assert steps[0].preview()[0].size == (256, 32)


def test_the_same_request_gives_the_same_sound_and_a_take_stands_alone(
    sounding: ImageToAudioPipeline,
) -> None:
    both = sounding(PICTURE, num_takes=2, seed=5)
    second = sounding(PICTURE, seed=6)
    assert np.array_equal(both.samples, sounding(PICTURE, num_takes=2, seed=5).samples)
    assert pearson_r(both.energy[1], second.energy[0]) > 0.99


def test_exact_mode_keeps_the_curve_and_natural_mode_asks_the_modulator(
    sounding: ImageToAudioPipeline,
) -> None:
    exact = sounding.envelope(PICTURE, RAMP, "exact")
    assert pearson_r(exact, np.linspace(0, 1, 512)) > 0.999
    natural = sounding.envelope(PICTURE, RAMP, "natural")
    assert natural.shape == (512,) and natural.min() >= 0 and natural.max() <= 1
    assert not np.allclose(natural, exact)
    for nothing in (None, np.zeros(7)):
        assert np.array_equal(sounding.envelope(PICTURE, nothing, "natural"), sounding.suggest(PICTURE))


@pytest.mark.parametrize("control", ["envelope", "trained", "guided"])
def test_the_curve_changes_the_sound_as_firmly_as_asked(sounding: ImageToAudioPipeline, control: Any) -> None:
    def made(strength: float, sketch: Any = RAMP) -> Any:
        return sounding(
            PICTURE, sketch=sketch, mode="exact", control=control, energy_strength=strength
        ).samples

    without = sounding(PICTURE, sketch=RAMP, mode="exact", control="none").samples
    assert np.array_equal(made(0.0), without)
    assert not np.allclose(made(1.0), without)
    assert not np.allclose(made(1.0), made(1.0, RAMP[::-1]))


def test_an_exact_curve_is_laid_over_a_free_sound_by_default(sounding: ImageToAudioPipeline) -> None:
    passes: list[object] = []
    hook = sounding.energy_control.register_forward_hook(lambda *_: passes.append(1))
    made = {name: sounding(PICTURE, sketch=RAMP, mode="exact", control=name) for name in ("auto", "envelope")}
    hook.remove()
    assert np.array_equal(made["auto"].samples, made["envelope"].samples) and not passes
    free = sounding(PICTURE, sketch=RAMP, mode="exact", control="none")
    assert (
        pearson_r(made["auto"].envelope, made["auto"].energy[0]) > 0.8 > pearson_r(RAMP_512, free.energy[0])
    )
    laid = follow_curve(free.samples[0], 16_000, made["auto"].envelope)
    assert np.allclose(made["auto"].samples[0], laid, atol=1e-3), "what the evaluation goes by"
    natural = [sounding(PICTURE, sketch=RAMP, control=name).samples for name in ("auto", "trained")]
    assert np.array_equal(*natural)


def test_guidance_can_be_added_to_the_control_net(sounding: ImageToAudioPipeline) -> None:
    alone, added = (
        sounding(PICTURE, sketch=RAMP, mode="exact", control="trained", energy_guidance=x) for x in (0.0, 1.0)
    )
    assert not np.allclose(alone.samples, added.samples)
    without_sketch = [sounding(PICTURE, energy_guidance=x).samples for x in (0.0, 1.0)]
    assert np.array_equal(*without_sketch)
    assert guidance_schedule(8, 0.5, whole=False) == [0.0] * 6 + [0.5] * 2
    assert guidance_schedule(3, 0.5, whole=True) == [0.5] * 3


def test_the_control_net_may_leave_the_unconditional_half_alone(sounding: ImageToAudioPipeline) -> None:
    rows: list[int] = []
    net: Any = sounding.energy_control
    hook = net.register_forward_hook(lambda _, args, __: rows.append(len(args[0])))
    settings = {**ONE_STEP, "control": "trained"}
    both = sounding(PICTURE, **settings).samples
    half = sounding(PICTURE, control_half="conditional", **settings).samples
    unguided = [
        sounding(PICTURE, control_half=which, guidance_scale=1.0, **settings).samples
        for which in ("both", "conditional")
    ]
    hook.remove()
    assert rows == [2, 1, 1, 1] and not np.allclose(both, half)
    assert np.array_equal(*unguided), "without guidance there is one half"


def test_the_unconditional_half_is_denoised_as_without_control(sounding: ImageToAudioPipeline) -> None:
    seen: dict[str, torch.Tensor] = {}
    half = {"control": "trained", "control_half": "conditional"}
    for name, more in {"none": {"control": "none"}, "half": half}.items():
        hook = sounding.unet.register_forward_hook(
            lambda _, __, output, name=name: seen.update({name: output.sample})
        )
        sounding(PICTURE, **ONE_STEP, **more)
        hook.remove()
    assert torch.allclose(seen["none"][0], seen["half"][0], atol=1e-5)
    assert not torch.allclose(seen["none"][1], seen["half"][1], atol=1e-4)


def test_the_best_candidate_of_every_take_is_kept(sounding: ImageToAudioPipeline) -> None:
    steps: list[Any] = []
    answers = iter([0.1, 0.9, 0.2, 0.8, 0.3, 0.4])
    settings = {"sketch": RAMP, "mode": "exact", "control": "none"}
    made = sounding(
        PICTURE,
        **settings,
        num_takes=2,
        num_candidates=3,
        seed=5,
        similarity=lambda samples: next(answers) if samples.shape == (81_920,) else None,
        on_step=steps.append,
    )
    assert [(one.count, one.seed, one.similarity) for one in made.choices] == [(3, 7, 0.9), (3, 6, 0.8)]
    assert made.seeds == [7, 6] and all(one.agreement is None for one in made.choices), "nothing was imposed"
    assert [(one.step, one.total) for one in steps] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    alone = sounding(PICTURE, **settings, seed=7)
    assert pearson_r(made.energy[0], alone.energy[0]) > 0.99 and alone.choices == ()


def test_without_a_similarity_the_curve_decides(sounding: ImageToAudioPipeline) -> None:
    settings = {"sketch": RAMP, "mode": "exact", "control": "trained"}
    made = sounding(PICTURE, num_candidates=3, **settings)
    (choice,) = made.choices
    each = [sounding(PICTURE, seed=seed, **settings) for seed in range(3)]
    agreements = [pearson_r(one.envelope, one.energy[0]) for one in each]
    assert choice.similarity is None and made.seeds == [choice.seed]
    assert agreements[choice.seed] > min(agreements), "the drafts that are compared are rougher"
    assert choice.score == choice.agreement == pytest.approx(agreements[choice.seed], abs=0.1)


def test_what_a_similarity_raises_ends_the_run(sounding: ImageToAudioPipeline) -> None:
    compared: list[int] = []

    def stop(samples: Any) -> float:
        compared.append(samples.size)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sounding(PICTURE, num_candidates=4, similarity=stop)
    assert len(compared) == 1


def test_natural_mode_keeps_the_moments_of_a_strip(sounding: ImageToAudioPipeline) -> None:
    strip = np.zeros(512, np.float32)
    strip[100:200] = strip[300:420] = 1
    natural = sounding.envelope(PICTURE, strip, "natural")
    assert natural[120:180].min() > 2 * natural[230:270].max()
    assert natural[320:400].min() > 2 * natural[450:].max()


def test_without_a_wish_a_remembered_envelope_is_suggested() -> None:
    pipeline = debug_sound_pipeline()
    embeds, curves = torch.randn(3, 32), torch.rand(3, 512)
    embeds[1] = pipeline.embed_image(PICTURE)[0]
    pipeline.register_modules(energy_modulator=pipeline.energy_modulator.remembering(embeds, curves))
    assert np.allclose(pipeline.suggest(PICTURE), curves[1].numpy())
    assert not np.allclose(pipeline.envelope(PICTURE, RAMP, "natural"), curves[1].numpy())


def test_nothing_is_held_where_nothing_was_drawn(sounding: ImageToAudioPipeline) -> None:
    settings = {"num_inference_steps": 2, "seed": 4}
    free, alone = sounding(PICTURE, **settings), sounding(PICTURE, control="none", **settings)
    assert np.array_equal(free.samples, alone.samples)
    assert not np.array_equal(free.samples, sounding(PICTURE, sketch=RAMP, **settings).samples)


@pytest.mark.parametrize("length_s", [2, 3.37, 12, 30])
def test_a_sound_is_as_long_as_requested(sounding: ImageToAudioPipeline, length_s: float) -> None:
    frames = round(100 * length_s)
    settings = {"length_s": length_s, "num_inference_steps": 1, "guidance_scale": 1.0, "mode": "exact"}
    made = sounding(PICTURE, sketch=[0.5], control="trained", energy_guidance=1.0, **settings)
    assert made.samples.shape == (1, 160 * frames) and made.energy.shape == (1, frames)
    assert np.isfinite(made.samples).all() and np.allclose(made.envelope, 0.5)
    for level in (0.0, 1.0):
        assert sounding(PICTURE, sketch=[level], **settings).samples.shape == (1, 160 * frames)
    ramp = sounding.envelope(PICTURE, RAMP, "exact", length_s)
    assert ramp.shape == (frames,) and pearson_r(ramp, np.linspace(0, 1, frames)) > 0.999
    natural = sounding.envelope(PICTURE, RAMP, "natural", length_s)
    assert natural.shape == sounding.suggest(PICTURE, length_s).shape == (frames,)


def test_the_own_length_is_the_same_to_the_bit(sounding: ImageToAudioPipeline) -> None:
    plain, own = (
        sounding(PICTURE, sketch=RAMP, seed=2, energy_guidance=1.0, length_s=length)
        for length in (None, 5.12)
    )
    assert np.array_equal(plain.samples, own.samples) and np.array_equal(plain.envelope, own.envelope)
    noise, _ = sounding._noise([4], sounding._grid(12).windows)
    shorter, _ = sounding._noise([4], sounding._grid(None).windows)
    assert torch.equal(noise[..., :64, :], shorter), "a longer sound begins with the noise of a shorter one"


def test_cost_grows_linearly_with_the_length(sounding: ImageToAudioPipeline) -> None:
    passes = []
    hook = sounding.unet.register_forward_hook(lambda _, args, __: passes.append(args[0].shape))
    sounding(PICTURE, num_inference_steps=2, length_s=30)
    hook.remove()
    assert len(passes) == 2 * 8 and {tuple(shape[2:]) for shape in passes} == {(64, 8)}


def seams(samples: Any, joins: list[int]) -> tuple[float, float]:
    """Energy step and spectral flux at the joins (frames), over what one frame in twenty elsewhere passes."""
    mels = log_mel(torch.from_numpy(samples)[None])
    flux = mels.diff(dim=1).abs().mean(-1)[0].numpy()
    step = frame_energy(mels)[0].diff().abs().numpy()
    near = np.zeros(flux.size, bool)
    for join in joins:
        near[join - 3 : join + 3] = True
    inside = np.arange(flux.size) % (flux.size - 8) >= 8  # the ends of a sound are no joins
    step_ratio, flux_ratio = (
        float(v[near].mean() / np.quantile(v[~near & inside], 0.95)) for v in (step, flux)
    )
    return step_ratio, flux_ratio


def test_nothing_is_heard_where_windows_meet() -> None:
    miniature = ImageToAudioPipeline.from_pretrained(MINIATURE / "image_to_audio", dtype=torch.float32)
    miniature.register_modules(vocoder=GriffinLimVocoder(iterations=4))
    miniature.set_progress_bar_config(disable=True)
    settings = {"sketch": RAMP, "mode": "exact", "control": "trained", "length_s": 8.96}
    made = miniature(PICTURE, num_inference_steps=3, guidance_scale=1.0, seed=1, **settings)
    windows = miniature._grid(8.96).windows
    assert windows.starts == (0, 48)
    assert max(seams(made.samples[0], [8 * 48, 8 * 56, 8 * 64])) < 1
    cut = np.concatenate([made.samples[0][-81_920:], made.samples[0][:61_440]])
    assert min(seams(cut, [512])) > 1, "a hard cut is seen"


def test_words_turn_the_sound(sounding: ImageToAudioPipeline) -> None:
    plain = sounding(PICTURE).samples
    assert not np.allclose(plain, sounding(PICTURE, prompt="rain").samples)
    assert not np.allclose(plain, sounding(PICTURE, negative_prompt="rain").samples)


def test_loudness_is_what_was_asked_for_without_clipping(sounding: ImageToAudioPipeline) -> None:
    for lufs in (-40.0, -23.0):
        made = sounding(PICTURE, loudness_lufs=lufs).samples[0]
        assert integrated_lufs(made, 16_000) == pytest.approx(lufs, abs=1.0)
    assert true_peak_dbfs(sounding(PICTURE, loudness_lufs=-3.0).samples[0]) <= -0.9


@pytest.mark.parametrize("sketch", [np.zeros(9), np.full(3, 0.0)])
def test_a_curve_of_zeros_is_silence(sounding: ImageToAudioPipeline, sketch: Any) -> None:
    made = sounding(PICTURE, sketch=sketch, mode="exact", loudness_lufs=-20)
    assert not made.samples.any() and not made.energy.any()


def test_curves_of_any_length_are_taken(sounding: ImageToAudioPipeline) -> None:
    for points in (1, 2, 100_000):
        made = sounding(PICTURE, sketch=np.full(points, 0.5), mode="exact")
        assert np.isfinite(made.samples).all() and np.allclose(made.envelope, 0.5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sketch": np.array([0.2, np.nan])}, "not numbers"),
        ({"sketch": np.array([0.2, 1.5])}, "from 0.2 to 1.5"),
        ({"sketch": np.zeros(0)}, "at least one number"),
        ({"sketch": np.zeros((2, 2))}, "at least one number"),
        ({"mode": "loose"}, "natural, exact"),
        ({"control": "firm"}, "auto, envelope, trained, guided, none"),
        ({"control_half": "third"}, "both, conditional"),
        ({"num_candidates": 0}, "num_candidates"),
        ({"energy_guidance": float("nan"), "sketch": RAMP}, "energy_guidance"),
        ({"num_takes": 0}, "num_takes"),
        ({"length_s": 1.9}, "Length in seconds is 1.9; it takes a number from 2 to 30"),
        ({"length_s": 31}, "Length in seconds is 31"),
        ({"length_s": float("nan")}, "Length in seconds is nan"),
        ({"num_inference_steps": 0.5}, "num_inference_steps"),
        ({"energy_strength": float("nan")}, "energy_strength"),
        ({"loudness_lufs": float("inf")}, "loudness_lufs"),
    ],
)
def test_what_cannot_be_used_is_named(
    sounding: ImageToAudioPipeline, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        sounding(PICTURE, **given)
    with pytest.raises(BadInput, match="picture is needed"):
        sounding("cat.png")  # type: ignore[arg-type]


def test_what_a_step_raises_ends_the_run(sounding: ImageToAudioPipeline) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sounding(PICTURE, on_step=stop)


def test_a_saved_pipeline_makes_the_same_sound(sounding: ImageToAudioPipeline, tmp_path: Path) -> None:
    sounding.save_pretrained(tmp_path / "p")
    again = ImageToAudioPipeline.from_pretrained(tmp_path / "p")
    first, second = (p(PICTURE, sketch=RAMP, seed=1).samples for p in (sounding, again))
    assert np.allclose(first, second, atol=1e-4)


def test_weights_without_optional_parts_say_so() -> None:
    parts = debug_sound_pipeline().components
    bare = ImageToAudioPipeline(
        **{**parts, "energy_control": None, "energy_modulator": None, "text_encoder": None}
    )
    with pytest.raises(BadInput, match='choose "guided"'):
        bare(PICTURE, control="trained")
    with pytest.raises(BadInput, match="no words"):
        bare(PICTURE, control="guided", prompt="rain", num_inference_steps=1)
    assert bare(PICTURE, control="guided", num_inference_steps=1).samples.any()


def test_an_untrained_control_net_changes_nothing() -> None:
    torch.manual_seed(0)
    unet = debug_sound_unet()
    control = EnergyControlNet.from_unet(unet)
    x, told = torch.randn(2, 4, 64, 8), torch.randn(2, 32)
    down, middle = control(x, 500, torch.randn(2, 512), told)
    plain = unet(x, 500, encoder_hidden_states=None, class_labels=told).sample
    held = unet(
        x,
        500,
        encoder_hidden_states=None,
        class_labels=told,
        down_block_additional_residuals=down,
        mid_block_additional_residual=middle,
    ).sample
    assert torch.equal(plain, held)
    assert control.encode_control_signal(torch.randn(2, 99), (64, 8)).shape == (2, 32, 64, 8)  # any length


def test_the_energy_of_a_frame_can_be_read_and_turned() -> None:
    mels = torch.randn(1, 512, 64)
    curve = torch.linspace(0.1, 1, 512)[None]
    turned = mels + energy_gap(frame_energy(mels), curve)[..., None]
    assert pearson_r(frame_energy(turned)[0].exp().numpy(), curve[0].numpy()) > 0.999
    assert energy_l1(frame_energy(turned)[0].exp().numpy(), curve[0].numpy()) < 0.01


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_a_prediction_and_its_clean_latents_belong_together(kind: str) -> None:
    clean, latents = torch.randn(2, 1, 4, 8, 8)
    prediction = to_model_output(clean, latents, 0.4, kind)
    assert torch.allclose(pred_original_sample(prediction, latents, 0.4, kind), clean, atol=1e-5)


def test_griffin_lim_gives_back_a_sound_of_the_same_log_mel() -> None:
    t = np.arange(32_000) / 16_000
    sound = torch.from_numpy(0.1 * np.sin(2 * np.pi * (300 + 200 * t) * t)).float()[None]
    mel = log_mel(sound)
    assert mel.shape == (1, 200, 64)
    again = GriffinLimVocoder(iterations=16)(mel)
    assert again.shape == sound.shape == GriffinLimVocoder().draft(mel).shape
    strong = mel > mel.max() - 4
    assert (log_mel(again) - mel)[strong].abs().mean() < 0.25
    with pytest.raises(ValueError, match=r"\[B, frames, 64\]"):
        GriffinLimVocoder()(torch.zeros(1, 10, 80))
