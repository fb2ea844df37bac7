"""A chainsaw."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, resonances
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=7,
    label="a chainsaw",
    places=("forest", "meadow", "mountains"),
    indoors=True,
    layer="ground",
    z_order=100,
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """An orange chainsaw biting into a log, chips flying."""
    rng = canvas.rng
    size = 0.26 + 0.52 * level
    foot = 0.74 + 0.18 * level
    canvas.shadow((x, foot), size * 1.1)
    log = canvas.figure((x, foot - 0.14 * size), size, flip=(flip := bool(rng.random() < 0.5)))
    log.rect(0.18, -0.16, 0.70, 0.16, (118, 82, 54))
    log.disc((0.18, 0.0), 0.10, (222, 184, 130), squash=1.6)
    log.disc((0.18, 0.0), 0.05, (190, 146, 96), squash=1.6)
    log.finish(shade=0.5)
    s = canvas.figure((x, foot - 0.38 * size), size, flip=flip, turn=0.14 if not flip else -0.14)
    s.blob(".02,-.06 .62,-.05 .7,.01 .62,.07 .02,.07", (204, 210, 218))
    s.stroke(".04,-.07 .62,-.06 .71,.01 .62,.08 .04,.08", 0.03, (52, 54, 60))
    s.blob("-.44,-.08 -.34,-.17 -.04,-.18 .08,-.1 .08,.12 -.06,.17 -.36,.16 -.46,.06", (240, 112, 28))
    s.blob([(-0.32, -0.02), (-0.10, -0.04), (-0.06, 0.08), (-0.30, 0.10)], (62, 60, 66))
    s.stroke([(-0.40, -0.08), (-0.62, -0.12), (-0.64, 0.08), (-0.42, 0.10)], 0.06, (50, 48, 54))
    s.stroke([(-0.22, -0.16), (-0.16, -0.34), (0.06, -0.30), (0.06, -0.10)], 0.055, (50, 48, 54))
    s.finish(shade=0.5)
    chips = canvas.figure((x, foot - 0.22 * size), size, flip=flip)
    for _ in range(int(8 + 34 * level)):
        a, r = float(rng.uniform(-2.9, -1.2)), float(rng.uniform(0.08, 0.55))
        chips.disc((0.16 + r * np.cos(a), r * np.sin(a) * 0.8), 0.018, (240, 208, 150))
    chips.finish(shade=0)


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
