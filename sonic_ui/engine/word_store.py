"""Words that were learned or given: those of a session, and, where one person runs the app, a folder's.

A shared app has no folder: there a word lives as long as its session, and nobody else can use it unless they
are given its file.
"""

import contextlib
import logging
import os
import secrets
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from sonic_ui.engine.caches import LRUCache
from sonic_ui.media.word_files import SUFFIX, SoundWord, read_word, word_bytes
from sonic_ui.requests import BadInput
from sonic_ui.requests.word_names import tags_in

log = logging.getLogger(__name__)

MAX_WORDS = 200
"""Of one engine in a folder, and of one session."""

EXISTS = "There is a word <{name}> already. Choose another name, or remove that one first."
TOO_MANY = "There are {count} words already. Remove one first."
NOT_THERE = "There is no word <{name}> here."
NOT_KEPT = "The word <{name}> could not be kept in the app’s folder ({reason}). Download its file."
NOT_REMOVED = "The file of <{name}> could not be removed ({reason})."

Words = Mapping[str, SoundWord]
NO_WORDS: Words = MappingProxyType({})


def data_folder() -> Path:
    """Where the app keeps words between its runs: in the user's folder for data."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "sonic-ui" / "words"


class WordStore:
    """Words by engine. Safe to share between threads.

    folder   where words are kept for everybody who uses the app; None keeps them for their session alone
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._own: dict[tuple[str, str], dict[str, SoundWord]] = {}
        self._read: LRUCache[SoundWord] = LRUCache(2 * MAX_WORDS)

    @property
    def is_kept(self) -> bool:
        """Whether words outlive their session."""
        return self._folder is not None

    def words(self, session: str, engine: str) -> dict[str, SoundWord]:
        """The words that a session may use with an engine, by name, in alphabetical order."""
        with self._lock:
            found = {**self._in_folder(engine), **self._own.get((session, engine), {})}
        return dict(sorted(found.items()))

    def check_free(self, session: str, engine: str, name: str) -> None:
        """Raise `BadInput` where a new word cannot have a name, or where there are too many."""
        there = self.words(session, engine)
        if name in there:
            raise BadInput(EXISTS.format(name=name), "word")
        if len(there) >= MAX_WORDS:
            raise BadInput(TOO_MANY.format(count=len(there)), "word")

    def add(self, session: str, engine: str, word: SoundWord, keep: bool = True) -> str:
        """Take a word in, if `keep` also between runs of the app.

        Returns a sentence where it could not be kept, else "". Raises `BadInput` for a name that is taken.
        """
        with self._lock:
            self.check_free(session, engine, word.name)
            problem = ""
            if keep and self._folder is not None:
                problem = self._write(self._folder / engine, word)
                if not problem:
                    return ""
            self._own.setdefault((session, engine), {})[word.name] = word
            return problem

    def remove(self, session: str, engine: str, name: str) -> None:
        """Let a word go. Raises `BadInput` where it is not there or its file cannot be removed."""
        with self._lock:
            if name not in self.words(session, engine):
                raise BadInput(NOT_THERE.format(name=name), "word")
            self._own.get((session, engine), {}).pop(name, None)
            if self._folder is None:
                return
            try:
                (self._folder / engine / f"{name}{SUFFIX}").unlink(missing_ok=True)
            except OSError as error:
                reason = error.strerror or type(error).__name__
                raise BadInput(NOT_REMOVED.format(name=name, reason=reason), "word") from error

    def release(self, session: str) -> None:
        """Forget the words of a session that is over."""
        with self._lock:
            for key in [key for key in self._own if key[0] == session]:
                del self._own[key]

    def _in_folder(self, engine: str) -> dict[str, SoundWord]:
        found: dict[str, SoundWord] = {}
        if self._folder is None:
            return found
        with contextlib.suppress(OSError):
            for path in sorted((self._folder / engine).glob(f"*{SUFFIX}"))[:MAX_WORDS]:
                status = path.stat()
                key = (str(path), status.st_size, status.st_mtime_ns)
                try:
                    word = self._read.get(key, partial(read_word, path, path.stem))
                except BadInput as problem:
                    log.warning("A word is left out: %s", problem)
                    continue
                found[word.name] = word
        return found

    def _write(self, folder: Path, word: SoundWord) -> str:
        """Write a word's file whole or not at all; a sentence where that failed."""
        path = folder / f"{word.name}{SUFFIX}"
        partial = path.with_suffix(f".{secrets.token_hex(8)}.tmp")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(word_bytes(word))
            partial.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            return NOT_KEPT.format(name=word.name, reason=error.strerror or type(error).__name__)
        return ""


def words_digest(words: Words, *texts: str) -> str:
    """What the words that texts hold add to the key of a cache; empty where they hold none."""
    return " ".join(f"{name}={word.digest}" for name, word in used_words(words, *texts)[0].items())


def used_words(there: Words, *texts: str) -> tuple[dict[str, SoundWord], list[str]]:
    """The words that texts hold, and the names of those that are not there."""
    tags = tags_in(*texts)
    return {name: there[name] for name in tags if name in there}, [one for one in tags if one not in there]
