"""Studio: requests in, events out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal

from sonic_ui.bundles import DEFAULT_BUNDLE, BundleInfo
from sonic_ui.engine.backend import (
    AudioAnalysis,
    Backend,
    BackendEvent,
    Cancelled,
    CancelToken,
    EditJob,
    ImagesDone,
    InterpolateJob,
    InversionDone,
    Notice,
    PositionsAdded,
    Progress,
    SoundsDone,
)
from sonic_ui.engine.caches import Cache
from sonic_ui.engine.events import Event, Result
from sonic_ui.engine.inputs import Sound, file_digest, read_sound, treat_sound
from sonic_ui.engine.inversion_cache import CacheUsage, InversionCache, InversionKey
from sonic_ui.engine.jobs.image_analysis import AnalyzedImage, ImageToSoundRun, analyze_picture
from sonic_ui.engine.jobs.plan import Plan, plan_for
from sonic_ui.engine.libraries import Libraries
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.metadata import settings_of
from sonic_ui.engine.picture_inputs import EditPicture, read_picture, read_upright
from sonic_ui.engine.switching import Engines, Status
from sonic_ui.requests import (
    BadInput,
    EditImageRequest,
    ImageToSoundRequest,
    MakingRequest,
    PaintingRequest,
)

log = logging.getLogger(__name__)


class Studio:
    """Runs requests on one backend. Every method may be called from several threads at once."""

    def __init__(
        self,
        backend: Backend | None = None,
        libraries: Libraries | None = None,
        engines: Engines | None = None,
    ) -> None:
        self._backend: Backend = backend or LocalBackend(DEFAULT_BUNDLE)
        self.engines = engines or Engines()
        self.libraries = libraries or Libraries()
        self._state: Literal["waiting", "loading", "ready", "failed"] = "waiting"
        self._problem = ""
        self._settled = threading.Condition()
        self._read: Cache[Sound] = Cache(8)
        self._treated: Cache[Sound] = Cache(16)
        self._heard: Cache[AudioAnalysis] = Cache(1024)
        self._looked: Cache[AnalyzedImage] = Cache(64)
        self._shelf = InversionCache()

    @property
    def info(self) -> BundleInfo:
        """The bundle's name and defaults; a nameless stand-in while its files cannot be read."""
        try:
            return self._backend.bundle.info
        except BadInput:
            return BundleInfo(name="unknown", title="No weights")

    @property
    def status(self) -> Status:
        """Where the studio stands, for the header."""
        doing = str(getattr(self._backend, "doing", ""))
        return Status(self._state, self.info.title, self._backend.place, self._problem, doing)

    @property
    def backend(self) -> Backend:
        """Where requests run now."""
        return self._backend

    def use(self, backend: Backend) -> None:
        """Run requests on a backend that is loaded, or loading, from now on."""
        with self._settled:
            self._backend, self._state, self._problem = backend, "ready", ""
            self._heard, self._looked, self._shelf = Cache(1024), Cache(64), InversionCache()
            self._settled.notify_all()

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
    ) -> Sound:
        """The part of a sound that a request would listen to, in a room, at a gain. Raises `BadInput`."""
        digest = file_digest(path)
        part = (digest, start_s, end_s)
        sound = self._read.get(part, lambda: read_sound(digest, path, start_s, end_s))
        if gain_db == 0 and room == "dry":
            return sound
        return self._treated.get((*part, gain_db, room), lambda: treat_sound(sound, gain_db, room))

    def embed_audio(self, sound: Sound) -> AudioAnalysis:
        """What the audio encoder makes of a sound; waits for the models. Raises `BadInput`."""
        for _ in self._until_ready(CancelToken()):
            pass
        return self._heard.get(sound.key, lambda: self._backend.embed_audio(sound.clip.samples))

    def supports(self, verb: str) -> bool:
        """Whether the weights have a pipeline of their own for a verb."""
        return self._backend.supports(verb)

    def analyze_image(self, path: str) -> AnalyzedImage:
        """A picture, and what it shows that sounds; waits for the models. Raises `BadInput`."""
        picture = read_upright(path)
        for _ in self._until_ready(CancelToken()):
            pass
        return self._looked.get(picture.digest, lambda: analyze_picture(picture, self._backend))

    def cache_usage(self, session: str, picture: str | None = None) -> CacheUsage:
        """What is kept of the pictures that a session edits, or of the picture at one path.

        Raises `BadInput` if there is no file at that path.
        """
        if picture is None:
            return self._shelf.cache_usage(session)
        digest = file_digest(picture)
        return self._shelf.cache_usage(session, lambda key: key.digest == digest)

    def release(self, session: str) -> None:
        """Let go of what is kept for a session."""
        self._shelf.release(session)

    def run(
        self, request: MakingRequest, cancel: CancelToken | None = None, session: str = ""
    ) -> Iterator[Event]:
        """Make what a request asks for: progress and previews, the frames of a strip, then one `Result`.

        For sounds it is a `SoundResult`.

        session   who asks: a picture that is edited is kept for them, so that its next edit is faster

        A strip that is cancelled ends with a `Result` of the frames made so far, if there are any. Raises
        `BadInput` for what the person can mend, `Cancelled` once the token is set, else `Failure`.
        """
        cancel = cancel or CancelToken()
        if isinstance(request, ImageToSoundRequest):
            yield from self._sound(request, cancel)
        elif isinstance(request, PaintingRequest):
            yield from self._paint(request, cancel, session)
        else:
            raise BadInput(f"This app does not know how to run {type(request).__name__}.")

    # The parts of a run

    def _sound(self, request: ImageToSoundRequest, cancel: CancelToken) -> Iterator[Event]:
        """Let a picture sound: progress, then a `SoundResult`."""
        run = ImageToSoundRun(self._backend, self.libraries, request, cancel)
        yield Progress(0, 0, "Looking at the picture")
        run.prepare()
        yield from self._until_ready(cancel)
        run.analyze_image(
            lambda picture: self._looked.get(picture.digest, lambda: analyze_picture(picture, self._backend))
        )
        yield from run.events()

    def _paint(self, request: PaintingRequest, cancel: CancelToken, session: str) -> Iterator[Event]:
        """Paint: progress and previews, the frames of a strip, then one `Result`."""
        started, engine = time.perf_counter(), self._backend
        yield Progress(0, 0, "Listening to the sound")
        request = request.with_defaults(self.info.defaults.model_dump())
        sounds = self._sounds_of(request)
        picture = read_picture(request) if isinstance(request, EditImageRequest) else None
        cancel.check()
        yield from self._until_ready(cancel)
        plan = plan_for(request, sounds, self.embed_audio, self.load_sound, self._backend.bundle.sources)
        if self._backend is not engine:  # what one engine hears another does not understand
            raise BadInput("The engine was changed meanwhile. Try again.", "bundle")
        notices = [*plan.notices]
        yield from map(Notice, plan.notices)
        stopped = False
        try:
            for event in self._work(request, plan, picture, cancel, session):
                if isinstance(event, ImagesDone):
                    done = plan.finish(event, self._backend.predict_intensities)
                    if plan.is_strip:
                        yield done
                    continue
                if isinstance(event, Notice):
                    notices.append(event.message)
                if isinstance(event, PositionsAdded):
                    yield plan.add(event)
                elif not isinstance(event, (InversionDone, SoundsDone)):
                    yield event
        except Cancelled:
            if not (plan.is_strip and plan.done):
                raise
            stopped = True
        elapsed_s = time.perf_counter() - started
        settings = settings_of(self.info, request, sounds, self.embed_audio) | (
            picture.settings if picture else {}
        )
        yield self._result(request, sounds, plan, settings, elapsed_s, notices, stopped)

    def _work(
        self,
        request: PaintingRequest,
        plan: Plan,
        picture: EditPicture | None,
        cancel: CancelToken,
        session: str,
    ) -> Iterator[BackendEvent]:
        """What the backend does for a plan; a picture's inversion is taken from the shelf, or put there."""
        if (
            picture is None
            or isinstance(plan.job, InterpolateJob)
            or not isinstance(request, EditImageRequest)
        ):
            yield from plan.painted(self._backend, cancel)
            return
        key = InversionKey(self.info.name, picture.digest, request.source_prompt, request.steps)
        cache_usage = self._shelf.get(session, key)
        plan.reused = cache_usage is not None
        job = EditJob(request, picture.image, picture.mask, plan.job.embeddings[0], cache_usage)
        for event in self._backend.edit(job, cancel):
            if isinstance(event, InversionDone) and not cancel.cancelled:
                self._shelf.put(session, key, event.inversion, event.nbytes)
            yield event

    def _sounds_of(self, request: PaintingRequest) -> dict[str, Sound]:
        """The sounds that a request names, by setting. Raises `BadInput` naming that setting."""
        room = getattr(request, "room", "dry")
        gain_db = getattr(request, "gain_db", 0.0)
        found = {}
        for name, path in request.sound_paths.items():
            side = name.removeprefix("sound")  # "", "_a" or "_b"
            start_s, end_s = getattr(request, f"start{side}_s"), getattr(request, f"end{side}_s")
            try:
                found[name] = self.load_sound(path, start_s, end_s, gain_db, room)
            except BadInput as problem:
                field = {"sound": name, "start_s": f"start{side}_s", "end_s": f"end{side}_s"}
                raise BadInput(problem.message, field.get(problem.field, problem.field)) from problem
        return found

    def _result(
        self,
        request: PaintingRequest,
        sounds: dict[str, Sound],
        plan: Plan,
        settings: dict[str, Any],
        elapsed_s: float,
        notices: list[str],
        stopped: bool,
    ) -> Result:
        heard = [self.embed_audio(sound).labels for sound in sounds.values()]
        images, frames = plan.finished
        return Result(
            images,
            request,
            heard[0],
            settings,
            elapsed_s,
            tuple(notices),
            frames,
            stopped,
            heard[1] if len(heard) > 1 else (),
            plan.reused,
        )

    # The models

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

    def _until_ready(self, cancel: CancelToken) -> Iterator[Progress]:
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
            yield Progress(0, 0, "Waking the models")
