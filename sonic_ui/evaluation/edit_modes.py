"""Table of the edit modes: how often the sound is seen, and how much of the picture is kept."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation.appearance import kernel_distance, picture_features
from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.image_metrics import Editor, as_tensor, source_accuracy, structure_distance
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.models.presence_classifier import PresenceClassifier, shrink_for_classifier
from sonic_ui.pipelines.prompt_words import known_words
from sonic_ui.requests import EDIT_MODES
from sonic_ui.scenes.world import SOURCES, SPECS

SIMILARITY_LEVEL = 3
"""Of the classifier's blocks: those up to here give the map whose self-similarity is compared."""

Pair = tuple[Image.Image, HeldOutClip]


@torch.no_grad()
def self_similarity(network: PresenceClassifier, pictures: Tensor) -> Tensor:
    """Cosines between all places of a feature map, pictures [B, 3, H, W] -> [B, P, P].

    Source: the structure distance of Plug-and-Play (arXiv 2211.12572, from arXiv 2201.00424), on the features
    of a classifier in place of DINO's keys.
    """
    network.eval()
    x = F.silu(network.stem(shrink_for_classifier(pictures)))
    for block in network.blocks[:SIMILARITY_LEVEL]:
        x = block(x)
    places = F.normalize(x.flatten(2) - x.flatten(2).mean(2, keepdim=True), dim=1)  # [B, D, P]
    return places.transpose(1, 2) @ places


def self_similarity_distance(network: PresenceClassifier, a: Tensor, b: Tensor) -> float:
    """Mean squared difference of the self-similarities of pictures [B, 3, H, W], pair by pair."""
    return float((self_similarity(network, a) - self_similarity(network, b)).square().mean())


SENTENCE = "a painting of {thing}"


def edited_by_word(
    editor: Editor, features: PresenceClassifier, picture: Image.Image, word: Tensor
) -> Image.Image:
    """An edit word for word: what `features` sees in the picture becomes the word, and no sound beside it."""
    seen = SOURCES[int(features.predict(as_tensor([picture]))[0].argmax())]
    source = SENTENCE.format(thing=SPECS[seen].label)
    inversion = editor.edit.invert(picture, source, num_inference_steps=editor.steps)
    with known_words({"word": word}):
        images: list[Image.Image] = editor.edit(
            inversion,
            prompt=SENTENCE.format(thing="<word>"),
            guidance_scale=editor.guidance_scale,
            **EDIT_MODES["words"].settings(),
        ).images
    return images[0]


def mode_metrics(
    judge: PresenceClassifier,
    features: PresenceClassifier,
    editor: Editor,
    pairs: Sequence[Pair],
    word_of: Callable[[HeldOutClip], Tensor],
) -> tuple[list[Metric], dict[str, list[Image.Image]]]:
    """Figures of every mode on pairs of a render and a sound of another source, and the edited pictures.

    judge      says which source is seen; `features` compares pictures
    word_of    the vectors [V, C] of a sound as a word, for the mode that edits word for word
    """
    sources, clips = [picture for picture, _ in pairs], [clip for _, clip in pairs]
    embeds = [editor.edit.embed_audio(clip.samples)[0] for clip in clips]
    free = [editor.unguided(embed) for embed in embeds]
    before = as_tensor(sources)
    reference = picture_features(features, before)
    apart_free = np.mean([structure_distance(a, b) for a, b in zip(sources, free, strict=True)])
    shape_free = self_similarity_distance(features, before, as_tensor(free))
    metrics, shown = [], {}
    for name, mode in EDIT_MODES.items():
        if mode.tau_words:
            edited = [edited_by_word(editor, features, picture, word_of(clip)) for picture, clip in pairs]
        else:
            edited = [
                editor.edited(picture, embed, **mode.settings())
                for picture, embed in zip(sources, embeds, strict=True)
            ]
        pixels = as_tensor(edited)
        apart = np.mean([structure_distance(a, b) for a, b in zip(sources, edited, strict=True)])
        shape = self_similarity_distance(features, before, pixels)
        figures: Mapping[str, float] = {
            "AIC": source_accuracy(judge, edited, clips)[0],
            "edge distance over that of unguided pictures": float(apart / apart_free),
            "self-similarity distance over that of unguided pictures": shape / max(shape_free, 1e-12),
            "kernel distance to the sources": kernel_distance(picture_features(features, pixels), reference),
        }
        note = f"{len(pairs)} pairs"
        metrics += [Metric(f"edit “{name}”: {what}", value, note=note) for what, value in figures.items()]
        shown[name] = edited
    return metrics, shown
