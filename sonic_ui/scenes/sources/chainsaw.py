"""A chainsaw."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour, Figure
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, resonances
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=7,
    label="a chainsaw",
    places=("forest", "meadow", "mountains"),
    indoors=True,
    layer="ground",
    z_order=110,
)

BARK: Colour = (120, 80, 50)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """An orange chainsaw, seen from its side, its toothed bar sinking into the end of a log."""
    rng = canvas.rng
    size = canvas.sized(level, 0.28, 0.53)
    foot = 0.80 + 0.13 * level
    x = canvas.inside(x, 0.86 * size)
    flip = bool(rng.random() < 0.5)
    way = -1 if flip else 1
    at = (x - way * 0.09 * size, foot - 0.55 * size)
    canvas.shadow((x + way * 0.36 * size, foot), size * 0.9, 0.5)
    log = canvas.figure(at, size, flip=flip)
    log.poly(".4,.05 .62,-.03 .96,.1 .96,.4 .62,.55 .4,.55", BARK)
    log.disc((0.48, 0.28), 0.29, BARK)
    log.disc((0.48, 0.28), 0.235, (240, 206, 150))
    log.disc((0.48, 0.28), 0.155, (206, 156, 98))
    log.disc((0.48, 0.28), 0.115, (240, 206, 150))
    log.disc((0.48, 0.28), 0.045, (206, 156, 98))
    log.stand_out(0.4)
    saw = canvas.figure(at, size, flip=flip, turn=0.10 * way)
    _saw_bar(saw)
    _saw_body(saw)
    saw.stand_out(0.45)
    chips = canvas.figure(at, size, flip=flip)
    for k in range(int(5 + 9 * level)):
        a = 1.9 + 0.36 * (k % 5) + float(rng.uniform(-0.1, 0.1))
        r = 0.16 + 0.11 * (k // 5 + 1) + float(rng.uniform(0, 0.05))
        chips.disc((0.34 + r * np.cos(a) * 1.1, 0.16 + r * np.sin(a)), 0.028, (252, 222, 160))
    chips.finish(shade=0, outline=0.6)


def _saw_bar(saw: Figure) -> None:
    """The bar with its chain: a long rounded blade with teeth all around."""
    chain: Colour = (44, 46, 54)
    saw.rect(0.0, -0.115, 0.78, 0.115, chain)
    saw.disc((0.78, 0.0), 0.115, chain)
    for k in range(7):
        left = 0.12 + 0.105 * k
        for side in (-1, 1):
            saw.poly([(left, 0.10 * side), (left + 0.07, 0.165 * side), (left + 0.07, 0.10 * side)], chain)
    for a in (-0.9, 0.0, 0.9):
        tip = (0.78 + 0.175 * float(np.cos(a)), 0.175 * float(np.sin(a)))
        root = [(0.78 + 0.10 * float(np.cos(a + d)), 0.10 * float(np.sin(a + d))) for d in (-0.4, 0.4)]
        saw.poly([root[0], tip, root[1]], chain)
    saw.rect(0.0, -0.07, 0.77, 0.07, (222, 228, 236))
    saw.disc((0.77, 0.0), 0.07, (222, 228, 236))


def _saw_body(saw: Figure) -> None:
    """The motor in its orange case, with a loop to hold behind and a bow to hold above."""
    grip: Colour = (46, 46, 54)
    saw.stroke("-.4,-.1 -.66,-.12 -.74,.03 -.64,.17 -.4,.15", 0.085, grip)
    saw.stroke([(-0.30, -0.14), (-0.30, -0.36), (-0.06, -0.40), (0.0, -0.14)], 0.075, grip)
    saw.poly([(0.04, -0.10), (0.12, -0.36), (0.20, -0.34), (0.14, -0.10)], grip)
    saw.blob("-.46,-.1 -.38,-.19 -.04,-.2 .14,-.14 .16,.14 .02,.21 -.36,.21 -.46,.12", (248, 116, 24))
    saw.disc((-0.20, 0.02), 0.135, (60, 58, 66))
    saw.disc((-0.20, 0.02), 0.075, (226, 226, 230))
    saw.poly([(-0.01, -0.10), (0.11, -0.08), (0.11, 0.08), (-0.01, 0.10)], (255, 240, 220))


def synthesise(synth: Synth, level: float) -> Signal:
    """A two-stroke buzz that revs between idle and full, and the chain. Level: idling to cutting hard."""
    rng = synth.rng
    full = synth.log_uniform(85.0, 190.0)
    idle = full * rng.uniform(0.3, 0.55)
    throttle = synth.throttle(idle, idle + (full - idle) * (0.55 + 0.45 * level), 1.0)
    hz = throttle * np.exp(0.006 * synth.wander(30.0) + 0.02 * synth.wander(3.0))
    harmonics = 0.5 * np.arange(1, 140)  # the half order: strokes are not alike
    muffler = [
        (synth.log_uniform(90, 260), 110.0, 0.0),
        (synth.log_uniform(450, 1000), 350.0, -4.0),
        (synth.log_uniform(1500, 3500), 1100.0, -13.0),
    ]
    amplitudes = resonances(full * harmonics, muffler, -38.0)
    amplitudes[::2] *= decibels(rng.uniform(-16.0, -3.0))
    buzz = normalised(synth.harmonic_tone(0.5 * hz, amplitudes))
    firing = np.cumsum(hz, dtype=np.float64) / synth.sr % 1.0
    puff = np.exp(-3.0 * firing).astype(np.float32)
    noise = synth.octave_noise([-24, -12, -5, -4, -4, -3, -4, -7, -15, -36], 3.0)
    load = (throttle / full) ** rng.uniform(0.8, 2.8)
    buzz *= np.exp(0.12 * synth.wander(25.0) + 0.25 * rng.random() * synth.wander(4.0))
    sound = (buzz + decibels(rng.uniform(-15.0, 0.0)) * noise * (0.35 + 1.3 * puff)) * load
    chain = synth.octave_noise([-60, -50, -38, -26, -14, -7, -3, -2, -6, -20], 3.0)
    return sound + decibels(rng.uniform(-24.0, -10.0) + 5.0 * level) * chain * load**3
