"""How well recordings of the tuning set are named, and what is of no source refused."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata

from sonic_ui.evaluation.metrics import Metric
from sonic_ui.models.open_set import OpenSetHead
from sonic_ui.training.data.recordings import CALIBRATION_GROUPS, Recording
from sonic_ui.training.stages.open_set import acceptance_threshold, recording_log_odds


def area_under_roc(scores: NDArray[np.floating], known: NDArray[np.bool_]) -> float:
    """Probability that a known sound scores above an unknown one, ties half; NaN if either is missing."""
    positives, negatives = int(known.sum()), int((~known).sum())
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(scores)[known].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def label_metrics(first: Sequence[str], sources: Sequence[str]) -> tuple[list[Metric], dict[str, float]]:
    """The first labels are right, over recordings and as the mean over their sources; and by source."""
    truth = np.array(sources)
    hits = np.array(first) == truth
    by_source = {source: float(hits[truth == source].mean()) for source in sorted(set(sources))}
    note = f"{len(hits)} recordings of {len(by_source)} sources"
    return [
        Metric("first label is right, tuning set", float(hits.mean()), note=note),
        Metric("first label is right, mean over sources, tuning set", float(np.mean([*by_source.values()]))),
    ], by_source


def refusal_metrics(scores: NDArray[np.floating], known: NDArray[np.bool_], threshold: float) -> list[Metric]:
    """Known against unknown sounds: area under the ROC, and what the thresholds accept and refuse."""
    own = acceptance_threshold(scores, known)
    note = f"{int(known.sum())} known, {int((~known).sum())} unknown"
    values = {
        "known against unknown, AUROC": area_under_roc(scores, known),
        "unknown refused at 95 % known accepted": float((scores[~known] < own).mean()),
        "unknown refused at the bundle's threshold": float((scores[~known] < threshold).mean()),
        "known accepted at the bundle's threshold": float((scores[known] >= threshold).mean()),
    }
    return [Metric(f"{name}, tuning set", value, note=note) for name, value in values.items()]


def open_set_metrics(
    head: OpenSetHead, clap: Any, feature_extractor: Any, recordings: Sequence[Recording]
) -> list[Metric]:
    """Refusal of the recordings that the head was not calibrated on."""
    others = [r for r in recordings if r.group not in CALIBRATION_GROUPS]
    odds, known = recording_log_odds(head, clap, feature_extractor, others)
    return refusal_metrics(head.probability(torch.from_numpy(odds)).numpy(), known, float(head.threshold))
