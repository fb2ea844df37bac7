"""Sound of a scene: each source at its loudness, all of them together, in the scene's room.

Picture of a scene: backdrop, sources from far to near, then the style of the painting.
"""

import numpy as np
from PIL import Image

from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import apply_gain, integrated_lufs, set_lufs
from sonic_ui.audio.reverb import reverberate
from sonic_ui.scenes.images.backdrops import paint_backdrop
from sonic_ui.scenes.images.canvas import STYLE_FILTERS, Canvas, mix
from sonic_ui.scenes.sounds.synthesis import Signal, Synth
from sonic_ui.scenes.sources import REGISTRY
from sonic_ui.scenes.world import SPECS, Scene, SourceInstance


def level_to_lufs(level: float) -> float:
    """Loudness of a source's level: 0 is a whisper at -48 LUFS, 1 a roar at -12 LUFS."""
    return -48.0 + 36.0 * level


def at_loudness(sound: Signal, sample_rate: int, lufs: float) -> Signal:
    """The sound at `lufs`, limited; what limiting takes from a sound full of clicks is given back.

    The limiter is a quick one: it flattens single clicks, where a slow one would turn down what lies between.
    """
    limited, missing = set_lufs(sound, sample_rate, lufs), 0.0
    for _ in range(8):
        louder = apply_gain(limited, 2.0 * missing, sample_rate, limit=False)
        limited = limit_true_peak(louder, sample_rate, look_ahead_s=0.001, release_db_per_s=1000.0)
        missing = lufs - integrated_lufs(limited, sample_rate)
        if missing < 0.3:
            break
    return apply_gain(limited, min(missing, 0.0), sample_rate, limit=False)


def synthesise(
    source: str,
    rng: np.random.Generator,
    duration_s: float = 5.0,
    sample_rate: int = 48000,
    level: float = 0.5,
) -> Signal:
    """One source's sound, mono float32 [duration_s * sample_rate] at unit RMS.

    `level` in [0, 1] changes density and character (more drops, more barks, a nearer stroke), not the
    loudness: `render_sound` sets that. The same generator state and arguments give the same samples.

    Raises ValueError for an unknown source, a level outside [0, 1] or a duration below 0.1 s.
    """
    if source not in REGISTRY:
        raise ValueError(f"unknown source {source!r}; known are {', '.join(REGISTRY)}")
    if not 0.0 <= level <= 1.0:
        raise ValueError(f"level {level} is outside [0, 1]")
    if duration_s < 0.1:
        raise ValueError(f"duration {duration_s} s is too short; at least 0.1 s is needed")
    synth = Synth(rng, round(duration_s * sample_rate), sample_rate)
    return synth.recorded(np.asarray(REGISTRY[source].synthesise(synth, float(level)), dtype=np.float32))


def sound_source(
    source: SourceInstance,
    rng: np.random.Generator,
    room: str,
    seed: int,
    duration_s: float,
    sample_rate: int,
) -> Signal:
    """One source in a room, whose echoes `seed` draws, brought to -48 + 36 * level LUFS: mono [T]."""
    sound = synthesise(source.name, rng, duration_s, sample_rate, source.level)
    sound = reverberate(sound, sample_rate, room, seed=seed)
    return at_loudness(sound, sample_rate, level_to_lufs(source.level))


def render_sound(scene: Scene, duration_s: float = 5.0, sample_rate: int = 48000) -> Signal:
    """The scene as mono float32 [duration_s * sample_rate]; the same scene gives the same samples.

    Every source sounds in the room and is then brought to -48 + 36 * level LUFS. No true peak passes -1 dBTP.
    """
    mix = np.zeros(round(duration_s * sample_rate), dtype=np.float32)
    for index, source in enumerate(scene.sources):
        rng = np.random.default_rng([scene.seed, index])
        mix += sound_source(source, rng, scene.room, scene.seed, duration_s, sample_rate)
    return limit_true_peak(mix, sample_rate)


def paint(scene: Scene, size: int = 128) -> Image.Image:
    """Picture of a scene, RGB, `size` x `size` pixels; the same scene and size give the same picture."""
    canvas, _ = _painted(scene, size)
    return STYLE_FILTERS[scene.style](canvas, canvas.rng)


WITH_A_FRONT = (
    *("dog", "rooster", "birds", "helicopter", "crickets"),
    *("train", "car", "chainsaw", "wind", "sea_waves"),
)
"""Sources that face one way or the other, those first whose way is seen first."""


def faces_left(scene: Scene) -> bool | None:
    """Whether the first thing of the scene that has a front looks or moves to the left; None without one."""
    _, flips = _painted(scene, 16)
    return next((flips[name] for name in WITH_A_FRONT if name in flips), None)


def _painted(scene: Scene, size: int) -> tuple[Canvas, dict[str, bool]]:
    """The canvas before its style, and whether each source was flipped that could be."""
    rng = np.random.default_rng([scene.seed, 7])
    canvas = Canvas(size, rng)
    levels = {source.name: float(source.level) for source in scene.sources}
    storms = ((SPECS[name].storm, level) for name, level in levels.items())
    storm = max((calm + more * level for (calm, more), level in storms), default=0.0)
    paint_backdrop(canvas, scene.place, scene.time_of_day, storm)
    _share(canvas, scene.sources)
    canvas.ambient = mix(canvas.ambient, (1.0, 1.0, 1.0), 0.38)
    positions = _positions(scene.sources, rng)
    flips: dict[str, bool] = {}
    for name in sorted(levels, key=lambda one: SPECS[one].z_order):
        canvas.flips = []
        REGISTRY[name].paint(canvas, levels[name], positions[name])
        if canvas.flips:
            flips[name] = canvas.flips[-1]
    return canvas, flips


def _share(canvas: Canvas, sources: tuple[SourceInstance, ...]) -> None:
    """Room on the canvas: how much of the picture each source may take."""
    standing = sum(SPECS[s.name].layer not in ("weather", "water") for s in sources)
    placed = sum(not SPECS[s.name].everywhere for s in sources)
    canvas.room = min(1.0, 1 / (0.5 + 0.25 * standing + 0.25 * placed))
    canvas.shared = placed > 1


def _positions(sources: tuple[SourceInstance, ...], rng: np.random.Generator) -> dict[str, float]:
    """Where along the picture each source stands: apart from one another."""
    placed = [s.name for s in sources if not SPECS[s.name].everywhere]
    if len(placed) < 2:
        return {s.name: float(rng.uniform(0.22, 0.78)) for s in sources}
    slots = rng.permutation(np.linspace(0.26, 0.74, len(placed))) + rng.uniform(-0.03, 0.03, len(placed))
    return {s.name: 0.5 for s in sources} | dict(zip(placed, slots.tolist(), strict=True))
