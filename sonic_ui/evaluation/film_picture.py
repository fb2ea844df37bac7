"""The example track that the tab "Film" offers, and the README's picture of a film: frames under the
timeline."""

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import soundfile
from PIL import Image

from sonic_ui.audio.clips import load_clip
from sonic_ui.audio.style import DARK_GROUND, DARK_TEXT, ENERGY
from sonic_ui.audio.tracks import LEVEL_S, read_part
from sonic_ui.engine.events import CancelToken, FilmResult, FilmSegment
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.tracks import TrackAnalysis
from sonic_ui.evaluation.film_metrics import SIX, frames_of, made_track
from sonic_ui.media.temporary import new_folder
from sonic_ui.requests import MakeFilmRequest

RATE = 48_000
WALK = ("birds", "stream", "dog", "church_bell", "train", "rain", "crackling_fire")
"""Example sounds that follow each other in the example track."""
PART_S, FADE_S = 4.5, 0.25
TITLE, STEM, COVER = "A walk", "a_walk", "stream.png"
SEED = 21
FRAMES, SIDE = 14, 112
TINTS = ("#86c5ea", "#e0a45c", "#7fc99a", "#d98b8b", "#b6a5e8", "#8fd3cf", "#d6c46b")


def write_example_track(folder: Path) -> Path:
    """Join the example sounds to one track, and list it in `tracks.json`; returns its path."""
    fade = np.linspace(0.0, 1.0, round(FADE_S * RATE), dtype=np.float32)
    track = np.zeros(0, np.float32)
    for name in WALK:
        samples = load_clip(folder / "sounds" / f"{name}.mp3", RATE, start_s=0.0, end_s=PART_S).samples
        if track.size:
            over = np.sqrt(1 - fade) * track[-fade.size :] + np.sqrt(fade) * samples[: fade.size]
            track = np.concatenate([track[: -fade.size], over, samples[fade.size :]])
        else:
            track = samples
    path = folder / "tracks" / f"{STEM}.mp3"
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, track, RATE)
    entries = [{"file": f"tracks/{path.name}", "title": TITLE, "picture": COVER}]
    (folder / "tracks.json").write_text(json.dumps(entries, indent=2) + "\n")
    return path


def write_film_picture(bundle: Path, path: Path) -> Path:
    """The film that the evaluation measures: what is heard, how loud, and frames of the film under it."""
    studio = Studio(LocalBackend(str(bundle)))
    studio.backend.load()
    with new_folder() as folder:
        sound = str(made_track(Path(folder), SIX, 0).path)
        return _write_picture(studio, sound, path)


def _write_picture(studio: Studio, sound: str, path: Path) -> Path:
    *_, result = studio.run(MakeFilmRequest(sound=sound, seed=SEED))
    *_, track = studio.hear_track(read_part(sound), CancelToken())
    if not (isinstance(result, FilmResult) and isinstance(track, TrackAnalysis)):
        raise TypeError("no film came")
    frames = [*frames_of(result.film)]
    drawing = draw_film(result.segments, track, frames)
    drawing.save(path, optimize=True)
    return path


def draw_film(
    segments: Sequence[FilmSegment], track: TrackAnalysis, frames: list[Image.Image]
) -> Image.Image:
    """Lanes over a strip of frames, to one scale."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    width = FRAMES * SIDE
    figure, (names, levels) = pyplot.subplots(
        2, 1, figsize=(width / 100, 1.0), dpi=100, height_ratios=(1, 1.4), facecolor=DARK_GROUND
    )
    begin_s, end_s = track.part.begin_s, track.part.end_s
    known = sorted({one.label for one in segments})
    for one in segments:
        tint = TINTS[known.index(one.label) % len(TINTS)]
        names.barh(
            0, one.end_s - one.begin_s, left=one.begin_s, height=0.9, color=tint, edgecolor=DARK_GROUND
        )
        names.text(
            (one.begin_s + one.end_s) / 2, 0, one.label or "not known", ha="center", va="center", fontsize=9
        )
    power = np.clip(track.levels.power_db, -50.0, 0.0)
    times = begin_s + (np.arange(power.size) + 0.5) * LEVEL_S
    levels.fill_between(times, -50.0, power, color=ENERGY, linewidth=0)
    levels.vlines(track.rhythm.onsets, -6.0, 0.0, color=DARK_TEXT, linewidth=0.6)
    for axes in (names, levels):
        axes.set_xlim(begin_s, end_s)
        axes.set_axis_off()
    figure.subplots_adjust(0, 0, 1, 1, hspace=0.08)
    figure.canvas.draw()
    lanes = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    pyplot.close(figure)
    sheet = Image.new("RGB", (width, lanes.height + SIDE), DARK_GROUND)
    sheet.paste(lanes, (0, 0))
    for column in range(FRAMES):
        frame = frames[round((column + 0.5) * len(frames) / FRAMES - 0.5)]
        sheet.paste(
            frame.resize((SIDE - 2, SIDE - 2), Image.Resampling.LANCZOS), (column * SIDE + 1, lanes.height)
        )
    return sheet
