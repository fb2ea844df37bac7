"""CLAP that hears with YAMNet's features as well: what strangers' recordings have in common.

The encoder before it (`TimbreClapModel`) was trained on few recordings and on a synthesised world. A
perceptron on YAMNet's features (`models/yamnet.py`) corrects its embedding; on the world's own sounds it has
learned to leave it as it is, so that whatever reads the embedding goes on to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import ClapConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

from sonic_ui.models.quantized import quantize_linears
from sonic_ui.models.timbre import StandardizedModule, TimbreClapModel
from sonic_ui.models.yamnet import FEATURES, YamnetFeatures, yamnet_patches

__all__ = ["PreTrainedModel", "TagHead", "TaggedClapModel", "TaggedOutput"]  # diffusers reads the first


@dataclass
class TaggedOutput(BaseModelOutputWithPooling):
    """Output of `TaggedClapModel`; `tags` [B, W] are the hidden features of its `TagHead`, `features`
    [B, FEATURES] those of YAMNet that it read.
    """

    tags: Tensor | None = None
    features: Tensor | None = None


class TagHead(StandardizedModule):
    """YAMNet's features [B, FEATURES] and an embedding [B, D] -> hidden features [B, W], and what these add
    to the embedding [B, D].
    """

    def __init__(self, width: int, embedding_dim: int, dropout: float = 0.3) -> None:
        super().__init__(FEATURES)
        self.hidden = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(FEATURES + embedding_dim, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.GELU(),
        )
        self.change = nn.Linear(width, embedding_dim)
        nn.init.zeros_(self.change.weight)  # nothing yet
        nn.init.zeros_(self.change.bias)

    def forward(self, features: Tensor, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """`embedding` is L2-normalised."""
        scaled = embedding.float() * embedding.shape[-1] ** 0.5
        hidden = self.hidden(torch.cat([self.standardized(features), scaled], -1).to(self.change.bias.dtype))
        return hidden, self.change(hidden)


class TaggedClapModel(TimbreClapModel):
    """A `TimbreClapModel` whose audio embedding a `TagHead` corrects.

    The config's `tags_width` is that perceptron's width; `quantized`: that the linear layers of both
    perceptrons are int8 (`models/quantized.py`), as they are shipped.
    """

    def __init__(self, config: ClapConfig) -> None:
        super().__init__(config)
        self.yamnet = YamnetFeatures()
        self.tags = TagHead(int(getattr(config, "tags_width", 192)), int(config.projection_dim))
        if getattr(config, "quantized", False):
            self.quantize()

    def quantize(self) -> None:
        """Store the perceptrons' weights as int8."""
        self.config.quantized = True
        quantize_linears(self.timbre)
        quantize_linears(self.tags)

    def waveform_inputs(self, windows: Sequence[NDArray[np.float32]], sample_rate: int) -> dict[str, Tensor]:
        """What `get_audio_features` reads of windows of samples besides their log-mels."""
        return {"patches": yamnet_patches(windows, sample_rate)}

    def get_audio_features(
        self,
        input_features: Tensor,
        is_longer: Tensor | None = None,
        patches: Tensor | None = None,
        **kwargs: Any,
    ) -> BaseModelOutputWithPooling:
        """As `ClapModel.get_audio_features`; `pooler_output` [B, D] is L2-normalised before the correction.

        patches   as `yamnet_patches` gives them; without them nothing is corrected
        """
        output = super().get_audio_features(input_features=input_features, is_longer=is_longer, **kwargs)
        if patches is None:
            return output
        embedding = F.normalize(output.pooler_output.float(), dim=-1)
        features = self.yamnet(patches.to(embedding.device))
        hidden, change = self.tags(features, embedding)
        return TaggedOutput(
            last_hidden_state=output.last_hidden_state,
            pooler_output=embedding + change.float(),
            tags=hidden.float(),
            features=features,
        )
