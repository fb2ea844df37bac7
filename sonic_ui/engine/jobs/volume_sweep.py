"""Pictures of one sound at several gains: all from one seed, through `AudioToImagePipeline`, or edits of one
picture, through `AudioEditPipeline`."""

from typing import Any

import numpy as np

from sonic_ui.engine.components import Components
from sonic_ui.engine.events import CancelToken, FrameInfo
from sonic_ui.engine.inputs import SAMPLE_RATE
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, PaintingPlan, RunContext
from sonic_ui.engine.jobs.edit_image import EditJob, EditRunner
from sonic_ui.engine.jobs.editing import EditPlan, edit_source, picture_notices
from sonic_ui.engine.jobs.sound_condition import names_of
from sonic_ui.engine.jobs.sound_to_image import PaintJob, PaintRunner, size_of
from sonic_ui.media.sound_words import SoundWords
from sonic_ui.pipelines.embedding_path import strip_groups
from sonic_ui.requests import VolumeSweepRequest


def plan_sweep(request: VolumeSweepRequest, context: RunContext) -> PaintingPlan:
    """One picture a gain and scale, all from one seed."""
    from sonic_ui.audio.loudness import integrated_lufs

    part = (request.sound, request.start_s, request.end_s)
    sounds = [context.load_sound(*part, gain_db, request.room) for gain_db, _ in request.turns]
    infos = tuple(
        FrameInfo(gain_db=gain_db, scale=scale, lufs=integrated_lufs(sound.clip.samples, SAMPLE_RATE))
        for (gain_db, scale), sound in zip(request.turns, sounds, strict=True)
    )
    names = [source.label for source in context.backend.bundle.sources]
    analysis = context.embed_audio(context.sounds["sound"])
    labels = analysis.labels  # none from an encoder without a text side
    source = labels[0].name if labels else ""
    column = names.index(source) if source in names else None
    embeddings = np.stack([context.embed_audio(sound).embedding for sound in sounds])  # [N, D]
    scales, groups = tuple(scale for _, scale in request.turns), strip_groups(len(sounds))
    if request.picture is None:
        size = size_of(request.aspect, context)
        words = (
            tuple(SoundWords(tuple(names_of(analysis, sound))) for sound in sounds) if request.by_name else ()
        )
        job = PaintJob(
            request,
            embeddings,
            (request.seed,) * len(sounds),
            scales,
            groups,
            size,
            sound_words=tuple(words) if any(words) else (),
        )
        extra = {"sound_words": source} if job.sound_words else {}
        return PaintingPlan(context, job, infos, source=column, extra=extra)
    picture, key = edit_source(request, context)
    edits = EditJob(request, picture, embeddings, scales, groups)
    reused = picture.inversion is not None
    notices = picture_notices(context)
    return EditPlan(context, edits, infos, key, source=column, reused=reused, notices=notices)


def run_sweep(components: Components, job: Any, cancel: CancelToken) -> JobRunner:
    """The runner of a sweep: of edits, or of pictures from noise."""
    runner = EditRunner if isinstance(job, EditJob) else PaintRunner
    return runner(components, job, cancel)


JOB_TYPES[VolumeSweepRequest] = JobType(plan_sweep, run_sweep)
