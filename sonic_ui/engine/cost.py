"""How long a request may hold a GPU that is lent by the second, and what a film takes before it starts.

Seconds of a lent GPU are requested in advance, not measured: work that needs more is ended, so they are
generous. What a film takes is told from what this engine has taken so far.
"""

from dataclasses import dataclass

from sonic_ui.engine.pace import Pace
from sonic_ui.pipelines.latent_windows import window_count
from sonic_ui.requests import (
    BadInput,
    EditImageRequest,
    GeneratingRequest,
    ImageToSoundRequest,
    InterpolateRequest,
    LearnWordRequest,
    MakeFilmRequest,
    MakingRequest,
    UpscaleImageRequest,
)
from sonic_ui.requests.edit_image import OwnPictureRequest
from sonic_ui.requests.interpolate import ENDS, shared_steps
from sonic_ui.requests.make_film import LONGEST_GIF_S

START_S = 8.0
"""To start a worker, and to decode its pictures."""

PASS_S = 0.05
"""Allowed for one sample through the denoiser of a 512 px model; smaller ones get no less."""

ANALYSIS_S = 10
"""To embed a sound, to analyze a picture, to classify pictures."""

SHORTEST_S, LONGEST_S = 10, 120
"""What may be requested: the longest is what visitors of a Space get at once."""

WINDOW_S = 5.12
"""The shortest window of a denoiser of sounds: longer sounds are made of several."""

UPSCALE_PASSES = 10
"""Allowed for making a picture as large again; a network for 512 px pictures has some 17 M weights."""

LEARNING_PASSES = 8
"""For one step of learning a word: four samples forward, and back at about the same cost."""

USUAL_STEPS = 50
"""Where neither the request nor the bundle says."""


def sample_passes(request: MakingRequest) -> int:
    """How often one sample goes through the denoiser: steps, guidance, pictures, and an edit's inversion.

    For a picture that is made larger, about as much work.
    """
    if isinstance(request, UpscaleImageRequest):
        return UPSCALE_PASSES * request.factor**2
    if isinstance(request, LearnWordRequest):
        return LEARNING_PASSES * request.learning_steps
    if not isinstance(request, GeneratingRequest):
        raise TypeError(f"the cost of {type(request).__name__} is not known")
    steps = request.steps or USUAL_STEPS
    guided = 1 if request.guidance_scale is not None and request.guidance_scale <= 1 else 2
    on_picture = isinstance(request, EditImageRequest | OwnPictureRequest) and request.picture is not None
    inverting = steps if on_picture else 0
    if isinstance(request, InterpolateRequest) and not on_picture:
        return guided * _interpolation_steps(request, steps)
    if isinstance(request, ImageToSoundRequest):
        return steps * guided * request.outputs * window_count(request.length_s or 0.0, WINDOW_S)
    return inverting + steps * guided * request.outputs


def gpu_seconds(request: MakingRequest, picture_px: int = 512, passes: int | None = None) -> int:
    """Whole seconds to request, from the request and the size of the model's pictures.

    passes   of one sample through the denoiser, where the job knows them; else what the request alone tells
    """
    area = max(1.0, (picture_px / 512) ** 2)
    passes = sample_passes(request) if passes is None else passes
    seconds = START_S + passes * PASS_S * area
    return round(min(LONGEST_S, max(SHORTEST_S, seconds)))


def interpolation_steps(request: InterpolateRequest, steps: int, begin: int, partial: int) -> int:
    """Steps of single pictures in an interpolation: whole ends, those between from step `begin` on, and
    `partial` ends that are denoised as far as that and not shown."""
    ends = sum(position in ENDS for position in request.known_positions)
    return ends * steps + (request.outputs - ends) * (steps - begin) + partial * begin


def _interpolation_steps(request: InterpolateRequest, steps: int) -> int:
    """`interpolation_steps` where no end is known from before."""
    shown = {*ENDS} & {*request.known_positions}
    unshown = 2 - len(shown) if {*request.known_positions} - shown else 0
    return interpolation_steps(request, steps, shared_steps(request.continuity, steps), unshown)


MOST_FILM_PICTURES = 3000
"""Pictures that are painted for one film, at most: ten minutes with one for each beat and kicks between."""

MOST_FILES_BYTES = 2 * 10**9
PNG_BYTES = 1.6
"""Of a film as PNG files: how much all may take, and what a pixel takes."""


@dataclass(frozen=True)
class FilmCost:
    """What a film takes.

    pictures   that are painted; kept: that are there from before
    frames     of the film; megapixels: of all frames
    passes     of one sample through the denoiser, as for pictures of the model's own size
    """

    pictures: int
    kept: int
    frames: int
    megapixels: float
    passes: float

    def seconds(self, pace: Pace) -> float | None:
        """About how long it takes at a measured pace; None before anything was measured."""
        one_pass, one_megapixel = pace.seconds("pass"), pace.seconds("frame") or FRAME_S
        if self.pictures and one_pass is None:
            return None
        painting, writing = self.passes * (one_pass or 0.0), self.megapixels * one_megapixel
        return max(painting, writing) + ALONE * min(painting, writing)


ALONE = 0.25
"""Share of the lesser work that is not done beside the other: frames are written while others are painted."""

FRAME_S = 0.06
"""For a megapixel of frames, before a film was written: blended, enlarged and encoded on two cores."""


def check_film(request: MakeFilmRequest, duration_s: float, cost: FilmCost, lease_s: float | None) -> None:
    """Raise `BadInput` for a film that takes too much.

    lease_s   for how long a GPU is lent, where it is
    """
    if cost.pictures + cost.kept > MOST_FILM_PICTURES:
        raise BadInput(
            f"This film needs {cost.pictures + cost.kept} pictures; one film takes at most "
            f"{MOST_FILM_PICTURES}. Choose a shorter part, hold each picture for more beats, or leave the "
            "kicks out.",
            "end_s",
        )
    if request.output == "gif" and duration_s > LONGEST_GIF_S + 0.05:
        raise BadInput(
            f"A GIF holds at most {LONGEST_GIF_S:g} s, and this part has {duration_s:.0f} s. Choose a "
            "shorter part, or MP4.",
            "output",
        )
    size = cost.megapixels * 1e6 * PNG_BYTES
    if request.output == "frames" and size > MOST_FILES_BYTES:
        raise BadInput(
            f"The PNG files of this film would take about {size / 1e9:.1f} GB; at most "
            f"{MOST_FILES_BYTES / 1e9:g} GB are written. Choose MP4, a shorter part, fewer frames a second "
            "or a smaller side.",
            "output",
        )
    needed_s = START_S + cost.passes * PASS_S
    if lease_s is not None and needed_s > lease_s:
        raise BadInput(
            f"The GPU of this Space is lent for {lease_s:g} s at a time, and this film may need "
            f"{needed_s:.0f} s. Choose a shorter part, or Draft; or run the app on your own computer.",
            "end_s",
        )
