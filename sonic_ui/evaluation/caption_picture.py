"""The README's picture of captions: what is heard of a scene, and what becomes of edited captions."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from sonic_ui.bundles import read_bundle
from sonic_ui.engine.loading import load_captioner, load_noun_tagger
from sonic_ui.evaluation.captions import CaptionPainter
from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.image_metrics import Painter
from sonic_ui.evaluation.pipelines import load_pipeline
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.scenes.render import render_sound
from sonic_ui.scenes.world import Scene, SourceInstance

SEED = 3
DOG = (SourceInstance("dog", 0.8), SourceInstance("rain", 0.6))
SHOWN: tuple[tuple[Scene, tuple[str, ...]], ...] = (
    (Scene(DOG, "day", "meadow", "painting", 11), ("a loud dog", "rain")),
)
"""Scenes, and captions that a person makes of theirs."""
COLUMNS = 1 + 1 + len(SHOWN[0][1])


def caption_pictures(bundle: Path) -> tuple[list[Image.Image], list[str]]:
    """Pictures and their labels, a row a scene: by the sound alone, by the engine's caption, by its edits."""
    known = read_bundle(bundle)
    pipeline: Any = load_pipeline(AudioToImagePipeline, bundle / "audio_to_image")
    defaults = json.loads((bundle / "bundle.json").read_text())["defaults"]
    painter = Painter(pipeline, int(defaults["steps"]), float(defaults["guidance_scale"]), seed=SEED)
    words = () if known.info.vocabulary is None else known.info.vocabulary.words
    by_caption = CaptionPainter(painter, load_captioner(known, pipeline), load_noun_tagger(known), words)
    pictures, labels = [], []
    for scene, edits in SHOWN:
        clip = HeldOutClip("", render_sound(scene), tuple(one.name for one in scene.sources))
        texts = [by_caption.captioner.write(clip.samples).text, *edits]
        pictures += painter.paint(painter.embed([clip.samples]))
        labels += ["the sound alone", *(f"“{text}”" for text in texts)]
        for text in texts:
            pictures += by_caption.paint([clip], with_sound=False, weighed=True, texts=[text])
    return pictures, labels
