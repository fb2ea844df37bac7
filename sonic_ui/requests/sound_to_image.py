"""Paint what a sound depicts."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from sonic_ui.requests.aspects import SQUARE, Aspect
from sonic_ui.requests.base import SEEDS, EndS, PaintingRequest, StartS
from sonic_ui.requests.fields import Range, SoundPath
from sonic_ui.requests.quality import DRAFT, FINE, Quality
from sonic_ui.requests.variations import Variation, VariationList, variations_of

COUNT = Range("Number of pictures", 1, 8, 1, 1, whole=True)
GAIN = Range("Gain in dB", -48.0, 24.0, 0.1, 0.0)
GainDb = Annotated[float, GAIN]


class SoundToImageRequest(PaintingRequest):
    """Paint what a sound depicts.

    sound            path of a sound file
    start_s, end_s   the part to listen to, in seconds; None listens to the loudest part of a long clip
    gain_db          make the sound louder or softer before listening
    count            number of pictures; picture i starts from seed + i
    variations       pairs (seed, amount): the initial noise is blended with that of each seed in turn, along
                     the arc between both (slerp); amount 0 leaves the picture as it is, 1 is that seed's
                     picture. Where there are any, all pictures start from `seed`, and picture i takes the
                     last one's seed + i
    aspect           width to height, one that the engine offers
    quality          "draft" paints in the bundle's few steps without guidance, whatever `steps` and
                     `guidance_scale` say, where it has weights for that
    """

    verb: Literal["sound_to_image"] = "sound_to_image"
    sound: SoundPath
    start_s: StartS = None
    end_s: EndS = None
    gain_db: GainDb = 0.0
    count: Annotated[int, COUNT] = 1
    variations: VariationList = ()
    aspect: Aspect = SQUARE
    quality: Quality = FINE

    def with_defaults(self, defaults: Mapping[str, Any]) -> Self:
        """As every request; a draft takes the bundle's steps and guidance of drafts."""
        draft = defaults.get(DRAFT)
        if self.quality == DRAFT and isinstance(draft, Mapping):
            return self.changed(steps=draft["steps"], guidance_scale=draft["guidance_scale"])
        return super().with_defaults(defaults)

    @property
    def outputs(self) -> int:
        return self.count

    def seed_of(self, number: int) -> int:
        return self.seed if self.variations else (self.seed + number) % SEEDS

    def variations_of(self, number: int) -> tuple[Variation, ...]:
        return variations_of(self.variations, number)
