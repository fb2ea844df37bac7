"""Rain."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sonic_ui.scenes.images.backdrops import HORIZON, cloud_bank
from sonic_ui.scenes.images.canvas import Canvas, points_of
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=0,
    label="rain",
    places=OUTDOOR_PLACES,
    indoors=False,
    layer="weather",
    z_order=50,
    everywhere=True,
    storm=(0.45, 0.45),
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """Slanting streaks out of a dark cloud, from a drizzle to sheets, with rings on the wet ground."""
    rng, px = canvas.rng, canvas.px
    _wet_ground(canvas, 0.25 + 0.55 * level)
    slant = float(rng.uniform(0.20, 0.30)) * (1 if rng.random() < 0.5 else -1)
    across, down = 5 + 9 * level, 4 + 4 * level
    length = 0.085 + 0.045 * level
    width = round(px * (0.0095 + 0.0025 * level))
    layer = Image.new("L", (px, px), 0)
    pen = ImageDraw.Draw(layer)
    shift = float(rng.random())
    for j in range(int(down) + 2):
        for i in range(int(across) + 3):
            sx = (i - 1 + (0.5 * j + shift) % 1.0 + float(rng.uniform(-0.14, 0.14))) / across
            sy = (j - 0.6 + 0.5 * (i % 2) + float(rng.uniform(-0.14, 0.14))) / down
            ends = ((sx, sy), (sx + slant * length, sy + length))
            pen.line([(a * px, b * px) for a, b in ends], fill=245, width=width)
            for a, b in ends:
                r = max(0.0, width / 2 - 0.5)  # a picture of a few pixels has no width
                pen.ellipse((a * px - r, b * px - r, a * px + r, b * px + r), fill=245)
    dark = layer.filter(ImageFilter.GaussianBlur(px * 0.004)).point([int(v * 0.55) for v in range(256)])
    canvas.image.paste((40, 50, 78), (0, 0), dark)
    canvas.image.paste((232, 242, 255), (0, 0), layer)
    cloud_bank(canvas, 0.17 + 0.09 * level, (92, 100, 124))
    rings = canvas.figure()
    t = np.linspace(0, 2 * np.pi, 24)
    with canvas.lit():
        for k in range(int(4 + 6 * level)):
            at = ((0.12 + 0.39 * k + 0.2 * shift) % 1.0, 0.74 + 0.22 * ((k * 0.62 + shift) % 1.0))
            r = 0.024 + 0.026 * (at[1] - 0.7) / 0.3
            rings.stroke(
                points_of(at[0] + r * np.cos(t), at[1] + r * 0.34 * np.sin(t)), 0.011, (226, 236, 250)
            )
        rings.finish(shade=0)


def _wet_ground(canvas: Canvas, amount: float) -> None:
    """Reflect the upper picture in the ground, blurred: `amount` in [0, 1]."""
    px = canvas.px
    start = int((HORIZON + 0.08) * px)
    height = px - start
    mirror = canvas.image.crop((0, max(0, start - height), px, start)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    mirror = mirror.resize((px // 6, height // 6)).filter(ImageFilter.GaussianBlur(px * 0.002))
    mirror = mirror.resize((px, height), Image.Resampling.BICUBIC)
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
