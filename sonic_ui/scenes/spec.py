"""Specification of a source, and the places where sources are found."""

from dataclasses import dataclass

from sonic_ui.requests.fields import ROOM_PHRASES

LAND_PLACES = ("meadow", "mountains", "forest", "town")
OUTDOOR_PLACES = (*LAND_PLACES, "coast")
INDOOR_PLACES = tuple(ROOM_PHRASES)


@dataclass(frozen=True)
class SourceSpec:
    """Kind of sounding thing, without its picture and its sound.

    `class_id` is its column in the outputs of classifiers and its row in saved vocabularies: it never
    changes, and a new source takes the next one. `label` is what people call it; `places` are the outdoor
    places where it is found; `indoors` says whether it may stand in a room; `layer` says where in the picture
    it lives, and `z_order` when it is painted: from the smallest (far) to the largest (near). A source
    that is `everywhere` has no position. The sky darkens to `storm[0] + storm[1] * level`; `night_share` of
    its scenes are at night.
    """

    class_id: int
    label: str
    places: tuple[str, ...]
    indoors: bool
    layer: str  # "weather", "sky", "water", "ground"
    z_order: int
    everywhere: bool = False
    storm: tuple[float, float] = (0.0, 0.0)
    night_share: float = 0.2
