"""From a picture and a drawn energy curve to sound: AudioSketch.

picture -> CLIP -> mapper -> sound embedding; curve -> (modulator) -> energy -> ControlNet; denoiser,
autoencoder and vocoder make the sound.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC, AutoencoderKL, UNet2DConditionModel
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from diffusers.utils.outputs import BaseOutput
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

import sonic_ui.models.mel  # noqa: F401  diffusers finds a vocoder only in a module that is imported
from sonic_ui.audio import energy
from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import set_lufs
from sonic_ui.models.energy_control import EnergyControlNet
from sonic_ui.models.latents import LatentNormalizer, compression_factor, decode_latents
from sonic_ui.models.sound_mapper import EnergyModulator, ImageToAudioMapper
from sonic_ui.pipelines import sampling
from sonic_ui.pipelines.check_inputs import finite, positive
from sonic_ui.pipelines.energy_guidance import guide_energy
from sonic_ui.requests import BadInput

Mode = Literal["natural", "exact"]
Control = Literal["trained", "guided", "none"]
MODES: tuple[Mode, ...] = ("natural", "exact")
CONTROLS: tuple[Control, ...] = ("trained", "guided", "none")
SILENT = 1e-3
"""An envelope that nowhere passes this is silence."""

GUIDED_SHARE = 0.25
"""The last share of the steps, in which guidance is added to the ControlNet."""

LEAST_MOTION = 0.1
"""A curve whose deviation is less than this share of its mean is not blown up by the z-norm."""


class AudioGenerationPipeline(DiffusionPipeline):
    """Components of a bundle that makes sounds of pictures.

    Parts are called as AudioLDM's are: `unet` takes the sound embedding as class label, `vae` log-mels of one
    channel, `vocoder` log-mels [B, frames, mels], `text_encoder` is CLAP's text half.

    frames             length of what is made, in frames of 10 ms
    mel_mean, mel_std  how the autoencoder wants log-mels: (x - mean) / std
    default_steps, default_guidance, default_pull   settings that suit the weights; the last is
                       `energy_guidance`, named as saved model_index.json files name it
    """

    _optional_components = [  # noqa: RUF012
        "image_mapper",
        "energy_modulator",
        "energy_control",
        "latent_normalizer",
        "text_encoder",
        "tokenizer",
    ]

    def __init__(
        self,
        vae: AutoencoderKL | AutoencoderDC,
        unet: UNet2DConditionModel,
        scheduler: SchedulerMixin,
        vocoder: Any,
        image_encoder: Any,
        image_processor: Any,
        image_mapper: ImageToAudioMapper | None = None,
        energy_modulator: EnergyModulator | None = None,
        energy_control: EnergyControlNet | None = None,
        latent_normalizer: LatentNormalizer | None = None,
        text_encoder: Any = None,
        tokenizer: Any = None,
        frames: int = 512,
        mel_mean: float = 0.0,
        mel_std: float = 1.0,
        default_steps: int = 25,
        default_guidance: float = 3.0,
        default_pull: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_modules(
            vae=vae,
            unet=unet,
            scheduler=scheduler,
            vocoder=vocoder,
            image_encoder=image_encoder,
            image_processor=image_processor,
            image_mapper=image_mapper,
            energy_modulator=energy_modulator,
            energy_control=energy_control,
            latent_normalizer=latent_normalizer,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
        )
        self.register_to_config(
            frames=frames,
            mel_mean=mel_mean,
            mel_std=mel_std,
            default_steps=default_steps,
            default_guidance=default_guidance,
            default_pull=default_pull,
        )

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        return int(self.vocoder.config.sampling_rate)

    @property
    def frames(self) -> int:
        """Length of a sound in frames of the energy's grid."""
        return int(self.config["frames"])

    @property
    def duration_s(self) -> float:
        """Length of a sound in seconds."""
        return self.frames / energy.ENERGY_HZ

    # Embeddings and envelopes

    @torch.no_grad()
    def embed_image(self, image: Image.Image) -> Tensor:
        """The embedding [1, D] of the sound that the picture shows, of unit length. Raises BadInput."""
        if not isinstance(image, Image.Image):
            raise BadInput(f"A picture is needed; given was {type(image).__name__}.", "picture")
        pixels = self.image_processor(image.convert("RGB"), return_tensors="pt")["pixel_values"]
        encoder = self.image_encoder
        image_embeds = encoder(pixels.to(encoder.device, encoder.dtype)).image_embeds
        if self.image_mapper is None:
            raise BadInput("These weights cannot hear a picture: they have no image mapper.", "bundle")
        return self.image_mapper(image_embeds.to(self.image_mapper.dtype)).float()

    @torch.no_grad()
    def embed_prompt(self, prompt: str) -> Tensor:
        """The embedding [1, D] of words, of unit length. Raises BadInput where the weights know no words."""
        if self.text_encoder is None or self.tokenizer is None:
            raise BadInput("These weights take no words: they have no text encoder.", "prompt")
        tokens = self.tokenizer([prompt], truncation=True, return_tensors="pt").to(self.text_encoder.device)
        embeds = self.text_encoder(tokens["input_ids"], attention_mask=tokens["attention_mask"]).text_embeds
        return F.normalize(embeds.float(), dim=-1)

    def suggest(self, image: Image.Image) -> NDArray[np.float32]:
        """The natural envelope [frames] in [0, 1] of what the picture shows."""
        return self._natural(self.embed_image(image), None)

    def envelope(
        self, image: Image.Image, sketch: NDArray[np.floating[Any]] | None, mode: Mode = "natural"
    ) -> NDArray[np.float32]:
        """The envelope to impose [frames] in [0, 1] for a curve or a strip [N] in [0, 1].

        mode   "natural": the modulator makes of it what such a sound does, at the moments of a strip;
               "exact": only smoothed

        Without a sketch, or with an empty strip in natural mode, it is `suggest`. Raises BadInput.
        """
        return self._envelope(self.embed_image(image), sketch, mode)

    def _envelope(self, embeds: Tensor, sketch: NDArray[np.floating[Any]] | None, mode: Mode) -> Any:
        if mode not in MODES:
            raise BadInput(f"mode is {mode!r}; it takes one of {', '.join(MODES)}.", "mode")
        if sketch is None:
            return self._natural(embeds, None)
        target = checked_sketch(sketch, self.frames)
        if mode == "exact":
            return np.clip(energy.smooth(target), 0.0, 1.0)
        if target.max() <= SILENT:
            return self._natural(embeds, None)
        natural = self._natural(embeds, target)
        return energy.held_to_strip(natural, target) if energy.is_strip(sketch) else natural

    @torch.no_grad()
    def _natural(self, embeds: Tensor, target: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """The modulator's envelope [frames] for a target, or for none; without a modulator a plain swell."""
        modulator = self.energy_modulator
        if modulator is None:
            return target if target is not None else np.hanning(self.frames + 2)[1:-1].astype(np.float32)
        if target is None and (recalled := modulator.recall(embeds)) is not None:
            return recalled[0].float().cpu().numpy()
        has_target = torch.tensor([float(target is not None)])
        curve = torch.from_numpy(target if target is not None else np.zeros(self.frames, np.float32))[None]
        device = modulator.device
        envelope = modulator(curve.to(device), has_target.to(device), embeds.to(device))
        return envelope[0].float().cpu().numpy()

    # The loop's parts

    def _check_control(self, control: str) -> None:
        if control not in CONTROLS:
            raise BadInput(f"control is {control!r}; it takes one of {', '.join(CONTROLS)}.", "control")
        if control == "trained" and self.energy_control is None:
            raise BadInput('These weights have no trained energy control; choose "guided".', "control")

    def _labels(self, image: Image.Image, prompt: str, negative: str, count: int, guided: bool) -> Tensor:
        """Sound embeddings [count, D], or [2 count, D] with the unconditional ones first."""
        embeds = self.embed_image(image)
        if prompt.strip():
            embeds = F.normalize(embeds + self.embed_prompt(prompt).to(embeds), dim=-1)
        rows = [embeds.expand(count, -1)]
        if guided:
            rows.insert(0, self._unconditional(negative, embeds).expand(count, -1))
        return torch.cat(rows).to(self.unet.device, self.unet.dtype)

    def _unconditional(self, negative: str, embeds: Tensor) -> Tensor:
        """Embedding [1, D], beside `embeds`, of the negative words; zeros without any."""
        return self.embed_prompt(negative).to(embeds) if negative.strip() else torch.zeros_like(embeds)

    def _latent_shape(self) -> tuple[int, int, int]:
        factor = compression_factor(self.vae)
        mels = int(self.vocoder.config.model_in_dim)
        return int(self.unet.config["in_channels"]), self.frames // factor, mels // factor

    def _residuals(self, latents: Tensor, timestep: Tensor, control_signal: Tensor, labels: Tensor) -> Any:
        """The ControlNet's residuals for the z-normed curve [1, frames]."""
        net: Any = self.energy_control
        signals = control_signal.expand(len(latents), -1)
        return net(latents.to(net.dtype), timestep, signals, labels.to(net.dtype))

    def _denoise(
        self, latents: Tensor, timestep: Tensor, labels: Tensor, residuals: Any, control_scale: float
    ) -> Tensor:
        """The denoiser's output [B, C, t, m], float32."""
        extra = {}
        if residuals is not None and control_scale:
            down, middle = residuals
            extra = {
                "down_block_additional_residuals": tuple(control_scale * r.to(self.unet.dtype) for r in down),
                "mid_block_additional_residual": control_scale * middle.to(self.unet.dtype),
            }
        inputs = latents.to(self.unet.dtype)
        return self.unet(
            inputs, timestep, encoder_hidden_states=None, class_labels=labels, **extra
        ).sample.float()

    def _guide_prediction(
        self,
        scheduler: Any,
        prediction: Tensor,
        latents: Tensor,
        timestep: Tensor,
        curve: Tensor,
        scale: float,
    ) -> Tensor:
        """The prediction whose clean latent goes nearer to the curve [B, frames] (training-free guidance)."""
        alpha_bar, kind = scheduler.alphas_cumprod[int(timestep)], scheduler.config.prediction_type
        clean = sampling.pred_original_sample(prediction, latents, alpha_bar, kind)
        clean = guide_energy(
            self.vae,
            self.latent_normalizer,
            clean,
            curve,
            scale=scale,
            mel_mean=float(self.config["mel_mean"]),
            mel_std=float(self.config["mel_std"]),
        )
        return sampling.to_model_output(clean, latents, alpha_bar, kind)

    def _log_mels(self, latents: Tensor) -> Tensor:
        """Latents [B, C, t, m] -> log-mels [B, frames, mels]."""
        decoded = decode_latents(self.vae, latents, self.latent_normalizer)[:, 0].float()
        return decoded * float(self.config["mel_std"]) + float(self.config["mel_mean"])

    def _sound(self, latents: Tensor) -> NDArray[np.float32]:
        """Latents [B, C, t, m] -> samples [B, T]."""
        mels = self._log_mels(latents).to(self.vocoder.dtype)
        samples = self.vocoder(mels).float().cpu().numpy()
        return np.nan_to_num(samples).astype(np.float32)

    def _finished(self, samples: NDArray[np.float32], lufs: float | None) -> NDArray[np.float32]:
        """Samples [T] at a loudness, no true peak above -1 dBTP."""
        if lufs is not None:
            samples = set_lufs(samples, self.sample_rate, finite("loudness_lufs", lufs))
        return limit_true_peak(samples, self.sample_rate)

    @torch.no_grad()
    def _decode_pil(self, latents: Tensor) -> list[Image.Image]:
        """Spectrograms of latents, time to the right, low notes at the bottom."""
        mels = self._log_mels(latents).transpose(1, 2).flip(1)
        grey = ((mels + 11.5) / 13 * 255).clamp(0, 255).to(torch.uint8).cpu().numpy()
        return [Image.fromarray(picture) for picture in grey]


@dataclass
class ImageToAudioOutput(BaseOutput):
    """Sounds (takes) of a picture, and their energy curves."""

    samples: NDArray[np.float32]
    """[takes, T] at the pipeline's `sample_rate`."""
    envelope: NDArray[np.float32]
    """The curve that was imposed [frames] in [0, 1]."""
    energy: NDArray[np.float32]
    """Smoothed RMS of every take [takes, frames]."""
    seeds: list[int]
    """One a take: `seed=seeds[i]` makes take i again."""


class ImageToAudioPipeline(AudioGenerationPipeline):
    """Makes sounds of a picture whose energy rises and falls as it was drawn."""

    @torch.no_grad()
    def __call__(
        self,
        image: Image.Image,
        *,
        prompt: str = "",
        negative_prompt: str = "",
        sketch: NDArray[np.floating[Any]] | None = None,
        mode: Mode = "natural",
        energy_strength: float = 1.0,
        control: Control = "trained",
        guidance_scale: float | None = None,
        num_inference_steps: int | None = None,
        num_takes: int = 1,
        loudness_lufs: float | None = None,
        seed: int = 0,
        energy_guidance: float | None = None,
        on_step: Callable[[sampling.StepReport], None] | None = None,
    ) -> ImageToAudioOutput:
        """Make sounds.

        image                 what sounds
        prompt                words that turn the sound half way from the picture's to theirs
        negative_prompt       what it shall not sound like
        sketch                energy over time [N] in [0, 1], any number of points; None: the sound rises
                              and falls by itself
        mode                  "natural": the sketch is a rough target (moments are enough); "exact": the curve
        energy_strength       how much the energy is controlled; 0 is as without control
        control               "trained": the ControlNet; "guided": training-free guidance; "none"
        guidance_scale        how literally picture and words are followed; 1 and less skip the second pass
        num_inference_steps   more are slower and finer
        num_takes             sounds made; take i starts from seed + i
        loudness_lufs         integrated loudness of every take, peaks below -1 dBTP; None: as it comes
        energy_guidance       training-free guidance added to the ControlNet in the last steps, for a sketch:
                              1 goes all the way, 0 leaves the ControlNet alone; None: what suits the weights
        on_step               called after each step; what it raises ends the run

        A curve that is zero everywhere gives silence. Raises BadInput for values that cannot be used.
        """
        config = self.config
        steps = positive("num_inference_steps", num_inference_steps or int(config["default_steps"]))
        given_scale = config["default_guidance"] if guidance_scale is None else guidance_scale
        scale = finite("guidance_scale", given_scale)
        finite("energy_strength", energy_strength)
        seeds = [int(seed) + i for i in range(positive("num_takes", num_takes))]
        self._check_control(control)

        labels = self._labels(image, prompt, negative_prompt, len(seeds), scale > 1)
        curve = self._envelope(self.embed_image(image), sketch, mode)
        if curve.max(initial=0.0) <= SILENT:
            silence = np.zeros((len(seeds), round(self.duration_s * self.sample_rate)), np.float32)
            return ImageToAudioOutput(silence, curve, np.zeros((len(seeds), self.frames), np.float32), seeds)
        if sketch is None:
            control = "none"
        control_scale = 0.0 if control == "none" else energy_strength
        added = config["default_pull"] if energy_guidance is None else energy_guidance
        added, guided = finite("energy_guidance", added), control == "guided"
        schedule = guidance_schedule(steps, 1.0 if guided else added, whole=guided)
        latents = self._sample(labels, curve, seeds, scale, control, control_scale, schedule, on_step)
        samples = [self._finished(take, loudness_lufs) for take in self._sound(latents)]
        energies = [energy.smooth(energy.rms_energy(take, self.sample_rate)) for take in samples]
        cut = np.stack([each[: self.frames] for each in energies])
        return ImageToAudioOutput(np.stack(samples), curve, cut, seeds)

    def _sample(
        self,
        labels: Tensor,
        curve: NDArray[np.float32],
        seeds: list[int],
        scale: float,
        control: Control,
        control_scale: float,
        schedule: list[float],
        on_step: Callable[[sampling.StepReport], None] | None,
    ) -> Tensor:
        """Latents [B, C, t, m] of the takes; `schedule` has the training-free guidance of every step."""
        scheduler: Any = copy.deepcopy(self.scheduler)  # it counts its steps: one a run
        scheduler.set_timesteps(len(schedule))
        noise, generators = sampling.seeded_noise(seeds, self._latent_shape())
        latents = noise.to(self.device) * scheduler.init_noise_sigma
        control_signal = torch.from_numpy(energy.z_norm(curve, least=LEAST_MOTION)).to(self.device)[None]
        target = torch.from_numpy(curve)[None].expand(len(seeds), -1)
        for step, timestep in enumerate(scheduler.timesteps, start=1):
            both = torch.cat([latents, latents]) if scale > 1 else latents
            both = scheduler.scale_model_input(both, timestep)
            residuals = None
            if control == "trained":
                residuals = self._residuals(both, timestep, control_signal, labels)
            prediction = self._denoise(both, timestep, labels, residuals, control_scale)
            prediction = sampling.apply_cfg(prediction, scale) if scale > 1 else prediction
            if guidance := control_scale * schedule[min(step, len(schedule)) - 1]:
                prediction = self._guide_prediction(
                    scheduler, prediction, latents, timestep, target, guidance
                )
            latents, clean = sampling.scheduler_step(scheduler, prediction, timestep, latents, generators)
            if on_step is not None:
                on_step(
                    sampling.StepReport(
                        step, len(scheduler.timesteps), int(timestep), clean, self._decode_pil
                    )
                )
        return latents


def guidance_schedule(steps: int, guidance: float, *, whole: bool) -> list[float]:
    """Training-free guidance at every step: all along, or in the last steps alone."""
    first = 0 if whole else steps - max(1, round(GUIDED_SHARE * steps))
    return [guidance if step >= first else 0.0 for step in range(steps)]


def checked_sketch(sketch: NDArray[np.floating[Any]], frames: int) -> NDArray[np.float32]:
    """A curve of any length as [frames]. Raises BadInput for what is no curve in [0, 1]."""
    curve = np.asarray(sketch, dtype=np.float64)
    if curve.ndim != 1 or curve.size == 0:
        raise BadInput(
            f"The curve has shape {curve.shape}; a list of at least one number is needed.", "curve"
        )
    if not np.isfinite(curve).all():
        raise BadInput("The curve holds values that are not numbers; each must be from 0 to 1.", "curve")
    if curve.min() < 0 or curve.max() > 1:
        raise BadInput(
            f"The curve goes from {curve.min():g} to {curve.max():g}; values from 0 to 1 are accepted.",
            "curve",
        )
    return energy.resample_curve(curve, frames)
