"""Sounds of a picture, through `ImageToAudioPipeline` or out of a library of recordings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import Image

from sonic_ui.bundles import listed
from sonic_ui.engine import events
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, Plan, RunContext
from sonic_ui.engine.jobs.settings import sound_settings
from sonic_ui.engine.words import as_labels, refuse_unknown_concepts, unknown_words
from sonic_ui.requests import BadInput, ImageToSoundRequest

MIN_PROBABILITY = 0.15
"""A source less probable than this is not looked for in the recordings, unless it is the first."""

SILENT_PEAK = 0.001
"""Peak of a sound whose curve is zero throughout: -60 dB."""

CANNOT_GENERATE = (
    "The weights “{title}” cannot generate sounds. Choose “Build from recordings”, or start the app with "
    "weights that can."
)
NO_TEXT_SIDE = (
    "The audio encoder of “{title}” knows no words to look for recordings by. Change to another engine, such "
    "as the miniature."
)
CANNOT_ANALYZE = (
    "The weights “{title}” cannot tell what a picture shows. Write in words what should be heard."
)
NO_CURVE = "No curve was drawn: the sound rises and falls by itself."
NOT_RANKED = (
    "There is nothing to rank candidates by: the audio encoder of “{title}” knows no words, and no curve was "
    "drawn. One sound was made for every take."
)
UNSURE = (
    "Nothing that this engine knows fits the picture well; nearest are {nearest}. Name what sounds: with the "
    "chips below the picture, or as concept_levels."
)
GENERATED: tuple[events.Origin, ...] = ("generated",)
RECORDED: tuple[events.Origin, ...] = ("recorded",)

MIXED_LUFS = -20.0
"""Loudness of a mix where none is requested: its parts have none of their own to keep."""

RANKED_LUFS = -24.0
"""Loudness of candidates as they are compared: an audio encoder's embedding changes with it."""

FLAT = "The curve is zero from end to end: the sound is close to silence."


@dataclass(frozen=True)
class SoundJob:
    """A picture to make sounds of: upright RGB; `library`: the folder of recordings, if they are used."""

    request: ImageToSoundRequest
    picture: Image = field(repr=False)
    library: Path | None = None


def target_curve(request: ImageToSoundRequest, frames: int, duration_s: float) -> np.ndarray | None:
    """The curve [frames] in [0, 1] that a request asks for; None if it leaves it to the picture.

    Raises `BadInput` for moments that all lie after the end.
    """
    from sonic_ui.audio.energy import curve_of_moments, resample_curve

    if request.curve is not None:
        return resample_curve(np.asarray(request.curve), frames)
    if request.moments is None:
        return None
    curve = curve_of_moments(request.moments, frames, duration_s)
    any_moment = any(not isinstance(one, int) or one for one in request.moments)
    if any_moment and not curve.any():
        raise BadInput(
            f"All moments lie after the end: the sound is {duration_s:g} s long. Move them forward.",
            "moments",
        )
    return curve


@dataclass
class SoundRunner(JobRunner):
    """Takes of the learned pipeline, or out of a library of recordings. There is one `SoundsDone`, of all."""

    job: SoundJob
    ranked: int = field(default=0, init=False)

    def load(self) -> Any:
        """The learned pipeline, if there is one."""
        return self.components.sound_pipeline

    @property
    def count(self) -> int:
        """How many sounds are made."""
        return self.job.request.takes

    def work(self) -> None:
        """Generate, build from recordings, or both.

        Learned words are vectors of the painter's text encoder: here what their sounds were heard as counts.
        """
        if self.words:
            request = self.job.request
            plain = {name: as_labels(getattr(request, name), self.words) for name in request.WORDS}
            self.job = replace(self.job, request=request.changed(**plain))
        self._report_unknown()
        source = self.job.request.source
        if source == "generate":
            self.queue.put(self._generate())
        elif source == "recordings":
            self.queue.put(self._build())
        else:
            self._check_library()
            self.queue.put(layered(self._generate(), self._build(), self.job.request.loudness_lufs))

    def _report_unknown(self) -> None:
        """Put a notice of words that the text encoder does not know: the bundle's own, or another's if its
        sounds are made by parts of others.
        """
        bundle, request = self.components.bundle, self.job.request
        if request.source == "generate" and bundle.sounding_parts:
            vocabulary, tokenizer = None, self.pipeline.tokenizer
        else:
            vocabulary, tokenizer = bundle.info.vocabulary, self.components.pipeline.tokenizer
        texts = (request.prompt, request.negative_prompt, *(name for name, _ in self._parts))
        if words := unknown_words(bundle.info, vocabulary, tokenizer, *texts):
            self.queue.put(events.Notice(words))

    @property
    def _parts(self) -> tuple[tuple[str, float], ...]:
        """Concepts and their gains; the one without a name is what the picture shows."""
        return self.job.request.concept_levels or (("", 0.0),)

    def _generate(self) -> events.SoundsDone:
        """Takes of what the picture shows, or of the named concepts, each generated by itself."""
        if self.pipeline is None:
            title = self.components.bundle.info.title
            raise BadInput(CANNOT_GENERATE.format(title=title), "source")
        request, pipeline, parts = self.job.request, self.pipeline, self._parts
        frames, rate = pipeline.frames_of(request.length_s), int(pipeline.sample_rate)
        sketch = target_curve(request, frames, request.length_s or pipeline.duration_s)
        outputs = [self._output(nth, sketch) for nth in range(len(parts))]
        self.cancel.check()
        samples, energy = (
            np.asarray(outputs[0].samples, np.float32),
            np.asarray(outputs[0].energy, np.float32),
        )
        if len(parts) > 1:
            samples, energy = self._mixed(outputs, frames)
        if self._is_silenced(sketch):
            factor = SILENT_PEAK / max(float(np.abs(samples).max(initial=0.0)), SILENT_PEAK)
            samples, energy = samples * np.float32(factor), energy * np.float32(factor)
        shown = sketch
        if sketch is not None and request.mode != "exact":
            shown = _sum_of_envelopes([output.envelope for output in outputs], [gain for _, gain in parts])
        concepts = tuple(self._concept_parts(outputs, take) for take in range(len(samples)))
        choices = tuple(outputs[0].choices) if len(parts) == 1 else ()
        return events.SoundsDone(
            samples, rate, shown, energy, choices=choices, origins=GENERATED * len(samples), concepts=concepts
        )

    def _output(self, nth: int, sketch: np.ndarray | None) -> Any:
        """What the pipeline makes of the concept number `nth`."""
        request, name = self.job.request, self._parts[nth][0]
        target = self._ranking_embedding(name) if request.candidates > 1 else None
        unranked = request.candidates > 1 and target is None and (sketch is None or not self._is_followed())
        if unranked and not nth:
            self.queue.put(events.Notice(NOT_RANKED.format(title=self.components.bundle.info.title)))
        return self.pipeline(
            self.job.picture,
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            sketch=sketch,
            mode=request.mode,
            energy_strength=request.energy_strength,
            control=request.control,
            guidance_scale=request.guidance_scale,
            num_inference_steps=request.steps,
            num_takes=request.takes,
            loudness_lufs=request.loudness_lufs,
            seed=request.seed,
            length_s=request.length_s,
            num_candidates=1 if unranked else request.candidates,
            similarity=lambda candidate: self._similarity(candidate, target),
            concept=name,
            on_step=lambda report: self._on_step(report, nth),
        )

    def _mixed(self, outputs: Sequence[Any], frames: int) -> tuple[np.ndarray, np.ndarray]:
        """Takes [N, T] of several concepts, mixed in the time domain; their smoothed energy [N, frames]."""
        from sonic_ui.audio.energy import rms_energy, smooth
        from sonic_ui.audio.mixing import mix_at_levels

        rate, lufs = int(self.pipeline.sample_rate), self.job.request.loudness_lufs
        gains = [gain for _, gain in self._parts]
        takes = [
            mix_at_levels(sounds, rate, gains, MIXED_LUFS if lufs is None else lufs)
            for sounds in zip(*(output.samples for output in outputs), strict=True)
        ]
        return np.stack(takes), np.stack([smooth(rms_energy(take, rate))[:frames] for take in takes])

    def _concept_parts(self, outputs: Sequence[Any], take: int) -> tuple[events.ConceptPart, ...]:
        """What a take was mixed from; empty where no concept was named."""
        return tuple(
            events.ConceptPart(
                name, gain, int(output.seeds[take]), output.choices[take] if output.choices else None
            )
            for (name, gain), output in zip(self._parts, outputs, strict=True)
            if name
        )

    def _is_followed(self) -> bool:
        return self.job.request.control != "none" and self.job.request.energy_strength > 0

    def _is_silenced(self, sketch: np.ndarray | None) -> bool:
        return sketch is not None and self._is_followed() and not sketch.any()

    def _ranking_embedding(self, concept: str) -> np.ndarray | None:
        """The embedding [D] that candidates are compared with, in the space of the bundle's audio encoder."""
        from sonic_ui.models.encoders import embed_labels

        painter = self.components.pipeline
        encoder, tokenizer = painter.audio_encoder, painter.audio_tokenizer
        words = None if tokenizer is None else lambda text: embed_labels(encoder, tokenizer, [text])
        request = self.job.request
        target = self.pipeline.ranking_embedding(self.job.picture, request.prompt, words, concept)
        return None if target is None else np.asarray(target[0].float().cpu())

    def _similarity(self, samples: np.ndarray, target: np.ndarray | None) -> float | None:
        """Cosine of a candidate [T] with the embedding it should have; a cancelled run ends here."""
        from sonic_ui.audio.decode import resample
        from sonic_ui.audio.loudness import set_lufs
        from sonic_ui.models.encoders import SAMPLE_RATE

        self.cancel.check()
        self.ranked += 1
        request, rate = self.job.request, int(self.pipeline.sample_rate)
        total = request.takes * request.candidates * len(self._parts)
        self.report_progress("Choosing the best candidate", self.ranked, total)
        if target is None:
            return None
        extractor = self.components.pipeline.feature_extractor
        window = round(extractor.nb_max_samples / extractor.sampling_rate * rate)
        whole = max(window, samples.size - samples.size % window)  # of 5.12 s one window, not two
        clip = resample(set_lufs(samples[:whole], rate, RANKED_LUFS), rate, SAMPLE_RATE)
        return float(self.components.embed(clip) @ target)

    def _on_step(self, report: Any, nth: int) -> None:
        self.cancel.check()
        request, parts = self.job.request, self._parts
        message = "Generating" if self.count == 1 else f"Generating {self.count} takes"
        if request.candidates > 1:
            message = f"Generating {request.candidates} candidates" + (" a take" if self.count > 1 else "")
        if len(parts) > 1:
            message = f"{message} of “{parts[nth][0]}”"
        total = max(1, report.total)
        step, whole = nth * total + report.step, total * len(parts)
        self.report_progress(message, step, whole, step / whole)

    def _check_library(self) -> None:
        if self.job.library is None:
            raise BadInput("There is no folder of recordings. Choose one.", "library")

    def _build(self) -> events.SoundsDone:
        """Index the library, then build every take."""
        from sonic_ui.audio.energy import ENERGY_HZ, rms_energy
        from sonic_ui.retrieval.library import SAMPLE_RATE, build_sound

        job, request = self.job, self.job.request
        self._check_library()
        duration_s = request.length_s or self.components.sound_s
        curve = self._curve(round(duration_s * ENERGY_HZ), duration_s)
        concepts = self._concepts()
        library = self.components.recording_indexer.index(job.library, self._on_file)
        takes, picks = [], []
        for number in range(request.takes):
            self.cancel.check()
            self.report_progress("Putting recordings together", number + 1, request.takes)
            samples, chosen = build_sound(
                concepts,
                library,
                curve,
                duration_s=duration_s,
                lufs_range=(request.quietest_lufs, request.loudest_lufs),
                loudness_lufs=request.loudness_lufs,
                flatten=request.mode == "exact",
                seed=request.seed + number,
            )
            takes.append(samples)
            picks.append(chosen)
        energy = np.stack([rms_energy(samples, SAMPLE_RATE) for samples in takes])
        return events.SoundsDone(
            np.stack(takes),
            SAMPLE_RATE,
            curve,
            energy,
            tuple(picks),
            library.skipped,
            origins=RECORDED * len(takes),
        )

    def _concepts(self) -> list[Any]:
        """What recordings are looked for: the request's words, and its concepts or what the picture shows."""
        from sonic_ui.models.encoders import embed_labels
        from sonic_ui.retrieval.library import Concept

        request, painter = self.job.request, self.components.pipeline
        title = self.components.bundle.info.title
        levels: dict[str, float | None] = {request.prompt: None} if request.prompt else {}
        levels |= request.concept_levels or dict.fromkeys(self._shown_names())
        if not levels:
            raise BadInput(CANNOT_ANALYZE.format(title=title), "picture")
        if painter.audio_tokenizer is None:
            raise BadInput(NO_TEXT_SIDE.format(title=title), "source")
        embeddings = embed_labels(painter.audio_encoder, painter.audio_tokenizer, [*levels]).cpu().numpy()
        return [
            Concept(*pair, gain)
            for pair, gain in zip(zip(levels, embeddings, strict=True), levels.values(), strict=True)
        ]

    def _shown_names(self) -> list[str]:
        """Names of what the picture shows, as many as the request takes: by the image encoder, else the
        captioner."""
        labels = self.components.image_labels(self.job.picture)[: self.job.request.concepts]
        names = [
            label.name
            for rank, label in enumerate(labels)
            if not rank or label.probability >= MIN_PROBABILITY
        ]
        return names or [*filter(None, [self.components.caption(self.job.picture)])]

    def _curve(self, frames: int, duration_s: float) -> np.ndarray | None:
        """The request's curve, weakened by its strength; None where recordings keep their own."""
        from sonic_ui.audio.energy import resample_curve

        request = self.job.request
        if request.control == "none" or request.energy_strength == 0:
            return None
        curve = target_curve(request, frames, duration_s)
        if curve is None:
            return None
        if request.mode == "natural" and self.pipeline is not None:
            own = resample_curve(curve, self.pipeline.frames_of(request.length_s))
            first = self._parts[0][0]
            natural = self.pipeline.envelope(self.job.picture, own, "natural", request.length_s, first)
            curve = resample_curve(natural, frames)
        return np.asarray(curve, np.float32) ** np.float32(request.energy_strength)

    def _on_file(self, done: int, total: int) -> None:
        self.cancel.check()
        self.report_progress("Listening to the recordings", done, total, done / max(1, total))


@dataclass
class SoundPlan(Plan):
    """A job that makes sounds of a picture, what the picture shows, and the sounds."""

    analysis: events.ImageAnalysis
    sounds: events.SoundsDone | None = field(default=None, kw_only=True)

    def take(self, event: events.JobEvent) -> Iterator[events.Event]:
        """As `Plan.take`."""
        if isinstance(event, events.SoundsDone):
            self.sounds = event
            if event.skipped:
                yield from super().take(events.Notice(_skipped(event.skipped)))
        else:
            yield from super().take(event)

    def result(self, elapsed_s: float, stopped: bool) -> events.SoundResult:
        """The takes, with what they measure."""
        sounds, request, picture = self.sounds, self.job.request, self.context.input_picture
        if sounds is None:
            raise events.Failure("The engine ended without a sound. Try again.")
        takes = tuple(_take(sounds, number) for number in range(len(sounds.samples)))
        labels = self.analysis.labels
        return events.SoundResult(
            takes,
            sounds.sample_rate,
            sounds.target,
            picture.image,
            request,
            labels,
            sound_settings(self.context.backend.bundle.info, request, picture, labels, takes),
            elapsed_s,
            tuple(self.notices),
        )


def plan_sounds(request: ImageToSoundRequest, context: RunContext) -> SoundPlan:
    """Sounds of the picture, with notices about the curve."""
    picture = context.input_picture
    analysis = context.analyze_image(picture)
    job, unsure = SoundJob(request, picture.image, context.library), ""
    if request.concept_levels is not None:
        refuse_unknown_concepts(context.backend.bundle, request)
    elif analysis.is_unsure:
        unsure = UNSURE.format(nearest=listed([label.name for label in analysis.labels[:2]]))
    curve = request.curve if request.curve is not None else request.moments
    notices = [sentence for sentence in (picture.notice, unsure) if sentence]
    if curve is None:
        if analysis.suggestion is not None and request.control != "none":
            notices.append(NO_CURVE)
    elif not np.any(curve):
        notices.append(FLAT)
    return SoundPlan(context, job, analysis, notices=notices)


def _take(sounds: events.SoundsDone, number: int) -> events.Take:
    """A take with what it measures."""
    from sonic_ui.audio.energy import energy_l1, pearson_r, resample_curve, smooth
    from sonic_ui.audio.loudness import integrated_lufs

    energy, r, e_l1 = sounds.energy[number], None, None
    if sounds.target is not None:
        target = smooth(resample_curve(sounds.target, energy.size))
        r, e_l1 = pearson_r(target, smooth(energy)), energy_l1(target, smooth(energy))
    samples = sounds.samples[number]
    return events.Take(
        samples,
        energy,
        r,
        e_l1,
        integrated_lufs(samples, sounds.sample_rate),
        sounds.picks[number] if sounds.picks else (),
        sounds.choices[number] if sounds.choices else None,
        sounds.origins[number] if sounds.origins else "generated",
        sounds.concepts[number] if sounds.concepts else (),
    )


def layered(
    generated: events.SoundsDone, recorded: events.SoundsDone, lufs: float | None
) -> events.SoundsDone:
    """`LAYERS` of every take, at the rate of the recordings: both laid over each other as loud as each other
    at `lufs`, and each by itself.
    """
    from sonic_ui.audio.decode import resample
    from sonic_ui.audio.energy import rms_energy
    from sonic_ui.audio.mixing import mix_at_levels

    rate, length, sounds = recorded.sample_rate, recorded.samples.shape[1], []
    target = recorded.target if generated.target is None else generated.target
    is_silent = target is not None and not np.any(target)
    for own, real in zip(generated.samples, recorded.samples, strict=True):
        own = resample(own, generated.sample_rate, rate)[:length]
        own = np.pad(own, (0, length - own.size))
        both = own + real  # what is drawn as silence is not turned up
        if not is_silent:
            both = mix_at_levels([own, real], rate, [0.0, 0.0], MIXED_LUFS if lufs is None else lufs)
        sounds += [both, own, real]
    takes = range(len(recorded.samples))
    nothing: tuple[Any, ...] = ()
    choices = [generated.choices[take] if generated.choices else None for take in takes]
    return events.SoundsDone(
        np.stack(sounds),
        rate,
        target,
        np.stack([rms_energy(sound, rate) for sound in sounds]),
        tuple(picks for take in takes for picks in (recorded.picks[take], nothing, recorded.picks[take])),
        recorded.skipped,
        tuple(choice for choice in choices for choice in (choice, choice, None)),
        events.LAYERS * len(takes),
        tuple(parts for take in takes for parts in (generated.concepts[take],) * 2 + (nothing,)),
    )


def _sum_of_envelopes(envelopes: Sequence[np.ndarray], gains_db: Sequence[float]) -> np.ndarray:
    """The envelope [frames] of several sounds that are mixed with gains; powers add. Its largest is that of
    the largest."""
    if len(envelopes) == 1:
        return np.asarray(envelopes[0], np.float32)
    scaled = np.stack(envelopes) * 10.0 ** (np.asarray(gains_db)[:, None] / 20.0)
    total = np.sqrt(np.square(scaled).sum(0))
    peak = float(np.max(envelopes)) / max(float(total.max()), 1e-9)
    return np.asarray(total * peak, np.float32)


def _skipped(count: int) -> str:
    files = "One file" if count == 1 else f"{count} files"
    return f"{files} of the folder could not be read as sound and {'was' if count == 1 else 'were'} left out."


JOB_TYPES[ImageToSoundRequest] = JobType(plan_sounds, SoundRunner, reading="Looking at the picture")
