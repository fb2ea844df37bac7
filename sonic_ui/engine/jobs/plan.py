"""Requests as jobs for the backend, and what becomes of the pictures that come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sonic_ui.bundles import Source
from sonic_ui.engine.backend import (
    AudioAnalysis,
    Backend,
    BackendEvent,
    CancelToken,
    ImagesDone,
    InterpolateJob,
    Job,
    PositionsAdded,
)
from sonic_ui.engine.events import FrameInfo, FramesAdded, FramesDone
from sonic_ui.engine.inputs import SAMPLE_RATE, Sound
from sonic_ui.pipelines.embedding_path import AudioMix, EmbeddingPath
from sonic_ui.pipelines.frame_spacing import strip_groups
from sonic_ui.requests import (
    BadInput,
    EditImageRequest,
    InterpolateRequest,
    PaintingRequest,
    SoundToImageRequest,
    VolumeSweepRequest,
)

if TYPE_CHECKING:
    from PIL.Image import Image

EmbedAudio = Callable[[Sound], AudioAnalysis]
Levels = Callable[[Sequence["Image"]], np.ndarray | None]

SAME_SOUND = (
    "Both sounds are the same: nothing changes along the way. Choose another sound on one side for a glide."
)


@dataclass
class Plan:
    """A job, what is known of each of its pictures, and those that are done.

    `found` tells what is known of a picture at a place that is found on the way; None where all are known
    beforehand. `watched` is the column of the judge's levels that belongs to the sound heard. `reused` tells
    that an edit started from an inversion that was kept.
    """

    job: Job | InterpolateJob
    infos: tuple[FrameInfo, ...]
    is_strip: bool = True
    notices: tuple[str, ...] = ()
    found: Callable[[float], FrameInfo] | None = None
    watched: int | None = None
    reused: bool = False
    done: dict[int, tuple[Image, FrameInfo]] = field(default_factory=dict)

    def painted(self, backend: Backend, cancel: CancelToken) -> Iterator[BackendEvent]:
        """What a backend does for it; take each `ImagesDone` in with `finish` as it comes."""
        if isinstance(self.job, InterpolateJob):
            return backend.interpolate(self.job, cancel)
        return backend.paint(self.job, cancel)

    def add(self, placed: PositionsAdded) -> FramesAdded:
        """Take places in that were found on the way."""
        infos = tuple(map(self.found, placed.places)) if self.found else ()
        self.infos += infos
        return FramesAdded(infos)

    def finish(self, painted: ImagesDone, predict_intensities: Levels) -> FramesDone:
        """Take finished pictures in, with their judged levels."""
        seen = predict_intensities(painted.images) if self.watched is not None else None
        infos = []
        for row, (index, image) in enumerate(zip(painted.indices, painted.images, strict=True)):
            info = self.infos[index]
            if seen is not None:
                info = replace(info, level=float(seen[row, self.watched]))
            self.done[index] = (image, info)
            infos.append(info)
        return FramesDone(painted.indices, painted.images, tuple(infos))

    @property
    def finished(self) -> tuple[tuple[Image, ...], tuple[FrameInfo, ...]]:
        """Pictures and what is known of them, in the order of the strip; no infos for plain pictures."""
        in_order = [self.done[index] for index in sorted(self.done)]
        if self.found:
            in_order.sort(key=lambda one: one[1].position or 0.0)
        infos = tuple(info for _, info in in_order) if self.is_strip else ()
        return tuple(image for image, _ in in_order), infos


def plan_for(
    request: PaintingRequest,
    sounds: Mapping[str, Sound],
    embed_audio: EmbedAudio,
    load_sound: Callable[..., Sound],
    sources: Sequence[Source],
) -> Plan:
    """The plan for a request and its sounds; `load_sound` as `Studio.load_sound`. Raises `BadInput`."""
    if isinstance(request, InterpolateRequest):
        return plan_interpolation(request, sounds["sound_a"], sounds["sound_b"], embed_audio)
    if isinstance(request, VolumeSweepRequest):
        part = (request.sound, request.start_s, request.end_s)
        return plan_sweep(
            request, lambda gain_db: load_sound(*part, gain_db, request.room), embed_audio, sources
        )
    if isinstance(request, SoundToImageRequest):
        return plan_pictures(request, sounds["sound"], embed_audio)
    if isinstance(request, EditImageRequest):
        return plan_edits(request, sounds["sound"], embed_audio)
    raise BadInput(f"This app does not know how to run {type(request).__name__}.")


def plan_pictures(request: SoundToImageRequest, sound: Sound, embed_audio: EmbedAudio) -> Plan:
    """`count` pictures of one sound; picture i starts from seed + i."""
    count = request.count
    job = Job(
        request=request,
        embeddings=np.repeat(embed_audio(sound).embedding[None], count, 0),  # [N, D]
        seeds=tuple(request.seed + i for i in range(count)),
        scales=(1.0,) * count,
        groups=(tuple(range(count)),),
    )
    return Plan(job, (FrameInfo(),) * count, is_strip=False)


def plan_edits(request: EditImageRequest, sound: Sound, embed_audio: EmbedAudio) -> Plan:
    """The edits of one picture by one sound, one a strength."""
    count = len(request.edits)
    job = Job(
        request=request,
        embeddings=np.repeat(embed_audio(sound).embedding[None], count, 0),  # [N, D]
        seeds=(request.seed,) * count,
        scales=(1.0,) * count,
        groups=(tuple(range(count)),),
    )
    infos = tuple(FrameInfo(strength=one if isinstance(one, float) else None) for one in request.edits)
    return Plan(job, infos)


def plan_interpolation(request: InterpolateRequest, a: Sound, b: Sound, embed_audio: EmbedAudio) -> Plan:
    """One picture a position between two sounds, all from one seed."""
    mix = None
    if request.method == "mix":
        mix = AudioMix(a.clip.samples, b.clip.samples, request.lufs_a, request.lufs_b)
        ends = _mixed_end(a, mix, 0.0, request.lufs_a), _mixed_end(b, mix, 1.0, request.lufs_b)
    else:
        ends = a, b
    heard = [embed_audio(end).embedding for end in ends]
    between = EmbeddingPath(heard[0], heard[1], request.method, mix)

    def info_at(place: float) -> FrameInfo:
        return FrameInfo(position=place, lufs=between.lufs(place))

    same = a.key == b.key and request.lufs_a == request.lufs_b
    return Plan(
        InterpolateJob(request, between),
        tuple(map(info_at, request.places)),
        notices=(SAME_SOUND,) if same else (),
        found=info_at if request.count > len(request.places) else None,
    )


def _mixed_end(sound: Sound, mix: AudioMix, place: float, lufs: float | None) -> Sound:
    """One end of a mix as a sound of its own: what was chosen, at the loudness that it has there."""
    if lufs is None:
        return sound
    clip = replace(sound.clip, samples=mix.at(place))
    return Sound(f"{sound.key}|{lufs}", clip, 0.0, sound.room)


def plan_sweep(
    request: VolumeSweepRequest,
    load_sound: Callable[[float], Sound],
    embed_audio: EmbedAudio,
    sources: Sequence[Source],
) -> Plan:
    """One picture a gain and scale, all from one seed; `load_sound` gives the sound at a gain."""
    from sonic_ui.audio.loudness import integrated_lufs

    sounds = [load_sound(gain_db) for gain_db, _ in request.turns]
    infos = tuple(
        FrameInfo(gain_db=gain_db, scale=scale, lufs=integrated_lufs(sound.clip.samples, SAMPLE_RATE))
        for (gain_db, scale), sound in zip(request.turns, sounds, strict=True)
    )
    names = [source.label for source in sources]
    labels = embed_audio(load_sound(0.0)).labels  # none from an encoder that only hears
    heard_best = labels[0].name if labels else ""
    job = Job(
        request=request,
        embeddings=np.stack([embed_audio(sound).embedding for sound in sounds]),  # [N, D]
        seeds=(request.seed,) * len(sounds),
        scales=tuple(scale for _, scale in request.turns),
        groups=strip_groups(len(sounds)),
    )
    return Plan(
        job,
        infos,
        watched=names.index(heard_best) if heard_best in names else None,
    )
