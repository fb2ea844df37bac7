"""Scenes as plain data: what sounds, how strongly, where, when and in which style.

One set of factors drives the picture (`images.render`), the sound (`sounds.render`) and the caption, so
the relations that the papers claim can be measured: a louder source is a larger one, two sources
mixed are two things in one picture, a long reverberation is an indoor place.
"""

from dataclasses import dataclass

import numpy as np

from sonic_ui.requests.fields import ROOM_PHRASES
from sonic_ui.scenes.sources import REGISTRY
from sonic_ui.scenes.spec import INDOOR_PLACES, OUTDOOR_PLACES, SourceSpec

TIMES = ("dawn", "day", "dusk", "night")
STYLES = ("painting", "watercolour", "ink drawing")

SPECS: dict[str, SourceSpec] = {name: source.spec for name, source in REGISTRY.items()}
SOURCES: tuple[str, ...] = tuple(SPECS)
INDOOR_SOURCES = tuple(name for name, spec in SPECS.items() if spec.indoors)

WHEN = {"dawn": "at dawn", "day": "by day", "dusk": "at dusk", "night": "at night"}
"""Times of day as captions have them."""

WHERE = {
    place: {"coast": "at the coast", "mountains": "in the mountains"}.get(place, f"in a {place}")
    for place in OUTDOOR_PLACES
} | dict(ROOM_PHRASES)
"""Places as captions have them."""

QUIET_WORDS = ("quiet", "small", "faint")
LOUD_WORDS = ("loud", "big", "strong")


@dataclass(frozen=True)
class SourceInstance:
    """A source in a scene, with its level in [0, 1]: both how loud and how large it is."""

    name: str
    level: float

    def __post_init__(self) -> None:
        if self.name not in SPECS:
            raise ValueError(f"unknown source {self.name!r}; known: {', '.join(SOURCES)}")
        if not 0.0 <= self.level <= 1.0:
            raise ValueError(f"level of {self.name} is {self.level}; it must lie in [0, 1]")


@dataclass(frozen=True)
class Scene:
    """All factors of one scene. `room` is "dry" outdoors, else equal to the indoor `place`."""

    sources: tuple[SourceInstance, ...]
    time_of_day: str
    place: str
    style: str
    seed: int

    @property
    def room(self) -> str:
        """Acoustic room of the scene: "dry", "room", "hall" or "church"."""
        return self.place if self.place in INDOOR_PLACES else "dry"

    @property
    def levels(self) -> np.ndarray:
        """Levels by source, float32 [len(SOURCES)]; 0 where a source is absent."""
        out = np.zeros(len(SOURCES), np.float32)
        for source in self.sources:
            out[SOURCES.index(source.name)] = source.level
        return out

    @property
    def presence(self) -> np.ndarray:
        """1 where a source is present, float32 [len(SOURCES)]."""
        names = {source.name for source in self.sources}
        return np.array([name in names for name in SOURCES], np.float32)


def _candidates(chosen: list[str], place: str) -> list[str]:
    layers = [SPECS[name].layer for name in chosen]
    out = []
    for name, spec in SPECS.items():
        allowed = spec.indoors if place in INDOOR_PLACES else place in spec.places
        if not allowed or name in chosen:
            continue
        if layers.count(spec.layer) >= (2 if spec.layer == "weather" else 1):
            continue
        out.append(name)
    return out


def sample_scene(
    rng: np.random.Generator,
    *,
    sources: tuple[str, ...] | None = None,
    levels: tuple[float, ...] | None = None,
    indoor_share: float = 0.3,
) -> Scene:
    """Draw a scene: one source (60 %), two (30 %) or three (10 %), each at its own level.

    `sources` and `levels` fix those factors; everything else is drawn from `rng`.
    """
    count = len(sources) if sources else int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))
    names = list(sources) if sources else [str(rng.choice(SOURCES))]
    places = [p for p in OUTDOOR_PLACES if all(p in SPECS[n].places for n in names)]
    if all(SPECS[n].indoors for n in names) and (not places or rng.random() < indoor_share):
        place = str(rng.choice(INDOOR_PLACES))
    else:
        place = str(rng.choice(places or list(OUTDOOR_PLACES)))
    while len(names) < count:
        options = _candidates(names, place)
        if not options:
            break
        names.append(str(rng.choice(options)))
    chosen = levels if levels is not None else tuple(float(v) for v in rng.uniform(0.05, 1.0, len(names)))
    night = max(SPECS[n].night_share for n in names)
    time_of_day = str(rng.choice(TIMES, p=[(1 - night) * 0.25, (1 - night) * 0.5, (1 - night) * 0.25, night]))
    return Scene(
        sources=tuple(SourceInstance(n, v) for n, v in zip(names, chosen, strict=True)),
        time_of_day=time_of_day,
        place=place,
        style=str(rng.choice(STYLES, p=[0.7, 0.16, 0.14])),
        seed=int(rng.integers(2**31)),
    )


def _source_words(source: SourceInstance, rng: np.random.Generator) -> str:
    label = SPECS[source.name].label
    if source.level < 0.33:
        adjective = str(rng.choice(QUIET_WORDS))
    elif source.level > 0.67:
        adjective = str(rng.choice(LOUD_WORDS))
    else:
        return label
    noun = label.removeprefix("a ").removeprefix("an ")
    return f"{adjective} {noun}" if noun == label else f"a {adjective} {noun}"


def caption(scene: Scene, rng: np.random.Generator | None = None, *, full: bool = False) -> str:
    """A sentence for the scene, as a person might type it: source words, place, time, style.

    Place, time and style are each left out sometimes unless `full`. Deterministic by the scene's seed
    when `rng` is not given.
    """
    rng = rng if rng is not None else np.random.default_rng(scene.seed + 1)
    words = " and ".join(_source_words(s, rng) for s in scene.sources)
    if full or rng.random() < 0.6:
        words = f"{article(scene.style)} {scene.style} of {words}"
    if full or rng.random() < 0.6:
        words = f"{words} {WHERE[scene.place]}"
    if full or rng.random() < 0.6:
        words = f"{words} {WHEN[scene.time_of_day]}"
    return words


def caption_words() -> list[str]:
    """All words that captions are made of, in alphabetical order."""
    phrases = [*STYLES, *WHEN.values(), *WHERE.values(), *QUIET_WORDS, *LOUD_WORDS, "a an of and"]
    phrases += [spec.label for spec in SPECS.values()]
    return sorted({word for phrase in phrases for word in phrase.split()})


def article(noun: str) -> str:
    """ "a" or "an", as the noun wants."""
    return "an" if noun[:1] in "aeiou" else "a"
