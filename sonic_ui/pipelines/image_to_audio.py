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
from sonic_ui.pipelines import sampling
from sonic_ui.pipelines.check_inputs import finite, positive
from sonic_ui.pipelines.latent_windows import LatentWindows
from sonic_ui.pipelines.sound_generation import SILENT, AudioGenerationPipeline, Control, Mode, TimeGrid

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
        length_s: float | None = None,
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
        length_s              seconds of every take, from 2 to 30; the sketch is stretched to it. More than
                              `duration_s` is made in overlapping windows, less is cut from one. None: that
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
        grid = self._grid(length_s)

        labels = self._labels(image, prompt, negative_prompt, len(seeds), scale > 1)
        curve = self._envelope(self.embed_image(image), sketch, mode, grid.frames)
        if curve.max(initial=0.0) <= SILENT:
            silence = np.zeros((len(seeds), self._sample_count(grid.frames)), np.float32)
            return ImageToAudioOutput(silence, curve, np.zeros((len(seeds), grid.frames), np.float32), seeds)
        if sketch is None:
            control = "none"
        control_scale = 0.0 if control == "none" else energy_strength
        added = config["default_pull"] if energy_guidance is None else energy_guidance
        added, guided = finite("energy_guidance", added), control == "guided"
        schedule = guidance_schedule(steps, 1.0 if guided else added, whole=guided)
        latents = self._sample(labels, curve, seeds, scale, control, control_scale, schedule, grid, on_step)
        samples = [self._finished(take, loudness_lufs) for take in self._sound(latents, grid)]
        energies = [energy.smooth(energy.rms_energy(take, self.sample_rate)) for take in samples]
        cut = np.stack([each[: grid.frames] for each in energies])
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
        grid: TimeGrid,
        on_step: Callable[[sampling.StepReport], None] | None,
    ) -> Tensor:
        """Latents [B, C, t, m] of the takes; `schedule` has the training-free guidance of every step."""
        scheduler: Any = copy.deepcopy(self.scheduler)  # it counts its steps: one a run
        scheduler.set_timesteps(len(schedule))
        noise, generators = self._noise(seeds, grid.windows)
        latents = noise.to(self.device) * scheduler.init_noise_sigma
        signal = self._covering(energy.z_norm(curve, least=LEAST_MOTION), grid.windows).to(self.device)
        target = self._covering(curve, grid.windows).expand(len(seeds), -1)
        for step, timestep in enumerate(scheduler.timesteps, start=1):
            inputs = scheduler.scale_model_input(latents, timestep)
            parts = grid.windows.split(inputs)
            signals = grid.windows.split(signal, dim=-1, scale=self._factor)
            prediction = grid.windows.merge(
                [
                    self._predict(part, timestep, labels, curve_part, scale, control, control_scale)
                    for part, curve_part in zip(parts, signals, strict=True)
                ]
            )
            if guidance := control_scale * schedule[min(step, len(schedule)) - 1]:
                prediction = self._guide_prediction(
                    scheduler, prediction, latents, timestep, target, guidance, grid.windows
                )
            latents, clean = sampling.scheduler_step(scheduler, prediction, timestep, latents, generators)
            if on_step is not None:
                on_step(
                    sampling.StepReport(
                        step, len(scheduler.timesteps), int(timestep), clean, self._decode_pil
                    )
                )
        return latents

    def _covering(self, curve: NDArray[np.float32], windows: LatentWindows) -> Tensor:
        """A curve [frames] over all latents [1, T]; beyond its end it is mirrored, so that its mean stays."""
        missing = windows.total * self._factor - curve.size
        return torch.from_numpy(np.pad(curve, (0, missing), mode="symmetric"))[None]

    def _predict(
        self,
        latents: Tensor,
        timestep: Tensor,
        labels: Tensor,
        control_signal: Tensor,
        scale: float,
        control: Control,
        control_scale: float,
    ) -> Tensor:
        """The guided prediction [B, C, t, m] of one window, from its own part of the control signal."""
        inputs = torch.cat([latents, latents]) if scale > 1 else latents
        residuals = None
        if control == "trained":
            residuals = self._residuals(inputs, timestep, control_signal, labels)
        prediction = self._denoise(inputs, timestep, labels, residuals, control_scale)
        return sampling.apply_cfg(prediction, scale) if scale > 1 else prediction


def guidance_schedule(steps: int, guidance: float, *, whole: bool) -> list[float]:
    """Training-free guidance at every step: all along, or in the last steps alone."""
    first = 0 if whole else steps - max(1, round(GUIDED_SHARE * steps))
    return [guidance if step >= first else 0.0 for step in range(steps)]
