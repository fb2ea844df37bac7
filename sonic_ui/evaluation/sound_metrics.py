"""Image to sound: does the energy follow the curve, and is the sound what the picture shows?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.audio import energy
from sonic_ui.audio.follow_curve import follow_curve
from sonic_ui.audio.loudness import set_lufs
from sonic_ui.audio.strip_envelope import envelope_of_strip
from sonic_ui.evaluation.held_out import HeldOutScene, curve_bank
from sonic_ui.evaluation.metrics import Metric, timed
from sonic_ui.models.encoders import embed_labels
from sonic_ui.models.mel import SAMPLE_RATE
from sonic_ui.scenes.world import SOURCES, SPECS
from sonic_ui.training.data.image_to_sound import embed_at_16_khz

CLASSIFIED_LUFS = -24.0
INDEPENDENT, BY_ENCODER = "by the classifier apart", "by the audio encoder"
"""Who names a sound: a classifier that took no part in making it, and the bundle's own audio encoder."""

DEFAULT, FREE, LEARNED = "default", "no control", "ControlNet and guidance"
"""How energy is held: by default the envelope of the free sound is laid along the curve."""

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


def free_sounds(pipeline: Any, scenes: Sequence[HeldOutScene]) -> list[NDArray[np.float32]]:
    """A sound [T] of every scene without a curve, scene i from seed i."""
    return [pipeline(scene.picture, seed=i).samples[0] for i, scene in enumerate(scenes)]


def control_metrics(
    pipeline: Any,
    scenes: Sequence[HeldOutScene],
    free: Sequence[NDArray[np.float32]],
    count: int,
    namers: Mapping[str, NameSound],
) -> tuple[list[Metric], dict[str, Any]]:
    """Exact mode over the bank of curves, by default and without control: r, E-L1 and class by `namers`.

    free   what `free_sounds` makes of the scenes: the default lays just these along the curve
    """
    rows = {DEFAULT: new_row(namers), FREE: new_row(namers)}
    for i, (_, curve) in enumerate(curve_bank(pipeline.frames, count)):
        scene, own = scenes[i % len(scenes)], free[i % len(scenes)]
        target = pipeline.envelope(scene.picture, curve, "exact")
        add_to_row(rows[DEFAULT], follow_curve(own, pipeline.sample_rate, target), target, scene, namers)
        add_to_row(rows[FREE], own, target, scene, namers)
    note = f"{count} curves"
    metrics = row_metrics("exact curve", rows[DEFAULT], namers, note, aimed=True)
    ratio = float(np.median(rows[DEFAULT]["e_l1"]) / max(np.median(rows[FREE]["e_l1"]), 1e-9))
    words = "exact curve: E-L1 over that without control"
    metrics.append(Metric(words, ratio, 0.4, at_least=False, note=note))
    return [*metrics, *row_metrics(f"exact curve, {FREE}", rows[FREE], namers, note)], rows


def learned_control_metrics(
    pipeline: Any, scenes: Sequence[HeldOutScene], count: int, namers: Mapping[str, NameSound]
) -> tuple[list[Metric], dict[str, Any]]:
    """The same curves held by the ControlNet with guidance in the last steps."""
    row = new_row(namers)
    for i, (_, curve) in enumerate(curve_bank(pipeline.frames, count)):
        scene = scenes[i % len(scenes)]
        output = pipeline(scene.picture, sketch=curve, mode="exact", seed=i, control="trained")
        add_to_row(row, output.samples[0], output.envelope, scene, namers)
    return row_metrics(f"exact curve, {LEARNED}", row, namers, f"{count} curves"), {LEARNED: row}


Row = dict[str, list[float]]


def new_row(namers: Mapping[str, NameSound]) -> Row:
    """Nothing measured yet."""
    return {key: [] for key in ("r", "e_l1", *namers)}


def add_to_row(
    row: Row,
    sound: NDArray[np.float32],
    target: NDArray[np.float32],
    scene: HeldOutScene,
    namers: Mapping[str, NameSound],
) -> None:
    """Measure a sound [T] at 16 kHz under a curve [frames]."""
    found = energy.smooth(energy.rms_energy(sound, SAMPLE_RATE))
    row["r"].append(energy.pearson_r(target, found))
    row["e_l1"].append(energy.energy_l1(target, found))
    for key, name_sound in namers.items():
        row[key].append(float(name_sound(sound) == scene.source))


def row_metrics(
    name: str, row: Row, namers: Mapping[str, NameSound], note: str, *, aimed: bool = False
) -> list[Metric]:
    """Medians of r and E-L1, shares of right names; `aimed` where something is to be reached."""
    r, e_l1 = (float(np.median(row[key])) for key in ("r", "e_l1"))
    metrics = [
        Metric(f"{name}: median Pearson r", r, 0.9 if aimed else None, note=note),
        Metric(f"{name}: median E-L1", e_l1, note=note),
    ]
    for key in namers:
        goal = 0.75 if aimed and key == INDEPENDENT else None
        words = f"{name}: class is the picture's, {key}"
        metrics.append(Metric(words, float(np.mean(row[key])), goal, note=note))
    return metrics


def natural_metrics(pipeline: Any, scenes: Sequence[HeldOutScene]) -> tuple[list[Metric], dict[str, Any]]:
    """Natural mode from timestamps: the curve against the true sound's."""
    ways: dict[str, Callable[[HeldOutScene, NDArray[np.float32]], NDArray[np.float32]]] = {
        "with timestamps": lambda scene, strip: pipeline.envelope(scene.picture, strip, "natural"),
        "suggestion without timestamps": lambda scene, _: pipeline.suggest(scene.picture),
        "timestamps alone": lambda _, strip: energy.smooth(strip),
    }
    if pipeline.energy_modulator is not None and pipeline.energy_modulator.config["remembered"]:
        remembered = pipeline.energy_modulator.remembered_energy.float().numpy()
        ways["with timestamps, of whatever sounds"] = lambda _, strip: envelope_of_strip(strip, remembered)
    errors: dict[str, list[float]] = {name: [] for name in ways}
    for scene in scenes:
        strip = energy.timestamps(scene.energy)
        for name, curve in ways.items():
            errors[name].append(energy.energy_l1(curve(scene, strip), scene.energy))
    note = f"{len(scenes)} held-out scenes"
    means = {name: float(np.mean(row)) for name, row in errors.items()}
    metrics = [
        Metric(f"energy from timestamps, {name}: mean E-L1 to the true sound", mean, note=note)
        for name, mean in means.items()
    ]
    share = means["with timestamps"] / max(means["suggestion without timestamps"], 1e-9)
    words = "energy from timestamps: E-L1 with over without them"
    metrics.append(Metric(words, share, 0.9, at_least=False, note=note))
    return metrics, {"natural_e_l1": errors}


def onset_metrics(pipeline: Any, scenes: Sequence[HeldOutScene]) -> tuple[Metric, list[float]]:
    """Natural mode from timestamps: do onsets of what is made agree with them?"""
    agreement = []
    for i, scene in enumerate(scenes):
        strip = energy.timestamps(scene.energy)
        output = pipeline(scene.picture, sketch=strip, mode="natural", seed=i)
        agreement.append(energy.onset_agreement(strip, energy.timestamps(output.energy[0])))
    mean, note = float(np.mean(agreement)), f"{len(scenes)} held-out scenes"
    return Metric("natural mode: onsets agree with the timestamps", mean, 0.9, note=note), agreement


def class_metrics(
    namers: Mapping[str, NameSound],
    scenes: Sequence[HeldOutScene],
    sounds: Sequence[NDArray[np.float32]],
) -> tuple[list[Metric], dict[str, dict[str, float]]]:
    """Without a sketch: is the sound [T] of every scene what its picture shows?"""
    metrics: list[Metric] = []
    by_source: dict[str, dict[str, float]] = {}
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
    return metrics, by_source


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
    """Seconds for one warm take under a curve at default settings; what candidates cost, in the same run."""
    pipeline(picture, num_inference_steps=2)
    ways: dict[str, dict[str, Any]] = {
        "one": {},
        "four candidates": {"num_candidates": 4, "similarity": lambda _: 0.0},
        "ControlNet and guidance": {"control": "trained"},
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for seed in range(repeats):
        for name, settings in ways.items():
            take = partial(
                pipeline, picture, sketch=np.linspace(0, 1, 50), mode="exact", seed=seed, **settings
            )
            seconds[name].append(timed(take)[1])
    typical = {name: float(np.median(row)) for name, row in seconds.items()}
    note = f"{pipeline.duration_s:g} s of sound, {pipeline.config['default_steps']} steps"
    metrics = [Metric("warm sound, seconds", typical["one"], 10.0, at_least=False, note=note)]
    for name, goal in (("one", 2.7), ("ControlNet and guidance", 2.7)):
        words = (
            f"warm sound with four candidates over {'a single one' if name == 'one' else 'one by ' + name}"
        )
        ratio = typical["four candidates"] / typical[name]
        metrics.append(Metric(words, ratio, goal, at_least=False, note="ranking's own cost is not in it"))
    return metrics
