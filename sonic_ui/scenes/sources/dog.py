"""A dog."""

import numpy as np

from sonic_ui.scenes.images.backdrops import ground_position
from sonic_ui.scenes.images.canvas import Canvas, Colour, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, peaked, resonances
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(class_id=3, label="a dog", places=OUTDOOR_PLACES, indoors=True, layer="ground", z_order=120)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A barking dog, from far away to right before us."""
    rng = canvas.rng
    size, foot = ground_position(canvas, level, 0.20, 0.78)
    coats: list[Colour] = [(166, 108, 60), (122, 82, 54), (206, 160, 104), (96, 84, 80)]
    coat = coats[int(rng.integers(4))]
    dark = scale(coat, 0.62)
    canvas.shadow((x, foot), size * 0.9)
    d = canvas.figure((x, foot - 0.47 * size), size, flip=bool(rng.random() < 0.5))
    for lx in (-0.27, 0.17):
        d.poly([(lx - 0.05, 0.0), (lx + 0.06, 0.0), (lx + 0.04, 0.47), (lx - 0.04, 0.47)], dark)
    d.stroke([(-0.36, -0.10), (-0.48, -0.26), (-0.50, -0.44)], 0.07, coat)
    d.blob("-.42,0 -.36,-.19 0,-.18 .24,-.26 .34,-.08 .22,.12 -.08,.07 -.34,.13", coat)
    for lx in (-0.35, 0.25):
        d.poly([(lx - 0.06, 0.0), (lx + 0.07, 0.0), (lx + 0.05, 0.47), (lx - 0.05, 0.47)], coat)
        d.disc((lx + 0.02, 0.46), 0.06, coat, squash=0.5)
    d.blob(".14,-.16 .22,-.42 .36,-.54 .5,-.48 .7,-.44 .71,-.36 .52,-.3 .44,-.14 .28,-.06", coat)
    d.blob(".46,-.32 .62,-.25 .64,-.2 .5,-.19 .42,-.22", coat)
    d.blob([(0.50, -0.31), (0.64, -0.35), (0.60, -0.26)], (196, 70, 78))
    d.blob(".32,-.52 .2,-.44 .18,-.26 .27,-.24 .36,-.4", dark)
    d.disc((0.70, -0.42), 0.035, (24, 20, 22))
    d.disc((0.46, -0.44), 0.025, (20, 16, 18))
    d.stroke([(0.22, -0.10), (0.32, -0.02)], 0.05, (190, 50, 50), curved=False)
    d.finish(shade=0.6)


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
