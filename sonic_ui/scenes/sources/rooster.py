"""A rooster."""

import numpy as np

from sonic_ui.scenes.images.backdrops import foot_line
from sonic_ui.scenes.images.canvas import DARK, Canvas, Colour, Figure
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, peaked, resonances
from sonic_ui.scenes.spec import LAND_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=4, label="a rooster", places=LAND_PLACES, indoors=True, layer="ground", z_order=120
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A crowing rooster seen from its side, its comb red, its beak open to the sky."""
    size = canvas.sized(level, 0.32, 0.76)
    foot = foot_line(canvas, level)
    x = canvas.inside(x, 0.56 * size)
    canvas.shadow((x, foot), size * 0.7, 0.5)
    r = canvas.figure((x, foot - 0.49 * size), size, flip=bool(canvas.rng.random() < 0.5))
    _tail(r)
    yellow: Colour = (246, 186, 56)
    for lx in (-0.06, 0.10):
        r.stroke([(lx, 0.18), (lx + 0.01, 0.46)], 0.05, yellow, curved=False)
        r.stroke([(lx - 0.07, 0.47), (lx + 0.11, 0.47)], 0.045, yellow, curved=False)
    r.blob("-.32,-.06 -.16,-.1 .04,-.1 .24,-.18 .33,.02 .2,.23 -.04,.29 -.24,.18", (166, 62, 30))
    r.blob("-.24,0 -.04,-.06 .1,.05 -.02,.18 -.2,.14", (34, 96, 84))
    _rooster_head(r)
    r.stand_out(0.5)


def _tail(r: Figure) -> None:
    """Four sickle feathers, the nearest last."""
    tones: tuple[Colour, ...] = ((20, 84, 92), (34, 132, 104), (24, 84, 120), (48, 148, 108))
    for (tip_x, tip_y), tone in zip(
        ((-0.30, -0.50), (-0.47, -0.44), (-0.56, -0.26), (-0.53, -0.04)), tones, strict=True
    ):
        r.blob(
            [
                (-0.10, 0.06),
                (-0.20 + 0.12 * tip_x, tip_y * 0.75 - 0.08),
                (tip_x, tip_y - 0.06),
                (tip_x - 0.05, tip_y + 0.10),
                (tip_x * 0.72, tip_y * 0.5 + 0.05),
                (-0.22, 0.14),
            ],
            tone,
        )


def _rooster_head(r: Figure) -> None:
    gold: Colour = (244, 176, 60)
    red: Colour = (224, 30, 36)
    r.blob(".14,-.5 .11,-.64 .19,-.61 .24,-.71 .3,-.62 .38,-.67 .36,-.52", red)
    r.blob("0,.06 .08,-.28 .15,-.5 .27,-.58 .37,-.5 .37,-.28 .36,0 .18,.12", gold)
    r.poly([(0.34, -0.55), (0.54, -0.62), (0.38, -0.47)], (255, 214, 96))
    r.poly([(0.35, -0.47), (0.51, -0.44), (0.35, -0.40)], (236, 160, 50))
    r.blob([(0.31, -0.41), (0.40, -0.40), (0.40, -0.24), (0.32, -0.26)], red)
    r.disc((0.28, -0.50), 0.034, DARK)


def synthesise(synth: Synth, level: float) -> Signal:
    """A crow, perhaps answered by a far one. Level: far and single to near and repeated."""
    rng = synth.rng
    cry = _crow(synth, level)
    start = rng.uniform(0.0, max(0.1, synth.duration_s - 0.8 * cry.size / synth.sr) * 0.7)
    sound = synth.scatter(synth.samples(start), cry)
    if synth.chance(0.25 + 0.4 * level):
        again = synth.samples(start + cry.size / synth.sr + rng.uniform(0.3, 1.5))
        sound += synth.scatter(again, cry * np.float32(rng.uniform(0.6, 1.0)))
    if synth.chance(0.25):
        answer = _crow(synth, level) * np.float32(decibels(rng.uniform(-28, -14)))
        sound += synth.scatter(rng.integers(0, synth.n, 1), answer)
    return sound


def _crow(synth: Synth, effort: float) -> Signal:
    """One cock-a-doodle-doo: two short notes, a rise, a long held cry that sinks. Peak about 1."""
    rng = synth.rng
    top = synth.log_uniform(480.0, 1000.0)
    pace = rng.uniform(0.75, 1.3)
    points: list[tuple[float, float, float]] = []  # seconds, pitch over the top pitch, loudness
    at = 0.0
    for _ in range(rng.integers(1, 4)):
        long = rng.uniform(0.1, 0.2) * pace
        low = rng.uniform(0.55, 0.8)
        points += [
            (at, low, 0.0),
            (at + 0.02, low, 0.7),
            (at + 0.6 * long, low * 1.12, rng.uniform(0.5, 0.9)),
            (at + long, low * 0.9, 0.0),
        ]
        at += long + rng.uniform(0.02, 0.12) * pace
    rise, hold, sink = (rng.uniform(*span) * pace for span in ((0.1, 0.3), (0.3, 0.9), (0.12, 0.5)))
    sag = rng.uniform(0.9, 1.02)
    points += [
        (at, 0.7, 0.0),
        (at + 0.03, 0.75, 0.8),
        (at + rise, 1.0, 1.0),
        (at + rise + hold, sag, rng.uniform(0.6, 1.0)),
        (at + rise + hold + 0.75 * sink, sag * rng.uniform(0.6, 0.85), 0.45),
        (at + rise + hold + sink, sag * 0.55, 0.0),
    ]
    times, ratio, loud = (np.array(column) for column in zip(*points, strict=True))
    synth = synth.lasting(times[-1])
    hz = top * synth.curve(times, ratio) * np.exp(0.008 * synth.wander(40.0) + 0.03 * synth.wander(6.0))
    hz *= 1.0 + np.float32(rng.uniform(0.0, 0.02)) * np.sin(2 * np.pi * rng.uniform(5, 9) * synth.times)
    throat = rng.uniform(1000.0, 2000.0)
    peaks = [
        (throat, rng.uniform(220.0, 420.0), 0.0),
        (1.9 * throat, 700.0, -9.0),
        (3.6 * throat, 1400.0, -17.0),
    ]
    amplitudes = resonances(top * np.arange(1, 36), peaks, rng.uniform(-62.0, -46.0) + 8.0 * effort)
    amplitudes *= np.exp(rng.normal(0.0, 0.6, amplitudes.size))
    rasp = 1.0 + np.float32(rng.uniform(0.05, 0.5)) * synth.wander(rng.uniform(40.0, 120.0))
    cry = normalised(synth.harmonic_tone(hz, amplitudes)) * rasp
    cry += decibels(rng.uniform(-34, -18)) * synth.band_noise(800.0, 7000.0)
    return peaked(cry * synth.curve(times, loud))
