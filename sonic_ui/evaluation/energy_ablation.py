"""Representations of energy for the ControlNet: RMS, log-mel or timestamps (AudioSketch's ablation).

Three ControlNets start from the same denoiser and learn for as long as each other from the same sounds; only
what they read differs. Each then generates held-out sounds from their embedding and from its own control
signal, and the energy of the result is compared with the true one.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderDC
from numpy.typing import NDArray
from torch import Tensor

from sonic_ui.audio import energy
from sonic_ui.evaluation.metrics import Metric, table, write_json
from sonic_ui.models.energy_control import EnergyControlNet
from sonic_ui.models.latents import LatentNormalizer
from sonic_ui.models.mel import SAMPLE_RATE, GriffinLimVocoder
from sonic_ui.training.data.image_to_sound import ImageToSoundData, load_image_to_sound
from sonic_ui.training.run import Run, load_average, train
from sonic_ui.training.stages import sound_diffusion
from sonic_ui.training.stages.sound_diffusion import (
    TimedEvent,
    read_mels,
    signal_rms,
    target_energy,
    trained_mel_autoencoder,
    written_mels,
)

SOUNDS = 32
"""Held-out sounds that are generated again."""


@torch.no_grad()
def signal_log_mel(vae: AutoencoderDC, normalizer: LatentNormalizer, latents: Tensor, _: Tensor) -> Tensor:
    """The mean over the bins of the log-mel that the latents stand for."""
    mels = written_mels(vae.decode(normalizer.denormalize(latents)).sample)
    return target_energy(torch.from_numpy(np.stack([energy.log_mel_energy(mel) for mel in mels.numpy()])))


def signal_timestamps(_: Tensor, energies: Tensor) -> Tensor:
    """When there is sound: 1, else 0."""
    strips = [energy.timestamps(energy.smooth(e)) for e in energies.numpy()]
    return torch.from_numpy(np.stack([energy.z_norm(strip, least=0.1) for strip in strips]))


def representations(run: Run) -> dict[str, TimedEvent]:
    """The representations by name."""
    normalizer = sound_diffusion.sound_latent_normalizer(run)
    log_mel = partial(signal_log_mel, trained_mel_autoencoder(run), normalizer)
    return {"RMS": signal_rms, "log-mel": log_mel, "timestamps": signal_timestamps}


def run_energy_ablation(run: Run) -> None:
    """Train a ControlNet for each representation and compare them."""
    metrics: list[Metric] = []
    held_out = load_image_to_sound(run.folder / "image_to_sound", "held_out")
    for name, control_signal in representations(run).items():
        folder = run.folder / "energy_ablation" / name
        stage = sound_diffusion.EnergyControlStage(run, control_signal)
        train(stage, run.loop("energy_ablation"), folder, report=run.report)
        control = load_average(folder / "checkpoint.pt", sound_diffusion.new_energy_control(run)).eval()
        metrics += _metrics(name, *_regenerated(run, control, control_signal, held_out))
    run.report(table(metrics))
    write_json(metrics, run.folder / "energy_ablation" / "figures.json")


@torch.no_grad()
def _regenerated(
    run: Run, control: EnergyControlNet, control_signal: TimedEvent, held_out: ImageToSoundData
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Smoothed energies [frames] of held-out sounds, and of those generated from embedding and signal."""
    mels = torch.from_numpy(held_out.mels[:SOUNDS].astype(np.float32))
    energies, embeds = torch.from_numpy(held_out.energies[:SOUNDS]), held_out.embeds[:SOUNDS]
    vae, normalizer = trained_mel_autoencoder(run), sound_diffusion.sound_latent_normalizer(run)
    latents = normalizer.normalize(vae.encode(read_mels(mels)).latent)
    generated = sound_diffusion.sound_latents(
        sound_diffusion.trained_sound_unet(run),
        embeds,
        latents.shape[1:],
        control=control,
        energy=control_signal(latents, energies),
    )
    output = written_mels(vae.decode(normalizer.denormalize(generated)).sample)
    vocoder = GriffinLimVocoder()
    found = [energy.smooth(energy.rms_energy(vocoder(mel[None])[0].numpy(), SAMPLE_RATE)) for mel in output]
    return [energy.smooth(e) for e in energies.numpy()], found


def _metrics(name: str, true: list[NDArray[np.float32]], found: list[NDArray[np.float32]]) -> list[Metric]:
    """The three measures of one representation."""
    pairs = [(a[: len(b)], b[: len(a)]) for a, b in zip(true, found, strict=True)]
    measures: dict[str, Callable[[Any, Any], float]] = {
        "Pearson r": energy.pearson_r,
        "E-L1": energy.energy_l1,
        "onset agreement": lambda a, b: energy.onset_agreement(energy.timestamps(a), energy.timestamps(b)),
    }
    return [
        Metric(
            f"energy told as {name}: mean {measure} with the true sound",
            float(np.mean([of(a, b) for a, b in pairs])),
            note=f"{len(pairs)} held-out sounds, ControlNet alone",
        )
        for measure, of in measures.items()
    ]
