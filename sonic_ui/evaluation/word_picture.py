"""The README's picture of words: example sounds, the pictures that they found, their words in sentences."""

from pathlib import Path

from PIL import Image

from sonic_ui.audio.clips import load_clip
from sonic_ui.bundles import read_bundle
from sonic_ui.engine.inputs import PICTURE_LIBRARY
from sonic_ui.evaluation.held_out import SAMPLE_RATE, HeldOutClip
from sonic_ui.evaluation.pipelines import load_pipeline
from sonic_ui.evaluation.sound_word import WordBench
from sonic_ui.media.images import load_picture
from sonic_ui.models.encoders import ImageEncoder
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline

WORDS = {"crackling_fire": "fire", "rooster": "cry"}
"""Example sounds, and what their words are called."""

SENTENCES = {
    "a painting of <{word}>": "painting of <{word}>",
    "an ink drawing of <{word}> at night": "<{word}>, ink, at night",
    "<{word}> in the mountains at dusk": "<{word}>, mountains",
}
"""Sentences, and what stands below their pictures."""

SEED = 0
FOUND = 3
"""Pictures of the library that are shown."""


def word_pictures(
    examples: Path, bundle: Path, library: Path = PICTURE_LIBRARY
) -> tuple[list[Image.Image], list[str]]:
    """Rows of pictures, one a word: those that the sound found, then three sentences; and what each is."""
    described = read_bundle(bundle)
    pipeline = load_pipeline(AudioToImagePipeline, bundle / "audio_to_image")
    defaults, encoder = described.info.defaults, ImageEncoder.from_folder(bundle / "clip")
    steps, guidance = int(defaults.steps or 0), float(defaults.guidance_scale or 1.0)
    bench = WordBench(pipeline, described, encoder, steps, guidance)
    indexed = bench.library(library)
    pictures: list[Image.Image] = []
    labels: list[str] = []
    for stem, name in WORDS.items():
        samples = load_clip(examples / "sounds" / f"{stem}.mp3", SAMPLE_RATE).samples
        clip = HeldOutClip(stem, samples, (stem,))
        found = indexed.nearest(bench.pipeline.embed_audio(samples)[0].numpy(), FOUND)
        pictures += [load_picture(path) for path, _ in found]
        labels += ["found by the sound"] * len(found)
        word = bench.learn(clip, indexed)
        for sentence, label in SENTENCES.items():
            pictures += bench.paint(word, sentence.format(word="word"), [SEED])
            labels.append(label.format(word=name))
    return pictures, labels
