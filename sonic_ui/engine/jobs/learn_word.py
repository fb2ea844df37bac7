"""A sound as a word: its pictures are found or given, then an adapter is learned from them
(`pipelines/sound_word.py`), and the word is shown in a few sentences."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sonic_ui.bundles import Bundle
from sonic_ui.engine.events import AudioAnalysis, Event, JobEvent, WordDone, WordResult
from sonic_ui.engine.inputs import Sound, load_picture
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, Plan, RunContext
from sonic_ui.engine.jobs.settings import request_settings
from sonic_ui.media.word_files import SoundWord
from sonic_ui.requests import BadInput, LearnWordRequest
from sonic_ui.retrieval.pictures import PictureLibrary

REFERENCE_PX = 512
"""Side that reference pictures are kept at."""

PREVIEWS = 6
"""While a word is learned."""

PREVIEW_STEPS = 8
SHOWN_PX = 160
FEW_PICTURES = (
    "The word is learned from {count} picture{s}: it takes on more of what else they show. Three to five of "
    "different places are better."
)
UNKNOWN_SOUND = "This sound is of a kind that {title} does not know; its pictures may be of something else."
OTHER_PICTURES = (
    "The pictures show something else than the sound ({heard}), as far as {title} can tell: the word will be "
    "of what they show."
)
NO_PICTURES = (
    "{title} cannot compare sounds with pictures, so that it finds none for a sound. Give three to five "
    "pictures of what the sound depicts."
)
NO_SENTENCES = ("a photo of {tag}", "a painting of {tag}", "a forest with {tag}")


@dataclass(frozen=True)
class WordJob:
    """A word to learn.

    embedding   [D] of its sound
    pictures    given by the person; empty: those of `library` that are nearest to the sound
    """

    request: LearnWordRequest
    embedding: np.ndarray = field(repr=False)
    pictures: tuple[Image.Image, ...] = field(repr=False)
    library: Path | None = None

    @property
    def sample_passes(self) -> int:
        """Passes of one sample through the denoiser, for a GPU that is lent by the second."""
        from sonic_ui.engine.cost import sample_passes

        return sample_passes(self.request)


@dataclass
class WordRunner(JobRunner):
    """Finds the pictures, learns the word, paints its sentences: previews on the way, one `WordDone`."""

    job: WordJob
    total: int = field(default=0, init=False)

    def load(self) -> Any:
        """The painting pipeline, and the image encoder where pictures are to be found. Raises `BadInput`."""
        if not self.job.pictures and not self._compares():
            raise BadInput(NO_PICTURES.format(title=self.components.bundle.info.title), "picture1")
        if self._has_drafts:
            _ = self.components.draft_pipeline
        return self.components.pipeline

    def work(self) -> None:
        """Learn the word. Nothing is kept of one that is cancelled."""
        from sonic_ui.pipelines.prompt_words import known_words
        from sonic_ui.pipelines.sound_word import SoundWordLearner, WordSettings, audio_token

        request, name = self.job.request, self.job.request.word
        pictures, similarities = self._references()
        self.cancel.check()
        sentences = self._sentences()
        self.total = request.learning_steps + len(sentences)
        embedding = self._tensor(self.job.embedding)
        token = audio_token(self.pipeline, embedding, known_phrases(self.components.bundle))
        learner = SoundWordLearner(
            self.pipeline,
            self._latents(pictures),
            token,
            WordSettings(steps=request.learning_steps),
            request.seed,
        )
        self._learn(learner)
        word, images = learner.word, []
        for number, sentence in enumerate(sentences):
            with known_words({name: word}):
                images += self._paint(self.pipeline, sentence, request.learning_steps + number)
        self.queue.put(
            WordDone(
                np.asarray(word.cpu(), np.float32),
                np.asarray(token.float().cpu(), np.float32),
                tuple(pictures),
                similarities,
                tuple(sentences),
                tuple(images),
            )
        )

    def _learn(self, learner: Any) -> None:
        steps, name = learner.settings.steps, self.job.request.word
        every = max(1, steps // PREVIEWS)
        for step in range(1, steps + 1):
            self.cancel.check()
            learner.step()
            self._report("Learning the word", step)
            if step % every == 0 and step < steps:
                self._preview(name, learner.word)

    def _preview(self, name: str, word: Any) -> None:
        """Show what the word gives by now."""
        from sonic_ui.engine.events import Preview
        from sonic_ui.pipelines.prompt_words import known_words

        pipeline, settings = self.pipeline, {"num_inference_steps": PREVIEW_STEPS}
        if self._has_drafts:
            draft: Any = self.components.bundle.info.defaults.draft
            pipeline = self.components.draft_pipeline
            settings = {"num_inference_steps": draft.steps, "guidance_scale": draft.guidance_scale}
        with known_words({name: word}):
            images = pipeline(
                prompt=self._sentences()[0],
                seed=self.job.request.seed,
                on_step=lambda _: self.cancel.check(),
                **settings,
            ).images
        self.queue.put(Preview(tuple(images), (0,)))

    def _paint(self, pipeline: Any, sentence: str, done: int) -> list[Image.Image]:
        defaults = self.components.bundle.info.defaults

        def on_step(report: Any) -> None:
            self.cancel.check()
            self._report("Painting with it", done + report.step / report.total)
            if report.step < report.total:
                self.preview(report, (0,))

        images: list[Image.Image] = pipeline(
            prompt=sentence,
            seed=self.job.request.seed,
            guidance_scale=defaults.guidance_scale,
            num_inference_steps=defaults.steps,
            on_step=on_step,
        ).images
        return images

    def _report(self, message: str, done: float) -> None:
        self.report_progress(message, int(done), self.total, done / max(1, self.total))

    # Pictures

    def _compares(self) -> bool:
        """Whether the bundle has an image encoder in the audio encoder's space."""
        encoder = self.components.image_encoder
        return encoder is not None and int(encoder.clip.config.projection_dim) == len(self.job.embedding)

    def _references(self) -> tuple[list[Image.Image], tuple[float, ...]]:
        """The pictures to learn from, and their cosines with the sound where they were found by it."""
        if self.job.pictures:
            return list(self.job.pictures), ()
        if self.job.library is None:
            raise RuntimeError("There are neither pictures nor a library.")

        def on_file(done: int, total: int) -> None:
            self.cancel.check()
            self.report_progress("Looking for pictures of the sound", done, total)

        library: PictureLibrary = self.components.picture_indexer.index(self.job.library, on_file)
        found = library.nearest(self.job.embedding, self.job.request.references)
        return [_small(load_picture(path).image) for path, _ in found], tuple(cosine for _, cosine in found)

    def _latents(self, pictures: list[Image.Image]) -> Any:
        """Latents [N, C, h, w] of the reference pictures."""
        import torch

        from sonic_ui.media.images import fit_picture
        from sonic_ui.models.latents import compression_factor, encode_picture

        pipeline, rows = self.pipeline, []
        side = int(np.max(pipeline.unet.config.sample_size)) * compression_factor(pipeline.vae)
        for picture in pictures:
            self.cancel.check()
            pixels = fit_picture(picture, side).tensor().to(pipeline.device)
            rows.append(encode_picture(pipeline.vae, pixels, pipeline.latent_normalizer).float())
        return torch.cat(rows)

    def _sentences(self) -> list[str]:
        """Sentences to show the word in: with phrases that the engine knows, if it names them."""
        tag, known = f"<{self.job.request.word}>", self.components.bundle.info.vocabulary
        if known is None or not known.styles or not known.locations:
            return [sentence.format(tag=tag) for sentence in NO_SENTENCES]
        styles, places = known.styles, known.locations
        return [f"{styles[0]} of {tag}", f"{styles[-1]} of {tag}", f"{styles[0]} of {tag} {places[0]}"]

    @property
    def _has_drafts(self) -> bool:
        bundle = self.components.bundle
        return bundle.few_step_part is not None and bundle.info.defaults.draft is not None

    def _tensor(self, array: np.ndarray) -> Any:
        import torch

        return torch.from_numpy(np.asarray(array, np.float32)).to(self.pipeline.device)


def known_phrases(bundle: Bundle) -> list[str]:
    """Words and phrases that a bundle knows: labels, and what its vocabulary holds."""
    known = bundle.info.vocabulary
    phrases = [] if known is None else [*known.styles, *known.times, *known.locations, *known.words]
    return list(dict.fromkeys([*(source.label for source in bundle.sources), *phrases]))


def _small(picture: Image.Image) -> Image.Image:
    small = picture.convert("RGB")
    small.thumbnail((REFERENCE_PX, REFERENCE_PX))
    return small


@dataclass
class WordPlan(Plan):
    """A word that is learned."""

    sound: Sound
    analysis: AudioAnalysis
    done: WordDone | None = field(default=None, kw_only=True)

    def take(self, event: JobEvent) -> Iterator[Event]:
        """As `Plan.take`."""
        if isinstance(event, WordDone):
            self.done = event
        else:
            yield from super().take(event)

    def result(self, elapsed_s: float, stopped: bool) -> WordResult:
        """The word with what it was learned from."""
        if self.done is None:
            raise RuntimeError("The job ended without a word.")
        request, info, done = self.job.request, self.context.backend.bundle.info, self.done
        clip = self.sound.clip
        heard = self.analysis.labels[0].name if self.analysis.labels else ""
        settings = {
            **request_settings(info, request),
            "sound_sha256": self.sound.digest,
            "sound_listened_s": [round(clip.start_s, 3), round(clip.start_s + clip.duration_s, 3)],
            "similarities": [round(one, 4) for one in done.similarities],
        }
        about = {**settings, "title": info.title, "heard": heard}
        word = SoundWord(request.word, done.vectors, done.audio_token, about)
        references = tuple(_thumbnail(picture) for picture in done.references)
        notices = tuple(self.notices)
        return WordResult(
            word, done.images, done.sentences, references, request, settings, elapsed_s, notices
        )


def _thumbnail(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((SHOWN_PX, SHOWN_PX))
    return small


def plan_word(request: LearnWordRequest, context: RunContext) -> WordPlan:
    """The word of one sound. Raises `BadInput`."""
    sound = context.load_sound(request.sound, request.start_s, request.end_s, request.gain_db)
    analysis, title = context.embed_audio(sound), context.backend.bundle.info.title
    paths = [request.picture_paths[name] for name in request.PICTURES if name in request.picture_paths]
    pictures = [load_picture(path) for path in paths]
    notices = [picture.notice for picture in pictures if picture.notice]
    if analysis.is_unknown and not pictures:
        notices.append(UNKNOWN_SOUND.format(title=title))
    if 0 < len(pictures) < 3:
        notices.append(FEW_PICTURES.format(count=len(pictures), s="" if len(pictures) == 1 else "s"))
    heard = analysis.labels[0].name if analysis.labels and not analysis.is_unknown else ""
    if heard and pictures:
        shown = [context.analyze_image(picture) for picture in pictures]
        if all(one.labels and one.labels[0].name != heard for one in shown):
            notices.append(OTHER_PICTURES.format(heard=heard, title=title))
    small = tuple(_small(picture.image) for picture in pictures)
    job = WordJob(request, analysis.embedding, small, None if small else context.library)
    return WordPlan(context, job, sound, analysis, notices=notices)


JOB_TYPES[LearnWordRequest] = JobType(plan_word, WordRunner)
