"""Open-set head: what tells the sources and any other kind by the `TagHead`'s hidden features, calibrated on
recordings apart from training.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sonic_ui.audio.clips import load_clip
from sonic_ui.models.encoders import read_sounds
from sonic_ui.models.open_set import TAGS, OpenSetHead, known_log_odds
from sonic_ui.scenes.world import SOURCES
from sonic_ui.training.data.recordings import CALIBRATION_GROUPS, TUNE, Recording, read_recordings
from sonic_ui.training.data.sounds import SAMPLE_RATE
from sonic_ui.training.run import Run, stage
from sonic_ui.training.stages.clap import build_feature_extractor
from sonic_ui.training.stages.spectral_stats import trained_clap
from sonic_ui.training.stages.tags import trained_tags

ACCEPTED = 0.95
"""Share of known recordings whose probability reaches the threshold."""


def new_open_set(run: Run) -> OpenSetHead:
    return OpenSetHead(len(SOURCES), int(run.recipe["tags"]["width"]), TAGS)


@stage("open_set")
def calibrate_open_set(run: Run) -> None:
    """Store the kinds that were trained beside the `TagHead`; calibrate where there are recordings."""
    path = run.checkpoint("open_set")
    if path.exists():
        return
    head = new_open_set(run).eval()
    head.kinds.load_state_dict(trained_tags(run).kinds.state_dict())
    data = Path(run.recipe["world"]["recordings"])
    recordings = [r for r in read_recordings(data, (TUNE,)) if r.group in CALIBRATION_GROUPS]
    if recordings:
        extractor: Any = build_feature_extractor()
        found = recording_log_odds(head, trained_clap(run), extractor, recordings)
        for name, value in calibration(*found).items():
            getattr(head, name).fill_(value)
    path.parent.mkdir(parents=True, exist_ok=True)
    state = head.state_dict()
    torch.save({"step": 0, "module": state, "average": state}, path)


def trained_open_set(run: Run) -> OpenSetHead:
    """The calibrated head, loaded anew."""
    return run.load("open_set", new_open_set(run))


def recording_log_odds(
    head: OpenSetHead, clap: Any, feature_extractor: Any, recordings: Sequence[Recording]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Log-odds [N] of the recordings that are no ambiguous ones, and whether each is of a source [N].

    They are read as the app does it: at most the loudest 10 s of each.
    """
    sure = [recording for recording in recordings if not recording.is_ambiguous]
    clips = [np.asarray(load_clip(one.path, SAMPLE_RATE).samples, np.float32) for one in sure]
    odds = [float(known_log_odds(head, read_sounds(clap, feature_extractor, [clip]))[0]) for clip in clips]
    return np.array(odds), np.array([recording.source is not None for recording in sure])


def acceptance_threshold(
    scores: NDArray[np.floating], known: NDArray[np.bool_], accepted: float = ACCEPTED
) -> float:
    """The highest score that at least the share `accepted` of known sounds reaches."""
    values = np.sort(np.asarray(scores, float)[known])
    return float(values[int(np.floor((1.0 - accepted) * len(values) + 1e-9))])


def calibration(log_odds: NDArray[np.floating], known: NDArray[np.bool_]) -> dict[str, float]:
    """Platt's scale and offset of log-odds [N], known and unknown weighing the same in all; the threshold."""
    from scipy.optimize import minimize

    y = known.astype(float)
    weight = np.where(known, 0.5 / max(y.sum(), 1.0), 0.5 / max((1 - y).sum(), 1.0))

    def cost(parameters: NDArray[np.float64]) -> float:
        z = parameters[0] * log_odds + parameters[1]
        return float((weight * (np.logaddexp(0.0, z) - y * z)).sum() + 1e-3 * (parameters[0] - 1.0) ** 2)

    scale, offset = minimize(cost, np.array([1.0, 0.0]), method="Nelder-Mead").x
    scale = max(float(scale), 1e-3)
    probability = 1.0 / (1.0 + np.exp(-(scale * log_odds + offset)))
    return {"scale": scale, "offset": float(offset), "threshold": acceptance_threshold(probability, known)}
