"""Sounds as words: are their pictures of the sounds' class, alone and in a place, and what does a word cost?

Words are learned with the settings of the app from the picture library that comes with it. The judge of
classes took no part; places are told by the bundle's CLIP, which found the pictures that words were learned
from, but by their things.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sonic_ui.bundles import Bundle
from sonic_ui.engine.inputs import PICTURE_LIBRARY
from sonic_ui.engine.jobs.learn_word import known_phrases
from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.image_metrics import source_accuracy
from sonic_ui.evaluation.metrics import Metric, timed
from sonic_ui.media.images import load_picture
from sonic_ui.models.encoders import ImageEncoder
from sonic_ui.models.latents import encode_picture
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.pipelines.prompt_words import known_words
from sonic_ui.pipelines.sound_word import SoundWordLearner, WordSettings, audio_token, learn_word
from sonic_ui.requests.learn_word import LEARNING_STEPS, REFERENCES
from sonic_ui.retrieval.pictures import PictureIndexer, PictureLibrary
from sonic_ui.scenes.world import OUTDOOR_PLACES, SPECS, WHERE

ALONE = "a painting of <word>"
WITH_LOCATION = "a painting of <word> {where}"


@dataclass(frozen=True)
class WordBench:
    """What words are learned and painted with. steps, guidance_scale: of pictures."""

    pipeline: Any
    bundle: Bundle
    image_encoder: ImageEncoder
    steps: int
    guidance_scale: float

    def library(self, folder: Path = PICTURE_LIBRARY) -> PictureLibrary:
        """The library's pictures, embedded."""
        return PictureIndexer(lambda pictures: self.image_encoder.encode_pictures(pictures).numpy()).index(
            folder
        )

    def token(self, clip: HeldOutClip) -> Tensor:
        """f_a [C] of a sound."""
        embedding = self.pipeline.embed_audio(clip.samples)[0]
        return audio_token(self.pipeline, embedding, known_phrases(self.bundle))

    def learn(self, clip: HeldOutClip, library: PictureLibrary, seed: int = 0) -> Tensor:
        """The word [1, C] of a sound."""
        embedding = self.pipeline.embed_audio(clip.samples)[0].numpy()
        found = library.nearest(embedding, int(REFERENCES.default or 4))
        pictures = [np.asarray(load_picture(path)) for path, _ in found]
        pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.no_grad():
            latents = encode_picture(self.pipeline.vae, pixels, self.pipeline.latent_normalizer)
        settings = WordSettings(steps=int(LEARNING_STEPS.default or 0))
        return learn_word(SoundWordLearner(self.pipeline, latents, self.token(clip), settings, seed))

    def paint(self, word: Tensor, sentence: str, seeds: Sequence[int]) -> list[Image.Image]:
        """Pictures of a sentence with the word."""
        with known_words({"word": word}):
            images: list[Image.Image] = self.pipeline(
                prompt=[sentence] * len(seeds),
                seed=list(seeds),
                guidance_scale=self.guidance_scale,
                num_inference_steps=self.steps,
            ).images
        return images


def location_of(source: str, number: int) -> str:
    """A place out of doors where a source may be, as a phrase."""
    places = [place for place in OUTDOOR_PLACES if place in SPECS[source].places]
    return WHERE[places[number % len(places)]]


def word_metrics(
    judge: PresenceClassifier,
    bench: WordBench,
    clips: Sequence[HeldOutClip],
    others: Sequence[HeldOutClip],
    seeds: Sequence[int],
) -> tuple[list[Metric], list[Image.Image]]:
    """Figures of the words of `clips`, and their pictures alone and in a place.

    others   another sound of each clip's class, in the same order, which takes over its adapter
    """
    library, places = bench.library(), [WHERE[place] for place in WHERE]
    words = bench.image_encoder.encode_words(places)  # [L, D]
    _, picture_s = timed(lambda: bench.paint(bench.token(clips[0])[None], ALONE, [0]))
    alone, placed, borrowed, right, seconds = [], [], [], [], []
    for number, (clip, other) in enumerate(zip(clips, others, strict=True)):
        word, taken = timed(lambda clip=clip: bench.learn(clip, library))  # type: ignore[misc]
        seconds.append(taken)
        where = location_of(clip.sources[0], number)
        alone += bench.paint(word, ALONE, seeds)
        images = bench.paint(word, WITH_LOCATION.format(where=where), seeds)
        shown = (bench.image_encoder.encode_pictures(images) @ words.T).argmax(1)
        right += [places[int(i)] == where for i in shown]
        placed += images
        borrowed += bench.paint(word - bench.token(clip) + bench.token(other), ALONE, seeds)
    each = [clip for clip in clips for _ in seeds]
    own = source_accuracy(judge, alone, each)[0]
    note = f"{len(clips)} sounds x {len(seeds)} seeds"
    ratio = source_accuracy(judge, borrowed, each)[0] / max(own, 1e-9)
    return [
        Metric("word: class of “a painting of *”", own, 0.8, note=note),
        Metric("word: class with a place", source_accuracy(judge, placed, each)[0], 0.7, note=note),
        Metric("word: place right beside it, by CLIP", float(np.mean(right)), 0.8, note=note),
        Metric("word with another sound of its class, over its own", ratio, 0.9, note=note),
        Metric(
            "time to learn a word, in 25-step pictures of the same run",
            float(np.median(seconds)) / picture_s,
            75,
            at_least=False,
            note=f"median of {len(clips)}",
        ),
    ], [image for pair in zip(alone, placed, strict=True) for image in pair]


def retrieval_metrics(bench: WordBench, clips: Sequence[HeldOutClip]) -> list[Metric]:
    """R@1 and R@5 of the picture of a scene by its sound among all, and of the sound by its picture."""
    sounds = torch.cat([bench.pipeline.embed_audio(clip.samples) for clip in clips])
    pictures = [Image.fromarray(clip.picture) for clip in clips if clip.picture is not None]
    images = torch.cat([bench.image_encoder.encode_pictures([one]) for one in pictures])
    metrics = []
    for name, rows in (("pictures by sounds", sounds @ images.T), ("sounds by pictures", images @ sounds.T)):
        ranks = (rows > rows.diagonal()[:, None]).sum(1)
        for k in (1, 5):
            share = float((ranks < k).float().mean())
            metrics.append(Metric(f"retrieval of {name}, R@{k}", share, note=f"{len(clips)} held-out scenes"))
    return metrics
