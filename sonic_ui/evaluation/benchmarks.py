"""Speed as ratios against something run beside it (a stock pipeline, a hello-world page), and memory.

What Stable Diffusion 1.4 with SonicDiffusion costs at full size is measured on random weights, without a
download, in processor time, so that other work on the machine does not count.
"""

import contextlib
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor, nn

from sonic_ui.evaluation.app_process import app_command, free_port, running_app
from sonic_ui.evaluation.metrics import Metric, timed
from sonic_ui.models.gated_attention import AudioAttention, stable_diffusion_blocks
from sonic_ui.pipelines.embedding_path import linear
from sonic_ui.pipelines.interpolation import LatentInterpolator, interpolate_evenly

ROOT = Path(__file__).resolve().parents[2]
HELLO = (
    "import gradio as gr; gr.Interface(lambda s: s, 'text', 'text').launch(server_port={port}, quiet=True)"
)
SECONDS_BEFORE_CLICK = 5.0
LATENTS = 64  # a side: 512 px
TOKENS, TOKEN_DIM = 77, 768
OPEN_GATE = 0.5


def step_ratio(pipeline: Any, *, steps: int = 10, rounds: int = 5) -> Metric:
    """A denoising step with sound, in turns with diffusers' `StableDiffusionPipeline` on the same UNet."""
    unet, size = pipeline.unet, pipeline.unet.config.sample_size
    vae = AutoencoderKL(
        latent_channels=unet.config.in_channels,
        block_out_channels=(8, 8, 8, 8),
        norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    )
    parts = (vae, pipeline.text_encoder, pipeline.tokenizer, unet, pipeline.scheduler, None, None)
    stock = StableDiffusionPipeline(*parts, requires_safety_checker=False)
    stock.set_progress_bar_config(disable=True)
    embeds = pipeline.embed_audio(np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32))
    settings = {"prompt": "rain", "num_inference_steps": steps, "guidance_scale": 4.0}
    settings["output_type"] = "latent"
    px = {"height": size * 8, "width": size * 8}

    def stock_run() -> float:
        return _per_step(lambda mark: stock(**settings, **px, callback_on_step_end=lambda *_: mark() or {}))

    def sound_run() -> float:
        return _per_step(lambda mark: pipeline(audio_embeds=embeds, **settings, on_step=lambda _: mark()))

    ratios = []
    for k in range(rounds + 1):
        first, second = (stock_run, sound_run) if k % 2 == 0 else (sound_run, stock_run)
        a, b = first(), second()
        ratios.append(b / a if k % 2 == 0 else a / b)
    return Metric("step with sound over stock step", statistics.median(ratios[1:]), 1.15, at_least=False)


def _per_step(run: Any) -> float:
    """Median seconds between the marks of a run."""
    marks: list[float] = []
    run(lambda: marks.append(time.perf_counter()))
    return statistics.median(b - a for a, b in pairwise(marks))


def picture_seconds(pipeline: Any, *, steps: int = 25, rounds: int = 3) -> Metric:
    """A picture with everything loaded: embedding the sound, 25 steps, decoding."""
    sound = np.random.default_rng(0).normal(0, 0.1, 5 * 48_000).astype(np.float32)
    paint = partial(pipeline, sound, num_inference_steps=steps, guidance_scale=4.0)
    seconds = statistics.median([timed(partial(paint, seed=k))[1] for k in range(rounds + 1)][1:])
    return Metric("warm picture, seconds", seconds, 4.0, at_least=False, note=f"{steps} steps")


def strip_ratio(
    pipeline: Any, image_encoder: Any = None, *, frames: int = 8, steps: int = 25, rounds: int = 2
) -> Metric:
    """An interpolation as the app paints it, over as many single pictures, in turns; both with decoding.

    image_encoder   the bundle's `ImageEncoder`, with which the app compares pictures
    """
    settings = {"num_inference_steps": steps, "guidance_scale": 4.0}
    size = int(pipeline.audio_projector.config.embedding_dim)
    a, b = torch.nn.functional.normalize(torch.randn(2, size), dim=-1).numpy()

    def strip() -> None:
        interpolator = LatentInterpolator(pipeline, lambda position: linear(a, b, position), 1, settings)
        interpolate_evenly(interpolator, frames, image_encoder)

    def singles() -> None:
        for position in np.linspace(0, 1, frames):
            pipeline(audio_embeds=torch.from_numpy(linear(a, b, position)[None]), seed=1, **settings)

    ratios = [timed(strip)[1] / timed(singles)[1] for _ in range(rounds + 1)]
    name, note = f"strip of {frames} frames over {frames} single pictures", f"{steps} steps"
    return Metric(name, statistics.median(ratios[1:]), 0.7, at_least=False, note=note)


def page_ratio(bundle: Path, *, rounds: int = 3) -> Metric:
    """Time until our page answers over that of a hello-world Gradio page, taken in turns."""
    ratios = []
    for _ in range(rounds):
        port = free_port()
        with running_app([sys.executable, "-c", HELLO.format(port=port)], port) as (_, hello):
            pass
        port = free_port()
        with running_app(app_command(port, bundle), port) as (_, ours):
            pass
        ratios.append(ours / hello)
    return Metric("page answers, over a hello-world page", statistics.median(ratios), 1.5, at_least=False)


def cold_start_metrics(bundle: Path, sound: Path) -> list[Metric]:
    """Seconds from a click to the first picture, 5 s after the process started; and its peak memory."""
    from gradio_client import Client, handle_file

    port = free_port()
    started = time.perf_counter()
    with running_app(app_command(port, bundle), port) as (process, _):
        client = Client(f"http://127.0.0.1:{port}", verbose=False)
        time.sleep(max(0.0, SECONDS_BEFORE_CLICK - (time.perf_counter() - started)))
        clicked = time.perf_counter()
        client.predict(handle_file(str(sound)), api_name="/sound_to_image")
        cold = time.perf_counter() - clicked
        peak = _peak_bytes(process.pid)
    return [
        Metric(
            "cold picture, seconds from click", cold, 15.0, at_least=False, note="process started 5 s before"
        ),
        Metric("peak memory of the app, GiB", peak / 2**30),
    ]


def _peak_bytes(pid: int) -> float:
    """Peak resident memory of a process; this one's on systems without /proc."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    return float(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024


def speed_metrics(pipeline: Any, image_encoder: Any, bundle: Path, sound: Path | None) -> list[Metric]:
    """All speed figures; `image_encoder` as for `strip_ratio`."""
    strip = strip_ratio(pipeline, image_encoder)
    metrics = [step_ratio(pipeline), picture_seconds(pipeline), strip, page_ratio(bundle)]
    return metrics + (cold_start_metrics(bundle, sound) if sound is not None else [])


def first_example() -> Path | None:
    """The first example sound that the project ships."""
    table = ROOT / "assets" / "examples" / "examples.json"
    if not table.exists():
        return None
    entries = json.loads(table.read_text())
    return table.parent / "sounds" / entries[0]["file"]


def full_size_metrics(rounds: int = 2, latents: int = LATENTS) -> list[Metric]:
    """One denoising step of the full denoiser with gated attention beside the stock one, and peak memory.

    rounds   pairs of steps, in turns, after both have run once on few latents
    """
    unet = full_unet()
    before = peak_gib()
    attention = full_attention()
    metrics = [
        Metric("parameters of the denoiser, millions", millions(unet)),
        Metric("parameters of the gated attention, millions", millions(attention)),
    ]
    stock, with_sound = steps(unet, attention, latents)
    warm_stock, warm_with_sound = steps(unet, attention, min(8, latents))
    warm_stock()
    warm_with_sound()
    ratios, seconds, peaks = [], [], [before]
    for turn in range(rounds):
        first, second = (stock, with_sound) if turn % 2 == 0 else (with_sound, stock)
        a = processor_seconds(first)
        peaks.append(peak_gib())
        b = processor_seconds(second)
        peaks.append(peak_gib())
        ratios.append(b / a if turn % 2 == 0 else a / b)
        seconds.append(a if turn % 2 == 0 else b)
    note = f"batch 1, {latents * 8} px, float32, {rounds} pairs"
    return [
        *metrics,
        Metric("full-size step with sound over stock step", statistics.median(ratios), note=note),
        Metric("full-size stock step, processor seconds", statistics.median(seconds), note=note),
        Metric("full-size weights in memory, peak GiB", peaks[0]),
        Metric("full-size stock step, peak GiB", peaks[1]),
        Metric("full-size step with sound, peak GiB", peaks[2]),
        Metric("decoding a picture of full size, peak GiB", decoding_peak(latents)),
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
    def with_sound() -> Tensor:
        attention.attach(unet)
        try:
            with attention.condition(tokens):
                return unet(noise, 500, encoder_hidden_states=text).sample
        finally:
            attention.detach()

    return stock, with_sound


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
