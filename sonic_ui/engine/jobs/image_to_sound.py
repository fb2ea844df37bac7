"""Sounds of a picture, through `ImageToAudioPipeline` or out of a library of recordings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import Image

from sonic_ui.engine import events
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, Plan, RunContext, sound_settings
from sonic_ui.engine.words import unknown_words
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
        """Generate, or build from recordings."""
        self._report_unknown()
        if self.job.request.source == "recordings":
            self._build()
        else:
            self._generate()

    def _report_unknown(self) -> None:
        """Put a notice of words that the text encoder does not know: the bundle's own, or another's if its
        sounds are made by parts of others.
        """
        bundle, request = self.components.bundle, self.job.request
        if request.source == "generate" and bundle.sounding_parts:
            vocabulary, tokenizer = None, self.pipeline.tokenizer
        else:
            vocabulary, tokenizer = bundle.info.vocabulary, self.components.pipeline.tokenizer
        texts = (request.prompt, request.negative_prompt)
        if words := unknown_words(bundle.info, vocabulary, tokenizer, *texts):
            self.queue.put(events.Notice(words))

    def _generate(self) -> None:
        if self.pipeline is None:
            title = self.components.bundle.info.title
            raise BadInput(CANNOT_GENERATE.format(title=title), "source")
        request, pipeline = self.job.request, self.pipeline
        frames = pipeline.frames_of(request.length_s)
        sketch = target_curve(request, frames, request.length_s or pipeline.duration_s)
        target = self._ranking_embedding() if request.candidates > 1 else None
        unranked = request.candidates > 1 and target is None and (sketch is None or not self._is_followed())
        if unranked:
            self.queue.put(events.Notice(NOT_RANKED.format(title=self.components.bundle.info.title)))
        output = pipeline(
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
            on_step=self._on_step,
        )
        self.cancel.check()
        samples, energy = np.asarray(output.samples, np.float32), np.asarray(output.energy, np.float32)
        if self._is_silenced(sketch):
            factor = SILENT_PEAK / max(float(np.abs(samples).max(initial=0.0)), SILENT_PEAK)
            samples, energy = samples * np.float32(factor), energy * np.float32(factor)
        shown = sketch
        if sketch is not None and request.mode != "exact":
            shown = np.asarray(output.envelope, np.float32)
        rate, choices = int(pipeline.sample_rate), tuple(output.choices)
        self.queue.put(events.SoundsDone(samples, rate, shown, energy, choices=choices))

    def _is_followed(self) -> bool:
        return self.job.request.control != "none" and self.job.request.energy_strength > 0

    def _is_silenced(self, sketch: np.ndarray | None) -> bool:
        return sketch is not None and self._is_followed() and not sketch.any()

    def _ranking_embedding(self) -> np.ndarray | None:
        """The embedding [D] that candidates are compared with, in the space of the bundle's audio encoder."""
        from sonic_ui.models.encoders import embed_labels

        painter = self.components.pipeline
        encoder, tokenizer = painter.audio_encoder, painter.audio_tokenizer
        words = None if tokenizer is None else lambda text: embed_labels(encoder, tokenizer, [text])
        target = self.pipeline.ranking_embedding(self.job.picture, self.job.request.prompt, words)
        return None if target is None else np.asarray(target[0].float().cpu())

    def _similarity(self, samples: np.ndarray, target: np.ndarray | None) -> float | None:
        """Cosine of a candidate [T] with the embedding it should have; a cancelled run ends here."""
        from sonic_ui.audio.decode import resample
        from sonic_ui.audio.loudness import set_lufs
        from sonic_ui.models.encoders import SAMPLE_RATE

        self.cancel.check()
        self.ranked += 1
        request, rate = self.job.request, int(self.pipeline.sample_rate)
        total = request.takes * request.candidates
        self.report_progress("Choosing the best candidate", self.ranked, total)
        if target is None:
            return None
        extractor = self.components.pipeline.feature_extractor
        window = round(extractor.nb_max_samples / extractor.sampling_rate * rate)
        whole = max(window, samples.size - samples.size % window)  # of 5.12 s one window, not two
        clip = resample(set_lufs(samples[:whole], rate, RANKED_LUFS), rate, SAMPLE_RATE)
        return float(self.components.embed(clip) @ target)

    def _on_step(self, report: Any) -> None:
        self.cancel.check()
        request = self.job.request
        message = "Generating" if self.count == 1 else f"Generating {self.count} takes"
        if request.candidates > 1:
            message = f"Generating {request.candidates} candidates" + (" a take" if self.count > 1 else "")
        self.report_progress(message, report.step, report.total, report.step / max(1, report.total))

    def _build(self) -> None:
        """Index the library, then build every take."""
        from sonic_ui.audio.energy import ENERGY_HZ, rms_energy
        from sonic_ui.retrieval.library import SAMPLE_RATE, build_sound

        job, request = self.job, self.job.request
        if job.library is None:
            raise BadInput("There is no folder of recordings. Choose one.", "library")
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
        self.queue.put(
            events.SoundsDone(np.stack(takes), SAMPLE_RATE, curve, energy, tuple(picks), library.skipped)
        )

    def _concepts(self) -> list[Any]:
        """What recordings are looked for: the request's words, and what the picture shows."""
        from sonic_ui.models.encoders import embed_labels
        from sonic_ui.retrieval.library import Concept

        request, painter = self.job.request, self.components.pipeline
        title = self.components.bundle.info.title
        labels = self.components.image_labels(self.job.picture)[: request.concepts]
        probable = [
            label for rank, label in enumerate(labels) if not rank or label.probability >= MIN_PROBABILITY
        ]
        names = [*([request.prompt] if request.prompt else []), *(label.name for label in probable)]
        if not names:
            raise BadInput(CANNOT_ANALYZE.format(title=title), "picture")
        if painter.audio_tokenizer is None:
            raise BadInput(NO_TEXT_SIDE.format(title=title), "source")
        embeddings = embed_labels(painter.audio_encoder, painter.audio_tokenizer, names).cpu().numpy()
        return [Concept(name, vector) for name, vector in zip(names, embeddings, strict=True)]

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
            natural = self.pipeline.envelope(self.job.picture, own, "natural", request.length_s)
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
    job = SoundJob(request, picture.image, context.library)
    curve = request.curve if request.curve is not None else request.moments
    notices = [picture.notice] if picture.notice else []
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
    picks = sounds.picks[number] if sounds.picks else ()
    choice = sounds.choices[number] if sounds.choices else None
    return events.Take(samples, energy, r, e_l1, integrated_lufs(samples, sounds.sample_rate), picks, choice)


def _skipped(count: int) -> str:
    files = "One file" if count == 1 else f"{count} files"
    return f"{files} of the folder could not be read as sound and {'was' if count == 1 else 'were'} left out."


JOB_TYPES[ImageToSoundRequest] = JobType(plan_sounds, SoundRunner, reading="Looking at the picture")
