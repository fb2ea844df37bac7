"""How energy is best told to the ControlNet: RMS, log-mel or timestamps (AudioSketch's ablation).

Three ControlNets start from the same denoiser and learn for as long as each other from the same sounds; only
what they read differs. Each then makes held-out sounds again from their embedding and from its own reading of
them, and the energy of what it made is compared with the true one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderDC
from numpy.typing import NDArray
from torch import Tensor

from sonic_ui.audio.energy import (
    energy_l1,
    log_mel_energy,
    onset_agreement,
    pearson_r,
    rms_energy,
    smooth,
    timestamps,
    z_norm,
)
from sonic_ui.evaluation.report import Figure, table, write_json
from sonic_ui.models.energy_control import EnergyControlNet
from sonic_ui.models.latents import LatentNormalizer
from sonic_ui.models.mel import SAMPLE_RATE, GriffinLimVocoder
from sonic_ui.training.data.image_to_sound import ImageToSoundData, load_image_to_sound
from sonic_ui.training.loop import load_average, train
from sonic_ui.training.run import Run
from sonic_ui.training.sound_run import ImageToSoundRun
from sonic_ui.training.stages.mel_autoencoder import read_mels, written_mels
from sonic_ui.training.stages.sound_denoiser import (
    EnergyControlStage,
    TimedEvent,
    signal_rms,
    sound_latents,
    target_energy,
)

SOUNDS = 32
"""Held-out sounds that are made again."""


@torch.no_grad()
def signal_log_mel(vae: AutoencoderDC, normalizer: LatentNormalizer, latents: Tensor, _: Tensor) -> Tensor:
    """The mean over the bins of the log-mel that the latents stand for."""
    mels = written_mels(vae.decode(normalizer.denormalize(latents)).sample)
    return target_energy(torch.from_numpy(np.stack([log_mel_energy(mel) for mel in mels.numpy()])))


def signal_timestamps(_: Tensor, energies: Tensor) -> Tensor:
    """When there is sound: 1, else 0."""
    strips = [timestamps(smooth(e)) for e in energies.numpy()]
    return torch.from_numpy(np.stack([z_norm(strip, least=0.1) for strip in strips]))


def representations(sound: ImageToSoundRun) -> dict[str, TimedEvent]:
    """The representations by name."""
    log_mel = partial(signal_log_mel, sound.autoencoder, sound.normalizer)
    return {"RMS": signal_rms, "log-mel": log_mel, "timestamps": signal_timestamps}


def run_energy_ablation(run: Run) -> None:
    """Representations of energy, compared."""
    sound, figures = ImageToSoundRun(run), []
    held_out = load_image_to_sound(run.folder / "sounded", "held_out")
    for name, told in representations(sound).items():
        stage = EnergyControlStage(
            sound.latents, sound.new_control(), sound.unet, sound.autoencoder, sound.normalizer, told=told
        )
        folder = run.folder / "energy_ablation" / name
        train(stage, run.loop("energy_ablation"), folder, report=run.report)
        control: Any = load_average(folder / "checkpoint.pt", sound.new_control()).eval()
        figures += _figures(name, *_made_again(sound, control, told, held_out))
    run.report(table(figures))
    write_json(figures, run.folder / "energy_ablation" / "figures.json")


def _made_again(
    sound: ImageToSoundRun, control: EnergyControlNet, told: TimedEvent, held_out: ImageToSoundData
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Smoothed energies [frames] of held-out sounds, and of what is made of their embedding and reading."""
    mels = torch.from_numpy(held_out.mels[:SOUNDS].astype(np.float32))
    energies = torch.from_numpy(held_out.energies[:SOUNDS])
    with torch.no_grad():
        raw = sound.autoencoder.encode(read_mels(mels)).latent
        latents = sound.normalizer.normalize(raw)
        embeds = held_out.embeds[:SOUNDS]
        wish = told(latents, energies)
        made = sound_latents(sound.unet, embeds, latents.shape[1:], control=control, energy=wish)
        heard = written_mels(sound.autoencoder.decode(sound.normalizer.denormalize(made)).sample)
    vocoder = GriffinLimVocoder()
    found = [smooth(rms_energy(vocoder(mel[None])[0].numpy(), SAMPLE_RATE)) for mel in heard]
    return [smooth(e) for e in energies.numpy()], found


def _figures(name: str, true: list[NDArray[np.float32]], found: list[NDArray[np.float32]]) -> list[Figure]:
    """The three measures of one representation."""
    pairs = [(a[: len(b)], b[: len(a)]) for a, b in zip(true, found, strict=True)]
    measures: dict[str, Callable[[Any, Any], float]] = {
        "Pearson r": pearson_r,
        "E-L1": energy_l1,
        "onset agreement": lambda a, b: onset_agreement(timestamps(a), timestamps(b)),
    }
    return [
        Figure(
            f"energy told as {name}: mean {measure} with the true sound",
            float(np.mean([of(a, b) for a, b in pairs])),
            note=f"{len(pairs)} held-out sounds, ControlNet alone",
        )
        for measure, of in measures.items()
    ]
