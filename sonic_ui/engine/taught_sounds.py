"""Sounds that an engine was taught: they are named by their prototypes, since no words were learned for
them.
"""

from typing import Any

import numpy as np

from sonic_ui.bundles import Bundle
from sonic_ui.bundles.taught import WEIGHTS
from sonic_ui.engine.events import AudioAnalysis, Label


def load_prototypes(bundle: Bundle) -> dict[str, Any]:
    """Prototypes by word; none of an engine that was taught nothing."""
    if bundle.taught_folder is None:
        return {}
    from sonic_ui.pipelines.taught import read_prototypes

    return read_prototypes(bundle.taught_folder / WEIGHTS)


def taught_analysis(
    embedding: np.ndarray, labels: tuple[Label, ...], prototypes: dict[str, Any]
) -> AudioAnalysis | None:
    """The analysis of a sound that is of a taught thing, whose label comes first; None for another."""
    if not prototypes:
        return None
    import torch

    from sonic_ui.pipelines.taught import recognise

    found = recognise(torch.from_numpy(embedding).float(), prototypes)
    if found is None:
        return None
    word, share = found
    others = (Label(one.name, one.probability * (1 - share)) for one in labels)
    return AudioAnalysis(embedding, (Label(word, share), *others))
