"""A film on its tab: the card of a result, and the files that go with it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.audio.tracks import time_words
from sonic_ui.engine.cost import FilmCost
from sonic_ui.engine.events import FilmResult, FilmSegment
from sonic_ui.media.metadata import stem_of, write_picture
from sonic_ui.ui import api
from sonic_ui.ui.components.film_view import FilmCard, FilmFrame
from sonic_ui.ui.session.context import AppContext

KIND_WORDS = {"mp4": "film", "gif": "GIF", "frames": "PNG files (ZIP)"}
RETURNS = """Returns the film as a file: MP4 with the track's own sound, GIF, or a ZIP of PNG files; with at_s
the one picture as PNG. And the settings as JSON, which each file carries as well: in these, `segments` says
what is heard from when to when, empty where it is not known."""


def film_card(context: AppContext, number: int, result: FilmResult) -> FilmCard:
    """The card of a finished film; its small pictures are saved."""
    request = result.request
    frames = _write_frames(context, result)
    note = ""
    if result.stopped:
        note = f"Stopped: this is the first {time_words(round(result.duration_s, 1))}."
    return FilmCard(
        id=f"result-{number}",
        title=title_of(result.segments),
        detail=detail_of(result),
        file=result.film,
        label=KIND_WORDS[request.output],
        plays=request.output == "mp4",
        begin_s=result.settings["sound_listened_s"][0],
        duration_s=result.duration_s,
        frames=frames,
        note=" ".join([note, *result.notices]).strip(),
    )


def title_of(segments: tuple[FilmSegment, ...]) -> str:
    """What is heard along a film: "Rain, then a dog, then a train"."""
    names: list[str] = []
    for segment in segments:
        name = segment.label or "something unknown"
        if not names or names[-1] != name:
            names.append(name)
    if len(names) > MOST_NAMES:
        return f"{_capital(', then '.join(names[:MOST_NAMES]))} and {len(names) - MOST_NAMES} changes more"
    return _capital(", then ".join(names)) or "A film"


MOST_NAMES = 5


def detail_of(result: FilmResult) -> str:
    """The line of what made a film."""
    request = result.request
    details = [
        Path(request.sound).name,
        f"“{request.prompt}”" if request.prompt else "",
        f"{time_words(round(result.duration_s, 1))} at {request.fps} frames a second",
        f"{result.painted} pictures painted",
        f"seed {request.seed}",
        time_words(round(result.elapsed_s, 1)),
    ]
    return " · ".join(one for one in details if one)


def cost_words(cost: FilmCost, seconds: float | None) -> str:
    """What a film will take: "42 pictures to paint for 360 frames: about 25 s"."""
    painted = f"{cost.pictures} {'picture' if cost.pictures == 1 else 'pictures'} to paint"
    if cost.kept and cost.pictures:
        painted += f", {cost.kept} are there already,"
    if not cost.pictures:
        painted = f"All {cost.kept} pictures are there already" if cost.kept > 1 else "Its picture is there"
        painted += "; nothing is painted"
    about = "" if seconds is None else f": about {time_words(_rounded(seconds))}"
    return f"{painted} for {cost.frames} frames{about}."


def _rounded(seconds: float) -> float:
    """Seconds as exact as an estimate is."""
    step = 1 if seconds < 10 else 5 if seconds < 60 else 10 if seconds < 600 else 60
    return max(1, step * round(seconds / step))


def sound_words(segments: tuple[FilmSegment, ...], at_s: float) -> str:
    """What is heard at a second, in words."""
    here = [segment for segment in segments if at_s < segment.end_s] or [*segments[-1:]]
    label = here[0].label if here else ""
    return f"where {label} is heard" if label else "where the sound is not known"


def _write_frames(context: AppContext, result: FilmResult) -> tuple[FilmFrame, ...]:
    folder, stem = context.pictures.new(), stem_of(result.settings)
    frames = []
    for image, at_s in zip(result.images, result.times, strict=True):
        path = folder / f"{stem}-at-{at_s:.2f}s.png"
        write_picture(image, {**result.settings, "at_s": round(at_s, 3)}, path)
        words = f"Picture of the film at {at_s:.1f} seconds, {sound_words(result.segments, at_s)}."
        frames.append(FilmFrame(at_s, path, f"{at_s:.1f} s", words))
    return tuple(frames)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _answer(context: AppContext, result: FilmResult, session: str) -> tuple[Any, ...]:
    settings = {
        **result.settings,
        "segments": [asdict(one) for one in result.segments],
        "frames": result.frames,
        "painted": result.painted,
        "duration_s": round(result.duration_s, 3),
        "stopped": result.stopped,
        "notices": [*result.notices],
    }
    return str(result.film), settings


ANSWER = api.Answer({"film": gr.File, "settings": gr.JSON}, _answer, RETURNS, "film")
