"""Faders of a mix: how loud each of several sounds is, where the ear finds it, and which part is used."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

from sonic_ui.requests.base import END, MIN_WINDOW_S, START
from sonic_ui.requests.fields import BadInput, Marker, Range, as_float, shown

MOST_SOUNDS = 6
FADER_LUFS = Range("Loudness in the mix (LUFS)", -60.0, -6.0, 0.5, None)
FADER_GAIN = Range("Gain in the mix (dB)", -60.0, 24.0, 0.5, 0.0)
PAN = Range("Pan", -1.0, 1.0, 0.05, 0.0)

FIELD = "faders"
HOW = (
    'give one a sound, in order: a gain in dB, "-inf" for off, or an object such as {"lufs": -23, '
    '"mute": false, "solo": false, "pan": 0, "start_s": 0, "end_s": 4}'
)


@dataclass(frozen=True)
class Fader:
    """One sound of a mix.

    lufs             loudness that it is brought to before its gain; None leaves it as it is
    gain_db          gain on top
    mute, solo       a muted sound is not heard; where any is solo, only those are
    pan              -1 left to 1 right, for the ear alone: the engine hears mono
    start_s, end_s   part of the file, in seconds; None takes the loudest part of a long one
    """

    lufs: float | None = None
    gain_db: float = 0.0
    mute: bool = False
    solo: bool = False
    pan: float = 0.0
    start_s: float | None = None
    end_s: float | None = None


SETTINGS = tuple(field.name for field in fields(Fader))


@dataclass(frozen=True)
class Faders(Marker):
    """Up to MOST_SOUNDS faders: a list of gains or of objects."""

    def check(self, value: object, field: str, kind: Any) -> tuple[Fader, ...]:
        if value is None or value == "":
            return ()
        if not isinstance(value, (list, tuple)):
            raise BadInput(f"The faders are {shown(value)}; {HOW}.", field)
        if len(value) > MOST_SOUNDS:
            raise BadInput(
                f"{len(value)} faders were given; a mix has up to {MOST_SOUNDS} sounds. Leave some out.",
                field,
            )
        return tuple(_fader(one, field) for one in value)


FaderList = Annotated[tuple[Fader, ...], Faders()]


def _fader(value: object, field: str) -> Fader:
    given: Any = asdict(value) if isinstance(value, Fader) else value
    if given is None:
        return Fader()
    if not isinstance(given, dict):
        given = {"gain_db": given}
    unknown = [name for name in given if name not in SETTINGS]
    if unknown:
        raise BadInput(f"A fader has no {shown(unknown[0])}; it takes {', '.join(SETTINGS)}.", field)
    lufs, gain = given.get("lufs"), given.get("gain_db")
    start_s, end_s = (
        None if given.get(name) is None else limits.check(given[name], field)
        for name, limits in (("start_s", START), ("end_s", END))
    )
    if end_s is not None and end_s - (start_s or 0.0) < MIN_WINDOW_S:
        raise BadInput(
            f"The part of a sound of the mix runs from {start_s or 0:g} s to {end_s:g} s; it must be at "
            f"least {MIN_WINDOW_S:g} s long. Move the end after the start, or leave both empty.",
            field,
        )
    off = _is_off(lufs) or _is_off(gain)
    return Fader(
        lufs=None if lufs is None or off else float(FADER_LUFS.check(lufs, field)),
        gain_db=0.0 if gain is None or off else float(FADER_GAIN.check(gain, field)),
        mute=_switch("mute", given, field) or off,
        solo=_switch("solo", given, field),
        pan=float(PAN.check(0.0 if given.get("pan") is None else given["pan"], field)),
        start_s=start_s,
        end_s=end_s,
    )


def _is_off(level: object) -> bool:
    """Whether a fader stands at minus infinity."""
    if isinstance(level, str) and level.strip().lower() == "off":
        return True
    number = as_float(level)
    return number is not None and number == -math.inf


def _switch(name: str, given: dict[str, Any], field: str) -> bool:
    value = given.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise BadInput(f"The setting {name} of a fader is {shown(value)}; it takes true or false.", field)


def audible(faders: tuple[Fader, ...]) -> tuple[bool, ...]:
    """Which sounds of a mix are heard: not the muted ones, and only the solo ones if any is."""
    some_solo = any(fader.solo and not fader.mute for fader in faders)
    return tuple(not fader.mute and (fader.solo or not some_solo) for fader in faders)
