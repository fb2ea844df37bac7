"""The evaluation's groups of captions: what is heard in words, pictures by it, words tuned to a sound."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sonic_ui.bundles import read_bundle
from sonic_ui.engine.loading import load_captioner, load_noun_tagger
from sonic_ui.evaluation import captions, held_out
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.pipelines.direct_optimization import OptimizationSettings


def caption_painter(context: Any) -> captions.CaptionPainter | None:
    """The painter of an `EvalContext` with what writes captions and weighs their words; None where its bundle
    has no such.
    """
    bundle = read_bundle(context.bundle)
    captioner, known = load_captioner(bundle, context.pipeline), bundle.info.vocabulary
    if captioner is None:
        return None
    words = () if known is None else known.words
    return captions.CaptionPainter(context.painter, captioner, load_noun_tagger(bundle), words)


def captions_group(context: Any) -> list[Metric]:
    """Captions of sounds; nothing where the bundle writes none."""
    if (painter := caption_painter(context)) is None:
        return []
    captioner = painter.captioner
    metrics, pairs = captions.caption_metrics(captioner, captions.caption_scenes(context.some(192)))
    context.details["captions"] = pairs
    metrics.append(captions.room_metric(captioner, captions.room_scenes(context.some(24))))
    return [*metrics, captions.sequence_metric(captioner, context.some(48))]


def by_caption_group(context: Any) -> list[Metric]:
    """Pictures of two sources by caption; nothing where the bundle writes none."""
    if (painter := caption_painter(context)) is None:
        return []
    clips = held_out.mixed_clips(context.some(24), context.px)
    metrics, pictures = captions.painted_metrics(context.classifier, painter, clips)
    for number, images in enumerate(pictures.values()):
        context.save_pictures(f"by_caption_{number}", images)
    for with_sound in (False, True):
        metrics += captions.edit_metrics(context.classifier, painter, clips, with_sound)
    return metrics


def tuning_group(context: Any) -> list[Metric]:
    """Words tuned to the sound (In-the-wild Sounds, equation 6), painted in few steps where the bundle
    can.
    """
    painter, features = caption_painter(context), context.features
    if painter is None or features is None:
        return []
    painter = replace(painter, painter=replace(context.draft_painter or context.painter, batch=1))
    clips = held_out.synthetic_clips(1, context.px, stream=21)[:: context.share]
    settings = OptimizationSettings()
    metrics, pictures = captions.tuning_metrics(
        context.classifier, features, painter, context.image_encoder, clips, settings, with_sound=True
    )
    for name, images in pictures.items():
        context.save_pictures(f"tuning_{name}", images)
    return metrics


GROUPS: dict[str, Callable[[Any], list[Metric]]] = {
    "captions": captions_group,
    "by_caption": by_caption_group,
    "tuning": tuning_group,
}
