"""Registry of sources: each module of this folder is one, named as the file, and defines

- `SPEC`: a `SourceSpec` with the next free `class_id`;
- `paint(canvas, level, x)`: its picture about the position `x`; more level, larger, nearer or more of it;
- `synthesise(synth, level)`: its sound [n], however loud; the level changes its density and character.

A new source is a new file here, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from sonic_ui.scenes.images.canvas import Canvas
from sonic_ui.scenes.sounds.synthesis import Signal, Synth
from sonic_ui.scenes.spec import SourceSpec


@dataclass(frozen=True)
class Source:
    """Spec, picture and sound of a source."""

    spec: SourceSpec
    paint: Callable[[Canvas, float, float], None]
    synthesise: Callable[[Synth, float], Signal]


def discover() -> dict[str, Source]:
    """Sources of this folder by name, in the order of their class ids.

    Raises ValueError unless the class ids are 0, 1, 2, ...: what networks learnt depends on them.
    """
    modules = {found.name: import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)}
    sources = {name: Source(one.SPEC, one.paint, one.synthesise) for name, one in modules.items()}
    ordered = dict(sorted(sources.items(), key=lambda item: item[1].spec.class_id))
    ids = {name: source.spec.class_id for name, source in ordered.items()}
    if list(ids.values()) != list(range(len(ids))):
        raise ValueError(f"class ids of sources must be 0, 1, 2, ... each once; they are {ids}")
    return ordered


REGISTRY = discover()
