"""Speed, as ratios against something run beside it: a stock pipeline, a hello-world page."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sonic_ui.evaluation.report import Figure
from sonic_ui.pipelines.embedding_path import linear
from sonic_ui.pipelines.interpolation import LatentInterpolator, interpolate_evenly

ROOT = Path(__file__).resolve().parents[2]
HELLO = (
    "import gradio as gr; gr.Interface(lambda s: s, 'text', 'text').launch(server_port={port}, quiet=True)"
)
SECONDS_BEFORE_CLICK = 5.0


def step_ratio(pipeline: Any, *, steps: int = 10, rounds: int = 5) -> Figure:
    """A denoising step with sound, in turns with diffusers' `StableDiffusionPipeline` on the same UNet."""
    from diffusers import AutoencoderKL, StableDiffusionPipeline

    unet, scheduler = pipeline.unet, pipeline.scheduler
    size = unet.config.sample_size
    vae = AutoencoderKL(
        latent_channels=unet.config.in_channels,
        block_out_channels=(8, 8, 8, 8),
        norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    )
    stock = StableDiffusionPipeline(
        vae,
        pipeline.text_encoder,
        pipeline.tokenizer,
        unet,
        scheduler,
        None,
        None,
        requires_safety_checker=False,
    )
    stock.set_progress_bar_config(disable=True)
    embeds = pipeline.embed_audio(np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32))

    def stock_run() -> float:
        return _per_step(
            lambda mark: stock(
                "rain",
                num_inference_steps=steps,
                guidance_scale=4.0,
                output_type="latent",
                height=size * 8,
                width=size * 8,
                callback_on_step_end=lambda *_: mark() or {},
            )
        )

    def sound_run() -> float:
        return _per_step(
            lambda mark: pipeline(
                audio_embeds=embeds,
                prompt="rain",
                num_inference_steps=steps,
                guidance_scale=4.0,
                output_type="latent",
                on_step=lambda _: mark(),
            )
        )

    ratios = []
    for k in range(rounds + 1):
        first, second = (stock_run, sound_run) if k % 2 == 0 else (sound_run, stock_run)
        a, b = first(), second()
        ratios.append(b / a if k % 2 == 0 else a / b)
    return Figure("step with sound over stock step", statistics.median(ratios[1:]), 1.15, at_least=False)


def _per_step(run: Any) -> float:
    """Median seconds between the marks of a run."""
    marks: list[float] = []
    run(lambda: marks.append(time.perf_counter()))
    return statistics.median(b - a for a, b in pairwise(marks))


def picture_seconds(pipeline: Any, *, steps: int = 25, rounds: int = 3) -> Figure:
    """A picture with everything loaded: embedding the sound, 25 steps, decoding."""
    sound = np.random.default_rng(0).normal(0, 0.1, 5 * 48_000).astype(np.float32)
    seconds = []
    for k in range(rounds + 1):
        start = time.perf_counter()
        pipeline(sound, num_inference_steps=steps, guidance_scale=4.0, seed=k)
        seconds.append(time.perf_counter() - start)
    return Figure(
        "warm picture, seconds", statistics.median(seconds[1:]), 4.0, at_least=False, note=f"{steps} steps"
    )


def strip_ratio(
    pipeline: Any, eyes: Any = None, *, frames: int = 8, steps: int = 25, rounds: int = 2
) -> Figure:
    """A glide of frames as the app paints it, over as many single pictures, in turns; both with decoding.

    eyes   the bundle's `ImageEncoder`, with which the app compares pictures
    """
    settings = {"num_inference_steps": steps, "guidance_scale": 4.0}
    size = int(pipeline.audio_projector.config.embedding_dim)
    a, b = torch.nn.functional.normalize(torch.randn(2, size), dim=-1).numpy()

    def strip() -> None:
        interpolate_evenly(
            LatentInterpolator(pipeline, lambda place: linear(a, b, place), 1, settings), frames, eyes
        )

    def singles() -> None:
        for place in np.linspace(0, 1, frames):
            pipeline(audio_embeds=torch.from_numpy(linear(a, b, place)[None]), seed=1, **settings)

    def seconds(run: Callable[[], None]) -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    ratios = [seconds(strip) / seconds(singles) for _ in range(rounds + 1)]
    return Figure(
        f"strip of {frames} frames over {frames} single pictures",
        statistics.median(ratios[1:]),
        0.7,
        at_least=False,
        note=f"{steps} steps",
    )


def free_port() -> int:
    """A port of this computer that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextlib.contextmanager
def serving(
    command: list[str], port: int, limit_s: float = 300.0
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Start a server; yields it and the seconds until its page answered."""
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - started < limit_s:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).read()
                break
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with code {process.returncode} before it answered")
            time.sleep(0.05)
        yield process, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(20)


def page_ratio(bundle: Path, *, rounds: int = 3) -> Figure:
    """Time until our page answers over that of a hello-world Gradio page, taken in turns."""
    ratios = []
    for _ in range(rounds):
        port = free_port()
        with serving([sys.executable, "-c", HELLO.format(port=port)], port) as (_, hello):
            pass
        port = free_port()
        with serving([sys.executable, "app.py", "--port", str(port), "--bundle", str(bundle)], port) as (
            _,
            ours,
        ):
            pass
        ratios.append(ours / hello)
    return Figure("page answers, over a hello-world page", statistics.median(ratios), 1.5, at_least=False)


def cold_figures(bundle: Path, sound: Path) -> list[Figure]:
    """Seconds from a click to the first picture, 5 s after the process started; and its peak memory."""
    from gradio_client import Client, handle_file

    port = free_port()
    started = time.perf_counter()
    command = [sys.executable, "app.py", "--port", str(port), "--bundle", str(bundle)]
    with serving(command, port) as (process, _):
        client = Client(f"http://127.0.0.1:{port}", verbose=False)
        time.sleep(max(0.0, SECONDS_BEFORE_CLICK - (time.perf_counter() - started)))
        clicked = time.perf_counter()
        client.predict(handle_file(str(sound)), api_name="/sound_to_image")
        cold = time.perf_counter() - clicked
        peak = _peak_bytes(process.pid)
    return [
        Figure(
            "cold picture, seconds from click", cold, 15.0, at_least=False, note="process started 5 s before"
        ),
        Figure("peak memory of the app, GiB", peak / 2**30),
    ]


def _peak_bytes(pid: int) -> float:
    """Peak resident memory of a process; this one's on systems without /proc."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    return float(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024


def speed_figures(pipeline: Any, eyes: Any, bundle: Path, sound: Path | None) -> list[Figure]:
    """All speed figures; `eyes` as for `strip_ratio`."""
    strip = strip_ratio(pipeline, eyes)
    figures = [step_ratio(pipeline), picture_seconds(pipeline), strip, page_ratio(bundle)]
    return figures + (cold_figures(bundle, sound) if sound is not None else [])


def first_example() -> Path | None:
    """The first example sound that the project ships."""
    table = ROOT / "assets" / "examples" / "examples.json"
    if not table.exists():
        return None
    entries = json.loads(table.read_text())
    return table.parent / "sounds" / entries[0]["file"]
