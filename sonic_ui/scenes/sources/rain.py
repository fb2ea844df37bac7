"""Rain."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sonic_ui.scenes.images.backdrops import HORIZON
from sonic_ui.scenes.images.canvas import Canvas
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=0,
    label="rain",
    places=OUTDOOR_PLACES,
    indoors=False,
    layer="weather",
    z_order=160,
    storm=(0.45, 0.45),
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """Slanting streaks, from a drizzle to sheets, with rings and reflections on the ground."""
    rng, px = canvas.rng, canvas.px
    _wet_ground(canvas, 0.25 + 0.55 * level)
    layer = Image.new("L", (px, px), 0)
    pen = ImageDraw.Draw(layer)
    slant = float(rng.uniform(0.12, 0.30)) * (1 if rng.random() < 0.5 else -1)
    count = int(22 + 170 * level)
    length = 0.05 + 0.10 * level
    width = max(2, round(px * (0.006 + 0.003 * level)))
    for sx, sy, near in rng.random((count, 3)):
        size = length * (0.6 + 0.8 * near)
        x0, y0 = (sx * 1.3 - 0.15) * px, (sy * 1.15 - 0.15) * px
        pen.line((x0, y0, x0 + slant * size * px, y0 + size * px), fill=int(120 + 110 * near), width=width)
    canvas.image.paste((224, 234, 246), (0, 0), layer.filter(ImageFilter.GaussianBlur(0.8)))
    rings = canvas.figure()
    with canvas.lit():
        for rx, ry in rng.random((int(4 + 14 * level), 2)):
            depth = 0.72 + 0.26 * ry
            t = np.linspace(0, 2 * np.pi, 20)
            radius = 0.015 + 0.03 * ry
            rings.stroke(
                list(zip(rx + radius * np.cos(t), depth + radius * 0.3 * np.sin(t), strict=True)),
                0.006,
                (220, 230, 244),
                0.8,
                curved=False,
            )
        rings.finish(shade=0)
    if level > 0.5:
        veil = Image.new("RGB", (px, px), (176, 186, 200))
        canvas.image = Image.blend(canvas.image, veil, 0.22 * (level - 0.5) * 2)


def _wet_ground(canvas: Canvas, amount: float) -> None:
    """Reflect the upper picture in the ground, blurred: `amount` in [0, 1]."""
    px = canvas.px
    start = int((HORIZON + 0.08) * px)
    height = px - start
    mirror = canvas.image.crop((0, max(0, start - height), px, start)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    mirror = mirror.resize((px, height)).filter(ImageFilter.GaussianBlur(px * 0.012))
    mask = Image.fromarray(
        np.repeat((np.linspace(0.1, 0.6, height)[:, None] * amount * 255).astype(np.uint8), px, axis=1), "L"
    )
    canvas.image.paste(mirror, (0, start), mask)


def synthesise(synth: Synth, level: float) -> Signal:
    """Drops over a hiss: from single drops (drizzle, level 0) to a wall of noise (downpour, level 1)."""
    rng = synth.rng
    dark = rng.uniform(-5.0, 5.0)  # tarmac and leaves against a roof or a window
    bed_db = np.array([-13, -10, -9, -6, -5, -2, -1, -4, -10, -22.0]) + dark * np.linspace(-1, 1, 10)
    bed = synth.octave_noise(bed_db)
    bed *= np.exp(0.06 * (0.5 + rng.random()) * synth.wander(1.5))
    rate = 25.0 * 30.0**level * rng.uniform(0.6, 1.6)
    starts = synth.poisson_times(min(rate, 350.0))
    count = starts.size
    pitch = np.exp(rng.normal(np.log(synth.log_uniform(900.0, 5000.0)), 0.7, count)).clip(200, 0.4 * synth.sr)
    decay = np.exp(rng.normal(np.log(0.002), 0.6, count)).clip(0.0003, 0.012)
    loud = np.exp(rng.normal(0.0, 0.7, count))
    drops = synth.scatter(starts, synth.lasting(0.012).damped_grains(pitch, decay, loud))
    drops_db = rng.uniform(-4.0, 3.0) - 12.0 * level
    sound = bed + decibels(drops_db) * normalised(drops)
    if synth.chance(0.35):  # a gust drives it
        sound *= np.exp(0.2 * synth.wander(0.6))
    return sound
