"""Pictures of one sound at several gains, all from one seed, through `AudioToImagePipeline`."""

import numpy as np

from sonic_ui.engine.events import FrameInfo
from sonic_ui.engine.inputs import SAMPLE_RATE
from sonic_ui.engine.jobs.base import JOB_TYPES, JobType, PaintingPlan, RunContext
from sonic_ui.engine.jobs.sound_to_image import PaintJob, PaintRunner, size_of
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
    labels = context.embed_audio(context.sounds["sound"]).labels  # none from an encoder without a text side
    source = labels[0].name if labels else ""
    job = PaintJob(
        request=request,
        embeddings=np.stack([context.embed_audio(sound).embedding for sound in sounds]),  # [N, D]
        seeds=(request.seed,) * len(sounds),
        scales=tuple(scale for _, scale in request.turns),
        groups=strip_groups(len(sounds)),
        size=size_of(request.aspect, context),
    )
    return PaintingPlan(context, job, infos, source=names.index(source) if source in names else None)


JOB_TYPES[VolumeSweepRequest] = JobType(plan_sweep, PaintRunner)
