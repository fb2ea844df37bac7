"""Library of recordings, the matching of a picture's concepts to them, and their sum as one sound.

Source: Seeing Sound, section 3.3: each sounding concept of the picture takes one recording by text-to-audio
similarity (Algorithm 1), each is brought to a loudness drawn from a range, and all are summed.
The library is a CLAP index of a folder: every sound in it embedded once, and cached by its content.
"""

import contextlib
import hashlib
import logging
import os
import secrets
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.clips import SHORTEST_S, is_silent
from sonic_ui.audio.decode import decode, probe
from sonic_ui.audio.energy import best_stretch, resample_curve, rms_energy, shape_by_curve
from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import set_lufs
from sonic_ui.audio.mixing import loop_to, with_soft_ends
from sonic_ui.audio.reader_types import SUFFIXES
from sonic_ui.requests import BadInput

SAMPLE_RATE = 48_000
TOP_K = 5
"""Over how many of the best matches the threshold is the mean (ours: the paper leaves k open)."""

EXCERPT_S = 5.0
"""Length of an excerpt, as in the paper (section 4.1)."""

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a recording, at most EXCERPT_S long from `start_s` on; `digest`: SHA-256 of its file."""

    path: Path
    start_s: float
    digest: str


@dataclass(frozen=True)
class Library:
    """Excerpts [N] and their audio embeddings [N, D], unit length; `skipped`: files that were no sound."""

    excerpts: tuple[Excerpt, ...]
    embeddings: Vector = field(repr=False)
    skipped: int = 0


@dataclass(frozen=True)
class Concept:
    """Something in the picture that sounds: its name and its text embedding [D] in the library's space.

    gain_db   its level beside the others; None: drawn
    """

    name: str
    embedding: Vector = field(repr=False)
    gain_db: float | None = None


@dataclass(frozen=True)
class Pick:
    """Which excerpt stands for a concept, how alike they are (cosine), and its loudness in the sum."""

    concept: str
    excerpt: Excerpt
    similarity: float
    lufs: float


def signed_root(similarity: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """sign(t) sqrt(|t|) (Algorithm 1, line 5)."""
    t = np.asarray(similarity, np.float64)
    return np.sign(t) * np.sqrt(np.abs(t))


def eligible(similarity: NDArray[np.floating[Any]], top_k: int = TOP_K) -> NDArray[np.intp]:
    """Indices of the matches above the mean of the `top_k` best (Algorithm 1, lines 5 to 7).

    Where all of those are equal, they themselves. Raises ValueError for no similarities.
    """
    rooted = signed_root(similarity)
    if rooted.size == 0:
        raise ValueError("no similarities were given; at least one is needed")
    best = np.sort(rooted)[-top_k:]
    above = np.flatnonzero(rooted > best.mean() + 1e-12)
    return above if above.size else np.flatnonzero(rooted >= best[-1])


def match(concept: Concept, library: Library, rng: np.random.Generator) -> tuple[int, float]:
    """A random eligible excerpt of the library and its cosine similarity (Algorithm 1)."""
    similarity = library.embeddings @ concept.embedding  # [N]
    index = int(rng.choice(eligible(similarity)))
    return index, float(similarity[index])


def build_sound(
    concepts: Sequence[Concept],
    library: Library,
    curve: NDArray[np.floating[Any]] | None,
    *,
    duration_s: float,
    lufs_range: tuple[float, float],
    loudness_lufs: float | None,
    flatten: bool,
    seed: int,
) -> tuple[NDArray[np.float32], tuple[Pick, ...]]:
    """One sound [duration_s * SAMPLE_RATE] of the concepts, and what it was built from.

    curve        [frames] in [0, 1] shapes the sum; with `flatten` exactly; None leaves it as it was recorded
    lufs_range   from which each concept's loudness is drawn, unless it has a gain: then it is that much below
                 the upper end; loudness_lufs: that of the sum

    No true peak passes -1 dBTP. Raises BadInput if a recording has gone, ValueError without concepts.
    """
    if not concepts:
        raise ValueError("no concept was given; at least one is needed")
    rng = np.random.default_rng(seed)
    length = round(duration_s * SAMPLE_RATE)
    total, picks = np.zeros(length, np.float32), []
    for concept in concepts:
        index, similarity = match(concept, library, rng)
        lufs = float(rng.uniform(*lufs_range))
        if concept.gain_db is not None:
            lufs = lufs_range[1] + concept.gain_db
        excerpt = library.excerpts[index]
        total += set_lufs(_laid_out(excerpt, length, curve), SAMPLE_RATE, lufs)
        picks.append(Pick(concept.name, excerpt, similarity, lufs))
    if curve is not None:
        total = shape_by_curve(total, SAMPLE_RATE, curve, flatten=flatten)
    total = with_soft_ends(total, SAMPLE_RATE)
    if loudness_lufs is not None and (curve is None or np.max(curve) > 0):
        total = set_lufs(total, SAMPLE_RATE, loudness_lufs)
    return limit_true_peak(total, SAMPLE_RATE), tuple(picks)


def _laid_out(excerpt: Excerpt, length: int, curve: NDArray[np.floating[Any]] | None) -> NDArray[np.float32]:
    """The excerpt looped to [length], begun where its own energy follows the curve best."""
    sound = decode(excerpt.path, SAMPLE_RATE, start_s=excerpt.start_s, duration_s=EXCERPT_S)
    if curve is None:
        return loop_to(sound, length, SAMPLE_RATE)
    twice = loop_to(sound, 2 * length, SAMPLE_RATE)
    energy = rms_energy(twice, SAMPLE_RATE)
    begin = best_stretch(energy, resample_curve(curve, max(1, energy.size // 2)))
    first = min(round(begin / energy.size * twice.size), length)
    return twice[first : first + length]


log = logging.getLogger(__name__)

MAX_FILES = 5000
MAX_EXCERPTS = 12
"""Of one file, spread evenly: an hour of rain is no better than a minute."""

INDEX_BYTES = 128 * 2**20
"""Starts and embeddings of all files that an indexer has seen, together: more than a largest folder takes."""

Embed = Callable[[list[NDArray[np.float32]]], NDArray[np.float32]]
"""Mono clips at SAMPLE_RATE -> embeddings [B, D], unit length."""

Embedded = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Starts in seconds [E] and embeddings [E, D] of a file's excerpts."""

OnFile = Callable[[int, int], None]
"""Called with (files done, files in all)."""


class RecordingIndexer:
    """Indexer of recordings: embeds files with `embed` and caches that by SHA-256, also on disk in `store`.

    `store` is a file that belongs to one audio encoder: see `fingerprint`. Beyond `max_bytes` the files that
    were seen first are forgotten.
    """

    def __init__(self, embed: Embed, store: Path | None = None, max_bytes: int = INDEX_BYTES) -> None:
        self._embed = embed
        self._store = store
        self._max_bytes = max_bytes
        self._known: dict[str, Embedded] = read_store(store)
        self._digests: dict[tuple[str, int, int], str] = {}

    def index(self, folder: Path, on_file: OnFile = lambda done, total: None) -> Library:
        """Every sound file in a folder and the folders in it. Raises BadInput where there is none."""
        files = sound_files(folder)
        excerpts: list[Excerpt] = []
        embeddings: list[NDArray[np.float32]] = []
        skipped = known = 0
        try:
            for number, path in enumerate(files):
                on_file(number, len(files))
                try:
                    digest = self._digest(path)
                    known += digest in self._known
                    starts, embedded = self._embed_file(path, digest)
                except (BadInput, OSError) as problem:
                    log.info("%s is not in the library: %s", path.name, problem)
                    skipped += 1
                    continue
                excerpts += [Excerpt(path, float(start), digest) for start in starts]
                embeddings += list(embedded)
        finally:
            if known < len(files) - skipped:
                self._forget()
                write_store(self._store, self._known)
        on_file(len(files), len(files))
        if not excerpts:
            raise BadInput(
                f"None of the {len(files)} files in “{folder.name}” can be read as sound. "
                "Choose another folder.",
                "library",
            )
        return Library(tuple(excerpts), np.stack(embeddings), skipped)

    def _embed_file(self, path: Path, digest: str) -> Embedded:
        """Starts and embeddings of a file's excerpts. Raises BadInput."""
        if digest not in self._known:
            starts, clips = _excerpts_of(path)
            self._known[digest] = (np.array(starts, np.float32), self._embed(clips))
        return self._known[digest]

    def _forget(self) -> None:
        """Forget what was seen first, as far as there is too much."""
        total = sum(starts.nbytes + embedded.nbytes for starts, embedded in self._known.values())
        for digest in [*self._known]:
            if total <= self._max_bytes:
                break
            total -= sum(array.nbytes for array in self._known.pop(digest))
        for key in [*self._digests][: -2 * MAX_FILES]:
            del self._digests[key]

    def _digest(self, path: Path) -> str:
        about = path.stat()
        key = (str(path), about.st_size, about.st_mtime_ns)
        if key not in self._digests:
            with path.open("rb") as file:
                self._digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._digests[key]


def sound_files(folder: Path) -> list[Path]:
    """Sound files by their names, sorted; links that lead out of the folder are left out. Raises BadInput."""
    if not folder.is_dir():
        raise BadInput(f"There is no folder “{folder.name}” of recordings. Choose another.", "library")
    root = folder.resolve()
    found = []
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [Path(parent, name) for name in sorted(names) if Path(name).suffix.lower() in SUFFIXES]
        found += [path for path in paths if path.is_file() and path.resolve().is_relative_to(root)]
        if len(found) > MAX_FILES:
            raise BadInput(
                f"“{folder.name}” holds more than {MAX_FILES} sounds. Choose a smaller folder.", "library"
            )
    if not found:
        raise BadInput(
            f"There is no sound in “{folder.name}”. Put WAV, FLAC, MP3 or Ogg files there, or choose "
            "another folder.",
            "library",
        )
    return found


def _excerpts_of(path: Path) -> tuple[list[float], list[NDArray[np.float32]]]:
    """Starts and samples of a file's audible excerpts. Raises BadInput where none is audible."""
    duration_s = probe(path).duration_s
    count = int(np.clip(duration_s // EXCERPT_S, 1, MAX_EXCERPTS))
    starts, clips = [], []
    for start_s in np.linspace(0.0, max(0.0, duration_s - EXCERPT_S), count):
        clip = decode(path, SAMPLE_RATE, start_s=float(start_s), duration_s=EXCERPT_S)
        if clip.size >= SHORTEST_S * SAMPLE_RATE and not is_silent(clip):
            starts.append(float(start_s))
            clips.append(clip)
    if not clips:
        raise BadInput(f"“{path.name}” is silent or too short.", "library")
    return starts, clips


def fingerprint(embed: Embed) -> str:
    """Name of an audio encoder: hash of its embedding of a second of noise."""
    noise = np.random.default_rng(7).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    return hashlib.sha256(np.round(embed([noise]).astype(np.float64), 2).tobytes()).hexdigest()[:16]


def store_for(name: str) -> Path:
    """File of an encoder's index between runs of the app, in the user's cache folder."""
    return data_file(f"heard-{name}.npz")  # saved format: the file's name


def data_file(name: str) -> Path:
    """A file in the user's cache folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "sonic-ui" / name


_DAMAGE = (OSError, ValueError, KeyError, EOFError, TypeError, IndexError, SyntaxError, MemoryError)
_BAD_ZIP = (BadZipFile, NotImplementedError, RuntimeError, zlib.error, struct.error)


def read_store(store: Path | None) -> dict[str, Embedded]:
    """What was embedded before; nothing where the file is missing, or damaged in any way."""
    if store is None or not store.is_file():
        return {}
    try:
        with np.load(store) as saved:
            return dict(_entries(saved["digests"], saved["counts"], saved["starts"], saved["embeddings"]))
    except (*_DAMAGE, *_BAD_ZIP) as problem:
        log.info("What was heard before cannot be read from %s: %s", store, problem)
        return {}


def _entries(
    digests: NDArray[np.str_],
    counts: NDArray[np.int64],
    starts: NDArray[np.float32],
    embeddings: NDArray[np.float32],
) -> Iterator[tuple[str, Embedded]]:
    ends = np.cumsum(counts)
    whole = starts.ndim == 1 and embeddings.ndim == 2 and counts.min(initial=1) > 0
    if not whole or not len(starts) == len(embeddings) == ends[-1] or not np.isfinite(embeddings).all():
        raise ValueError("its arrays do not fit together")
    for digest, begin, end in zip(digests, ends - counts, ends, strict=True):
        yield str(digest), (starts[begin:end], embeddings[begin:end])


def write_store(store: Path | None, index: dict[str, Embedded]) -> None:
    """Save an index; where that cannot be done it is left, and a line goes to the log."""
    if store is None or not index:
        return
    partial = store.with_suffix(f".{secrets.token_hex(8)}.tmp.npz")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            partial,
            digests=np.array([*index]),
            counts=np.array([len(starts) for starts, _ in index.values()]),
            starts=np.concatenate([starts for starts, _ in index.values()]),
            embeddings=np.concatenate([embeddings for _, embeddings in index.values()]),
        )
        partial.replace(store)
    except OSError as problem:
        log.info("What was heard is not kept in %s: %s", store, problem)
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)  # nothing half-written stays
