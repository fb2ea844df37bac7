"""Parts of a sound in which one thing follows another, to condition a picture beside the whole."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sonic_ui.models.encoders import SAMPLE_RATE, windows_of

Samples = NDArray[np.float32]
Embeddings = NDArray[np.float32]

PART_S = 5.0
SAME = 0.6
"""Cosine from which on two parts are heard as the same thing: of pairs of one source nine in ten are above
0.8, of pairs of two sources none is above 0.45 (32 and 16 pairs of the miniature's)."""


def unlike_parts(samples: Samples, embed: Callable[[list[Samples]], Embeddings]) -> list[Embeddings]:
    """Embeddings [D] of as few parts of PART_S as cover a clip [T]; none where all of them are heard alike.

    The embedding of a clip is the mean over its windows, in which two things one after the other are hardly
    told from a third. Seeing Sound (section 3.4) conditions on the encoder's time series instead.

    embed   parts -> embeddings [W, D], unit length
    """
    length = round(PART_S * SAMPLE_RATE)
    if samples.size <= length:
        return []
    parts = embed(windows_of(samples, length))
    return [] if float((parts @ parts.T).min()) >= SAME else [*parts]
