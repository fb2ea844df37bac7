"""Image to sound: does the energy follow the curve, and is the sound what the picture shows?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from sonic_ui.audio.strip_envelope import envelope_of_strip
from sonic_ui.evaluation.held_out import HeldOutScene, curve_bank
from sonic_ui.evaluation.metrics import Metric, timed
from sonic_ui.models.encoders import embed_labels
from sonic_ui.scenes.world import SOURCES, SPECS
from sonic_ui.training.data.image_to_sound import embed_at_16_khz

CLASSIFIED_LUFS = -24.0
INDEPENDENT, BY_ENCODER = "by the classifier apart", "by the audio encoder"
"""Who names a sound: a classifier that took no part in making it, and the bundle's own audio encoder."""

DEFAULT = "default"
WAYS: dict[str, dict[str, Any]] = {
    DEFAULT: {"control": "auto"},
    "ControlNet and guidance": {"control": "trained"},
    "no control": {"control": "none"},
}
"""How energy is held, and the settings that mean it; by default the envelope of a free sound is laid along."""

NameSound = Callable[[NDArray[np.float32]], str]
"""Samples [T] at 16 kHz -> the source that they are taken for."""


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
    pipeline: Any, scenes: Sequence[HeldOutScene], count: int, namers: Mapping[str, NameSound]
) -> tuple[list[Metric], dict[str, Any]]:
    """Exact mode over the bank of curves: r, E-L1 and class (by every one of `namers`) of each of WAYS."""
    bank = curve_bank(pipeline.frames, count)
    keys = ("r", "e_l1", *namers)
    rows: dict[str, dict[str, list[float]]] = {way: {key: [] for key in keys} for way in WAYS}
    for i, (_, curve) in enumerate(bank):
        scene = scenes[i % len(scenes)]
        for way, settings in WAYS.items():
            output = pipeline(scene.picture, sketch=curve, mode="exact", seed=i, **settings)
            rows[way]["r"].append(energy.pearson_r(output.envelope, output.energy[0]))
            rows[way]["e_l1"].append(energy.energy_l1(output.envelope, output.energy[0]))
            for key, name_sound in namers.items():
                rows[way][key].append(float(name_sound(output.samples[0]) == scene.source))
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
        for key in namers:
            goal = 0.75 if aimed and key == INDEPENDENT else None
            share = float(np.mean(rows[way][key]))
            metrics.append(Metric(f"{name}: class is the picture's, {key}", share, goal, note=note))
    names = [name for name, _ in bank]
    return metrics, {"curves": names, "by_curve": rows}


def natural_metrics(
    pipeline: Any, scenes: Sequence[HeldOutScene]
) -> tuple[list[Metric], dict[str, Any]]:
    """Natural mode from timestamps: the curve against the true sound's, and the onsets of what is made."""
    ways: dict[str, Callable[[HeldOutScene, NDArray[np.float32]], NDArray[np.float32]]] = {
        "with timestamps": lambda scene, strip: pipeline.envelope(scene.picture, strip, "natural"),
        "suggestion without timestamps": lambda scene, _: pipeline.suggest(scene.picture),
        "timestamps alone": lambda _, strip: energy.smooth(strip),
    }
    if pipeline.energy_modulator is not None and pipeline.energy_modulator.config["remembered"]:
        remembered = pipeline.energy_modulator.remembered_energy.float().numpy()
        ways["with timestamps, of whatever sounds"] = lambda _, strip: envelope_of_strip(strip, remembered)
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


def class_metrics(
    pipeline: Any, namers: Mapping[str, NameSound], scenes: Sequence[HeldOutScene]
) -> tuple[list[Metric], dict[str, dict[str, float]], list[NDArray[np.float32]]]:
    """Without a sketch: is the sound what the picture shows? And the sounds [T] that were made."""
    sounds = [pipeline(scene.picture, seed=i).samples[0] for i, scene in enumerate(scenes)]
    metrics, by_source = [], {}
    for key, name_sound in namers.items():
        hits: dict[str, list[float]] = {}
        for scene, sound in zip(scenes, sounds, strict=True):
            hits.setdefault(scene.source, []).append(float(name_sound(sound) == scene.source))
        share = float(np.mean([hit for row in hits.values() for hit in row]))
        note = f"{len(scenes)} scenes, {len(hits)} classes"
        goal = 0.88 if key == INDEPENDENT else None
        metrics.append(Metric(f"class of the sound is the picture's, {key}", share, goal, note=note))
        by_source[key] = {name: float(np.mean(row)) for name, row in hits.items()}
        right = float(np.mean([name_sound(scene.sound) == scene.source for scene in scenes]))
        metrics.append(Metric(f"true sounds named rightly, {key}", right, note=f"{len(scenes)} sounds"))
    return metrics, by_source, sounds


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


def sound_speed(pipeline: Any, picture: Image.Image, repeats: int = 3) -> list[Metric]:
    """Seconds for one warm take under a curve at default settings, and what candidates cost, in the same run."""
    pipeline(picture, num_inference_steps=2)
    ways: dict[str, dict[str, Any]] = {
        "one": {},
        "four candidates": {"num_candidates": 4, "similarity": lambda _: 0.0},
        "ControlNet and guidance": {"control": "trained"},
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for seed in range(repeats):
        for name, settings in ways.items():
            take = partial(pipeline, picture, sketch=np.linspace(0, 1, 50), mode="exact", seed=seed, **settings)
            seconds[name].append(timed(take)[1])
    typical = {name: float(np.median(row)) for name, row in seconds.items()}
    note = f"{pipeline.duration_s:g} s of sound, {pipeline.config['default_steps']} steps"
    metrics = [Metric("warm sound, seconds", typical["one"], 10.0, at_least=False, note=note)]
    for name, goal in (("one", 2.7), ("ControlNet and guidance", 2.7)):
        words = f"warm sound with four candidates over {'a single one' if name == 'one' else 'one by ' + name}"
        ratio = typical["four candidates"] / typical[name]
        metrics.append(Metric(words, ratio, goal, at_least=False, note="ranking's own cost is not in it"))
    return metrics
