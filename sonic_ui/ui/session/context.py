"""Context of the app that every tab of the page works with: its examples, running work and pictures shown."""

import itertools
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr

from sonic_ui.bundles import ROOT
from sonic_ui.engine.events import CancelToken
from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import PictureFolder
from sonic_ui.ui.session.live import LiveSessions

log = logging.getLogger(__name__)

EXAMPLES = ROOT / "assets" / "examples"
Key = tuple[str, str]

MAX_RESULTS = 400
"""Results and single positions of all sessions together; the oldest are forgotten."""
MAX_ANALYSES = 4000
"""Inputs of all sessions together, likewise."""


class Tasks:
    """Cancel tokens and the newest sounds, by session and task; safe to share between threads.

    A task is what only one of may go on at a time: the run of a tab, the analysis of one of its sounds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[Key, CancelToken] = {}
        self._analyses: dict[Key, int] = {}
        self._numbers = itertools.count(1)

    def begin(self, session: str, task: str) -> tuple[int, CancelToken]:
        """Start a run: its number and its token. An earlier run of this task that goes on is cancelled."""
        token = CancelToken()
        with self._lock:
            earlier = self._tokens.get((session, task))
            self._tokens[session, task] = token
            number = next(self._numbers)
        if earlier is not None:
            earlier.cancel()
        return number, token

    def finish(self, session: str, task: str, token: CancelToken) -> None:
        """Forget a run that is over."""
        with self._lock:
            if self._tokens.get((session, task)) is token:
                del self._tokens[session, task]

    def cancel(self, session: str, task: str) -> None:
        """Stop what this session runs of a task, if anything."""
        with self._lock:
            token = self._tokens.get((session, task))
        if token is not None:
            token.cancel()

    def begin_analysis(self, session: str, view: str) -> int:
        """Note that an input of this session holds another sound; returns the number of its analysis."""
        with self._lock:
            number = next(self._numbers)
            self._analyses.pop((session, view), None)
            self._analyses[session, view] = number
            while len(self._analyses) > MAX_ANALYSES:
                del self._analyses[next(iter(self._analyses))]
        return number

    def is_newest_analysis(self, session: str, view: str, number: int) -> bool:
        """Whether the input still holds the sound it had at `begin_analysis`."""
        with self._lock:
            return self._analyses.get((session, view)) == number

    def release(self, session: str) -> None:
        """The browser tab was closed: stop its work and forget it."""
        with self._lock:
            keys = [key for key in self._tokens if key[0] == session]
            tokens = [self._tokens.pop(key) for key in keys]
            for key in [key for key in self._analyses if key[0] == session]:
                del self._analyses[key]
        for token in tokens:
            token.cancel()


class Gallery:
    """Picture files by session and the name of what shows them; safe to share between threads.

    A script names what it shows ("result-7", and which of its pictures), never a path.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared: dict[str, tuple[Path, ...]] = {}
        self._results: OrderedDict[tuple[str, str], tuple[Path, ...]] = OrderedDict()

    def share(self, name: str, files: Sequence[Path]) -> None:
        """Pictures that everybody is shown, such as those of an example."""
        with self._lock:
            self._shared[name] = tuple(files)

    def add(self, session: str, name: str, files: Sequence[Path]) -> None:
        """Pictures that a session is shown."""
        with self._lock:
            self._results[session, name] = tuple(files)
            while len(self._results) > MAX_RESULTS:
                self._results.popitem(last=False)

    def find(self, session: str, name: object, index: object = 0) -> Path | None:
        """A picture that this session was shown, by what a script calls it; None if it is gone."""
        with self._lock:
            files = self._results.get((session, str(name)), self._shared.get(str(name), ()))
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(files):
            return None
        return files[index] if files[index].is_file() else None

    def release(self, session: str) -> None:
        """The browser tab was closed."""
        with self._lock:
            for key in [key for key in self._results if key[0] == session]:
                del self._results[key]


@dataclass(frozen=True)
class Example:
    """A sound, its name for people, and the picture that the shipped weights made of it if there is one.

    `seed` is the one it was painted with, with the engine's own settings; None if that is not known.
    """

    sound: Path
    title: str
    picture: Path | None
    seed: int | None = None


def read_examples(folder: Path = EXAMPLES, table: str = "examples.json") -> tuple[Example, ...]:
    """The examples listed in `folder`; sounds that are not there are left out, and so is an absent folder.

    `table` holds [{"file", "title", "picture", "seed"}, ...]: a sound and a picture, from `folder`
    or from its `sounds/` and `pictures/`.
    """
    try:
        entries = json.loads((folder / table).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError):
        log.warning("The examples in %s cannot be read; the page offers none", folder)
        return ()
    examples = []
    listed = entries if isinstance(entries, list) else []
    for entry in (one for one in listed if isinstance(one, dict)):
        sound = _inside(folder, "sounds", entry.get("file"))
        if sound is None:
            log.warning("The example %r is not in %s", entry.get("file"), folder)
            continue
        title = str(entry.get("title") or sound.stem.replace("_", " "))
        seed = entry.get("seed") if isinstance(entry.get("seed"), int) else None
        examples.append(Example(sound, title, _inside(folder, "pictures", entry.get("picture")), seed))
    return tuple(examples)


def _inside(folder: Path, part: str, name: object) -> Path | None:
    """A file of the folder by its name there or in `part`; None if it is not there."""
    if not isinstance(name, str) or not name:
        return None
    for candidate in (folder / name, folder / part / name):
        if candidate.is_file() and candidate.resolve().is_relative_to(folder.resolve()):
            return candidate
    return None


@dataclass(frozen=True)
class AppContext:
    """The studio, the examples, the tracks that are examples for films, running work, pictures by session,
    the folder of finished files, and who is live."""

    studio: Studio
    examples: tuple[Example, ...] = ()
    tracks: tuple[Example, ...] = ()
    tasks: Tasks = field(default_factory=Tasks)
    gallery: Gallery = field(default_factory=Gallery)
    pictures: PictureFolder = field(default_factory=PictureFolder)
    live: LiveSessions = field(default_factory=lambda: LiveSessions(time.monotonic))

    @property
    def all_examples(self) -> tuple[Example, ...]:
        """Examples and tracks."""
        return (*self.examples, *self.tracks)


@dataclass(frozen=True)
class SharedComponents:
    """Components that all tabs share: the header, and the session's results by name (see `reuse`)."""

    head: gr.HTML
    records: gr.State
