"""A rooster."""

import numpy as np

from sonic_ui.scenes.images.backdrops import ground_position
from sonic_ui.scenes.images.canvas import Canvas
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, peaked, resonances
from sonic_ui.scenes.spec import LAND_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=4, label="a rooster", places=LAND_PLACES, indoors=True, layer="ground", z_order=110
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A crowing rooster with its beak open to the sky."""
    size, foot = ground_position(canvas, level, 0.22, 0.82)
    body, gold, red = (150, 62, 34), (226, 158, 60), (214, 36, 40)
    canvas.shadow((x, foot), size * 0.7)
    r = canvas.figure((x, foot - 0.48 * size), size, flip=bool(canvas.rng.random() < 0.5))
    for k, tone in enumerate(((24, 70, 70), (30, 96, 84), (20, 56, 76), (40, 110, 80))):
        lift = 0.10 * k
        r.blob(
            [
                (-0.14, 0.02),
                (-0.34, -0.22 - lift),
                (-0.52 + 0.03 * k, -0.30 - lift),
                (-0.60 + 0.06 * k, -0.10 - lift),
                (-0.46, -0.12 - lift * 0.6),
                (-0.22, 0.12),
            ],
            tone,
        )
    for lx in (0.0, 0.10):
        r.stroke([(lx, 0.18), (lx + 0.01, 0.46)], 0.035, gold, curved=False)
        r.stroke([(lx - 0.05, 0.47), (lx + 0.09, 0.47)], 0.03, gold, curved=False)
    r.blob("-.28,-.02 -.16,-.12 .04,-.1 .22,-.18 .28,.02 .16,.22 -.04,.26 -.22,.16", body)
    r.blob(".02,.06 .08,-.28 .18,-.5 .32,-.5 .34,-.3 .3,.04 .16,.14", gold)
    r.blob("-.2,0 -.02,-.06 .1,.06 -.04,.16 -.18,.12", (40, 84, 78))
    r.disc((0.27, -0.50), 0.09, gold)
    r.blob(".16,-.52 .14,-.64 .21,-.6 .24,-.7 .29,-.61 .35,-.66 .34,-.54", red)
    r.poly([(0.33, -0.56), (0.48, -0.64), (0.36, -0.50)], (240, 190, 70))
    r.poly([(0.34, -0.50), (0.46, -0.50), (0.34, -0.45)], (226, 170, 60))
    r.blob([(0.30, -0.43), (0.36, -0.42), (0.35, -0.30), (0.30, -0.32)], red)
    r.disc((0.30, -0.53), 0.02, (20, 16, 18))
    r.finish(shade=0.6)


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
