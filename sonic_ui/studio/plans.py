"""Requests as jobs for the backend, and what becomes of the pictures that come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sonic_ui.backends.base import BackendEvent, CancelToken, Heard, Job, Painted, Preview, Progress
from sonic_ui.bundles import Source
from sonic_ui.pipelines.strips import next_places, strip_groups
from sonic_ui.requests import EditImageRequest, InterpolateRequest, SoundToImageRequest, VolumeSweepRequest
from sonic_ui.studio.events import FrameInfo, FramesAdded, FramesDone
from sonic_ui.studio.listening import SAMPLE_RATE, Sound

if TYPE_CHECKING:
    from PIL.Image import Image

Hear = Callable[[Sound], Heard]
Levels = Callable[[Sequence["Image"]], np.ndarray | None]

SAME_SOUND = (
    "Both sounds are the same: nothing changes along the way. Choose another sound on one side for a glide."
)


Done = Mapping[int, tuple["Image", FrameInfo]]


@dataclass(frozen=True)
class Round:
    """A job, and what is known of each of its pictures: numbers `first`, ... of `total` in a strip."""

    job: Job
    infos: tuple[FrameInfo, ...]
    first: int
    total: int

    def in_strip(self, event: BackendEvent) -> BackendEvent:
        """An event of the job as one of the whole strip: its numbers, and how far the whole is."""
        if self.total == len(self.infos):
            return event
        if isinstance(event, (Painted, Preview)):
            return replace(event, indices=tuple(self.first + index for index in event.indices))
        if isinstance(event, Progress) and event.total:
            own = event.step / event.total * len(self.infos)  # pictures of this round
            steps = event.total // len(self.job.groups)
            step, total = round((self.first + own) * steps), self.total * steps
            left = self.total - self.first
            eta_s = event.eta_s and event.eta_s * (left - own) / max(len(self.infos) - own, 0.1)
            return Progress(step, total, f"Painting {self.total} pictures", eta_s)
        return event


@dataclass
class Plan:
    """A job, what is known of each of its pictures, and those that are done.

    `more` gives, where a strip of `total` is painted in rounds, the next job and its pictures from those that
    are done; None after the last. `watched` is the column of the judge's levels that belongs to the sound
    heard. `reused` tells that an edit started from an inversion that was kept.
    """

    job: Job
    infos: tuple[FrameInfo, ...]
    is_strip: bool = True
    notices: tuple[str, ...] = ()
    more: Callable[[Done], tuple[Job, tuple[FrameInfo, ...]] | None] | None = None
    total: int = 0
    watched: int | None = None
    reused: bool = False
    done: dict[int, tuple[Image, FrameInfo]] = field(default_factory=dict)

    def rounds(self) -> Iterator[Round]:
        """The jobs one after the other; finish the pictures of each before asking for the next."""
        total = max(self.total, len(self.infos))
        yield Round(self.job, self.infos, 0, total)
        while self.more and (following := self.more(self.done)):
            job, infos = following
            first, self.infos = len(self.infos), self.infos + infos
            yield Round(job, infos, first, total)

    def painted(
        self, paint: Callable[[Job, CancelToken], Iterator[BackendEvent]], cancel: CancelToken
    ) -> Iterator[BackendEvent | FramesAdded]:
        """Events of all rounds, as those of one strip; take each `Painted` in with `finish` as it comes."""
        for round_ in self.rounds():
            if round_.first:
                yield FramesAdded(round_.infos)
            for event in paint(round_.job, cancel):
                yield round_.in_strip(event)

    def finish(self, painted: Painted, levels: Levels) -> FramesDone:
        """Take finished pictures in, with their judged levels."""
        seen = levels(painted.images) if self.watched is not None else None
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
        if self.more:
            in_order.sort(key=lambda one: one[1].position or 0.0)
        infos = tuple(info for _, info in in_order) if self.is_strip else ()
        return tuple(image for image, _ in in_order), infos


def plan_pictures(request: SoundToImageRequest, sound: Sound, hear: Hear) -> Plan:
    """`count` pictures of one sound; picture i starts from seed + i."""
    count = request.count
    job = Job(
        request=request,
        embeddings=np.repeat(hear(sound).embedding[None], count, 0),  # [N, D]
        seeds=tuple(request.seed + i for i in range(count)),
        scales=(1.0,) * count,
        groups=(tuple(range(count)),),
    )
    return Plan(job, (FrameInfo(),) * count, is_strip=False)


def plan_edits(request: EditImageRequest, sound: Sound, hear: Hear) -> Plan:
    """The edits of one picture by one sound, one a strength."""
    count = len(request.edits)
    job = Job(
        request=request,
        embeddings=np.repeat(hear(sound).embedding[None], count, 0),  # [N, D]
        seeds=(request.seed,) * count,
        scales=(1.0,) * count,
        groups=(tuple(range(count)),),
    )
    infos = tuple(FrameInfo(strength=one if isinstance(one, float) else None) for one in request.edits)
    return Plan(job, infos)


def plan_glide(request: InterpolateRequest, a: Sound, b: Sound, hear: Hear) -> Plan:
    """One picture a position between two sounds, all from one seed; evenly seen, they come in rounds."""

    def painted_at(places: Sequence[float]) -> tuple[Job, tuple[FrameInfo, ...]]:
        embeddings, infos = _between(request, a, b, places, hear)
        ends_alone = places[0] == 0 and places[-1] == 1
        return _strip_job(request, embeddings, (1.0,) * len(places), ends_alone=ends_alone), infos

    def more(done: Done) -> tuple[Job, tuple[FrameInfo, ...]] | None:
        shown = {info.position or 0.0: image for image, info in done.values()}
        places = next_places(shown, request.frames)
        return painted_at(places) if places else None

    same = a.key == b.key and request.lufs_a == request.lufs_b
    in_rounds = request.positions is None and request.spacing == "seen"
    return Plan(
        *painted_at(request.places),
        notices=(SAME_SOUND,) if same else (),
        more=more if in_rounds else None,
        total=request.count,
    )


def _between(
    request: InterpolateRequest, a: Sound, b: Sound, places: Sequence[float], hear: Hear
) -> tuple[list[np.ndarray], tuple[FrameInfo, ...]]:
    """What is heard at each place between two sounds, and what is known of its picture."""
    from sonic_ui.audio.loudness import integrated_lufs
    from sonic_ui.models.embeddings import linear, spherical

    if request.method == "mix":
        mixes = [_mixed(request, a, b, position) for position in places]
        lufs = [integrated_lufs(mix.clip.samples, SAMPLE_RATE) for mix in mixes]
        infos = tuple(FrameInfo(position=p, lufs=x) for p, x in zip(places, lufs, strict=True))
        return [hear(mix).embedding for mix in mixes], infos
    between = spherical if request.method == "spherical" else linear
    ends = hear(a).embedding, hear(b).embedding
    return [between(*ends, position) for position in places], tuple(FrameInfo(position=p) for p in places)


def plan_sweep(
    request: VolumeSweepRequest,
    listen: Callable[[float], Sound],
    hear: Hear,
    sources: Sequence[Source],
) -> Plan:
    """One picture a gain and scale, all from one seed; `listen` gives the sound at a gain."""
    from sonic_ui.audio.loudness import integrated_lufs

    sounds = [listen(gain_db) for gain_db, _ in request.turns]
    infos = tuple(
        FrameInfo(gain_db=gain_db, scale=scale, lufs=integrated_lufs(sound.clip.samples, SAMPLE_RATE))
        for (gain_db, scale), sound in zip(request.turns, sounds, strict=True)
    )
    names = [source.label for source in sources]
    labels = hear(listen(0.0)).labels  # none from an encoder that only hears
    heard_best = labels[0].name if labels else ""
    return Plan(
        _strip_job(
            request,
            [hear(sound).embedding for sound in sounds],
            tuple(scale for _, scale in request.turns),
            ends_alone=False,
        ),
        infos,
        watched=names.index(heard_best) if heard_best in names else None,
    )


def _strip_job(
    request: Any, embeddings: Sequence[np.ndarray], scales: tuple[float, ...], *, ends_alone: bool
) -> Job:
    count = len(embeddings)
    return Job(
        request=request,
        embeddings=np.stack(embeddings),  # [N, D]
        seeds=(request.seed,) * count,
        scales=scales,
        groups=strip_groups(count, ends_alone=ends_alone),
    )


def _mixed(request: InterpolateRequest, a: Sound, b: Sound, position: float) -> Sound:
    """The two sounds mixed at a position, as a sound of its own."""
    from sonic_ui.audio.mixing import mix_at

    if position in (0.0, 1.0) and (request.lufs_a if position == 0 else request.lufs_b) is None:
        return a if position == 0 else b
    samples = mix_at(a.clip.samples, b.clip.samples, SAMPLE_RATE, position, request.lufs_a, request.lufs_b)
    clip = replace(
        a.clip,
        samples=samples,
        start_s=0.0,
        duration_s=samples.size / SAMPLE_RATE,
        source_duration_s=samples.size / SAMPLE_RATE,
    )
    digest = f"{a.key}|{b.key}|{position}|{request.lufs_a}|{request.lufs_b}"
    return Sound(digest, clip, 0.0, a.room)
