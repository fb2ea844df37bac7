"""Pictures that sound: does the energy follow the curve, and is it what the picture shows?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.audio.energy import (
    energy_l1,
    held_to_strip,
    onset_agreement,
    pearson_r,
    rms_energy,
    smooth,
    timestamps,
)
from sonic_ui.audio.loudness import set_lufs
from sonic_ui.evaluation.curves import curve_bank
from sonic_ui.evaluation.report import Figure
from sonic_ui.models.audio_encoder import embed_labels
from sonic_ui.models.sound_mapper import EnergyModulator
from sonic_ui.scenes.images.render import paint
from sonic_ui.scenes.sounds.render import render_sound
from sonic_ui.scenes.world import SOURCES, SPECS, sample_scene
from sonic_ui.training.data.image_to_sound import embed_at_16_khz
from sonic_ui.training.data.rendering import SPLITS

JUDGED_LUFS = -24.0
DEFAULT = "default"
WAYS: dict[str, dict[str, Any]] = {
    DEFAULT: {"control": "trained"},
    "ControlNet alone": {"control": "trained", "energy_guidance": 0.0},
    "training-free guidance alone": {"control": "guided"},
    "no control": {"control": "none"},
}
"""How energy is held, and the settings that mean it; by default guidance is added to the ControlNet."""


@dataclass(frozen=True)
class SoundingScene:
    """A held-out scene of one source: its picture, its true sound [T] and the energy of that [frames]."""

    source: str
    picture: Image.Image
    sound: NDArray[np.float32]
    energy: NDArray[np.float32]


def held_out_sounds(per_source: int, picture_px: int, pipeline: Any) -> list[SoundingScene]:
    """`per_source` single-source scenes of every source at clearly audible levels, in turn."""
    rng = np.random.default_rng([SPLITS["held_out"], 3000])
    scenes = []
    for _ in range(per_source):
        for name in SOURCES:
            scene = sample_scene(rng, sources=(name,), levels=(float(rng.uniform(0.35, 1.0)),))
            sound = render_sound(scene, pipeline.duration_s, pipeline.sample_rate)
            energy = smooth(rms_energy(sound, pipeline.sample_rate))
            scenes.append(SoundingScene(name, paint(scene, picture_px), sound, energy))
    return scenes


@dataclass(frozen=True)
class ClapClassifier:
    """The bundle's audio encoder as a judge of what a sound is."""

    audio_encoder: Any
    feature_extractor: Any
    words: Tensor

    @classmethod
    def of(cls, listening: Any) -> ClapClassifier:
        """The ear of an `AudioToImagePipeline`."""
        labels = [SPECS[name].label for name in SOURCES]
        words = embed_labels(listening.audio_encoder, listening.audio_tokenizer, labels)
        return cls(listening.audio_encoder, listening.feature_extractor, words)

    def likeness(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of a sound [T] at 16 kHz, brought to JUDGED_LUFS, with every source's name [sources]."""
        sound = set_lufs(samples, 16_000, JUDGED_LUFS)
        heard = embed_at_16_khz(self.audio_encoder, self.feature_extractor, [sound])
        return (heard @ self.words.T)[0].numpy()

    def name(self, samples: NDArray[np.float32]) -> str:
        """The source that a sound is most like."""
        return SOURCES[int(self.likeness(samples).argmax())]


def control_figures(
    pipeline: Any, scenes: Sequence[SoundingScene], count: int, ear: ClapClassifier
) -> tuple[list[Figure], dict[str, Any]]:
    """Exact mode over the bank of curves: r, E-L1 and class of every one of WAYS."""
    bank = curve_bank(pipeline.frames, count)
    rows: dict[str, dict[str, list[float]]] = {way: {"r": [], "e_l1": [], "class": []} for way in WAYS}
    for i, (_, curve) in enumerate(bank):
        scene = scenes[i % len(scenes)]
        for way, settings in WAYS.items():
            made = pipeline(scene.picture, sketch=curve, mode="exact", seed=i, **settings)
            rows[way]["r"].append(pearson_r(made.envelope, made.energy[0]))
            rows[way]["e_l1"].append(energy_l1(made.envelope, made.energy[0]))
            rows[way]["class"].append(float(ear.name(made.samples[0]) == scene.source))
    middle = {way: {k: float(np.median(v)) for k, v in row.items()} for way, row in rows.items()}
    note, figures = f"{len(bank)} curves", []
    for way, row in middle.items():
        aimed = way == DEFAULT
        name = "exact curve" if aimed else f"exact curve, {way}"
        figures.append(Figure(f"{name}: median Pearson r", row["r"], 0.9 if aimed else None, note=note))
        figures.append(Figure(f"{name}: median E-L1", row["e_l1"], note=note))
        if way != "no control":
            ratio = row["e_l1"] / max(middle["no control"]["e_l1"], 1e-9)
            words = f"{name}: E-L1 over that without control"
            figures.append(Figure(words, ratio, 0.4 if aimed else None, at_least=False, note=note))
        figures.append(
            Figure(f"{name}: class is the picture's", float(np.mean(rows[way]["class"])), note=note)
        )
    names = [name for name, _ in bank]
    return figures, {"curves": names, "by_curve": rows}


def natural_figures(
    pipeline: Any, blind: EnergyModulator | None, scenes: Sequence[SoundingScene]
) -> tuple[list[Figure], dict[str, Any]]:
    """Natural mode from timestamps: the modulator's curve against the true sound's, and the onsets made."""
    ways: dict[str, Callable[[SoundingScene, NDArray[np.float32]], NDArray[np.float32]]] = {
        "modulator": lambda scene, strip: pipeline.envelope(scene.picture, strip, "natural"),
        "suggestion without timestamps": lambda scene, _: pipeline.suggest(scene.picture),
        "timestamps alone": lambda _, strip: smooth(strip),
    }
    if blind is not None:
        ways["modulator without the embedding"] = lambda _, strip: _blind_curve(blind, strip)
    errors: dict[str, list[float]] = {name: [] for name in ways}
    agreement = []
    for i, scene in enumerate(scenes):
        strip = timestamps(scene.energy)
        for name, curve in ways.items():
            errors[name].append(energy_l1(curve(scene, strip), scene.energy))
        made = pipeline(scene.picture, sketch=strip, mode="natural", seed=i)
        agreement.append(onset_agreement(strip, timestamps(made.energy[0])))
    note = f"{len(scenes)} held-out scenes"
    figures = [
        Figure(f"energy from timestamps, {name}: mean E-L1 to the true sound", float(np.mean(e)), note=note)
        for name, e in errors.items()
    ]
    figures.append(
        Figure("natural mode: onsets agree with the timestamps", float(np.mean(agreement)), 0.8, note=note)
    )
    return figures, {"natural_e_l1": errors, "onset_agreement": agreement}


@torch.no_grad()
def _blind_curve(modulator: EnergyModulator, strip: NDArray[np.float32]) -> NDArray[np.float32]:
    nothing = torch.zeros(1, 1)
    made = modulator(torch.from_numpy(strip)[None], torch.ones(1), nothing)[0].numpy()
    return held_to_strip(made, strip)  # as the pipeline does with the other


def class_figures(
    pipeline: Any, ear: ClapClassifier, scenes: Sequence[SoundingScene]
) -> tuple[list[Figure], dict[str, float]]:
    """Without a sketch: is the sound what the picture shows? Judged by the bundle's audio encoder."""
    hits: dict[str, list[float]] = {}
    for i, scene in enumerate(scenes):
        heard = ear.name(pipeline(scene.picture, seed=i).samples[0])
        hits.setdefault(scene.source, []).append(float(heard == scene.source))
    share = float(np.mean([hit for row in hits.values() for hit in row]))
    figure = Figure(
        "class of the sound is the picture's", share, 0.8, note=f"{len(scenes)} scenes, {len(hits)} classes"
    )
    return [figure], {name: float(np.mean(row)) for name, row in hits.items()}


def audio_encoder_metric(ear: ClapClassifier, scenes: Sequence[SoundingScene]) -> Figure:
    """How often the judge itself is right on true sounds of the world at 16 kHz."""
    right = [ear.name(scene.sound) == scene.source for scene in scenes]
    return Figure(
        "the audio encoder is right on true sounds", float(np.mean(right)), note=f"{len(right)} sounds"
    )


def labels_of_photographs(pipeline: Any, ear: ClapClassifier, folder: Path) -> dict[str, list[str]]:
    """For every photograph the two sources that the picture says, and that of the sound that was made."""
    heard = {}
    for path in sorted(p for p in folder.glob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")):
        with Image.open(path) as image:
            picture = image.convert("RGB")
        wished = (pipeline.embed_image(picture) @ ear.words.T)[0].argsort(descending=True)[:2]
        made = pipeline(picture, seed=0)
        heard[path.name] = [*(SOURCES[int(i)] for i in wished), ear.name(made.samples[0])]
    return heard


def sound_speed(pipeline: Any, picture: Image.Image, repeats: int = 3) -> Figure:
    """Seconds for one warm take at default settings, ControlNet and all."""
    pipeline(picture, num_inference_steps=2)
    best = []
    for seed in range(repeats):
        started = time.perf_counter()
        pipeline(picture, sketch=np.linspace(0, 1, 50), mode="exact", seed=seed)
        best.append(time.perf_counter() - started)
    note = f"{pipeline.duration_s:g} s of sound, {pipeline.config['default_steps']} steps"
    return Figure("warm sound, seconds", float(np.median(best)), 10.0, at_least=False, note=note)
