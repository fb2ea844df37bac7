"""The README's pictures, made by a bundle's weights: the grid of all sources, a glide, a sweep, edits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from sonic_ui.audio.loudness import apply_gain
from sonic_ui.evaluation.example_pictures import (
    SAMPLE_RATE,
    TITLES,
    example_scenes,
    load_painter,
    read_example,
)
from sonic_ui.models.image_encoder import ImageEncoder
from sonic_ui.models.latents import compression_factor
from sonic_ui.pipelines.embedding_path import linear
from sonic_ui.pipelines.interpolation import LatentInterpolator, interpolate_evenly
from sonic_ui.requests import EDIT_MODES
from sonic_ui.scenes.images.render import paint
from sonic_ui.scenes.world import SOURCES

BACKGROUND, INK = (21, 23, 28), (232, 234, 237)
GAP_PX, LINE_PX = 12, 28
GLIDE = ("rain", "crackling_fire")
GLIDE_FRAMES = 8
SWELL = "sea_waves"
SWELL_DB = (-24.0, -18.0, -12.0, -6.0, 0.0, 3.0, 6.0)
STRIP_SEED = 12
EDITS = (
    ("dog", "thunder", "add"),
    ("dog", "crackling_fire", "replace"),
    ("birds", "thunder", "style"),
    ("stream", "birds", "add"),
)
"""Whose render is edited, by whose sound, in which mode."""


def labelled(pictures: Sequence[Image.Image], labels: Sequence[str], columns: int, side: int) -> Image.Image:
    """Pictures in rows, each with words below it; `side` is their size in pixels."""
    from matplotlib import font_manager
    from PIL import ImageDraw, ImageFont

    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 16)
    rows = -(-len(pictures) // columns)
    size = (columns * (side + GAP_PX) + GAP_PX, rows * (side + LINE_PX + GAP_PX) + GAP_PX)
    grid = Image.new("RGB", size, BACKGROUND)
    pen = ImageDraw.Draw(grid)
    for k, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        x = GAP_PX + (k % columns) * (side + GAP_PX)
        y = GAP_PX + (k // columns) * (side + LINE_PX + GAP_PX)
        grid.paste(picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS), (x, y))
        pen.text((x + side / 2, y + side + 5), label, fill=INK, font=font, anchor="mt")
    return grid


def write_grid(examples: Path, path: Path) -> Path:
    """One picture of every source with its name, from the example pictures."""
    pictures = [Image.open(examples / "pictures" / f"{name}.png") for name in SOURCES]
    return _save(labelled(pictures, [TITLES[name] for name in SOURCES], columns=4, side=192), path)


def write_strips(examples: Path, bundle: Path, folder: Path) -> list[Path]:
    """A glide between two examples (`interpolate_evenly.png`) and one example turned up (`volume.png`)."""
    pipeline, settings = load_painter(bundle)
    ends = [pipeline.embed_audio(read_example(examples, f"{name}.mp3"))[0].numpy() for name in GLIDE]

    eyes = ImageEncoder.from_folder(bundle / "clip") if (bundle / "clip").is_dir() else None
    interpolator = LatentInterpolator(
        pipeline, lambda place: linear(ends[0], ends[1], place), STRIP_SEED, settings
    )
    places, frames = interpolate_evenly(interpolator, GLIDE_FRAMES, eyes)
    words = [TITLES[GLIDE[0]], *(f"{100 * x:g} %" for x in places[1:-1]), TITLES[GLIDE[1]]]
    samples = read_example(examples, f"{SWELL}.mp3")
    swell = pipeline.embed_audio([apply_gain(samples, gain, SAMPLE_RATE) for gain in SWELL_DB])
    grown = pipeline(audio_embeds=swell, seed=[STRIP_SEED] * len(SWELL_DB), **settings).images
    strips = (("glide", frames, words), ("volume", grown, [f"{gain:+g} dB" for gain in SWELL_DB]))
    return [
        _save(labelled(pictures, labels, columns=len(labels), side=160), folder / f"{name}.png")
        for name, pictures, labels in strips
    ]


def write_edits(examples: Path, bundle: Path, path: Path) -> Path:
    """Renders of the world, each with its edit by an example sound beside it."""
    from sonic_ui.pipelines.audio_edit import AudioEditPipeline

    pipeline, settings = load_painter(bundle)
    editor = AudioEditPipeline(**pipeline.components)
    renders = {name: scene for name, _, scene in example_scenes()}
    size = editor.unet.config.sample_size * compression_factor(editor.vae)
    pictures: list[Image.Image] = []
    labels: list[str] = []
    for name, sound, mode in EDITS:
        before = paint(renders[name], size)
        samples = read_example(examples, f"{sound}.mp3")
        after = editor(before, samples, **settings, **EDIT_MODES[mode].settings()).images[0]
        pictures += [before, after]
        labels += ["before", f"{TITLES[sound]} ({mode})"]
    return _save(labelled(pictures, labels, columns=4, side=192), path)


def _save(picture: Image.Image, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, optimize=True)
    return path
