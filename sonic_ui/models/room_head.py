"""Room head: whether a sound is heard in the open air, in a room, a hall or a church.

It reads YAMNet's features, which tell rooms apart far better than CLAP's embedding: that is trained to name
what sounds.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from numpy.typing import NDArray
from torch import Tensor, nn

from sonic_ui.media.captions import Caption, in_room
from sonic_ui.models.audio_captioner import Captioner
from sonic_ui.models.encoders import SoundWindows, read_sounds
from sonic_ui.models.timbre import StandardizedModule
from sonic_ui.models.yamnet import FEATURES
from sonic_ui.requests.fields import ROOM_PHRASES, ROOMS, RoomName

FOLDER = "room_head"
"""Of a bundle that has one."""


class _Perceptron(StandardizedModule):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__(FEATURES)
        self.layers = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(FEATURES, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, len(ROOMS)),
        )

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(self.standardized(features).to(self.layers[1].weight.dtype))


class RoomHead(ModelMixin, ConfigMixin):
    """YAMNet's features [B, FEATURES] -> logits of ROOMS [B, 4].

    indoors_from   probability of the three rooms together from which on one of them is believed: engines and
                   bells resound by themselves
    """

    @register_to_config
    def __init__(self, width: int = 64, dropout: float = 0.4, indoors_from: float = 0.98) -> None:
        super().__init__()
        self.perceptron = _Perceptron(width, dropout)

    def forward(self, features: Tensor) -> Tensor:
        """Logits [B, 4]."""
        return self.perceptron(features)

    @torch.no_grad()
    def rooms(self, sounds: SoundWindows) -> list[tuple[RoomName, float]]:
        """The room of each clip, and its probability. Raises ValueError for an encoder without YAMNet."""
        if sounds.features is None:
            raise ValueError("The room head reads YAMNet's features, and the audio encoder has none.")
        logits = sounds.mean_of_clips(self(sounds.features.to(self.device)).float())
        return [self.room_of(chances) for chances in logits.softmax(-1).tolist()]

    def room_of(self, chances: Sequence[float]) -> tuple[RoomName, float]:
        """The room for probabilities [4] of ROOMS, and its own: the open air unless a room is sure."""
        if 1.0 - chances[0] < float(self.config["indoors_from"]):
            return ROOMS[0], chances[0]
        best = max(range(1, len(ROOMS)), key=chances.__getitem__)
        return ROOMS[best], chances[best]


class RoomCaptioner:
    """A `Captioner` whose captions name the room that a `RoomHead` hears."""

    def __init__(
        self, captioner: Captioner, head: RoomHead, clap: nn.Module, feature_extractor: object
    ) -> None:
        self._captioner, self._head = captioner, head
        self._clap, self._extractor = clap, feature_extractor

    def write(self, samples: NDArray[np.float32], top_k: int = 1, seed: int = 0) -> Caption:
        """As `Captioner.write`."""
        caption = self._captioner.write(samples, top_k, seed)
        ((room, chance),) = self._head.rooms(read_sounds(self._clap, self._extractor, [samples]))
        return in_room(caption, ROOM_PHRASES.get(room, ""), chance)

    def score(self, samples: NDArray[np.float32], text: str) -> Caption:
        """As `Captioner.score`."""
        return self._captioner.score(samples, text)


def load_room_head(bundle: Path) -> RoomHead | None:
    """The room head of a bundle; None where it has none."""
    folder = bundle / FOLDER
    return RoomHead.from_pretrained(folder).eval() if folder.is_dir() else None
