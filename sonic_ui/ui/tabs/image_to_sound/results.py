"""The sounds of a picture as files, cards and a video, with words about how they follow the target."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sonic_ui.audio.energy import resample_curve, unit
from sonic_ui.engine.events import LAYERS, SoundResult, Take
from sonic_ui.media.films import FRAME_RATE, write_film
from sonic_ui.media.metadata import readable_name, safe_stem, sidecar, write_sound
from sonic_ui.requests import ImageToSoundRequest
from sonic_ui.ui.api import FILES, Answer
from sonic_ui.ui.components.audio_results import AudioCard, TakeCard
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.fields import label_sentence

PLOTTED = 200
"""Points of a curve in a result."""

PEAKS = 240
"""Of a waveform."""

ORIGIN_WORDS = {"layered": "Layered", "generated": "Generated", "recorded": "Recorded"}

MADE_WORDS = {
    "generate": "generated",
    "recordings": "from recordings",
    "both": "generated and from recordings",
}

CLOSENESS = ((0.9, "follows {} closely"), (0.75, "follows {}"), (0.5, "follows {} loosely"))


def write_takes(context: AppContext, result: SoundResult) -> tuple[Path, ...]:
    """Save every take as WAV with its settings, in a folder of their own."""
    folder, request = context.pictures.new(), result.request
    stem = f"{safe_stem(Path(request.picture).name)}-{request.seed}"
    layers = _layers(result)
    paths = []
    for index, take in enumerate(result.takes):
        number = index // layers
        parts = [
            stem,
            str(number + 1) if len(result.takes) > layers else "",
            take.origin if layers > 1 else "",
        ]
        seed = take.choice.seed if take.choice else request.seed_of(number)
        settings = {**result.settings, "take": index, "seed": seed}
        name = "-".join(filter(None, parts)) + ".wav"
        paths.append(write_sound(take.samples, result.sample_rate, settings, folder / name))
    return tuple(paths)


def _layers(result: SoundResult) -> int:
    """How many sounds one take of a result is."""
    return len(LAYERS) if result.request.source == "both" else 1


def _take_name(result: SoundResult, index: int) -> str:
    """What a sound is called beside the others of its result: "Take 2", "Layered", "Take 2, layered"."""
    layers, take = _layers(result), result.takes[index]
    number = f"Take {index // layers + 1}" if len(result.takes) > layers else ""
    origin = ORIGIN_WORDS[take.origin] if layers > 1 else ""
    return ", ".join(filter(None, (number, origin.lower() if number else origin)))


def audio_card(run: int, result: SoundResult, files: Sequence[Path], picture: Path) -> AudioCard:
    """The card of a finished request; `picture` is what the page shows of it."""
    titles = [closeness(result, take) for take in result.takes]
    names, count = [_take_name(result, index) for index in range(len(titles))], len(titles)
    takes = tuple(
        TakeCard(
            title=f"{names[number]}: {titles[number].lower()}" if names[number] else titles[number],
            name=names[number] or ORIGIN_WORDS[take.origin],
            figures=_figures(take),
            sound=file,
            settings=sidecar(file),
            energy=_plotted(take.energy),
            waveform=_peaks(take.samples),
            lufs=take.lufs,
            sources=_sources(take),
        )
        for number, (take, file) in enumerate(zip(result.takes, files, strict=True))
    )
    title = _title(result)
    seconds = result.takes[0].samples.size / result.sample_rate
    number_of = "One sound" if count == 1 else f"{count} sounds"
    return AudioCard(
        id=f"sounds-{run}",
        title=title,
        detail=_detail(result),
        spoken=f"{number_of} of “{Path(result.request.picture).name}”. {takes[0].title}, {takes[0].figures}.",
        picture=picture,
        seconds=seconds,
        target=None if result.target is None else _plotted(result.target),
        takes=takes,
    )


def _title(result: SoundResult) -> str:
    """What sounds: the concepts that were named, or what the picture shows."""
    named = [name for name, _ in result.request.concept_levels or ()]
    if named:
        return f"Sounds of {' and '.join(filter(None, (', '.join(named[:-1]), named[-1])))}"
    return f"Shows {label_sentence(result.labels)}" if result.labels else "Sounds"


def closeness(result: SoundResult, take: Take) -> str:
    """How a take follows the target, in words."""
    if result.target is None or take.r is None:
        return "As it was recorded" if take.origin == "recorded" else "As it sounds by itself"
    if not np.any(result.target):
        return "Close to silence, as drawn"
    if np.ptp(result.target) < 1e-3:
        return "Even from end to end, as drawn"
    words = next((words for least, words in CLOSENESS if take.r >= least), "hardly follows {}")
    sentence = words.format(_target_words(result.request))
    return sentence[0].upper() + sentence[1:]


def _target_words(request: ImageToSoundRequest) -> str:
    drawn = "your curve" if request.curve is not None else "your moments"
    return drawn if request.mode == "exact" else f"{drawn} as it would sound"


def write_video(result: SoundResult, index: int, stem: Path) -> Path:
    """The picture with one take as a film. Raises `BadInput` where no encoder is installed."""
    take = result.takes[index]
    frames = [result.image] * max(1, round(take.samples.size / result.sample_rate * FRAME_RATE))
    settings = {**result.settings, "take": index}
    return write_film(frames, take.samples, result.sample_rate, stem, settings=settings)


def _plotted(curve: np.ndarray) -> tuple[float, ...]:
    """A curve for the page: PLOTTED points in [0, 1]; the loudest moment is 1."""
    values = np.asarray(curve, np.float32)
    scaled = (
        unit(values) if np.ptp(values) > 1e-3 * max(float(np.abs(values).max(initial=0)), 1e-9) else values
    )
    return tuple(np.clip(resample_curve(scaled, PLOTTED), 0, 1).round(4).tolist())


def _figures(take: Take) -> str:
    parts = [f"{take.lufs:.1f} LUFS".replace("-", "−")]
    if take.r is not None and take.e_l1 is not None:
        parts = [f"r {take.r:.2f}".replace("-", "−"), f"difference {take.e_l1:.2f}", *parts]
    choices = [take.choice, *(part.choice for part in take.concepts)]
    if counts := [choice.count for choice in choices if choice is not None]:
        parts.append(f"best of {counts[0]}")
    return " · ".join(parts)


def _peaks(samples: np.ndarray) -> tuple[float, ...]:
    """The waveform for the page: the largest of |samples| in each of PEAKS parts, 1 in the loudest."""
    loud = np.abs(np.nan_to_num(np.asarray(samples, np.float32)))
    edges = np.linspace(0, loud.size, min(PEAKS, loud.size), endpoint=False).astype(int)
    peaks = np.maximum.reduceat(loud, edges)
    return tuple((peaks / max(float(peaks.max()), 1e-6)).round(3).tolist())


def _sources(take: Take) -> str:
    built = [f"{pick.concept} from {readable_name(pick.excerpt.path)}" for pick in take.picks]
    mixed = [f"{part.name} {part.gain_db:g} dB".replace("-", "−") for part in take.concepts]
    return " · ".join([*(mixed if len(mixed) > 1 else []), *built])


def _detail(result: SoundResult) -> str:
    request = result.request
    parts = [
        Path(request.picture).name,
        f"“{request.prompt[:80]}”" if request.prompt else "",
        MADE_WORDS[request.source],
        f"seed {request.seed}",
        f"{result.elapsed_s:.1f} s",
    ]
    return " · ".join(part for part in parts if part)


def write_answer(context: AppContext, result: SoundResult, session: str) -> tuple[Any, ...]:
    """What the endpoint returns: the takes as files, and the settings with the target and what came out."""
    files = write_takes(context, result)
    target = None if result.target is None else [round(float(level), 4) for level in result.target]
    energy = [[round(float(level), 5) for level in take.energy] for take in result.takes]
    settings = {**result.settings, "notices": [*result.notices], "wish": target, "energy": energy}
    return [str(path) for path in files], settings


ANSWER = Answer(
    {"sounds": FILES, "settings": gr.JSON},
    write_answer,
    """Returns the takes as WAV files, each carrying its settings, and the settings as JSON, with Pearson's r
and E-L1 between target and result, and the target (`wish`) and `energy` themselves, 100 values a second.""",
    noun="sound",
)
