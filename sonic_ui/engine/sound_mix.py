"""Several sounds of a request as one, mixed in the time domain (Seeing Sound, figures 4 and 5)."""

from collections.abc import Callable, Hashable
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sonic_ui.engine.inputs import SAMPLE_RATE, Samples, Sound, in_room, treat
from sonic_ui.engine.jobs.settings import part_listened_to
from sonic_ui.media.captions import Caption, joined_captions
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.requests.faders import FIELD, Fader, audible

LoadSound = Callable[..., Sound]
"""As `Studio.load_sound`."""

LEFT_OUT = "{problem} The others are mixed without it."
TWICE = "“{name}” is in the mix {count} times: together that is {gain_db:.0f} dB louder than once."
ALL_SILENT = (
    "No sound of the mix is heard: all of them are muted, or their faders are all the way down. Raise one."
)


@dataclass(frozen=True)
class MixPart:
    """One sound of a mix: the setting that names it, and how it is mixed."""

    setting: str
    name: str
    sound: Sound = field(repr=False)
    fader: Fader


@dataclass(frozen=True)
class SoundMix:
    """The sounds of a request that can be read, and sentences about the others.

    audible   those of them that are neither muted nor silenced by the solo of others
    """

    request: SoundToImageRequest
    parts: tuple[MixPart, ...]
    audible: tuple[MixPart, ...]
    notices: tuple[str, ...]

    def sound(self) -> Sound:
        """What the engine hears: mono, in the request's room, at its gain. Raises `BadInput`."""
        from sonic_ui.audio.mixing import mix_with_faders

        request, first = self.request, self.audible[0].sound
        samples = mix_with_faders(*self._levels())
        clip = replace(
            first.clip,
            samples=samples,
            start_s=0.0,
            duration_s=samples.size / SAMPLE_RATE,
            source_duration_s=samples.size / SAMPLE_RATE,
        )
        treatment: Hashable = tuple((part.sound.key, astuple(part.fader)) for part in self.audible)
        mixed = Sound(first.digest, clip, treatment=treatment)
        return _limited(treat(mixed, request.gain_db, request.room, request.impulse_response))

    @cached_property
    def parts_alone(self) -> list[Sound]:
        """Each audible sound by itself, at its fader; none where there is but one. Raises `BadInput`."""
        if len(self.audible) < 2:
            return []
        return [replace(self, audible=(part,)).sound() for part in self.audible]

    def caption(self, write: Callable[[Sound], Caption]) -> Caption:
        """What is heard, in words: of each audible sound, the loudest first. Raises `BadInput`.

        A captioner that hears the mix alone names little but the loudest.
        """
        from sonic_ui.audio.loudness import integrated_lufs

        sounds = self.parts_alone or [self.sound()]
        loudest = sorted(sounds, key=lambda one: -integrated_lufs(one.clip.samples, SAMPLE_RATE))
        return joined_captions([*map(write, loudest)])

    def stereo(self) -> Samples:
        """The same for ears: left and right [2, T], every sound where its pan puts it. Raises `BadInput`."""
        from sonic_ui.audio.limiter import limit_true_peak
        from sonic_ui.audio.mixing import mix_in_stereo

        request, gain = self.request, np.float32(10.0 ** (self.request.gain_db / 20.0))
        sides = [
            in_room(side, request.room, request.impulse_response) * gain
            for side in mix_in_stereo(*self._levels())
        ]
        return np.stack([limit_true_peak(side, SAMPLE_RATE) for side in sides])

    def settings(self) -> dict[str, Any]:
        """What a result's metadata holds of the sounds: each file's SHA-256 and the part that was used."""
        settings: dict[str, Any] = {"sound_sha256": None}  # unless it is among the parts
        for part in self.parts:
            settings[f"{part.setting}_sha256"] = part.sound.digest
            settings[f"{part.setting}_listened_s"] = part_listened_to(part.sound.clip)
        return settings

    def _levels(self) -> tuple[list[Samples], int, list[Any]]:
        from sonic_ui.audio.mixing import Level

        levels = [Level(part.fader.lufs, part.fader.gain_db, part.fader.pan) for part in self.audible]
        return [part.sound.clip.samples for part in self.audible], SAMPLE_RATE, levels


def read_mix(request: SoundToImageRequest, load_sound: LoadSound) -> SoundMix:
    """The sounds of a request. One that cannot be used is left out, and a sentence says so.

    Raises `BadInput` where no sound is left, or none of them is heard.
    """
    parts, problems = [], []
    for setting, path in request.sound_paths.items():
        try:
            sound = load_sound(path, *request.part_of(setting))
        except BadInput as problem:
            problems.append((setting, problem))
            continue
        parts.append(MixPart(setting, Path(path).name, sound, request.fader_of(setting)))
    if not parts:
        setting, first = problems[0]
        raise BadInput(first.message, setting) from first
    flags = audible(tuple(part.fader for part in parts))
    sounding = tuple(part for part, flag in zip(parts, flags, strict=True) if flag)
    if not sounding:
        raise BadInput(ALL_SILENT, FIELD)
    notices = [LEFT_OUT.format(problem=one.message) for _, one in problems]
    return SoundMix(request, tuple(parts), sounding, (*notices, *_repeated(sounding)))


def _repeated(parts: tuple[MixPart, ...]) -> list[str]:
    """A sentence for each sound that is there more than once."""
    keys = [part.sound.key for part in parts]
    sentences = []
    for number, part in enumerate(parts):
        count = keys.count(part.sound.key)
        if count > 1 and keys.index(part.sound.key) == number:
            gain_db = 20.0 * float(np.log10(count))
            sentences.append(TWICE.format(name=part.name, count=count, gain_db=gain_db))
    return sentences


def _limited(sound: Sound) -> Sound:
    """The sound with no true peak above -1 dBTP."""
    from sonic_ui.audio.limiter import limit_true_peak

    samples = limit_true_peak(sound.clip.samples, SAMPLE_RATE)
    return replace(sound, clip=replace(sound.clip, samples=samples))
