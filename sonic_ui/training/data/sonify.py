"""Sounds for pictures out of a folder of recordings: `python -m sonic_ui.training sonify PICTURES SOUNDS`.

Seeing Sound, section 3.3: what a picture names takes one recording each by text-to-audio similarity
(Algorithm 1, `retrieval/library.py`), each is brought to a loudness drawn from a range, and all are summed.
Beside the pairs goes `metadata.jsonl`: of each picture a set of entries, a recording tied to a concept with
its LUFS and its matching score (appendix A.1).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from sonic_ui.media.images import load_picture
from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput
from sonic_ui.retrieval.library import EXCERPT_S, Concept, Library, Pick, Vector, build_sound
from sonic_ui.training.data.pairs import (
    MOST_PAIRS,
    PICTURE_SUFFIXES,
    SILENT_PICTURE,
    Pair,
    PairsFound,
    Report,
    files_of,
    is_silent_caption,
    write_piece,
    write_shown,
)

LUFS_RANGE = (-30.0, -18.0)
"""From which the loudness of each concept is drawn."""
MOST_CONCEPTS = 4
NO_CONCEPT = "Nothing that sounds is named for it: put what does into “{stem}.txt”, separated by commas."

EmbedWords = Callable[[Sequence[str]], Vector]
"""Names -> embeddings [N, D] in the library's space."""
NameConcepts = Callable[[Image.Image], Sequence[str]]
"""What in a picture sounds."""


def sonify(
    pictures: Path,
    library: Library,
    embed_words: EmbedWords,
    out: Path,
    *,
    concepts: NameConcepts | None = None,
    most: int = MOST_PAIRS,
    seed: int = 0,
    report: Report = print,
) -> PairsFound:
    """Write a sound of EXCERPT_S for each picture of a folder, with `pairs.jsonl` and `metadata.jsonl`.

    Names of what sounds come from a text file beside the picture, separated by commas; else from `concepts`.
    A picture that cannot be used is refused with a sentence, and the others go on. Raises BadInput where
    none is left, and for a full disk: then no list of pairs is left.
    """
    files = [path for path in files_of(pictures) if path.suffix.lower() in PICTURE_SUFFIXES]
    found, every, partial = PairsFound(), max(1, len(files) // 50), out / "pairs.part"
    with writing(partial, out / "metadata.part"):
        for name in ("sounds", "pictures"):
            (out / name).mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8") as lines, (out / "metadata.part").open("w") as entries:
            for number, path in enumerate(files):
                if number % every == 0:
                    report(f"{number:,} of {len(files):,} pictures, {len(found.pairs):,} pairs")
                if len(found.pairs) >= most:
                    found.is_full = True
                    break
                try:
                    names, picture = _names_of(path, concepts)
                    pair, picks = _sounded(
                        path, pictures, picture, names, library, embed_words, out, seed + number
                    )
                except BadInput as problem:
                    if problem.field == "disk":
                        raise
                    found.refused[path.relative_to(pictures.resolve()).as_posix()] = problem.message
                    continue
                found.pairs.append(pair)
                lines.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")
                entries.write(json.dumps({"picture": pair.picture, "entries": _entries(picks)}) + "\n")
        if not found.pairs:
            first = next(iter(found.refused.values()), "There is no picture in it.")
            raise BadInput(f"No picture in “{pictures.name}” can be given a sound. {first}", "folder")
        partial.replace(out / "pairs.jsonl")
        (out / "metadata.part").replace(out / "metadata.jsonl")
    return found


def _names_of(path: Path, concepts: NameConcepts | None) -> tuple[list[str], Image.Image]:
    """What sounds in a picture, and the picture. Raises BadInput where nothing is named."""
    picture, beside = load_picture(path), path.with_suffix(".txt")
    text = beside.read_text(encoding="utf-8", errors="ignore")[:2000] if beside.is_file() else ""
    if is_silent_caption(text):
        raise BadInput(SILENT_PICTURE.format(caption=" ".join(text.split())), "picture")
    names = [" ".join(part.split()) for part in text.split(",") if part.strip()]
    if not names and concepts is not None:
        names = list(concepts(picture))
    if not names:
        raise BadInput(NO_CONCEPT.format(stem=path.stem), "picture")
    return names[:MOST_CONCEPTS], picture


def _sounded(
    path: Path,
    folder: Path,
    picture: Image.Image,
    names: Sequence[str],
    library: Library,
    embed_words: EmbedWords,
    out: Path,
    seed: int,
) -> tuple[Pair, tuple[Pick, ...]]:
    vectors = embed_words(names)
    samples, picks = build_sound(
        [Concept(name, vector) for name, vector in zip(names, vectors, strict=True)],
        library,
        None,
        duration_s=EXCERPT_S,
        lufs_range=LUFS_RANGE,
        loudness_lufs=None,
        flatten=False,
        seed=seed,
    )
    name = f"{seed:06d}-{path.stem[:60]}"
    sound = write_piece(out / "sounds" / f"{name}.flac", samples)
    shown = write_shown(out / "pictures" / f"{name}.jpg", picture)
    source = path.relative_to(folder.resolve()).as_posix()
    return Pair(f"sounds/{sound}", f"pictures/{shown}", ", ".join(names), source, 0.0), picks


def _entries(picks: Sequence[Pick]) -> list[dict[str, object]]:
    return [
        {
            "concept": one.concept,
            "file": one.excerpt.path.name,
            "sha256": one.excerpt.digest,
            "start_s": round(one.excerpt.start_s, 3),
            "lufs": round(one.lufs, 2),
            "similarity": round(one.similarity, 4),
        }
        for one in picks
    ]
