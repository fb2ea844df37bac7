"""The example sounds that the page offers, made by the world, and a bundle's pictures of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from sonic_ui.scenes.sounds.render import render_sound
from sonic_ui.scenes.world import SOURCES, SPECS, Scene, SourceInstance

SAMPLE_RATE = 48_000
EXAMPLE_SEED = 4_200
EXAMPLE_PICTURE_SEED = 12
TAKES = {"car": 1, "train": 1}
"""Which take of a source is offered, where it is not the first: these could be taken for wind."""
MIXED: tuple[tuple[str, tuple[tuple[str, float], ...], str], ...] = (
    ("Storm over the sea", (("thunder", 0.75), ("sea_waves", 0.7)), "coast"),
    ("A dog by the fire", (("dog", 0.7), ("crackling_fire", 0.7)), "room"),
)
TITLES = {name: name.replace("_", " ").capitalize() for name in SOURCES}


def example_scenes() -> list[tuple[str, str, Scene]]:
    """File stem, title and scene of every example: each source alone, then two mixtures."""
    out = []
    for k, name in enumerate(SOURCES):
        place = SPECS[name].places[0]
        seed = EXAMPLE_SEED + k + 1000 * TAKES.get(name, 0)
        scene = Scene((SourceInstance(name, 0.75),), "day", place, "painting", seed)
        out.append((name, TITLES[name], scene))
    for k, (title, sources, place) in enumerate(MIXED):
        here = tuple(SourceInstance(*s) for s in sources)
        scene = Scene(here, "dusk", place, "painting", EXAMPLE_SEED + 100 + k)
        out.append((title.lower().replace(" ", "_"), title, scene))
    return out


def write_example_sounds(folder: Path) -> list[dict[str, str | int]]:
    """Write the sounds as MP3 under `folder/sounds` and list them in `examples.json`; returns the list."""
    (folder / "sounds").mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, str | int]] = []
    for stem, title, scene in example_scenes():
        samples = render_sound(scene, 5.0, SAMPLE_RATE)
        soundfile.write(folder / "sounds" / f"{stem}.mp3", samples, SAMPLE_RATE)
        entries.append(
            {"file": f"{stem}.mp3", "title": title, "picture": f"{stem}.png", "seed": EXAMPLE_PICTURE_SEED}
        )
    (folder / "examples.json").write_text(json.dumps(entries, indent=2) + "\n")
    return entries


def write_example_pictures(folder: Path, bundle: Path) -> None:
    """Paint every example with a bundle's default settings, as the page would."""
    pipeline, settings = load_painter(bundle)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for entry in json.loads((folder / "examples.json").read_text()):
        picture = pipeline(read_example(folder, entry["file"]), seed=entry["seed"], **settings).images[0]
        picture.save(folder / "pictures" / entry["picture"])


def load_painter(bundle: Path) -> tuple[Any, dict[str, Any]]:
    """A bundle's pipeline, and its default settings as arguments of it."""
    import torch

    from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline

    defaults = json.loads((bundle / "bundle.json").read_text())["defaults"]
    pipeline = AudioToImagePipeline.from_pretrained(bundle / "audio_to_image", dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    names = {"num_inference_steps": "steps", "guidance_scale": "guidance_scale", "strength": "strength"}
    return pipeline, {argument: defaults[name] for argument, name in names.items()}


def read_example(folder: Path, file: str) -> NDArray[np.float32]:
    """Samples [T] of an example, as the app would listen to it."""
    from sonic_ui.audio.clips import load_clip

    return np.asarray(load_clip(folder / "sounds" / file, SAMPLE_RATE).samples, np.float32)
