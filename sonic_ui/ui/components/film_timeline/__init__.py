"""The timeline of a film: the editor of a sound, and below it what is heard along it, loudness, beats,
pictures.

What the script takes besides the editor's own value is said at the top of `film_timeline.js`.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.tracks import HOP_S, LEVEL_S
from sonic_ui.engine.events import FilmSegment
from sonic_ui.engine.tracks import TrackAnalysis
from sonic_ui.requests.make_film import LONGEST_FILM_S, SHORTEST_FILM_S
from sonic_ui.ui.components.base import Value, file_payload, html_component
from sonic_ui.ui.components.sound_editor import EMPTY, SCRIPTS, WAITING, editor_options

LEVEL_RANGE_DB = 48.0
MOST_LABELS = 8
LEAST_SHARE = 0.2
"""Names that never reach this share are left out of the drawing."""

INVITATION = "Drop a track here, record one, or try one of the examples: the film follows it."


def film_timeline(name: str, label: str, *, sounds: bool) -> gr.HTML:
    """The timeline of the sound input `name`, which is also the name of its tab.

    sounds   whether there is a sound from the start
    """
    return html_component(
        "film_timeline",
        WAITING if sounds else EMPTY,
        scripts=[*SCRIPTS, "sound_editor"],
        elem_id=f"{name}-drawing",
        tab=name,
        **editor_options(name, label, SHORTEST_FILM_S, LONGEST_FILM_S, LONGEST_FILM_S, INVITATION),
        gain=None,
        batch=0,
    )


def listening(words: str) -> Value:
    """The lanes of a track that is still listened to."""
    return {"state": "listening", "words": words}


def lanes_value(track: TrackAnalysis, segments: Sequence[FilmSegment], words: str) -> Value:
    """The lanes of a track; `words` stand below them."""
    order = np.argsort(-track.probabilities.max(0)) if track.probabilities.shape[1] else np.zeros(0, int)
    chosen = [int(k) for k in order[:MOST_LABELS] if track.probabilities[:, k].max() >= LEAST_SHARE]
    begins = [one.begin_s for one in segments]
    at = np.maximum(0, np.searchsorted(begins, track.times, side="right") - 1)
    is_named = np.array([bool(one.label) for one in segments])[at]
    shares = np.where(is_named[:, None], track.probabilities[:, chosen], 0.0)
    top_db = float(np.percentile(track.levels.power_db, 98))
    levels = np.clip(1 + (track.levels.power_db - top_db) / LEVEL_RANGE_DB, 0.0, 1.0)
    rhythm = track.rhythm
    return {
        "state": "heard",
        "begin_s": track.part.begin_s,
        "labels": [track.labels[k] for k in chosen],
        "shares": _packed(shares),
        "first_s": float(track.times[0]) if len(track.times) else 0.0,
        "hop_s": HOP_S,
        "segments": [[one.begin_s, one.end_s, one.label] for one in segments],
        "level_s": LEVEL_S,
        "levels": _packed(levels),
        "beats": _rounded(rhythm.beats),
        "bars": _rounded(rhythm.bars),
        "onsets": _rounded(rhythm.onsets),
        "words": words,
    }


def still(at_s: float, path: Path, words: str) -> Value:
    """The picture of a moment, as the answer to `look`."""
    return {"at": at_s, "frame": {"file": file_payload(path), "name": path.name, "words": words}, "words": ""}


def no_still(at_s: float, words: str) -> Value:
    """Why a moment has no picture."""
    return {"at": at_s, "frame": None, "words": words}


def _packed(values: NDArray[np.floating]) -> str:
    return base64.b64encode(np.round(255 * np.clip(values, 0, 1)).astype(np.uint8).tobytes()).decode()


def _rounded(times: NDArray[np.float64]) -> list[float]:
    return [round(float(one), 2) for one in times]
