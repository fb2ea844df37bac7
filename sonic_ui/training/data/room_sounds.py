"""Sounds in rooms: sources of the world and recordings, dry, in a room, a hall or a church."""

from dataclasses import dataclass

import numpy as np

from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.audio.reverb import convolve, impulse_response
from sonic_ui.requests.fields import ROOMS
from sonic_ui.scenes.render import level_to_lufs, render_sound
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels
from sonic_ui.scenes.world import INDOOR_SOURCES, sample_scene
from sonic_ui.training.data.recordings import Recording
from sonic_ui.training.data.sounds import CLIP_S, SAMPLE_RATE
from sonic_ui.training.data.tagged_sounds import read_samples
from sonic_ui.training.data.takes import at_speed, coded, cropped, laid_out, through_microphone

DRY_SHARE = 0.4
"""Of the sounds; the others are in one of the three rooms."""
WORLD_SHARE = 0.6
"""Of the sounds: sources of the world; the others are recordings, dry where no room is added."""
AS_IT_IS_SHARE = 0.5
"""Of the rooms: those that the page offers; the others are smaller or larger, nearer or farther."""
LENGTH = round(CLIP_S * SAMPLE_RATE)


@dataclass(frozen=True)
class RoomSounds:
    """Draws sounds and the room that each is heard in."""

    recordings: list[Recording]
    rng: np.random.Generator

    def draw(self) -> tuple[Signal, str]:
        """A sound [LENGTH] at any loudness, and its room."""
        rng = self.rng
        others = (1.0 - DRY_SHARE) / 3
        room = str(rng.choice(ROOMS, p=[DRY_SHARE, others, others, others]))
        of_the_world = not self.recordings or rng.random() < WORLD_SHARE
        samples = self._of_the_world(room) if of_the_world else self._recording()
        synth = Synth(rng, LENGTH, SAMPLE_RATE)
        if room != "dry":
            samples = convolve(samples, self._response(room))
        if not of_the_world or synth.chance(0.3):
            samples = through_microphone(samples, synth)
        if synth.chance(0.15):
            samples = coded(samples, synth)
        gain_db = level_to_lufs(float(rng.uniform(0.1, 1.0))) - integrated_lufs(
            samples[::3], SAMPLE_RATE // 3
        )
        return limit_true_peak((samples * decibels(gain_db)).astype(np.float32), SAMPLE_RATE), room

    def _of_the_world(self, room: str) -> Signal:
        """Sources in the open air, such as may stand indoors; a dry sound may be of any."""
        rng = self.rng
        count = int(rng.choice([1, 2], p=[0.75, 0.25]))
        names = tuple(rng.choice(INDOOR_SOURCES, count, replace=False).tolist())
        anything = room == "dry" and rng.random() < 0.4
        return render_sound(sample_scene(rng, sources=None if anything else names, indoor_share=0.0), CLIP_S)

    def _recording(self) -> Signal:
        """A recording, of a known source or of another kind, at another speed."""
        rng, synth = self.rng, Synth(self.rng, LENGTH, SAMPLE_RATE)
        recording = self.recordings[int(rng.integers(len(self.recordings)))]
        samples = np.nan_to_num(cropped(read_samples(recording.path), synth))
        return laid_out(at_speed(samples, rng.uniform(0.92, 1.08)), synth)

    def _response(self, room: str) -> Signal:
        """The answer [R] of a room; its first sample is the direct sound."""
        rng = self.rng
        response = impulse_response(room, SAMPLE_RATE, rng)
        if rng.random() < AS_IT_IS_SHARE:
            return response
        times = np.arange(response.size, dtype=np.float32) / SAMPLE_RATE
        length_s = float(np.sum(times * response**2) / np.sum(response**2))
        varied = response * np.exp(-times / np.float32(length_s) * np.float32(rng.uniform(-0.1, 0.3)))
        varied = varied * np.float32(decibels(rng.uniform(-4.0, 3.0)))
        varied[0] = 1.0
        return varied.astype(np.float32)
