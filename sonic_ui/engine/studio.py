"""The studio: requests in, events out. It owns the backend and its caches, and knows no page."""

import logging
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

import numpy as np

from sonic_ui.audio.tracks import TrackPart, read_part
from sonic_ui.bundles import DEFAULT_BUNDLE, BundleInfo
from sonic_ui.engine import events, inputs
from sonic_ui.engine.caches import CacheUsage, InversionCache, LRUCache
from sonic_ui.engine.captioning import CaptionCache
from sonic_ui.engine.cost import FilmCost
from sonic_ui.engine.films import FilmStore
from sonic_ui.engine.jobs.base import Backend, RunContext, job_type
from sonic_ui.engine.live import LivePainter
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.pace import Pace
from sonic_ui.engine.switching import Engines, Status
from sonic_ui.engine.tracks import TrackAnalysis, TrackReader
from sonic_ui.engine.word_store import NO_WORDS, Words, WordStore, used_words
from sonic_ui.engine.words import absent_words
from sonic_ui.media.word_files import SoundWord, check_width
from sonic_ui.requests import BadInput, ChangeEngineRequest, LearnWordRequest, MakeFilmRequest, MakingRequest

log = logging.getLogger(__name__)

LENT = "/"
"""In the names of sessions of other apps that this engine is lent to: their words are kept there alone."""

NO_LIVE = (
    "Live needs an engine in this app itself, and this one is at {location}. Open the page there, or start "
    "this app with --backend local."
)


class Studio:
    """Runs requests on one backend. Every method may be called from several threads at once."""

    def __init__(
        self,
        backend: Backend | None = None,
        libraries: inputs.Libraries | None = None,
        engines: Engines | None = None,
        words: WordStore | None = None,
        pictures: inputs.Libraries | None = None,
    ) -> None:
        self.engines = engines or Engines()
        self.libraries = libraries or inputs.Libraries()
        self.picture_libraries = pictures or inputs.Libraries(
            inputs.PICTURE_LIBRARY, None, "pictures", "--pictures"
        )
        self.words = words or WordStore()
        self._state: Literal["waiting", "loading", "ready", "failed"] = "waiting"
        self._problem = ""
        self._settled = threading.Condition()
        self._sounds, self._films = inputs.SoundReader(), FilmStore()
        self._set_backend(backend or LocalBackend(DEFAULT_BUNDLE))

    def _set_backend(self, backend: Backend) -> None:
        """Use a backend; what the last one computed is of no use to it."""
        self._backend = backend
        self._audio_analyses: LRUCache[events.AudioAnalysis] = LRUCache(1024)
        self.captions = CaptionCache(backend.caption_audio, self._wait_until_ready)
        self._image_analyses: LRUCache[events.ImageAnalysis] = LRUCache(64)
        self._inversions = InversionCache()
        self._tracks = TrackReader()

    @property
    def info(self) -> BundleInfo:
        """The bundle's name and defaults; a nameless stand-in while its files cannot be read."""
        try:
            return self._backend.bundle.info
        except BadInput:
            return BundleInfo(name="unknown", title="No weights")

    @property
    def status(self) -> Status:
        """State of the engine, for the header."""
        message = str(getattr(self._backend, "loading_message", ""))
        return Status(self._state, self.info.title, self._backend.location, self._problem, message)

    @property
    def backend(self) -> Backend:
        """Where requests run now."""
        return self._backend

    def use(self, backend: Backend) -> None:
        """Run requests on a backend that is loaded, or loading, from now on."""
        with self._settled:
            self._state, self._problem = "ready", ""
            self._set_backend(backend)
            self._settled.notify_all()

    def change_engine(self, request: ChangeEngineRequest) -> Iterator[str]:
        """Fetch and load another engine, then use it; see `Engines.change`."""
        return self.engines.change(self, request)

    def start(self) -> threading.Thread | None:
        """Load the models in a thread, which is returned; again after a failure, once otherwise."""
        with self._settled:
            if self._state in ("loading", "ready"):
                return None
            self._state, self._problem = "loading", ""
        thread = threading.Thread(target=self._load, name="loading", daemon=True)
        thread.start()
        return thread

    def load_sound(
        self,
        path: str,
        start_s: float | None = None,
        end_s: float | None = None,
        gain_db: float = 0.0,
        room: str = "dry",
        impulse_response: str | None = None,
    ) -> inputs.Sound:
        """The part of a sound that a request would listen to, in a room, at a gain. Raises `BadInput`."""
        return self._sounds.load(path, start_s, end_s, gain_db, room, impulse_response)

    def embed_audio(self, sound: inputs.Sound) -> events.AudioAnalysis:
        """Embedding and labels of a sound; waits for the models. Raises `BadInput`."""
        self._wait_until_ready()
        return self._audio_analyses.get(sound.key, lambda: self._backend.embed_audio(sound.clip.samples))

    def analyze_image(self, picture: str | inputs.InputPicture) -> events.ImageAnalysis:
        """What a picture shows that sounds; waits for the models. Raises `BadInput`."""
        read = inputs.load_picture(picture) if isinstance(picture, str) else picture
        self._wait_until_ready()
        return self._image_analyses.get(read.digest, lambda: self._backend.analyze_image(read.image))

    def embed_windows(self, windows: Sequence[np.ndarray]) -> events.WindowAnalysis:
        """Embed and name windows of a track; waits for the models. Raises `BadInput`."""
        self._wait_until_ready()
        return self._backend.embed_windows(windows)

    def hear_track(
        self, part: TrackPart, cancel: events.CancelToken
    ) -> Iterator[events.Progress | TrackAnalysis]:
        """What is heard along a part of a track: progress, then the analysis; waits for the models.

        Raises `BadInput` and `Cancelled`.
        """
        from sonic_ui.engine.jobs.make_film import hear_track

        yield from self._until_ready(cancel)
        yield (yield from hear_track(part, self._backend, self._tracks, cancel))

    def estimate_film(
        self, request: MakeFilmRequest, session: str = ""
    ) -> tuple[FilmCost, float | None] | None:
        """What a film will take, and about how many seconds where the engine's pace is known; None for a
        part that cannot be filmed, or was not heard yet. Raises `BadInput` for what is too much.
        """
        from sonic_ui.engine.jobs.make_film import estimate_film

        try:
            part = read_part(request.sound, request.start_s, request.end_s)
        except BadInput:
            return None
        if self._state != "ready" or not self._tracks.is_analyzed(part):
            return None
        backend: Any = self._backend
        pace: Pace | None = getattr(backend, "pace", None)
        if pace is not None and pace.seconds("pass") is None:
            backend.measure_pace()
        request = request.with_defaults(self.info.defaults.model_dump())
        context = self._read_files(request, events.CancelToken(), session)
        cost = estimate_film(request, replace(context, words=self._words_for(request, session, NO_WORDS)[0]))
        return cost, None if pace is None else cost.seconds(pace)

    def supports(self, verb: str) -> bool:
        """Whether the weights have a pipeline of their own for a verb."""
        return self._backend.supports(verb)

    def check_live(self) -> None:
        """Raise `BadInput` where nobody can be live on the engine: it has to run in this app."""
        refusal: str = getattr(self._backend, "live_refusal", NO_LIVE.format(location=self._backend.location))
        if refusal:
            raise BadInput(refusal, "bundle")

    def live_painter(self) -> LivePainter:
        """What paints the frames of a session that is live; waits for the models. Raises `BadInput`."""
        self.check_live()
        self._wait_until_ready()
        backend: Any = self._backend
        painter: LivePainter = backend.live_painter()
        return painter

    def cache_usage(self, session: str, picture: str | None = None) -> CacheUsage:
        """What is cached of the pictures that a session edits, or of the picture at one path.

        Raises `BadInput` if there is no file at that path.
        """
        return self._inversions.usage(session, None if picture is None else inputs.file_digest(picture))

    def release(self, session: str) -> None:
        """Let go of what is cached for a session."""
        self._inversions.release(session)
        self.words.release(session)

    def words_of(self, session: str) -> dict[str, SoundWord]:
        """The learned words that a session may use with the engine, by name."""
        return self.words.words(session, self.info.name)

    def add_word(self, word: SoundWord, session: str = "", keep: bool = True) -> str:
        """Take a word in; a sentence where it could not be kept. Raises `BadInput` if it does not fit."""
        width = getattr(self._backend, "word_width", None)
        if width is not None:
            check_width(word, width, self.info.title)
        return self.words.add(session, self.info.name, word, keep)

    def remove_word(self, name: str, session: str = "") -> None:
        """Let a word go. Raises `BadInput` where it is not there."""
        self.words.remove(session, self.info.name, name)

    def run(
        self,
        request: MakingRequest,
        cancel: events.CancelToken | None = None,
        session: str = "",
        words: Words = NO_WORDS,
    ) -> Iterator[events.Event]:
        """Run a request: progress and previews, the frames of a strip, then one `Result` (`SoundResult`,
        `UpscaleResult`, `WordResult`).

        session   who asks: a picture that is edited is cached for them, so that its next edit is faster
        words     that its texts may hold, besides those of the session

        A strip that is cancelled ends with a `Result` of the frames finished so far, if there are any. Raises
        `BadInput` for what the person can mend, `Cancelled` once the token is set, else `Failure`.
        """
        cancel, started, backend = cancel or events.CancelToken(), time.perf_counter(), self._backend
        job = job_type(request)
        yield events.Progress(0, 0, job.reading)
        request = request.with_defaults(self.info.defaults.model_dump())
        context = self._read_files(request, cancel, session)
        used, absent = self._words_for(request, session, words)
        context = replace(context, words=used)
        if absent:
            yield events.Notice(absent)
        cancel.check()
        yield from self._until_ready(cancel)
        planned = job.plan(request, context)
        plan = (yield from planned) if isinstance(planned, Generator) else planned
        if self._backend is not backend:  # embeddings of one engine mean nothing to another
            raise BadInput("The engine was changed meanwhile. Try again.", "bundle")
        yield from map(events.Notice, [*plan.notices])
        stopped = False
        try:
            try:
                given = {"words": context.words} if context.words else {}
                for event in backend.run(plan.job, cancel, **given):
                    yield from plan.take(event)
            except events.Cancelled:
                if not plan.is_partial:
                    raise
                stopped = True
            yield self._kept(plan.result(time.perf_counter() - started, stopped), session)
        finally:
            plan.close()

    def _read_files(self, request: MakingRequest, cancel: events.CancelToken, session: str) -> RunContext:
        """The files that a request names. Raises `BadInput`."""
        sounds, picture = self._sounds.sounds_of(request), inputs.read_pictures(request)
        library = None
        if getattr(request, "source", None) in ("recordings", "both"):
            library = self.libraries.folder_of(getattr(request, "library", None))
        if isinstance(request, LearnWordRequest):
            library = self.picture_libraries.folder_of(request.library)
        return RunContext(
            backend=self._backend,
            sounds=sounds,
            picture=picture,
            library=library,
            load_sound=self.load_sound,
            embed_audio=self.embed_audio,
            analyze_image=self.analyze_image,
            tracks=self._tracks,
            films=self._films,
            inversions=self._inversions,
            session=session,
            cancel=cancel,
        )

    def _words_for(
        self, request: MakingRequest, session: str, words: Words
    ) -> tuple[dict[str, SoundWord], str]:
        """The words that a request's texts hold; a sentence on those not here. Raises `BadInput`."""
        if isinstance(request, LearnWordRequest):
            self.words.check_free(session, self.info.name, request.word)
        texts = [str(getattr(request, name)) for name in request.WORDS]
        found, absent = used_words({**self.words_of(session), **words}, *texts)
        return found, absent_words(absent)

    def _kept(self, result: Any, session: str) -> events.AnyResult:
        """A result; a word that was learned is the session's from now on, and kept where words are."""
        if isinstance(result, events.WordResult) and LENT not in session:
            problem = self.words.add(session, self.info.name, result.word)
            result = replace(result, notices=(*result.notices, problem)) if problem else result
        return cast(events.AnyResult, result)

    def _load(self) -> None:
        state: Literal["ready", "failed"] = "ready"
        problem = ""
        try:
            self._backend.load()
        except BadInput as error:
            state, problem = "failed", error.message
        except Exception as error:
            log.exception("Loading failed")
            state = "failed"
            problem = f"The models did not start ({type(error).__name__}); the app's log has the details."
        with self._settled:
            self._state, self._problem = state, problem
            self._settled.notify_all()

    def _wait_until_ready(self) -> None:
        for _ in self._until_ready(events.CancelToken()):
            pass

    def _until_ready(self, cancel: events.CancelToken) -> Iterator[events.Progress]:
        """Wait for the models, loading them if they are not; raise what went wrong."""
        self.start()
        while True:
            with self._settled:
                if self._state == "loading":
                    self._settled.wait(0.25)
                state, problem = self._state, self._problem
            if state == "ready":
                return
            if state == "failed":
                raise BadInput(problem, "bundle")
            cancel.check()
            yield events.Progress(0, 0, "Waking the models")
