"""The package speaks the field's language: words that a newcomer would have to learn stand in no name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "sonic_ui"

INSTEAD = {
    "told": "metadata, has_sketch or a condition's noun: who tells whom is not visible in a name",
    "said": "settings, metadata or message",
    "asked": "request or requested",
    "heard": "embedded, embedding, analysis or the audio itself",
    "ear": "the class's job: RecordingIndexer, ClapClassifier, SpectralStatsHead",
    "ears": "audio_encoder, encoder_dim or the page's SoundInputHandlers",
    "mouth": "projector_dim or vocoder",
    "shelf": "cache, as every programmer calls it",
    "lending": "engine_api or server: an engine that serves clients",
    "telling": "metadata or reporting",
    "looking": "image inputs or image analysis",
    "gliding": "interpolation or interpolating",
    "wish": "target, or sketch where a person drew it",
}
"""Words that stand in no name, as a part of snake_case or CamelCase, and what stands there instead."""

SCENES_ONLY = "place"
"""It once meant a position from 0 to 1, a file's offset, a layer, a slot of the page and a scene's location.
The last keeps it; elsewhere it is position, offset, layer, hook_point, slot or index."""

SAVED: frozenset[str] = frozenset()
"""Names with such a word that saved formats hold, each with its format in a comment. Today none: `heard_s` of
preprocessor_config.json, the folder `judge` of bundles, and PictureJudge and SoundMapper of their config.json
and model_index.json are read as text or by aliases without such words."""


def parts_of(name: str) -> set[str]:
    """The words of a snake_case or CamelCase name, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def names_in(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Functions, classes, parameters and attributes (of modules and classes too) that a module defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        if isinstance(node, ast.arg):
            yield node.arg, node.lineno
        if isinstance(node, ast.Module | ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.Assign | ast.AnnAssign):
                    for name in ast.walk(statement):
                        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                            yield name.id, name.lineno


def problems_of(path: Path) -> list[str]:
    """What stands in the way in one file: its name, and every name that it defines."""
    relative = path.relative_to(PACKAGE)
    banned = set(INSTEAD) | (set() if relative.parts[0] == "scenes" else {SCENES_ONLY, f"{SCENES_ONLY}s"})
    names = [(part.removesuffix(".py"), 0) for part in relative.parts]
    names += names_in(ast.parse(path.read_text(encoding="utf-8")))
    return [
        f"{relative}:{line}: {name} ({', '.join(INSTEAD.get(word, SCENES_ONLY) for word in found)})"
        for name, line in names
        if name not in SAVED and (found := sorted(parts_of(name) & banned))
    ]


def test_the_rule_itself_catches_what_it_should() -> None:
    source = (
        "class WishList:\n    shelf: int\n    def hear_me(self, told): self.places = 1\nplacement = clear = 0"
    )
    found = [name for name, _ in names_in(ast.parse(source)) if parts_of(name) & {*INSTEAD, "places"}]
    assert sorted(found) == ["WishList", "places", "shelf", "told"]
    assert parts_of("KEPT_CLAPEars2") == {"kept", "clap", "ears"}


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_names_are_the_fields(path: Path) -> None:
    assert problems_of(path) == []
