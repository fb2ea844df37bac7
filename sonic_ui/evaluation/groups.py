"""The evaluation, group by group, on one bundle."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from PIL import Image

from sonic_ui.audio.clips import load_clip
from sonic_ui.bundles import read_bundle
from sonic_ui.evaluation import (
    appearance,
    benchmarks,
    caption_groups,
    drafts,
    edit_modes,
    film_metrics,
    held_out,
    image_metrics,
    own_picture,
    quality,
    recognition_metrics,
    sound_metrics,
    sound_quality,
    sound_word,
    teach,
)
from sonic_ui.evaluation.context import EvalContext
from sonic_ui.evaluation.live import live_metrics
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.evaluation.mix_groups import (
    faders_group,
    mixing_group,
    rooms_group,
    separation_group,
    sequences_group,
)
from sonic_ui.evaluation.new_sources import SOURCES as NEW_SOURCES
from sonic_ui.evaluation.readme_pictures import write_taught
from sonic_ui.models.encoders import label_probabilities
from sonic_ui.models.open_set import load_open_set
from sonic_ui.models.presence_classifier import predict_intensities
from sonic_ui.pipelines.taught import known_sounds
from sonic_ui.pipelines.teaching_data import TeachingConfig
from sonic_ui.scenes.world import SOURCES, SPECS
from sonic_ui.training.data.recordings import TUNE, read_recordings
from sonic_ui.training.run import save_sheet


def classifier_group(context: EvalContext) -> list[Metric]:
    """The presence classifier itself, on renders and on spoiled ones."""
    scenes, renders = held_out.held_out_renders(context.some(400), context.px)
    metrics = image_metrics.classifier_metrics(context.classifier, scenes, renders)
    return [*metrics, appearance.refusal_metric(context.classifier, image_metrics.as_tensor(renders))]


def alignment_group(context: EvalContext) -> list[Metric]:
    """AIC, AIS and IIS of synthetic sounds."""
    clips = held_out.synthetic_clips(context.some(8), context.px)
    embeds = context.painter.embed([clip.samples for clip in clips])
    metrics, images, by_source = image_metrics.alignment_metrics(
        context.classifier, context.image_encoder.clip, context.app_painter, clips, embeds
    )
    context.save_pictures("synthetic", images)
    context.details["synthetic_by_source"] = by_source
    return metrics


def quality_group(context: EvalContext) -> list[Metric]:
    """Pictures of sounds by the figures of papers; nothing where the bundle lacks a network that grades."""
    if context.features is None or context.sound_classifier is None:
        return []
    clips = held_out.synthetic_clips(context.some(8), context.px, stream=30)
    pictures = context.app_painter.paint([[clip.samples] for clip in clips])
    return quality.quality_metrics(
        context.classifier, context.features, context.image_encoder, context.sound_classifier, clips, pictures
    )


def appearance_group(context: EvalContext) -> list[Metric]:
    """Pictures by themselves: latents, sharpness, collapse; distance to renders and variety by `features`."""
    painter, per_source = context.painter, context.some(20)
    scenes = held_out.single_source_scenes(per_source, stream=4)
    renders = image_metrics.as_tensor(held_out.renders_of(scenes, context.px))
    clips = held_out.synthetic_clips(context.some(4), context.px, stream=5)
    words = appearance.word_pictures(painter, held_out.single_source_scenes(context.some(4), stream=6))
    sounds = context.app_painter.paint([[clip.samples] for clip in clips])
    groups = [
        context.app_painter.takes(clip.samples, 1000 * k, per_source)
        for k, clip in enumerate(clips[:: context.some(4)])
    ]
    seeds = [image for group in groups for image in group]
    for name, images in (("words", words), ("sounds", sounds), ("seeds", seeds)):
        context.save_pictures(f"appearance_{name}", images)
    collapse, shares = appearance.collapse_metric(context.classifier, groups)
    context.details["collapse_by_source"] = dict(zip(SOURCES, shares, strict=True))
    metrics = [
        appearance.band_metric(context.pipeline, renders),
        appearance.edge_metric("words", words, renders),
        appearance.edge_metric("sounds", sounds, renders),
        collapse,
    ]
    if context.features is None:
        print(f"{context.bundle}/features is missing: no kernel distance and no variety", flush=True)
        return metrics
    metrics += appearance.distance_metrics(context.features, renders, words, sounds)
    return [*metrics, appearance.variety_metric(context.features, groups, renders.split(per_source))]


def real_group(context: EvalContext) -> list[Metric]:
    """AIC of real recordings; nothing where the folder is absent."""
    if not (recordings := held_out.real_clips(context.data)):
        return []
    encoder = context.pipeline.audio_encoder
    embeds = context.painter.embed([clip.samples for clip in recordings])
    probabilities = label_probabilities(embeds, context.label_embeds, encoder.logit_scale_a.exp())
    metrics, images, by_source = image_metrics.real_metrics(
        context.classifier, context.app_painter, recordings, probabilities
    )
    context.save_pictures("real", images)
    context.details["real_by_source"] = by_source
    return metrics


def recognition_group(context: EvalContext) -> list[Metric]:
    """Labels of the tuning recordings, and what the open-set head refuses; nothing without the folder."""
    recordings = read_recordings(context.data, (TUNE,))
    known = [(one.path, one.source) for one in recordings if one.source is not None]
    if not known:
        return []
    clips = [np.asarray(load_clip(path, held_out.SAMPLE_RATE).samples, np.float32) for path, _ in known]
    embeds = context.painter.embed(clips)
    first = [SOURCES[index] for index in (embeds @ context.label_embeds.T).argmax(-1).tolist()]
    metrics, by_source = recognition_metrics.label_metrics(first, [source for _, source in known])
    context.details["recognition_by_source"] = by_source
    head = load_open_set(context.bundle)
    if head is None:
        return metrics
    encoder, extractor = context.pipeline.audio_encoder, context.pipeline.feature_extractor
    return metrics + recognition_metrics.open_set_metrics(head, encoder, extractor, recordings)


def volume_group(context: EvalContext) -> list[Metric]:
    """Gain and loudness reweighting, on synthetic and real sounds."""
    kinds = {
        "synthetic": held_out.synthetic_clips(context.some(2), context.px, stream=1),
        "real": held_out.real_clips(context.data)[:: 4 * context.share],
    }
    metrics = []
    for turned in image_metrics.TURNED:
        for kind, clips in kinds.items():
            if clips:
                metric, each = image_metrics.volume_metric(
                    context.classifier, context.app_painter, clips, turned, kind
                )
                context.details[f"volume_{turned}_{kind}"] = each
                metrics.append(metric)
    return metrics


def interpolation_group(context: EvalContext) -> list[Metric]:
    """Interpolations between two sounds."""
    pairs = image_metrics.pairs_of(
        held_out.synthetic_clips(context.some(4), context.px, stream=2), context.some(50)
    )
    counts: dict[Literal["linear", "spherical"], int] = {"linear": len(pairs), "spherical": context.some(12)}
    metrics: list[Metric] = []
    for method, count in counts.items():
        found, images, values = image_metrics.interpolation_metrics(
            context.classifier, context.image_encoder, context.app_painter, pairs[:count], method
        )
        context.save_pictures(f"interpolation_{method}", images)
        context.details[f"interpolation_{method}"] = values
        metrics += found if method == "linear" else found[:2]
    return metrics


def edits_group(context: EvalContext) -> list[Metric]:
    """Edits of renders by sounds of other sources."""
    editor = image_metrics.load_editor(context.pipeline, context.defaults)
    clips = held_out.synthetic_clips(context.some(8), context.px, stream=3)
    pairs = image_metrics.edit_pairs(clips, context.some(100))
    metrics, images = image_metrics.edit_metrics(context.classifier, editor, pairs)
    context.save_pictures("edits", images)
    rows = image_metrics.trade_off(context.classifier, editor, pairs[: context.some(24)])
    context.details["edit_trade_off"] = rows
    image_metrics.plot_trade_off(rows, context.out / "edit_trade_off.png")
    kinds = {
        "renders": [image for image, _ in pairs[: context.some(8)]],
        "photographs": image_metrics.photographs(context.data / "photos", context.some(8)),
    }
    metrics += image_metrics.exactness_metrics(editor, kinds)
    picture, clip = pairs[0]
    embed = context.painter.embed([clip.samples])[0]
    return metrics + image_metrics.cost_metrics(editor, picture, embed)


def edit_modes_group(context: EvalContext) -> list[Metric]:
    """All edit modes on the same pictures; nothing where the bundle has no second classifier."""
    if context.features is None:
        return []
    editor = image_metrics.load_editor(context.pipeline, context.defaults)
    clips = held_out.synthetic_clips(context.some(4), context.px, stream=7)
    pairs = image_metrics.edit_pairs(clips, context.some(48))
    bench, library = word_bench(context), word_bench(context).library()
    words = {clip.sources: bench.learn(clip, library) for _, clip in pairs}  # one of each source
    metrics, shown = edit_modes.mode_metrics(
        context.classifier, context.features, editor, pairs, lambda clip: words[clip.sources]
    )
    columns = [[picture for picture, _ in pairs], *shown.values()]
    rows = [image for row in zip(*columns, strict=True) for image in row]
    save_sheet(image_metrics.as_tensor(rows), context.out / "edit_modes.png", columns=len(columns))
    return metrics


def own_picture_group(context: EvalContext) -> list[Metric]:
    """Glides and sweeps on a picture."""
    editor = image_metrics.load_editor(context.pipeline, context.defaults)
    clips = held_out.synthetic_clips(context.some(4), context.px, stream=10)
    glides = own_picture.glides_of(clips, context.some(24))
    metrics, frames = own_picture.own_picture_metrics(context.classifier, editor, glides)
    per_row = len(own_picture.POSITIONS) + len(own_picture.SCALES) + 1
    save_sheet(image_metrics.as_tensor(frames), context.out / "own_picture.png", columns=per_row)
    return metrics


def word_bench(context: EvalContext) -> sound_word.WordBench:
    """What words are learned and painted with: the bundle's settings."""
    return sound_word.WordBench(
        context.pipeline,
        read_bundle(context.bundle),
        context.image_encoder,
        int(context.defaults["steps"]),
        float(context.defaults["guidance_scale"]),
    )


def sound_word_group(context: EvalContext) -> list[Metric]:
    """Sounds as words of prompts, and pictures by sounds."""
    bench = word_bench(context)
    clips = held_out.synthetic_clips(2, context.px, stream=12)  # two of each source, one after the other
    seeds = range(context.some(4))
    metrics, images = sound_word.word_metrics(context.classifier, bench, clips[::2], clips[1::2], seeds)
    save_sheet(image_metrics.as_tensor(images), context.out / "sound_word.png", columns=2 * len(seeds))
    scenes = held_out.scenes_of_shard("held_out", 9100, context.some(256))
    return metrics + sound_word.retrieval_metrics(bench, [held_out.scene_clip(s, context.px) for s in scenes])


def sounds_group(context: EvalContext) -> list[Metric]:
    """Image to sound: class with and without a curve, and quality."""
    pipeline, scenes, namers = context.sound_pipeline, context.sound_scenes, context.sound_namers
    sounds = sound_metrics.free_sounds(pipeline, scenes)
    metrics, by_source = sound_metrics.class_metrics(namers, scenes, sounds)
    found, by_curve = sound_metrics.control_metrics(pipeline, scenes, sounds, context.some(30), namers)
    context.details |= {"sound_control": by_curve, "sound_class_by_source": by_source}
    metrics += found
    if (classifier := context.sound_classifier) is not None:
        true = [scene.sound for scene in scenes]
        metrics += sound_quality.quality_metrics(pipeline.vocoder, classifier, true, sounds)
    return metrics


def sound_control_group(context: EvalContext) -> list[Metric]:
    """The same curves held by the ControlNet and by guidance, to compare with."""
    count = context.some(30)
    metrics, by_curve = sound_metrics.learned_control_metrics(
        context.sound_pipeline, context.sound_scenes, count, context.sound_namers
    )
    context.details["sound_learned_control"] = by_curve
    return metrics


def sound_moments_group(context: EvalContext) -> list[Metric]:
    """Natural energy from timestamps, and the onsets of what is made of them."""
    scenes = context.sound_scenes[: context.some(48)]
    metrics, by_scene = sound_metrics.natural_metrics(context.sound_pipeline, scenes)
    onsets, agreement = sound_metrics.onset_metrics(context.sound_pipeline, scenes)
    context.details |= {**by_scene, "onset_agreement": agreement}
    return [*metrics, onsets]


def sound_photographs_group(context: EvalContext) -> list[Metric]:
    """What photographs are seen and heard as: to the details, no figures."""
    clap = sound_metrics.ClapClassifier.of(context.pipeline)
    folder = context.data / "photos"
    photographs = sound_metrics.labels_of_photographs(context.sound_pipeline, clap, folder)
    context.details["photographs"] = photographs
    for name, labels in photographs.items():
        print(f"{name}: seen {labels[0]}, {labels[1]}; heard {labels[2]}", flush=True)
    return []


def sound_speed_group(context: EvalContext) -> list[Metric]:
    """A warm sound, and what candidates cost; run it on a machine that does nothing else."""
    return sound_metrics.sound_speed(context.sound_pipeline, context.sound_scenes[0].picture)


def drafts_group(context: EvalContext) -> list[Metric]:
    """Pictures in few steps."""
    painter, features = context.draft_painter, context.features
    if painter is None or features is None:
        return []
    clips = held_out.synthetic_clips(context.some(8), context.px, stream=8)
    scenes = held_out.single_source_scenes(context.some(8), stream=9)
    renders = image_metrics.as_tensor(held_out.renders_of(scenes, context.px))
    metrics, pictures = drafts.draft_metrics(
        context.classifier, features, context.painter, painter, clips, renders
    )
    for name, images in pictures.items():
        context.save_pictures(f"drafts_{name}", images)
    return metrics


def speed_group(context: EvalContext) -> list[Metric]:
    """How fast it all is; run it on a machine that does nothing else."""
    return benchmarks.speed_metrics(
        context.pipeline, context.image_encoder, context.bundle, benchmarks.first_example()
    )


def full_size_group(context: EvalContext) -> list[Metric]:
    """Cost of the full-size denoiser with and without sound, on random weights."""
    return benchmarks.full_size_metrics()


def film_group(context: EvalContext) -> list[Metric]:
    """Films: what is shown, how still it stands, what it costs, what it holds."""
    metrics, details = film_metrics.film_metrics(
        context.classifier, context.bundle, context.out / "films", context.px, save=context.save_pictures
    )
    context.details["film"] = details
    return metrics


def film_memory_group(context: EvalContext) -> list[Metric]:
    """Memory along a film of ten minutes with the bundle's own weights."""
    return [film_metrics.long_memory_metric(context.bundle, context.out / "films")]


def teach_group(context: EvalContext) -> list[Metric]:
    """A seventeenth source, taught from a few recordings and pictures, and what becomes of the others."""
    source, bundle = NEW_SOURCES[teach.REPORTED], read_bundle(context.bundle)
    clips = held_out.synthetic_clips(context.some(4), context.px, stream=19)

    def paint(pipeline: Any, sounds: Sequence[Any], seed: int) -> list[Image.Image]:
        painter = replace(context.painter, pipeline=pipeline, seed=seed)
        return painter.paint(painter.embed(sounds))

    taught = teach.teach_and_measure(
        context.pipeline,
        teach.Probe(context.classifier, source, context.px),
        source,
        teach.recordings_of(source, context.data),
        known_sounds(context.pipeline, bundle, teach.KNOWN),
        TeachingConfig(),
        paint,
        context.px,
        clips,
    )
    for side, images in (("before", taught.before), ("after", taught.after)):
        context.save_pictures(f"teach_{side}", images)
    write_taught(taught.before, taught.after, source.word, context.out / "taught.png")
    return teach.teach_metrics(taught, source, len(clips))


def live_group(context: EvalContext) -> list[Metric]:
    """Live on the running app, with sounds of several sources one after the other."""
    chosen = held_out.synthetic_clips(1, context.px, stream=9)[:: 3 * context.share]
    sounds = [(SPECS[clip.sources[0]].label, clip.samples) for clip in chosen]
    steps, guidance = int(context.defaults["steps"]), float(context.defaults["guidance_scale"])

    def judge(picture: Image.Image) -> str:
        intensities = predict_intensities(context.classifier, [picture], context.px)[0]
        return SPECS[SOURCES[int(intensities.argmax())]].label

    return live_metrics(context.bundle, context.pipeline, steps, guidance, sounds, judge)


GROUPS: dict[str, Callable[[EvalContext], list[Metric]]] = {
    "classifier": classifier_group,
    "alignment": alignment_group,
    "quality": quality_group,
    "appearance": appearance_group,
    "real": real_group,
    "recognition": recognition_group,
    "volume": volume_group,
    "interpolation": interpolation_group,
    "mixing": mixing_group,
    "sequences": sequences_group,
    "faders": faders_group,
    "rooms": rooms_group,
    "separation": separation_group,
    "edits": edits_group,
    "edit_modes": edit_modes_group,
    "own_picture": own_picture_group,
    "sound_word": sound_word_group,
    "sounds": sounds_group,
    "drafts": drafts_group,
    **caption_groups.GROUPS,
    "sound_control": sound_control_group,
    "sound_moments": sound_moments_group,
    "sound_photographs": sound_photographs_group,
    "sound_speed": sound_speed_group,
    "film": film_group,
    "film_memory": film_memory_group,
    "live": live_group,
    "teach": teach_group,
    "speed": speed_group,
    "full_size": full_size_group,
}
ON_DEMAND = ("full_size", "film_memory", "teach", "tuning")
"""Groups that run only when they are named: they need much memory, real recordings or many minutes."""
