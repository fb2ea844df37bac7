"""What comes back from a run: one set of events for the page, the API, other apps and other processes.

A backend sends `JobEvent`s; the studio fills in what it knows of each picture and passes them on as `Event`s.
Runs are stopped by a token, wait in line for the device, and end with an error as plain data.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL.Image import Image

from sonic_ui.media.word_files import SoundWord
from sonic_ui.pipelines.candidate_ranking import Choice
from sonic_ui.requests import (
    BadInput,
    ImageToSoundRequest,
    LearnWordRequest,
    MakeFilmRequest,
    PaintingRequest,
    TeachSoundRequest,
    UpscaleImageRequest,
)
from sonic_ui.requests.fields import RoomName
from sonic_ui.retrieval.library import Pick

log = logging.getLogger(__name__)

POLL_S = 0.1
LABELS_SHOWN = 5
MAX_WORDS = 1000


class Cancelled(Exception):
    """The person stopped the run; not an error."""


class Failure(RuntimeError):
    """Something broke that the person did not cause. The message is a sentence for them."""


class CancelToken:
    """A flag that one thread raises and another checks between steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Stop the run at its next step."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if `cancel` was called."""
        if self.cancelled:
            raise Cancelled


class FairLock:
    """Lock of one device. Threads enter in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, cancel: CancelToken, on_wait: Callable[[int], None]) -> Iterator[None]:
        """Hold the device inside the `with`; `on_wait(ahead)` is called whenever the number ahead changes.

        Raises `Cancelled` if the token is set while waiting.
        """
        ticket, reported = object(), 0
        with self._changed:
            self._waiting.append(ticket)
        try:
            while (ahead := self._ahead(ticket)) > 0:
                if ahead != reported:
                    on_wait(ahead)
                    reported = ahead
                cancel.check()
                with self._changed:
                    self._changed.wait(POLL_S)
            cancel.check()
            yield
        finally:
            with self._changed:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def _ahead(self, ticket: object) -> int:
        with self._changed:
            return self._waiting.index(ticket)


def encode_error(error: BaseException) -> dict[str, str]:
    """An error of a run as JSON, with the sentence for the person; one that has none goes to the log."""
    if isinstance(error, BadInput):
        return {"kind": "input", "words": error.message, "field": error.field}
    if isinstance(error, Cancelled):
        return {"kind": "cancelled", "words": "Stopped.", "field": ""}
    if isinstance(error, Failure):
        return {"kind": "failure", "words": str(error), "field": ""}
    log.error("A run failed", exc_info=error)
    words = "The engine stopped on an error of the app; its log has the details."
    return {"kind": "failure", "words": words, "field": ""}


def decode_error(values: Mapping[str, Any]) -> BadInput | Cancelled | Failure:
    """The error that `encode_error` wrote; sentences are cut at MAX_WORDS characters."""
    kind, words = values.get("kind"), str(values.get("words"))[:MAX_WORDS]
    if kind == "cancelled":
        return Cancelled()
    if kind == "input":
        return BadInput(words, str(values.get("field") or "")[:MAX_WORDS])
    return Failure(words)


@dataclass(frozen=True)
class Progress:
    """How far the work is: `step` of `total` (0 of 0 while nothing can be counted), seconds left if known."""

    step: int
    total: int
    message: str
    eta_s: float | None = None


@dataclass(frozen=True)
class Preview:
    """The pictures being painted, still rough; `indices` say which of the run's they are."""

    images: tuple[Image, ...]
    indices: tuple[int, ...]


@dataclass(frozen=True)
class Notice:
    """Something worth knowing that did not stop the work."""

    message: str


@dataclass(frozen=True)
class FrameInfo:
    """What one picture of a strip was made from, and what it shows; None where it does not apply.

    position   between two sounds, 0..1
    gain_db    gain of the sound; scale: factor on its strength; strength: that of an edit
    lufs       loudness of the sound
    level      level in 0..1 of the sound's source in the picture, by the presence classifier
    """

    position: float | None = None
    gain_db: float | None = None
    scale: float | None = None
    strength: float | None = None
    lufs: float | None = None
    level: float | None = None


@dataclass(frozen=True)
class FramesAdded:
    """Frames that a strip gets besides those known so far, whose numbers they continue."""

    infos: tuple[FrameInfo, ...]


@dataclass(frozen=True)
class FramesDone:
    """Finished pictures; `indices` say which of the run's they are. The studio fills in `infos`."""

    indices: tuple[int, ...]
    images: tuple[Image, ...]
    infos: tuple[FrameInfo, ...] = ()


@dataclass(frozen=True)
class InversionDone:
    """A picture as the noise it would be painted from, for the next edit of that picture. Never leaves the
    studio."""

    inversion: Any = field(repr=False)
    nbytes: int


Origin = Literal["generated", "recorded", "layered"]
"""Where a take comes from; one that is layered is generated and recorded at once."""

LAYERS: tuple[Origin, ...] = ("layered", "generated", "recorded")
"""The sounds of one take that is both."""


@dataclass(frozen=True)
class ConceptPart:
    """A concept in a generated take: its level beside the others in dB, the seed of its sound, and which of
    several candidates that is, if there were.
    """

    name: str
    gain_db: float
    seed: int
    choice: Choice | None = None


@dataclass(frozen=True)
class SoundsDone:
    """Finished sounds, all of one picture. The studio makes a `SoundResult` of it.

    samples    float32 [takes, T] at `sample_rate`
    target     [frames] in [0, 1], 100 a second: the energy that was asked for; None if there was none
    energy     [takes, frames], what came out: linear RMS
    picks      which recordings each take was built from, if it was
    skipped    files of the library that could not be read
    choices    which candidate each take is, if there were several
    origins    where each take comes from
    concepts   what each take was mixed from, if the concepts were named
    """

    samples: np.ndarray = field(repr=False)
    sample_rate: int
    target: np.ndarray | None = field(repr=False)
    energy: np.ndarray = field(repr=False)
    picks: tuple[tuple[Pick, ...], ...] = ()
    skipped: int = 0
    choices: tuple[Choice | None, ...] = ()
    origins: tuple[Origin, ...] = ()
    concepts: tuple[tuple[ConceptPart, ...], ...] = ()


@dataclass(frozen=True)
class Label:
    """A source and its probability, 0 to 1, by the audio or the image encoder."""

    name: str
    probability: float


@dataclass(frozen=True)
class AudioAnalysis:
    """Embedding [D] of a clip, unit length, and its `labels`, most probable first.

    known_probability   that the sound is of any of the labels, in [0, 1]; None without an open-set head
    known_threshold     probability that a known sound should reach; None likewise
    room                where it is heard, and how surely; "dry" and None where no room is listened for
    """

    embedding: np.ndarray = field(repr=False)
    labels: tuple[Label, ...]
    known_probability: float | None = None
    known_threshold: float | None = None
    room: RoomName = "dry"
    room_probability: float | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether the sound is of another kind than the labels; never without an open-set head."""
        known, least = self.known_probability, self.known_threshold
        return known is not None and least is not None and known < least


@dataclass(frozen=True)
class WindowAnalysis:
    """What is heard in windows of a track.

    embeddings      [W, D], unit length
    probabilities   of each label of the vocabulary [W, L]; [W, 0] for an encoder without a text side
    is_known        1 for each window [W] that is of any of these, by the open-set head, if any; else 0
    times           middles [W] of the windows in seconds of the file; empty until they are known
    """

    embeddings: np.ndarray = field(repr=False)
    probabilities: np.ndarray = field(repr=False)
    is_known: np.ndarray = field(repr=False)
    times: np.ndarray = field(repr=False, default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class ImageAnalysis:
    """Sources that a picture shows, and how its sound would rise and fall.

    labels            most probable first; empty if the bundle has no image encoder
    suggestion        energy curve [frames] in [0, 1]; None if the bundle cannot tell
    duration_s        length of its sound
    caption           what its captioner says of the picture; empty without one
    fit               what the labels have together beside "none of them"; None if not calibrated
    least_fit         fit from which on they are believed; None likewise
    """

    labels: tuple[Label, ...]
    suggestion: np.ndarray | None = field(repr=False)
    duration_s: float
    caption: str = ""
    fit: float | None = None
    least_fit: float | None = None

    @property
    def is_unsure(self) -> bool:
        """Whether nothing that the engine knows fits the picture; never with a captioner."""
        if self.caption or self.fit is None or self.least_fit is None:
            return False
        return self.fit < self.least_fit


@dataclass(frozen=True)
class Result:
    """A finished request.

    `request` has every setting filled in; `settings` is what a picture's metadata carries: the request with
    the sounds' names instead of their paths, each sound's SHA-256, the part listened to and the bundle.
    A strip has one `frames` entry a picture; `stopped`: it was cancelled, and `images` are those that were
    finished by then. `labels` are those of the first sound, `labels_b` of the second, which may be unknown.
    `reused`: an edit started from the cached inversion of its picture.
    """

    images: tuple[Image, ...]
    request: PaintingRequest
    labels: tuple[Label, ...]
    settings: dict[str, Any]
    elapsed_s: float
    notices: tuple[str, ...] = ()
    frames: tuple[FrameInfo, ...] = ()
    stopped: bool = False
    labels_b: tuple[Label, ...] = ()
    reused: bool = False
    is_unknown: bool = False
    is_unknown_b: bool = False


@dataclass(frozen=True)
class UpscaleResult:
    """A picture that was made larger: `settings` are those that its file carried, and how it was enlarged."""

    images: tuple[Image, ...]
    request: UpscaleImageRequest
    settings: dict[str, Any]
    elapsed_s: float
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class WordDone:
    """A word that was learned. The studio makes a `WordResult` of it.

    vectors        [V, C] float32; audio_token [C]: the part of it that came from the sound
    references     the pictures that it was learned from; similarities: their cosines with the sound, if known
    sentences      prompts with the word, and `images` what they give
    """

    vectors: np.ndarray = field(repr=False)
    audio_token: np.ndarray = field(repr=False)
    references: tuple[Image, ...]
    similarities: tuple[float, ...]
    sentences: tuple[str, ...]
    images: tuple[Image, ...]


@dataclass(frozen=True)
class WordResult:
    """A word that was learned, and its first pictures.

    references   the pictures that it was learned from, small
    sentences    prompts with the word, and `images` what they give
    """

    word: SoundWord
    images: tuple[Image, ...]
    sentences: tuple[str, ...]
    references: tuple[Image, ...]
    request: LearnWordRequest
    settings: dict[str, Any]
    elapsed_s: float
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Take:
    """One sound of a picture.

    samples   float32 [T]
    energy    [frames], 100 a second: linear RMS
    r, e_l1   how it follows the target: Pearson's r and E-L1; None if there was no target
    lufs      integrated loudness
    picks     the recordings that it was built from, if it was
    choice    which of several candidates it is, if there were
    origin    where it comes from
    concepts  what it was mixed from, if the concepts were named
    """

    samples: np.ndarray = field(repr=False)
    energy: np.ndarray = field(repr=False)
    r: float | None
    e_l1: float | None
    lufs: float
    picks: tuple[Pick, ...] = ()
    choice: Choice | None = None
    origin: Origin = "generated"
    concepts: tuple[ConceptPart, ...] = ()


@dataclass(frozen=True)
class SoundResult:
    """A finished request for sounds.

    `target` [frames] in [0, 1] is the energy that was asked for, None if there was none; `labels` are what
    the picture shows; `settings` is what each sound's metadata carries, see `Result`.
    """

    takes: tuple[Take, ...]
    sample_rate: int
    target: np.ndarray | None = field(repr=False)
    image: Image = field(repr=False)
    request: ImageToSoundRequest
    labels: tuple[Label, ...]
    settings: dict[str, Any]
    elapsed_s: float
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class FilmSegment:
    """A stretch of a track in which one thing is heard: seconds of the file, and the name of what; empty
    where
    it is not known, "silence" where nothing is."""

    begin_s: float
    end_s: float
    label: str


@dataclass(frozen=True)
class FilmResult:
    """A finished film, or the beginning of one that was stopped.

    film        the file: MP4 (or WebM), GIF, ZIP of PNG files, or the PNG of a single picture
    images      small pictures along it; times: their seconds of the track
    segments    what is heard along it
    duration_s  how long it is; frames: how many pictures it has; painted: how many were painted for it
    """

    film: Path
    images: tuple[Image, ...]
    times: tuple[float, ...]
    request: MakeFilmRequest
    segments: tuple[FilmSegment, ...]
    settings: dict[str, Any]
    elapsed_s: float
    duration_s: float
    frames: int
    painted: int
    notices: tuple[str, ...] = ()
    stopped: bool = False


@dataclass(frozen=True)
class TeachingDone:
    """A finished teaching, on this machine: the engine's folder, how many steps it took, how many of them
    were kept, and pictures of the last recordings before and after. The studio makes a `TeachResult` of it.
    """

    folder: Path
    steps: int
    best_step: int
    before: tuple[Image, ...]
    after: tuple[Image, ...]


@dataclass(frozen=True)
class TeachResult:
    """An engine that was taught.

    engine         its name; title as people call it
    bundle         its folder as a ZIP
    before, after  pictures of the same recordings from the same noise
    """

    engine: str
    title: str
    bundle: Path
    before: tuple[Image, ...]
    after: tuple[Image, ...]
    request: TeachSoundRequest
    settings: dict[str, Any]
    elapsed_s: float
    notices: tuple[str, ...] = ()


AnyResult = Result | SoundResult | FilmResult | UpscaleResult | TeachResult | WordResult
Passed = Progress | Preview | Notice | FramesAdded | FramesDone
Event = Passed | AnyResult
JobEvent = Passed | InversionDone | SoundsDone | TeachingDone | WordDone
