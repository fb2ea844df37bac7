"""A backend without networks: it does what a test asks of it, at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from sonic_ui.audio.energy import rms_energy, shape_by_curve
from sonic_ui.bundles import Bundle, BundleInfo, Defaults, Source
from sonic_ui.engine.events import (
    AudioAnalysis,
    CancelToken,
    ConceptPart,
    FrameInfo,
    FramesAdded,
    FramesDone,
    ImageAnalysis,
    InversionDone,
    JobEvent,
    Label,
    Notice,
    Preview,
    Progress,
    SoundsDone,
    WindowAnalysis,
    WordDone,
)
from sonic_ui.engine.jobs.base import Job
from sonic_ui.engine.jobs.edit_image import EditJob
from sonic_ui.engine.jobs.film_runner import FilmJob
from sonic_ui.engine.jobs.image_to_sound import SoundJob, layered, target_curve
from sonic_ui.engine.jobs.interpolate import InterpolateJob
from sonic_ui.engine.jobs.learn_word import WordJob
from sonic_ui.engine.jobs.sound_to_image import PaintJob
from sonic_ui.engine.jobs.upscale_image import UpscaleJob
from sonic_ui.engine.word_store import NO_WORDS, Words
from sonic_ui.media.captions import Caption, caption_words
from sonic_ui.media.word_files import SoundWord
from sonic_ui.pipelines.candidate_ranking import Choice
from sonic_ui.pipelines.embedding_path import next_position, strip_groups
from sonic_ui.requests import BadInput
from sonic_ui.requests.fields import RoomName
from sonic_ui.retrieval.library import Excerpt, Pick

INFO = BundleInfo(
    name="fake", title="Fake", picture_px=32, defaults=Defaults(steps=3, guidance_scale=2.5, strength=0.5)
)
SOURCES = (Source(id="rain", label="rain"), Source(id="dog", label="a dog"))


SOUND_RATE = 16_000
HIGH_HZ = 1500.0
SOUND_S = 5.0
SWELL = np.sin(np.linspace(0, np.pi, 500)).astype(np.float32) ** 2


class FakeBackend:
    """Names every sound rain, and paints squares whose colour is the seed.

    `problem` is raised by `load` (an empty string: nothing). Each step waits for `gate`. With a `judge`
    every picture shows rain at level 0.75. Sounds are noise along the curve; without `generates` there is no
    learned pipeline for them.
    """

    def __init__(
        self, problem: str = "", notice: str = "", failure: Exception | None = None, judge: bool = True
    ) -> None:
        self.judge = judge
        self.problem = problem
        self.notice = notice
        self.failure = failure
        self.gate = threading.Event()
        self.gate.set()
        self.loads = 0
        self.words: dict[str, SoundWord] = {}
        self.heard: list[np.ndarray] = []
        self.jobs: list[PaintJob] = []
        self.glides: list[InterpolateJob] = []
        self.edits: list[EditJob] = []
        self.steps_done = 0
        self.generates = True
        self.known_probability: float | None = None
        self.certainty = 0.9
        self.fit: float | None = None
        self.room: RoomName = "dry"
        self.sound_jobs: list[SoundJob] = []
        self.films: list[FilmJob] = []
        self.windows = 0

    @property
    def bundle(self) -> Bundle:
        return Bundle(INFO, SOURCES, Path("fake"))

    @property
    def location(self) -> str:
        return "nowhere"

    def load(self) -> None:
        self.loads += 1
        if self.problem:
            raise BadInput(self.problem, "bundle")

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        self.heard.append(samples)
        labels = (Label("rain", self.certainty), Label("a dog", round(1 - self.certainty, 6)))
        threshold = None if self.known_probability is None else 0.5
        embedding = np.ones(4, np.float32) / 2
        chance = None if self.room == "dry" else 0.9
        return AudioAnalysis(embedding, labels, self.known_probability, threshold, self.room, chance)

    def caption_audio(self, samples: np.ndarray, text: str = "", top_k: int = 1, seed: int = 0) -> Caption:
        words = tuple(caption_words(text)) or ("loud", "rain")
        return Caption(words, (0.75,) * len(words))

    def run(self, job: Job, cancel: CancelToken, words: Words = NO_WORDS) -> Iterator[JobEvent]:
        self.words = dict(words)
        if isinstance(job, InterpolateJob):
            return self.interpolate(job, cancel)
        if isinstance(job, EditJob):
            return self.edit(job, cancel)
        if isinstance(job, SoundJob):
            return self.sound(job, cancel)
        if isinstance(job, UpscaleJob):
            return self.enlarge(job, cancel)
        if isinstance(job, FilmJob):
            return self.film(job, cancel)
        if isinstance(job, WordJob):
            return self.learn(job, cancel)
        assert isinstance(job, PaintJob)
        return self.paint(job, cancel)

    def embed_windows(self, windows: Sequence[np.ndarray]) -> WindowAnalysis:
        """A dog where a window is high, rain where it is low."""
        self.windows += len(windows)
        crossings = np.array([np.mean(np.diff(np.signbit(one)) != 0) for one in windows])
        is_high = crossings > 2 * HIGH_HZ / 48_000
        embeddings = np.where(is_high[:, None], np.float32([[0, 1, 0, 0]]), np.float32([[1, 0, 0, 0]]))
        sure, other = self.certainty, 1 - self.certainty
        shares = np.where(is_high[:, None], np.float32([[other, sure]]), np.float32([[sure, other]]))
        known = np.full(len(windows), self.known_probability is None, np.uint8)
        return WindowAnalysis(embeddings, shares, known)

    def film(self, job: FilmJob, cancel: CancelToken) -> Iterator[JobEvent]:
        """Red squares for rain, green ones for dogs."""
        self.films.append(job)
        if job.source is not None and job.source.inversion is None and job.missing:
            yield InversionDone("inversion of a film", 1000)
        order = sorted(job.missing, key=lambda number: job.pictures[number].at_s)
        for step, number in enumerate(order, start=1):
            self.gate.wait(20)
            cancel.check()
            if self.failure is not None:
                raise self.failure
            yield Progress(step, len(order), "Painting", None)
            red, green, *_ = (round(200 * float(one)) for one in job.pictures[number].embedding)
            yield FramesDone((number,), (Image.new("RGB", (32, 32), (red, green, 40)),))

    def paint(self, job: PaintJob, cancel: CancelToken) -> Iterator[JobEvent]:
        self.jobs.append(job)
        steps = int(job.request.steps or 0)
        if self.notice:
            yield Notice(self.notice)
        self.steps_done = 0
        for number, group in enumerate(job.groups):
            yield from self._painted(job, group, cancel, number * steps, steps * len(job.groups))

    def _painted(
        self, job: PaintJob, group: tuple[int, ...], cancel: CancelToken, behind: int, total: int
    ) -> Iterator[JobEvent]:
        steps = int(job.request.steps or 0)
        images = tuple(self.picture(job, i) for i in group)
        for step in range(1, steps + 1):
            self.gate.wait(20)
            cancel.check()
            if self.failure is not None:
                raise self.failure
            self.steps_done = step
            yield Progress(behind + step, total, "Painting", float(steps - step))
            yield Preview(images, group)
        yield FramesDone(group, images)

    def interpolate(self, job: InterpolateJob, cancel: CancelToken) -> Iterator[JobEvent]:
        """What is placed beforehand as a job of `jobs`; each further place where the pictures differ most."""
        request, steps = job.request, int(job.request.steps or 0)
        self.glides.append(job)
        known = self._job_at(job, request.known_positions)
        alone = [i for i, place in enumerate(request.known_positions) if place in (0.0, 1.0)]
        known = replace(known, groups=strip_groups(len(request.known_positions), alone))
        self.jobs.append(known)
        if self.notice:
            yield Notice(self.notice)
        further = request.outputs - len(request.known_positions)
        total = steps * (len(known.groups) + further)
        for number, group in enumerate(known.groups):
            yield from self._painted(known, group, cancel, number * steps, total)
        shown = {place: self.picture(known, i) for i, place in enumerate(request.known_positions)}
        while further and (place := next_position(shown, request.outputs)) is not None:
            yield FramesAdded((FrameInfo(position=place),))
            at = self._job_at(job, (*shown, place))
            number = len(shown)
            yield from self._painted(at, (number,), cancel, total - steps * (request.outputs - number), total)
            shown[place] = self.picture(at, number)

    def _job_at(self, job: InterpolateJob, places: Sequence[float]) -> PaintJob:
        """Pictures at places of a glide, as a job."""
        heard = [job.path.embedding(place, lambda one: self.embed_audio(one).embedding) for place in places]
        count = len(places)
        return PaintJob(job.request, np.stack(heard), (job.request.seed,) * count, (1.0,) * count, ())

    def picture(self, job: PaintJob, index: int) -> Image.Image:
        """What is painted as number `index` of a job."""
        return _square(job.seeds[index])

    def edit(self, job: EditJob, cancel: CancelToken) -> Iterator[JobEvent]:
        self.edits.append(job)
        cancel.check()
        picture, count = job.source.picture, len(job.embeddings)
        if job.source.inversion is None:
            yield Progress(1, 2, "Studying the picture")
            self.gate.wait(20)
            cancel.check()
            yield InversionDone(f"inversion of {picture.size}", 1000)
        yield Progress(2, 2, "Editing")
        yield FramesDone(tuple(range(count)), (picture,) * count)

    def enlarge(self, job: UpscaleJob, cancel: CancelToken) -> Iterator[JobEvent]:
        """The picture, repeated pixel by pixel."""
        self.gate.wait(20)
        cancel.check()
        yield Progress(1, 2, "Making it larger")
        factor = job.request.factor
        size = (job.picture.width * factor, job.picture.height * factor)
        yield FramesDone((0,), (job.picture.resize(size, Image.Resampling.NEAREST),))

    def learn(self, job: WordJob, cancel: CancelToken) -> Iterator[JobEvent]:
        """A word of ones from two grey pictures."""
        grey, tag = Image.new("RGB", (32, 32), "grey"), f"<{job.request.word}>"
        for step in range(3):
            self.gate.wait(20)
            cancel.check()
            yield Progress(step + 1, 3, "Learning the word")
            yield Preview((grey,), (0,))
        ones = np.ones((1, 4), np.float32)
        yield WordDone(ones, ones[0], (grey, grey), (0.5, 0.4), (f"a painting of {tag}", tag), (grey, grey))

    def supports(self, verb: str) -> bool:
        return self.generates or verb != "image_to_sound"

    def analyze_image(self, picture: Image.Image) -> ImageAnalysis:
        labels = (Label("rain", 0.8), Label("a dog", 0.2))
        least = None if self.fit is None else 0.5
        suggestion = SWELL if self.generates else None
        return ImageAnalysis(labels, suggestion, SOUND_S, fit=self.fit, least_fit=least)

    def sound(self, job: SoundJob, cancel: CancelToken) -> Iterator[JobEvent]:
        """Noise along the curve that was asked for, or along `SWELL`."""
        self.sound_jobs.append(job)
        request = job.request
        if self.notice:
            yield Notice(self.notice)
        for step in range(1, 4):
            self.gate.wait(20)
            cancel.check()
            if self.failure is not None:
                raise self.failure
            yield Progress(step, 3, "Generating", float(3 - step))
        length_s = request.length_s or SOUND_S
        wished = target_curve(request, round(100 * length_s), length_s)
        curve = SWELL if wished is None else wished
        takes = [_noise(request.seed + number, curve, length_s) for number in range(request.takes)]
        energy = np.stack([rms_energy(take, SOUND_RATE) for take in takes])
        picks: tuple[tuple[Pick, ...], ...] = ()
        if request.source != "generate":
            assert job.library is not None
            picks = ((Pick("rain", Excerpt(job.library / "rain.wav", 1.5, "abc"), 0.5, -20.0),),) * len(takes)
        choices: tuple[Choice, ...] = ()
        if request.candidates > 1:
            choices = tuple(
                Choice(request.candidates, request.seed + take, 0.5, None) for take in range(request.takes)
            )
        parts = tuple(ConceptPart(*pair, request.seed) for pair in request.concept_levels or ())
        generated = SoundsDone(
            *(np.stack(takes), SOUND_RATE, wished, energy),
            choices=choices,
            origins=("generated",) * len(takes),
            concepts=(parts,) * len(takes),
        )
        recorded = SoundsDone(
            np.stack(takes), SOUND_RATE, wished, energy, picks, origins=("recorded",) * len(takes)
        )
        if request.source == "both":
            yield layered(generated, recorded, request.loudness_lufs)
        else:
            yield recorded if request.source == "recordings" else generated

    def predict_intensities(self, images: Sequence[Image.Image]) -> np.ndarray | None:
        return np.tile(np.float32([0.75, 0.25]), (len(images), 1)) if self.judge else None


def _square(seed: int) -> Image.Image:
    return Image.new("RGB", (32, 32), (seed % 256, 90, 160))


def _noise(seed: int, curve: np.ndarray, length_s: float) -> np.ndarray:
    hiss = np.random.default_rng(seed).normal(0, 0.1, round(length_s * SOUND_RATE)).astype(np.float32)
    return shape_by_curve(hiss, SOUND_RATE, curve)
