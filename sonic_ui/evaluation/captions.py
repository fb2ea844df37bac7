"""Figures of captions: what they name, in which order, the room; pictures by caption; words tuned to a sound.

Captions are measured on rendered scenes that nothing was trained on, against what is audible in them
(`scenes/sound_captions.py`). Pictures are judged by classifiers that neither condition nor tune.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.image_metrics import Painter, as_tensor, source_accuracy
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.media.captions import Caption
from sonic_ui.models.audio_captioner import Captioner
from sonic_ui.models.encoders import ImageEncoder
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.pipelines.caption_attention import NounTagger, caption_token_weights, picture_caption
from sonic_ui.pipelines.direct_optimization import DirectOptimizer, OptimizationSettings, Painting
from sonic_ui.requests.fields import ROOMS
from sonic_ui.scenes.render import render_sound
from sonic_ui.scenes.sound_captions import THEN, audible_sources, room_in, sources_in
from sonic_ui.scenes.world import SOURCES, SPECS, Scene, sample_scene
from sonic_ui.training.data.rendering import SPLITS, scenes_of_shard

Samples = NDArray[np.float32]
SECONDS = 5.0


def caption_scenes(count: int, *, stream: int = 0) -> list[Scene]:
    """Held-out scenes as the world draws them; stream 0 to report on, others to choose by."""
    return scenes_of_shard("held_out", 9400 + stream, count)


def room_scenes(per_room: int, *, stream: int = 0) -> list[Scene]:
    """So many held-out scenes in each room, of sources that may stand indoors, clearly audible."""
    rng = np.random.default_rng([SPLITS["held_out"], 9500, stream])
    names = [name for name, spec in SPECS.items() if spec.indoors]
    found: dict[str, list[Scene]] = {room: [] for room in ROOMS}
    while any(len(scenes) < per_room for scenes in found.values()):
        chosen = tuple(rng.choice(names, int(rng.integers(1, 3)), replace=False).tolist())
        levels = tuple(float(level) for level in rng.uniform(0.35, 1.0, len(chosen)))
        scene = sample_scene(rng, sources=chosen, levels=levels, indoor_share=0.75)
        if len(found[scene.room]) < per_room:
            found[scene.room].append(scene)
    return [scene for scenes in found.values() for scene in scenes]


def caption_metrics(captioner: Captioner, scenes: Sequence[Scene]) -> tuple[list[Metric], list[list[str]]]:
    """What captions of scenes name, and the pairs (what is audible, caption).

    In the order of loudness: of scenes of several audible sources that are all named.
    """
    named, exact, ordered, pairs = [], [], [], []
    for scene in scenes:
        caption = captioner.write(render_sound(scene, SECONDS)).text
        wanted = [source.name for source in audible_sources(scene.sources)]
        found = sources_in(caption)
        whole = set(wanted) <= set(found)
        named.append(whole)
        exact.append(set(wanted) == set(found))
        if whole and len(wanted) > 1:
            ordered.append([name for name in found if name in wanted] == wanted)
        pairs.append([" > ".join(wanted) + f" ({scene.room})", caption])
    note = f"{len(scenes)} held-out scenes, sources within 22 dB of the loudest"
    several = [len(audible_sources(scene.sources)) > 1 for scene in scenes]
    of_several = [hit for hit, many in zip(named, several, strict=True) if many]
    return [
        Metric("captions: every source named", float(np.mean(named)), 0.8, note=note),
        Metric(
            "captions: every source named, of several", _mean(of_several), note=f"{len(of_several)} scenes"
        ),
        Metric("captions: these sources and no others", float(np.mean(exact))),
        Metric("captions: in the order of loudness", _mean(ordered), 0.85, note=f"{len(ordered)} scenes"),
    ], pairs


def room_metric(captioner: Captioner, scenes: Sequence[Scene]) -> Metric:
    """Mean over rooms of the share of scenes whose caption names the room; none for the open air."""
    hits: dict[str, list[bool]] = {}
    for scene in scenes:
        found = room_in(captioner.write(render_sound(scene, SECONDS)).text)
        hits.setdefault(scene.room, []).append(found == scene.room)
    each = ", ".join(f"{room} {np.mean(hit):.2f}" for room, hit in hits.items())
    value = float(np.mean([np.mean(hit) for hit in hits.values()]))
    return Metric("captions: room named", value, 0.75, note=f"{len(scenes)} scenes; {each}")


def sequence_metric(captioner: Captioner, count: int) -> Metric:
    """Clips of 10 s of two sources one after the other: both named in order, with "then" between them."""
    rng = np.random.default_rng([SPLITS["held_out"], 9600])
    hits = []
    for _ in range(count):
        names = rng.choice(SOURCES, 2, replace=False).tolist()
        sounds = []
        for name in names:
            level = float(rng.uniform(0.35, 1.0))
            sounds.append(render_sound(sample_scene(rng, sources=(name,), levels=(level,), indoor_share=0.0)))
        caption = captioner.write(np.concatenate(sounds)).text
        first, _, second = caption.partition(f" {THEN} ")
        hits.append(sources_in(first) == names[:1] and sources_in(second) == names[1:])
    return Metric("captions: sequences of two, with “then”", _mean(hits), note=f"{count} clips of 10 s")


def _mean(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if values else float("nan")


# Pictures


@dataclass(frozen=True)
class CaptionPainter:
    """Paints sounds by their captions.

    known   words of the text encoder
    """

    painter: Painter
    captioner: Captioner
    tagger: NounTagger
    known: Sequence[str]

    def conditions(self, caption: Caption) -> tuple[str, Tensor, Tensor]:
        """Text, weights of its tokens [L] and which are of nouns [L]."""
        text = picture_caption(caption.text, self.known)
        tokenizer = self.painter.pipeline.tokenizer
        return text, *caption_token_weights(tokenizer, text, caption.probabilities, self.tagger)

    def paint(
        self,
        clips: Sequence[HeldOutClip],
        *,
        with_sound: bool,
        weighed: bool,
        texts: Sequence[str] | None = None,
    ) -> list[Image.Image]:
        """A picture of each clip; picture i starts from the painter's seed + i.

        texts   captions as a person edited them, one a clip; None: as they are written
        """
        painter, out = self.painter, []
        for start in range(0, len(clips), painter.batch):
            part = clips[start : start + painter.batch]
            own = texts[start : start + painter.batch] if texts is not None else [""] * len(part)
            found = [
                self.conditions(
                    self.captioner.score(clip.samples, text) if text else self.captioner.write(clip.samples)
                )
                for clip, text in zip(part, own, strict=True)
            ]
            weights = torch.stack([weights for _, weights, _ in found])
            out += painter.pipeline(
                audio_embeds=painter.embed([clip.samples for clip in part]) if with_sound else None,
                prompt=[text for text, _, _ in found],
                token_weights=weights if weighed else None,
                seed=[painter.seed + start + i for i in range(len(part))],
                num_inference_steps=painter.steps,
                guidance_scale=painter.guidance_scale,
                strength=painter.strength,
            ).images
        return out


def both_found(
    classifier: PresenceClassifier, images: Sequence[Image.Image], clips: Sequence[HeldOutClip]
) -> float:
    """Share of pictures that show every source of their clip (p > 0.5)."""
    presence, _ = classifier.predict(as_tensor(images))
    return float(
        np.mean([all(presence[i, SOURCES.index(n)] > 0.5 for n in c.sources) for i, c in enumerate(clips)])
    )


WAYS: dict[str, dict[str, Any]] = {
    "with the sound, unweighed": {"with_sound": True, "weighed": False},
    "with the sound": {"with_sound": True, "weighed": True},
    "words alone, unweighed": {"with_sound": False, "weighed": False},
    "words alone": {"with_sound": False, "weighed": True},
}


def painted_metrics(
    classifier: PresenceClassifier, painter: CaptionPainter, clips: Sequence[HeldOutClip]
) -> tuple[list[Metric], dict[str, list[Image.Image]]]:
    """Both of two sources found in the picture: by the sound alone, and by each way of painting by
    caption.
    """
    embeds = painter.painter.embed([clip.samples for clip in clips])
    pictures = {"the sound alone": painter.painter.paint(embeds)}
    pictures |= {name: painter.paint(clips, **way) for name, way in WAYS.items()}
    note = f"{len(clips)} sounds of two sources"
    return [
        Metric(f"by caption, {name}: both found", both_found(classifier, images, clips), note=note)
        for name, images in pictures.items()
    ], pictures


def edit_metrics(
    classifier: PresenceClassifier, painter: CaptionPainter, clips: Sequence[HeldOutClip], with_sound: bool
) -> list[Metric]:
    """Captions of two sources that a person edits: the second taken away, or a third added.

    How often the source that is edited is seen (p > 0.5) in the picture of the caption before and after.
    """
    labels = [[SPECS[name].label for name in clip.sources] for clip in clips]
    rng = np.random.default_rng(7)
    added = [str(rng.choice([name for name in SOURCES if name not in clip.sources])) for clip in clips]
    texts = {
        "whole": [" and ".join(both) for both in labels],
        "less": [both[0] for both in labels],
        "more": [" and ".join([*both, SPECS[name].label]) for both, name in zip(labels, added, strict=True)],
    }
    removed = [clip.sources[1] for clip in clips]
    presence = {
        name: classifier.predict(
            as_tensor(painter.paint(clips, with_sound=with_sound, weighed=True, texts=some))
        )[0]
        for name, some in texts.items()
    }

    def seen(which: str, names: Sequence[str]) -> float:
        return float(np.mean([bool(presence[which][i, SOURCES.index(n)] > 0.5) for i, n in enumerate(names)]))

    way = "with the sound" if with_sound else "words alone"
    note = f"{len(clips)} sounds"
    return [
        Metric(f"caption edited, {way}: a thing is seen, named", seen("whole", removed), note=note),
        Metric(f"caption edited, {way}: the same, not named any more", seen("less", removed)),
        Metric(f"caption edited, {way}: a thing is seen, not named", seen("whole", added)),
        Metric(f"caption edited, {way}: the same, once named", seen("more", added)),
    ]


def source_score(
    classifier: PresenceClassifier, images: Sequence[Image.Image], clips: Sequence[HeldOutClip]
) -> list[float]:
    """Mean probability of the clip's sources for each picture."""
    presence, _ = classifier.predict(as_tensor(images))
    return [float(presence[i, [SOURCES.index(n) for n in c.sources]].mean()) for i, c in enumerate(clips)]


def tuning_metrics(
    judge: PresenceClassifier,
    features: PresenceClassifier,
    painter: CaptionPainter,
    image_encoder: ImageEncoder,
    clips: Sequence[HeldOutClip],
    settings: OptimizationSettings,
    *,
    with_sound: bool,
) -> tuple[list[Metric], dict[str, list[Image.Image]]]:
    """Pictures before and after their words were tuned to the sound: the tuned loss, the score of a
    classifier that has no part in it, AIC by another.
    """
    pictures: dict[str, list[Image.Image]] = {"before": [], "after": []}
    losses: list[list[float]] = []
    for number, clip in enumerate(clips):
        found = tuned(painter, image_encoder, clip, settings, number, with_sound)
        pictures["before"].append(found.images[0])
        pictures["after"].append(found.images[1])
        losses.append([found.losses[0], found.losses[-1]])
    scores = {name: source_score(features, images, clips) for name, images in pictures.items()}
    better = [b - a for a, b in zip(scores["before"], scores["after"], strict=True)]
    mean = {name: float(np.mean(each)) for name, each in scores.items()}
    accuracy = {name: source_accuracy(judge, images, clips)[0] for name, images in pictures.items()}
    count = f"{len(clips)} sounds, {settings.steps} steps"
    return [
        Metric("tuning: equation 6, change", float(np.mean(np.diff(losses))), 0.0, False, note=count),
        Metric("tuning: independent score before", mean["before"], note=count),
        Metric(
            "tuning: independent score after",
            mean["after"],
            mean["before"],
            note=f"{sum(b > 0 for b in better)} of {len(better)} up",
        ),
        Metric("tuning: AIC before", accuracy["before"], note=count),
        Metric("tuning: AIC after", accuracy["after"], accuracy["before"]),
    ], pictures


@dataclass(frozen=True)
class Tuned:
    """A sound's picture before and after its words were tuned, and equation 6 on the way."""

    images: tuple[Image.Image, Image.Image]
    losses: list[float]


def tuned(
    painter: CaptionPainter,
    image_encoder: ImageEncoder,
    clip: HeldOutClip,
    settings: OptimizationSettings,
    number: int,
    with_sound: bool,
) -> Tuned:
    """Tune the words of one sound."""
    one = painter.painter
    embed = one.embed([clip.samples])
    text, weights, nouns = painter.conditions(painter.captioner.write(clip.samples))
    seed = one.seed + number
    job = Painting(
        text,
        embed,
        weights,
        nouns,
        (seed,),
        strength=one.strength,
        guidance_scale=one.guidance_scale,
        num_inference_steps=one.steps,
        with_sound=with_sound,
    )
    losses: list[float] = []
    optimizer = DirectOptimizer(one.pipeline, image_encoder, job, settings)
    found = optimizer.optimize(lambda report: losses.append(float(report.losses.mean())))
    given: dict[str, Any] = {
        "audio_embeds": embed if with_sound else None,
        "prompt": text,
        "seed": [seed],
        "num_inference_steps": one.steps,
        "guidance_scale": one.guidance_scale,
        "strength": one.strength,
    }
    images = [one.pipeline(**given, token_weights=w).images[0] for w in (weights, found)]
    return Tuned((images[0], images[1]), losses)
