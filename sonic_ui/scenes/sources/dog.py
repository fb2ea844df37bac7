"""A dog."""

import numpy as np

from sonic_ui.scenes.images.backdrops import foot_line
from sonic_ui.scenes.images.canvas import DARK, WHITE, Canvas, Colour, Figure, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, peaked, resonances
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(class_id=3, label="a dog", places=OUTDOOR_PLACES, indoors=True, layer="ground", z_order=130)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A barking dog seen from its side, from far away to right before us."""
    rng = canvas.rng
    size = canvas.sized(level, 0.32, 0.71)
    foot = foot_line(canvas, level)
    x = canvas.inside(x, 0.66 * size)
    coats: list[Colour] = [(184, 112, 54), (150, 92, 54), (232, 184, 112)]
    coat = coats[int(rng.integers(3))]
    canvas.shadow((x, foot), size * 0.9, 0.5)
    d = canvas.figure((x, foot - 0.50 * size), size, flip=bool(rng.random() < 0.5))
    dark = scale(coat, 0.62)
    d.poly([(-0.30, 0.05), (-0.16, 0.05), (-0.15, 0.49), (-0.25, 0.49)], dark)
    d.poly([(0.20, 0.0), (0.32, 0.0), (0.33, 0.49), (0.23, 0.49)], dark)
    d.stroke([(-0.38, -0.06), (-0.52, -0.20), (-0.53, -0.42)], 0.10, coat)
    _dog_body(d, coat)
    _dog_head(d, coat, dark)
    d.stand_out(0.55)


def _dog_body(d: Figure, coat: Colour) -> None:
    d.blob("-.45,.02 -.38,-.15 -.1,-.16 .14,-.22 .3,-.12 .28,.14 .05,.14 -.2,.09 -.36,.18", coat)
    d.blob("-.46,0 -.28,-.06 -.22,.12 -.34,.3 -.46,.16", coat)
    d.poly([(-0.44, 0.10), (-0.30, 0.16), (-0.33, 0.50), (-0.43, 0.50)], coat)
    d.poly([(0.08, 0.02), (0.24, 0.02), (0.20, 0.50), (0.10, 0.50)], coat)
    d.disc((-0.36, 0.48), 0.075, WHITE, squash=0.5)
    d.disc((0.17, 0.48), 0.075, WHITE, squash=0.5)
    d.blob([(0.18, -0.06), (0.32, -0.08), (0.30, 0.12), (0.20, 0.14)], WHITE)


def _dog_head(d: Figure, coat: Colour, dark: Colour) -> None:
    d.blob(".02,-.1 .12,-.34 .3,-.42 .4,-.2 .32,-.02 .14,0", coat)
    d.blob(".34,-.26 .48,-.2 .58,-.12 .55,-.07 .38,-.12 .28,-.18", coat)
    d.blob([(0.42, -0.22), (0.58, -0.24), (0.56, -0.13), (0.44, -0.17)], (214, 70, 84))
    d.blob(".1,-.34 .18,-.5 .32,-.53 .43,-.46 .62,-.42 .65,-.33 .6,-.27 .42,-.24 .24,-.2 .12,-.24", coat)
    d.blob(".46,-.41 .62,-.41 .65,-.33 .6,-.27 .48,-.26", WHITE)
    d.disc((0.63, -0.40), 0.052, DARK)
    d.disc((0.40, -0.42), 0.035, DARK)
    d.blob(".24,-.52 .12,-.5 .02,-.32 .06,-.18 .17,-.22 .24,-.38", dark)
    d.stroke([(0.10, -0.14), (0.22, -0.07), (0.35, -0.10)], 0.07, (206, 44, 48))


def synthesise(synth: Synth, level: float) -> Signal:
    """Bursts of barks. Level: a rare small yap to long angry bursts of a big dog."""
    rng = synth.rng
    pitch = synth.log_uniform(330.0, 900.0) * (1.15 - 0.35 * level)
    length_s = rng.uniform(0.12, 0.22) + 0.06 * rng.random() * level
    rough = rng.uniform(0.3, 2.5)
    barks = [
        _bark(synth, pitch * rng.uniform(0.92, 1.08), length_s * rng.uniform(0.8, 1.25), rough)
        for _ in range(3)
    ]
    sound = synth.silence
    when = rng.uniform(0.0, 0.35) * synth.duration_s
    spacing, pause_s = rng.uniform(0.24, 0.5), rng.uniform(0.5, 1.8) * (1.6 - level)
    while when < synth.duration_s - 0.05:
        for _ in range(rng.integers(1, 3 + round(3 * level))):
            bark = barks[rng.integers(3)] * np.float32(rng.uniform(0.5, 1.0))
            sound += synth.scatter(synth.samples(when), bark)
            when += spacing * rng.uniform(0.85, 1.25)
        when += pause_s * rng.uniform(0.6, 1.5)
    if synth.chance(0.3):  # panting or a growl between the barks
        breath = synth.octave_noise([-40, -30, -18, -6, -2, -3, -6, -12, -20, -40], 4.0)
        sound += decibels(rng.uniform(-48, -32)) * breath * np.exp(synth.wander(4.0))
    return sound


def _bark(synth: Synth, pitch_hz: float, length_s: float, rough: float) -> Signal:
    """One bark: pitch jumps up and falls, formants open and close, breath noise. Peak 1."""
    synth, rng = synth.lasting(length_s), synth.rng
    peak_at = rng.uniform(0.15, 0.4)
    sweep = [rng.uniform(0.6, 0.85), 1.0, rng.uniform(0.5, 0.8)]
    hz = pitch_hz * synth.curve(np.array([0.0, peak_at, 1.0]) * length_s, sweep)
    hz = hz * np.exp(0.02 * rough * synth.wander(90.0))
    harmonics = pitch_hz * np.arange(1, 40)
    formant = pitch_hz**0.4 * synth.log_uniform(50.0, 85.0)
    shut = resonances(harmonics, [(0.7 * formant, 180, 0), (2.0 * formant, 300, -20)], -54)
    wide = resonances(
        harmonics, [(formant, 260, 0), (1.9 * formant, 380, -9), (3.3 * formant, 600, -22)], -54
    )
    open_ = synth.curve(np.array([0.0, peak_at, 1.0]) * length_s, [0.2, 1.0, 0.0])
    tilt = np.arange(1, 40) ** -0.4
    voiced = synth.harmonic_tone(hz, wide * tilt) * open_
    voiced = voiced + synth.harmonic_tone(hz, shut * tilt) * (1 - open_)
    breath = synth.octave_noise([-60, -52, -40, -15, 0, -4, -15, -27, -37, -54], 3.0)
    sound = normalised(voiced) * (1.0 + 0.3 * rough * breath) + decibels(rng.uniform(-20, -4)) * breath
    attack, fall = rng.uniform(0.008, 0.03), rng.uniform(0.35, 0.7)
    envelope = synth.curve([0, attack, fall * length_s, length_s], [0, 1, rng.uniform(0.4, 0.9), 0])
    return peaked(sound * envelope**1.5)
