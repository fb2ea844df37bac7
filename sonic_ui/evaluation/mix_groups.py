"""Groups of figures of several sounds in one picture, and of rooms."""

from dataclasses import replace

from sonic_ui.evaluation import held_out, image_metrics, mixes
from sonic_ui.evaluation.context import EvalContext
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.training.run import save_sheet


def mixing_group(context: EvalContext) -> list[Metric]:
    """Sounds of two sources: scenes of the world, and pairs of recordings where the folder is there."""
    kinds = {"synthetic": held_out.mixed_clips(context.some(96), context.px)}
    if recordings := held_out.real_clips(context.data):
        kinds["real"] = mixes.real_pairs(recordings, context.some(30))
    metrics = []
    for kind, clips in kinds.items():
        metric, images = image_metrics.mixing_metric(context.classifier, context.painter, clips)
        context.save_pictures(f"mixing_{kind}", images)
        if kind == "real":
            metric = replace(metric, name="mixing: both of two recordings found", reach=0.5)
        metrics.append(metric)
    return metrics


def faders_group(context: EvalContext) -> list[Metric]:
    """Three sounds by faders."""
    trios = mixes.trios_of(held_out.synthetic_clips(4, context.px, stream=20), context.some(8))
    metrics, images = mixes.fader_metrics(context.classifier, context.painter, trios)
    save_sheet(image_metrics.as_tensor(images), context.out / "faders.png", columns=len(mixes.MOVED_DB))
    return metrics


def rooms_group(context: EvalContext) -> list[Metric]:
    """Sounds in rooms; nothing where the bundle has no second classifier."""
    if context.features is None:
        return []
    probe, judged = mixes.fit_room_probe(context.features, 120, context.px)
    scenes = mixes.room_scenes(context.some(16), stream=2, rooms=("dry",))
    metrics, images, named = mixes.room_metrics(probe, context.painter, scenes)
    context.details["rooms"] = named
    save_sheet(image_metrics.as_tensor(images), context.out / "rooms.png", columns=len(scenes))
    return [judged, *metrics]


def separation_group(context: EvalContext) -> list[Metric]:
    """A mix of two split into stems."""
    clips = held_out.synthetic_clips(2, context.px, stream=21)
    pairs = image_metrics.pairs_of(clips, context.some(8))
    return mixes.separation_metrics(context.painter, context.classifier, pairs)
