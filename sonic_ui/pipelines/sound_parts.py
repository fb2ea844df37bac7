"""Parts of a sound in which one thing follows another, to condition a picture beside the whole.

The embedding of a clip is the mean over its windows, in which two things one after the other are hardly told
from a third. Seeing Sound (section 3.4) conditions on the encoder's time series instead.
"""

import numpy as np
from numpy.typing import NDArray

from sonic_ui.models.encoders import SAMPLE_RATE, windows_of

Samples = NDArray[np.float32]
Embeddings = NDArray[np.float32]

PART_S = 5.0
SAME = 0.6
"""Cosine from which on two parts are heard as the same thing: of pairs of one source nine in ten are above
0.8, of pairs of two sources none is above 0.45 (32 and 16 pairs of the miniature's)."""


def parts_of(samples: Samples) -> list[Samples]:
    """As few parts of PART_S as cover a clip [T]; one where that is no longer."""
    return windows_of(samples, round(PART_S * SAMPLE_RATE))


def are_unlike(embeddings: Embeddings) -> bool:
    """Whether any two parts of a clip are heard as different things, by embeddings [W, D] of unit length."""
    return float((embeddings @ embeddings.T).min()) < SAME
