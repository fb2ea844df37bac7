"""From a picture and a drawn energy curve to sound: AudioSketch."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers.utils.outputs import BaseOutput
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.audio import energy
from sonic_ui.audio.follow_curve import follow_curve
from sonic_ui.pipelines import sampling
from sonic_ui.pipelines.candidate_ranking import Choice, best_of, candidate_seeds
from sonic_ui.pipelines.check_inputs import finite, positive
from sonic_ui.pipelines.energy_guidance import guide_energy
from sonic_ui.pipelines.latent_windows import LatentWindows
from sonic_ui.pipelines.sound_generation import (
    SILENT,
    AudioGenerationPipeline,
    Control,
    ControlHalf,
    Mode,
    TimeGrid,
    checked_control,
    checked_half,
)

OnStep = Callable[[sampling.StepReport], None]

Similarity = Callable[[NDArray[np.float32]], float | None]
"""Samples [T] at the pipeline's rate -> cosine with what shall sound; None where that is not known."""

GUIDED_SHARE = 0.25
"""The last share of the steps, in which guidance is added to the ControlNet."""

LEAST_MOTION = 0.1
"""A curve whose deviation is less than this share of its mean is not blown up by the z-norm."""


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
    """One a take: `seed=seeds[i]` makes take i again, by itself and without ranking."""
    choices: tuple[Choice, ...] = ()
    """One a take where several candidates were made."""


@dataclass(frozen=True)
class _Run:
    """What the denoiser is given, for all batches of a run.

    labels    sound embeddings [B, D], or [2 B, D] with the unconditional ones first
    schedule  the training-free guidance of every step
    """

    labels: Tensor
    curve: NDArray[np.float32]
    guidance_scale: float
    control: str
    energy_strength: float
    control_half: str
    schedule: list[float]
    grid: TimeGrid

    @property
    def control_scale(self) -> float:
        """How much the energy is controlled while the sound is denoised."""
        return self.energy_strength if self.control in ("trained", "guided") else 0.0


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
        control: Control = "auto",
        guidance_scale: float | None = None,
        num_inference_steps: int | None = None,
        num_takes: int = 1,
        loudness_lufs: float | None = None,
        seed: int = 0,
        energy_guidance: float | None = None,
        length_s: float | None = None,
        control_half: ControlHalf | None = None,
        num_candidates: int = 1,
        similarity: Similarity | None = None,
        concept: str = "",
        on_step: OnStep | None = None,
    ) -> ImageToAudioOutput:
        """Make sounds.

        image                 what sounds
        prompt                words that turn the sound half way from the picture's to theirs
        negative_prompt       what it shall not sound like
        sketch                energy over time [N] in [0, 1], any number of points; None: the sound rises
                              and falls by itself
        mode                  "natural": the sketch is a rough target (moments are enough); "exact": the curve
        energy_strength       how much the energy is controlled; 0 is as without control
        control               "envelope": made freely, then turned up and down (`audio.follow_curve`);
                              "trained": the ControlNet; "guided": training-free guidance; "none";
                              "auto": the envelope for an exact curve, else the ControlNet, or guidance
                              where there is none
        guidance_scale        how literally picture and words are followed; 1 and less skip the second pass
        num_inference_steps   more are slower and finer
        num_takes             sounds made; take i starts from seed + i
        loudness_lufs         integrated loudness of every take, peaks below -1 dBTP; None: as it comes
        energy_guidance       training-free guidance added to the ControlNet in the last steps, for a sketch:
                              1 goes all the way, 0 leaves the ControlNet alone; None: what suits the weights
        length_s              seconds of every take, from 2 to 30; the sketch is stretched to it. More than
                              `duration_s` is made in overlapping windows, less is cut from one. None: that
        control_half          as in `AudioGenerationPipeline`; None: what suits the weights
        num_candidates        sounds made for every take, of which the best is kept: see `candidate_ranking`
        similarity            how like a candidate is to what shall sound; called for each of several, and
                              what it raises ends the run. None: the curve alone decides
        concept               words for what sounds, instead of what the picture shows
        on_step               called after each step; what it raises ends the run

        A curve that is zero everywhere gives silence. Raises BadInput for values that cannot be used.
        """
        config = self.config
        steps = positive("num_inference_steps", num_inference_steps or int(config["default_steps"]))
        given_scale = config["default_guidance"] if guidance_scale is None else guidance_scale
        scale = finite("guidance_scale", given_scale)
        finite("energy_strength", energy_strength)
        takes, candidates = positive("num_takes", num_takes), positive("num_candidates", num_candidates)
        seeds = candidate_seeds(int(seed), takes, candidates)
        way = checked_control(control, mode, is_trained=self.energy_control is not None)
        if sketch is None:
            way = "none"
        half = checked_half(str(config["control_half"]) if control_half is None else control_half)
        grid = self._grid(length_s)

        count = takes if candidates == 1 else candidates
        target = self.target_embedding(image, prompt, concept)
        labels = self._labels(target, negative_prompt, count, scale > 1)
        curve = self._envelope(self.embed_concept(image, concept), sketch, mode, grid.frames)
        if curve.max(initial=0.0) <= SILENT:
            silence = np.zeros((takes, self._sample_count(grid.frames)), np.float32)
            first = [own[0] for own in seeds]
            return ImageToAudioOutput(silence, curve, np.zeros((takes, grid.frames), np.float32), first)
        added = config["default_pull"] if energy_guidance is None else energy_guidance
        added, guided = finite("energy_guidance", added), way == "guided"
        schedule = guidance_schedule(steps, 1.0 if guided else added, whole=guided)
        followed = 0.0 if way == "none" else energy_strength
        run = _Run(labels, curve, scale, way, followed, half, schedule, grid)
        choices: list[Choice] = []
        if candidates == 1:
            first = [own[0] for own in seeds]
            chosen = [self._along(take, run) for take in self._sound(self._sample(run, first, on_step), grid)]
        else:
            chosen, choices = self._choose(run, seeds, similarity, on_step)
            first = [choice.seed for choice in choices]
        samples = [self._finished(take, loudness_lufs) for take in chosen]
        energies = np.stack([self._energy(take, grid.frames) for take in samples])
        return ImageToAudioOutput(np.stack(samples), curve, energies, first, tuple(choices))

    def _energy(self, samples: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
        """Smoothed RMS [frames] of samples [T]."""
        return energy.smooth(energy.rms_energy(samples, self.sample_rate))[:frames]

    def _along(self, samples: NDArray[np.float32], run: _Run) -> NDArray[np.float32]:
        """Samples [T] with their envelope along the curve, where that is how it is followed."""
        if run.control != "envelope":
            return samples
        return follow_curve(samples, self.sample_rate, run.curve, amount=run.energy_strength)

    def _choose(
        self, run: _Run, seeds: list[list[int]], similarity: Similarity | None, on_step: OnStep | None
    ) -> tuple[list[NDArray[np.float32]], list[Choice]]:
        """Samples [T] of the best candidate of every take, and why each was kept; drafts are compared."""
        kept, choices = [], []
        for number, own in enumerate(seeds):
            latents = self._sample(run, own, on_step, (number, len(seeds)))
            ranked = []
            for seed, latent in zip(own, latents, strict=True):
                samples = self._sound(latent[None], run.grid, draft=True)[0]
                like = None if similarity is None else similarity(samples)
                agreement = None
                if run.energy_strength:
                    along = self._along(samples, run)
                    agreement = energy.pearson_r(run.curve, self._energy(along, run.grid.frames))
                ranked.append(Choice(len(own), seed, like, agreement))
            best = best_of(ranked)
            kept.append(self._along(self._sound(latents[best : best + 1], run.grid)[0], run))
            choices.append(ranked[best])
        return kept, choices

    def _sample(
        self, run: _Run, seeds: list[int], on_step: OnStep | None, batch: tuple[int, int] = (0, 1)
    ) -> Tensor:
        """Latents [B, C, t, m], one a seed; `batch` is the number of this one, and how many there are."""
        windows, schedule = run.grid.windows, run.schedule
        scheduler: Any = copy.deepcopy(self.scheduler)  # it counts its steps: one a run
        scheduler.set_timesteps(len(schedule))
        noise, generators = self._noise(seeds, windows)
        latents = noise.to(self.device) * scheduler.init_noise_sigma
        signal = self._covering(energy.z_norm(run.curve, least=LEAST_MOTION), windows).to(self.device)
        signals = windows.split(signal, dim=-1, scale=self._factor)
        target = self._covering(run.curve, windows).expand(len(seeds), -1)
        total = len(scheduler.timesteps)
        for step, timestep in enumerate(scheduler.timesteps, start=1):
            parts = windows.split(scheduler.scale_model_input(latents, timestep))
            prediction = windows.merge(
                [self._predict(*pair, timestep, run) for pair in zip(parts, signals, strict=True)]
            )
            if guidance := run.control_scale * schedule[min(step, len(schedule)) - 1]:
                prediction = self._guide_prediction(
                    scheduler, prediction, latents, timestep, target, guidance, windows
                )
            latents, clean = sampling.scheduler_step(scheduler, prediction, timestep, latents, generators)
            if on_step is not None:
                at = batch[0] * total + step
                on_step(sampling.StepReport(at, batch[1] * total, int(timestep), clean, self._decode_pil))
        return latents

    def _guide_prediction(
        self,
        scheduler: Any,
        prediction: Tensor,
        latents: Tensor,
        timestep: Tensor,
        curve: Tensor,
        scale: float,
        windows: LatentWindows,
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
            windows=windows,
        )
        return sampling.to_model_output(clean, latents, alpha_bar, kind)

    def _covering(self, curve: NDArray[np.float32], windows: LatentWindows) -> Tensor:
        """A curve [frames] over all latents [1, T]; beyond its end it is mirrored, so that its mean stays."""
        missing = windows.total * self._factor - curve.size
        return torch.from_numpy(np.pad(curve, (0, missing), mode="symmetric"))[None]

    def _predict(self, latents: Tensor, control_signal: Tensor, timestep: Tensor, run: _Run) -> Tensor:
        """The guided prediction [B, C, t, m] of one window, from its own part of the control signal."""
        guided = run.guidance_scale > 1
        inputs = torch.cat([latents, latents]) if guided else latents
        residuals = None
        if run.control == "trained" and run.control_scale:
            residuals = self._control(latents, control_signal, timestep, run)
        prediction = self._denoise(inputs, timestep, run.labels, residuals, run.control_scale)
        return sampling.apply_cfg(prediction, run.guidance_scale) if guided else prediction

    def _control(self, latents: Tensor, control_signal: Tensor, timestep: Tensor, run: _Run) -> Any:
        """The ControlNet's residuals for all that is denoised; zeros where a half is left without."""
        if run.guidance_scale <= 1:
            return self._residuals(latents, timestep, control_signal, run.labels)
        if run.control_half == "both":
            both = torch.cat([latents, latents])
            return self._residuals(both, timestep, control_signal, run.labels)
        down, middle = self._residuals(latents, timestep, control_signal, run.labels[len(latents) :])
        padded = [torch.cat([torch.zeros_like(one), one / run.guidance_scale]) for one in (*down, middle)]
        return tuple(padded[:-1]), padded[-1]


def guidance_schedule(steps: int, guidance: float, *, whole: bool) -> list[float]:
    """Training-free guidance at every step: all along, or in the last steps alone."""
    first = 0 if whole else steps - max(1, round(GUIDED_SHARE * steps))
    return [guidance if step >= first else 0.0 for step in range(steps)]
