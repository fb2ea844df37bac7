"""Image to sound: does the energy follow the curve, and is the sound what the picture shows?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.audio import energy
from sonic_ui.audio.loudness import set_lufs
from sonic_ui.evaluation.held_out import HeldOutScene, curve_bank
from sonic_ui.evaluation.metrics import Metric, timed
from sonic_ui.models.encoders import embed_labels
from sonic_ui.models.sound_mapper import EnergyModulator
from sonic_ui.scenes.world import SOURCES, SPECS
from sonic_ui.training.data.image_to_sound import embed_at_16_khz

CLASSIFIED_LUFS = -24.0
DEFAULT = "default"
WAYS: dict[str, dict[str, Any]] = {
    DEFAULT: {"control": "trained"},
    "ControlNet in the conditional half": {"control": "trained", "control_half": "conditional"},
    "ControlNet alone": {"control": "trained", "energy_guidance": 0.0},
    "training-free guidance alone": {"control": "guided"},
    "no control": {"control": "none"},
}
"""How energy is held, and the settings that mean it; by default guidance is added to the ControlNet."""


@dataclass(frozen=True)
class ClapClassifier:
    """Zero-shot classifier of sounds: the bundle's audio encoder against the labels of all sources."""

    audio_encoder: Any
    feature_extractor: Any
    label_embeds: Tensor

    @classmethod
    def of(cls, pipeline: Any) -> ClapClassifier:
        """Classifier with the encoder of an `AudioToImagePipeline`."""
        labels = [SPECS[name].label for name in SOURCES]
        label_embeds = embed_labels(pipeline.audio_encoder, pipeline.audio_tokenizer, labels)
        return cls(pipeline.audio_encoder, pipeline.feature_extractor, label_embeds)

    def similarity(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of a sound [T] at 16 kHz, brought to JUDGED_LUFS, with every source's name [sources]."""
        sound = set_lufs(samples, 16_000, CLASSIFIED_LUFS)
        embeds = embed_at_16_khz(self.audio_encoder, self.feature_extractor, [sound])
        return (embeds @ self.label_embeds.T)[0].numpy()

    def name(self, samples: NDArray[np.float32]) -> str:
        """The source that a sound is most like."""
        return SOURCES[int(self.similarity(samples).argmax())]


def control_metrics(
    pipeline: Any, scenes: Sequence[HeldOutScene], count: int, clap: ClapClassifier
) -> tuple[list[Metric], dict[str, Any]]:
    """Exact mode over the bank of curves: r, E-L1 and class of every one of WAYS."""
    bank = curve_bank(pipeline.frames, count)
    rows: dict[str, dict[str, list[float]]] = {way: {"r": [], "e_l1": [], "class": []} for way in WAYS}
    for i, (_, curve) in enumerate(bank):
        scene = scenes[i % len(scenes)]
        for way, settings in WAYS.items():
            output = pipeline(scene.picture, sketch=curve, mode="exact", seed=i, **settings)
            rows[way]["r"].append(energy.pearson_r(output.envelope, output.energy[0]))
            rows[way]["e_l1"].append(energy.energy_l1(output.envelope, output.energy[0]))
            rows[way]["class"].append(float(clap.name(output.samples[0]) == scene.source))
    middle = {way: {k: float(np.median(v)) for k, v in row.items()} for way, row in rows.items()}
    note, metrics = f"{len(bank)} curves", []
    for way, row in middle.items():
        aimed = way == DEFAULT
        name = "exact curve" if aimed else f"exact curve, {way}"
        metrics.append(Metric(f"{name}: median Pearson r", row["r"], 0.9 if aimed else None, note=note))
        metrics.append(Metric(f"{name}: median E-L1", row["e_l1"], note=note))
        if way != "no control":
            ratio = row["e_l1"] / max(middle["no control"]["e_l1"], 1e-9)
            words = f"{name}: E-L1 over that without control"
            metrics.append(Metric(words, ratio, 0.4 if aimed else None, at_least=False, note=note))
        metrics.append(
            Metric(f"{name}: class is the picture's", float(np.mean(rows[way]["class"])), note=note)
        )
    names = [name for name, _ in bank]
    return metrics, {"curves": names, "by_curve": rows}


def natural_metrics(
    pipeline: Any, blind: EnergyModulator | None, scenes: Sequence[HeldOutScene]
) -> tuple[list[Metric], dict[str, Any]]:
    """Natural mode from timestamps: the modulator's curve against the true sound's, and the onsets output."""
    ways: dict[str, Callable[[HeldOutScene, NDArray[np.float32]], NDArray[np.float32]]] = {
        "modulator": lambda scene, strip: pipeline.envelope(scene.picture, strip, "natural"),
        "suggestion without timestamps": lambda scene, _: pipeline.suggest(scene.picture),
        "timestamps alone": lambda _, strip: energy.smooth(strip),
    }
    if blind is not None:
        ways["modulator without the embedding"] = lambda _, strip: _blind_curve(blind, strip)
    errors: dict[str, list[float]] = {name: [] for name in ways}
    agreement = []
    for i, scene in enumerate(scenes):
        strip = energy.timestamps(scene.energy)
        for name, curve in ways.items():
            errors[name].append(energy.energy_l1(curve(scene, strip), scene.energy))
        output = pipeline(scene.picture, sketch=strip, mode="natural", seed=i)
        agreement.append(energy.onset_agreement(strip, energy.timestamps(output.energy[0])))
    note = f"{len(scenes)} held-out scenes"
    metrics = [
        Metric(f"energy from timestamps, {name}: mean E-L1 to the true sound", float(np.mean(e)), note=note)
        for name, e in errors.items()
    ]
    metrics.append(
        Metric("natural mode: onsets agree with the timestamps", float(np.mean(agreement)), 0.8, note=note)
    )
    return metrics, {"natural_e_l1": errors, "onset_agreement": agreement}


@torch.no_grad()
def _blind_curve(modulator: EnergyModulator, strip: NDArray[np.float32]) -> NDArray[np.float32]:
    nothing = torch.zeros(1, 1)
    curve = modulator(torch.from_numpy(strip)[None], torch.ones(1), nothing)[0].numpy()
    return energy.held_to_strip(curve, strip)  # as the pipeline does with the other


def class_metrics(
    pipeline: Any, clap: ClapClassifier, scenes: Sequence[HeldOutScene]
) -> tuple[list[Metric], dict[str, float]]:
    """Without a sketch: is the sound what the picture shows? Classified by the bundle's audio encoder."""
    hits: dict[str, list[float]] = {}
    for i, scene in enumerate(scenes):
        found = clap.name(pipeline(scene.picture, seed=i).samples[0])
        hits.setdefault(scene.source, []).append(float(found == scene.source))
    share = float(np.mean([hit for row in hits.values() for hit in row]))
    metric = Metric(
        "class of the sound is the picture's", share, 0.8, note=f"{len(scenes)} scenes, {len(hits)} classes"
    )
    return [metric], {name: float(np.mean(row)) for name, row in hits.items()}


def audio_encoder_metric(clap: ClapClassifier, scenes: Sequence[HeldOutScene]) -> Metric:
    """How often the classifier itself is right on true sounds of the world at 16 kHz."""
    right = [clap.name(scene.sound) == scene.source for scene in scenes]
    return Metric(
        "the audio encoder is right on true sounds", float(np.mean(right)), note=f"{len(right)} sounds"
    )


def labels_of_photographs(pipeline: Any, clap: ClapClassifier, folder: Path) -> dict[str, list[str]]:
    """Labels by photograph: two that its mapped embedding is most like, and that of the generated sound."""
    labels = {}
    for path in sorted(p for p in folder.glob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")):
        with Image.open(path) as image:
            picture = image.convert("RGB")
        ranked = (pipeline.embed_image(picture) @ clap.label_embeds.T)[0].argsort(descending=True)[:2]
        output = pipeline(picture, seed=0)
        labels[path.name] = [*(SOURCES[int(i)] for i in ranked), clap.name(output.samples[0])]
    return labels


def sound_speed(pipeline: Any, picture: Image.Image, repeats: int = 3) -> Metric:
    """Seconds for one warm take at default settings, with the ControlNet."""
    pipeline(picture, num_inference_steps=2)
    best = []
    for seed in range(repeats):
        take = partial(pipeline, picture, sketch=np.linspace(0, 1, 50), mode="exact", seed=seed)
        best.append(timed(take)[1])
    note = f"{pipeline.duration_s:g} s of sound, {pipeline.config['default_steps']} steps"
    return Metric("warm sound, seconds", float(np.median(best)), 10.0, at_least=False, note=note)
