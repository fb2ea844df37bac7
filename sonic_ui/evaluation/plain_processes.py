"""Processes that paint and do nothing else: what the processors themselves give to several at once."""

import multiprocessing
import time
from typing import Any

from sonic_ui.evaluation.metrics import Metric

PICTURES = 8
READY_S = 300.0


def scale_without_a_cluster(bundle: str) -> Metric:
    """Pictures a second of two processes of one thread over those of one."""
    alone, together = (seconds_without_a_cluster(bundle, number) for number in (1, 2))
    name, note = "miniature: two processes without a cluster over one", "what the two cores themselves give"
    return Metric(name, 2 * alone / together, note=note)


def seconds_without_a_cluster(bundle: str, processes: int) -> float:
    """Seconds that the slowest of so many processes of one thread takes for PICTURES pictures each."""
    spawn = multiprocessing.get_context("spawn")
    ready, seconds = spawn.Barrier(processes), spawn.Queue()
    workers = [
        spawn.Process(target=_paint_without_a_cluster, args=(bundle, ready, seconds))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    found = [float(seconds.get(timeout=READY_S)) for _ in workers]
    for worker in workers:
        worker.join()
    return max(found)


def _paint_without_a_cluster(bundle: str, ready: Any, seconds: Any) -> None:
    import torch

    from sonic_ui.bundles import PIPELINE_FOLDERS, read_bundle
    from sonic_ui.evaluation.pipelines import load_pipeline
    from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline

    torch.set_num_threads(1)
    found = read_bundle(bundle)
    pipeline = load_pipeline(AudioToImagePipeline, found.folder / PIPELINE_FOLDERS["sound_to_image"])
    settings = {"num_inference_steps": found.info.defaults.steps, "guidance_scale": 4.0}
    embeds = torch.nn.functional.normalize(
        torch.ones(1, int(pipeline.audio_projector.config.embedding_dim)), dim=-1
    )
    pipeline(audio_embeds=embeds, seed=0, **settings)
    ready.wait(READY_S)
    begun = time.perf_counter()
    for seed in range(PICTURES):
        pipeline(audio_embeds=embeds, seed=seed, **settings)
    seconds.put(time.perf_counter() - begun)
