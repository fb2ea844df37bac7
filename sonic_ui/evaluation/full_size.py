"""What Stable Diffusion 1.4 with SonicDiffusion costs at full size, on random weights: no download needed.

Measured in processor time, so that other work on the machine does not count.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor, nn

from sonic_ui.evaluation.report import Figure
from sonic_ui.models.gated_attention import AudioAttention, stable_diffusion_blocks

LATENTS = 64  # a side: 512 px
TOKENS, TOKEN_DIM = 77, 768
OPEN_GATE = 0.5


def full_size_figures(rounds: int = 2, latents: int = LATENTS) -> list[Figure]:
    """One denoising step of the full denoiser with gated attention beside the stock one, and peak memory.

    rounds   pairs of steps, in turns, after both have run once on few latents
    """
    unet = full_unet()
    before = peak_gib()
    attention = full_attention()
    figures = [
        Figure("parameters of the denoiser, millions", millions(unet)),
        Figure("parameters of the gated attention, millions", millions(attention)),
    ]
    stock, heard = steps(unet, attention, latents)
    warm_stock, warm_heard = steps(unet, attention, min(8, latents))
    warm_stock()
    warm_heard()
    ratios, seconds, peaks = [], [], [before]
    for turn in range(rounds):
        first, second = (stock, heard) if turn % 2 == 0 else (heard, stock)
        a = processor_seconds(first)
        peaks.append(peak_gib())
        b = processor_seconds(second)
        peaks.append(peak_gib())
        ratios.append(b / a if turn % 2 == 0 else a / b)
        seconds.append(a if turn % 2 == 0 else b)
    note = f"batch 1, {latents * 8} px, float32, {rounds} pairs"
    return [
        *figures,
        Figure("full-size step with sound over stock step", statistics.median(ratios), note=note),
        Figure("full-size stock step, processor seconds", statistics.median(seconds), note=note),
        Figure("full-size weights in memory, peak GiB", peaks[0]),
        Figure("full-size stock step, peak GiB", peaks[1]),
        Figure("full-size step with sound, peak GiB", peaks[2]),
        Figure("decoding a picture of full size, peak GiB", decoding_peak(latents)),
    ]


def steps(
    unet: nn.Module, attention: AudioAttention, latents: int
) -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """The same step without and with a sound."""
    noise = torch.randn(1, 4, latents, latents, generator=torch.Generator().manual_seed(0))
    text = torch.zeros(1, 77, TOKEN_DIM)
    tokens = torch.randn(1, TOKENS, TOKEN_DIM, generator=torch.Generator().manual_seed(1))

    @torch.no_grad()
    def stock() -> Tensor:
        return unet(noise, 500, encoder_hidden_states=text).sample

    @torch.no_grad()
    def heard() -> Tensor:
        attention.attach(unet)
        try:
            with attention.condition(tokens):
                return unet(noise, 500, encoder_hidden_states=text).sample
        finally:
            attention.detach()

    return stock, heard


def full_unet() -> UNet2DConditionModel:
    """Stable Diffusion 1.4's denoiser with random weights."""
    with torch.device("meta"):
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=TOKEN_DIM, attention_head_dim=8)
    return random_weights(unet)


def full_attention() -> AudioAttention:
    """SonicDiffusion's gated attention with random weights and open gates."""
    with torch.device("meta"):
        attention = AudioAttention(TOKEN_DIM, stable_diffusion_blocks())
    random_weights(attention)
    for path in attention.paths:
        nn.init.constant_(attention.block(path).gate_adapter, OPEN_GATE)
    return attention


def random_weights(module: nn.Module) -> nn.Module:
    """Give a module of the meta device weights that keep activations finite."""
    module.to_empty(device="cpu").eval().requires_grad_(False)
    for parameter in module.parameters():
        fan_in = parameter[0].numel() if parameter.ndim > 1 else 1
        if parameter.ndim > 1:
            parameter.uniform_(-(fan_in**-0.5), fan_in**-0.5)
        else:
            parameter.fill_(0.5)
    return module


def decoding_peak(latents: int) -> float:
    """Peak GiB after Stable Diffusion's autoencoder has decoded a picture beside the denoiser."""
    with torch.device("meta"):
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            latent_channels=4,
        )
    random_weights(vae)
    with torch.no_grad():
        vae.decode(torch.randn(1, 4, latents, latents))
    return peak_gib()


def millions(module: nn.Module) -> float:
    """Parameters."""
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


def processor_seconds(work: Callable[[], object]) -> float:
    """Processor time that a piece of work takes in this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_gib() -> float:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)
