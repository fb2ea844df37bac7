"""Groups of figures of several sounds in one picture, and of rooms."""

from dataclasses import replace

from sonic_ui.evaluation import held_out, image_metrics, mixes
from sonic_ui.evaluation.context import EvalContext
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.training.run import save_sheet


def mixing_group(context: EvalContext) -> list[Metric]:
    """Sounds of two sources, as one recording and each with its fader; scenes of the world and recordings."""
    judge, painter = context.classifier, context.app_painter
    recordings = held_out.real_clips(context.data)
    kinds = {"synthetic": held_out.mixed_clips(context.some(96), context.px)}
    pairs = {"sounds": mixes.fitting_pairs(_sounds(context), context.some(96))}
    if recordings:
        pairs["recordings"] = image_metrics.pairs_of(recordings, context.some(30))
        kinds["real"] = [*map(mixes.as_one, pairs["recordings"])]
    metrics = []
    for kind, clips in kinds.items():
        metric, images = image_metrics.mixing_metric(judge, painter, clips)
        context.save_pictures(f"mixing_{kind}", images)
        if kind == "real":
            metric = replace(metric, name="mixing: both of two recordings found", reach=0.5)
        metrics.append(metric)
    for what, reach in zip(pairs, (0.75, 0.5), strict=False):
        metric, images = mixes.pair_metric(judge, painter, pairs[what], what, reach)
        context.save_pictures(f"mixing_{what}_by_faders", images)
        metrics.append(metric)
    return metrics


def _sounds(context: EvalContext) -> list[held_out.HeldOutClip]:
    return held_out.synthetic_clips(4, context.px, stream=20)


def sequences_group(context: EvalContext) -> list[Metric]:
    """Two sources one after the other: of the world, and of two recordings."""
    kinds: dict[str, tuple[list[held_out.HeldOutClip], float | None]] = {
        "": (mixes.sequence_clips(context.some(48)), 0.7)
    }
    if recordings := held_out.real_clips(context.data):
        kinds[" of recordings"] = (mixes.joined_recordings(recordings, context.some(48)), None)
    metrics = []
    for what, (clips, reach) in kinds.items():
        metric, images = mixes.sequence_metric(context.classifier, context.app_painter, clips, what, reach)
        context.save_pictures(f"sequences{what.replace(' ', '_')}", images)
        metrics.append(metric)
    return metrics


def faders_group(context: EvalContext) -> list[Metric]:
    """Three sounds by faders."""
    trios = mixes.trios_of(_sounds(context), context.some(16))
    metrics, images = mixes.fader_metrics(context.classifier, context.app_painter, trios)
    save_sheet(image_metrics.as_tensor(images), context.out / "faders.png", columns=len(mixes.MOVED_DB))
    return metrics


def rooms_group(context: EvalContext) -> list[Metric]:
    """Sounds in rooms; nothing where the bundle has no second classifier."""
    if context.features is None:
        return []
    probe, judged = mixes.fit_room_probe(context.features, 120, context.px)
    scenes = mixes.room_scenes(context.some(16), stream=2, rooms=("dry",))
    sounds = mixes.RoomSounds.of(scenes)
    ways: dict[str, dict[str, bool]] = {
        "as it is heard": {"by_control": False},
        "by the room control": {"by_control": True},
        "by the sound alone": {"by_control": False, "by_name": False},
    }
    metrics = [judged]
    for how, way in ways.items():
        pictures = sounds.paint(context.app_painter, **way)
        found, context.details[f"rooms, {how}"] = mixes.room_metrics(
            probe, context.classifier, sounds, pictures, how
        )
        save_sheet(
            image_metrics.as_tensor(pictures),
            context.out / f"rooms_{how.split()[-1]}.png",
            columns=len(scenes),
        )
        metrics += found
    return metrics


def separation_group(context: EvalContext) -> list[Metric]:
    """A mix of two split into stems."""
    clips = held_out.synthetic_clips(2, context.px, stream=21)
    pairs = image_metrics.pairs_of(clips, context.some(8))
    return mixes.separation_metrics(context.painter, context.classifier, pairs)
