"""Sounds and pictures that requests name: each file is decoded once and hashed once, until it changes;
and folders of recordings that the app may read."""

import os
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from sonic_ui.audio.clips import Clip, load_clip
from sonic_ui.bundles import ROOT
from sonic_ui.bundles.manifest import file_sha256
from sonic_ui.engine.caches import LRUCache
from sonic_ui.media.colours import OwnColours
from sonic_ui.requests import BadInput, MakingRequest, PaintingRequest
from sonic_ui.requests.fields import shown

SAMPLE_RATE = 48_000
EXAMPLES = ROOT / "assets" / "examples" / "sounds"
MAX_CHOICES = 40

Samples = NDArray[np.float32]

CUT = (
    "The end of “{name}” is missing: the part of the picture that it held is grey. Save or download it again "
    "for all of it."
)

PICTURE_LIBRARY = ROOT / "assets" / "examples" / "library"
"""Pictures that sounds find what they depict in."""

NO_FOLDER = (
    "The {holds} in {name} cannot be read: this app reads only its own examples. Start it with "
    "{option} FOLDER to use a folder of yours."
)


@dataclass(frozen=True)
class Sound:
    """The part of a sound file that is listened to: the file's SHA-256, its samples, and what was done to
    them.

    treatment   what was done besides: the room of one's own, what was mixed with it
    """

    digest: str
    clip: Clip = field(repr=False)
    gain_db: float = 0.0
    room: str = "dry"
    treatment: Hashable = None

    @property
    def key(self) -> Hashable:
        """What identifies the samples: same key, same embedding."""
        part = (self.digest, self.clip.start_s, self.clip.duration_s)
        return (*part, self.gain_db, self.room, self.treatment)


@dataclass(frozen=True)
class InputPicture:
    """A picture file as upright RGB in sRGB, and its SHA-256. The picture is shared: copy it before you
    change it.

    own      its pixels before, with their profile and transparency; None if they are the same
    notice   a sentence about what is wrong with the file, if something is
    """

    image: Image = field(repr=False)
    digest: str
    own: OwnColours | None = field(repr=False, default=None, kw_only=True)
    notice: str = field(default="", kw_only=True)

    @property
    def given(self) -> Image:
        """The picture as it was given, for eyes: with its own colours and transparency."""
        return self.image if self.own is None else self.own.picture


@dataclass(frozen=True)
class MaskedPicture(InputPicture):
    """A picture, and white where it may change (None: all of it)."""

    mask: Image | None = field(repr=False, default=None)
    mask_digest: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What a result's metadata holds of it."""
        settings: dict[str, Any] = {"picture_sha256": self.digest, "picture_px": list(self.image.size)}
        return {**settings, "mask_sha256": self.mask_digest} if self.mask_digest else settings

    def in_own_colours(self, edited: Image) -> Image:
        """An edit of `image` [RGB, of its size] with the profile and the transparency that were given."""
        return edited if self.own is None else self.own.restore(self.image, edited)


_digests: LRUCache[str] = LRUCache(1024)
_pictures: LRUCache[InputPicture] = LRUCache(16)
_responses: LRUCache[Samples] = LRUCache(4)


def file_digest(path: str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises `BadInput`."""
    try:
        return _digests.get(_version(path), lambda: file_sha256(path))
    except (OSError, ValueError):
        raise BadInput(
            f"The sound {Path(path).name!r} is no longer there. Record or upload it again.", "sound"
        ) from None


def load_picture(path: str | Path) -> InputPicture:
    """A picture file, upright, with its digest. Raises `BadInput`."""
    from sonic_ui.media import images

    try:
        version = _version(path)
    except (OSError, ValueError):
        version = None
    picture = None if version is None else _pictures.find(version)
    if picture is None:
        file = images.read_picture(path)
        notice = CUT.format(name=Path(path).name) if file.is_cut else ""
        picture = InputPicture(file.image, file.digest, own=file.own, notice=notice)
        if version is not None:
            _pictures.put(version, picture)
            _digests.put(version, picture.digest)
    return picture


def read_pictures(request: MakingRequest) -> MaskedPicture | None:
    """The picture that a request names, with its mask if it has one. Raises `BadInput` naming the setting."""
    from sonic_ui.media.images import load_mask, read_mask

    paths = request.picture_paths
    if "picture" not in paths:
        return None
    picture = load_picture(paths["picture"])
    look: dict[str, Any] = {"own": picture.own, "notice": picture.notice}
    if "mask" not in paths:
        return MaskedPicture(picture.image, picture.digest, **look)
    try:
        painted, digest = load_mask(paths["mask"])
    except BadInput as problem:
        raise BadInput(f"The mask cannot be used. {problem.message}", "mask") from problem
    mask = read_mask(painted, picture.image.size)
    return MaskedPicture(picture.image, picture.digest, mask, digest, **look)


class SoundReader:
    """Sounds of requests, read and treated; those used last are cached."""

    def __init__(self) -> None:
        self._read: LRUCache[Sound] = LRUCache(8)
        self._treated: LRUCache[Sound] = LRUCache(16)

    def load(
        self,
        path: str,
        start_s: float | None,
        end_s: float | None,
        gain_db: float = 0.0,
        room: str = "dry",
        impulse_response: str | None = None,
    ) -> Sound:
        """The part of a sound that a request listens to, in a room, at a gain. Raises `BadInput`."""
        digest = file_digest(path)
        part = (digest, start_s, end_s)
        sound = self._read.get(part, lambda: _read_sound(digest, path, start_s, end_s))
        if gain_db == 0 and room == "dry" and impulse_response is None:
            return sound
        own = None if impulse_response is None else response_digest(impulse_response)
        return self._treated.get(
            (*part, gain_db, room, own), lambda: treat(sound, gain_db, room, impulse_response)
        )

    def sounds_of(self, request: MakingRequest) -> dict[str, Sound]:
        """The sounds that a request names, by setting. Raises `BadInput` naming that setting."""
        if not isinstance(request, PaintingRequest) or getattr(request, "is_mix", False):
            return {}  # the job of a mix reads its sounds itself
        room, gain_db = getattr(request, "room", "dry"), getattr(request, "gain_db", 0.0)
        own = getattr(request, "impulse_response", None)
        sounds = {}
        for name, path in request.sound_paths.items():
            if name in request.TRACKS:
                continue
            start, end = request.window_settings(name)
            try:
                sounds[name] = self.load(path, *request.part_of(name), gain_db, room, own)
            except BadInput as problem:
                setting = {"sound": name, "start_s": start, "end_s": end}
                raise BadInput(problem.message, setting.get(problem.field, problem.field)) from problem
        return sounds


def _version(path: str | Path) -> Hashable:
    """What identifies a file's bytes without reading them."""
    status = Path(path).stat()
    return (str(path), status.st_size, status.st_mtime_ns)


def _read_sound(digest: str, path: str, start_s: float | None, end_s: float | None) -> Sound:
    return Sound(digest, load_clip(path, SAMPLE_RATE, start_s=start_s, end_s=end_s))


def response_digest(path: str) -> str:
    """SHA-256 of an impulse response's file. Raises `BadInput`."""
    try:
        return file_digest(path)
    except BadInput:
        raise BadInput(
            f"The impulse response {Path(path).name!r} is no longer there. Upload it again.",
            "impulse_response",
        ) from None


def treat(sound: Sound, gain_db: float, room: str, impulse_response: str | None = None) -> Sound:
    """The sound in a room, then louder or softer by `gain_db` with its true peaks limited.

    impulse_response   path of a recorded one, in place of the room. Raises `BadInput` if it is none
    """
    samples, treatment = in_room(sound.clip.samples, room, impulse_response), sound.treatment
    if impulse_response is not None:
        treatment = (treatment, response_digest(impulse_response))
    if gain_db:
        from sonic_ui.audio.loudness import apply_gain

        samples = apply_gain(samples, gain_db, SAMPLE_RATE)
    return Sound(sound.digest, replace(sound.clip, samples=samples), gain_db, room, treatment)


def in_room(samples: Samples, room: str, impulse_response: str | None = None) -> Samples:
    """The samples [T] in a room, or through a recorded impulse response. Raises `BadInput` if it is none."""
    from sonic_ui.audio.reverb import convolve, read_response, reverberate

    if impulse_response is not None:
        digest = response_digest(impulse_response)
        response = _responses.get(digest, lambda: read_response(impulse_response, SAMPLE_RATE))
        return convolve(samples, response)
    return samples if room == "dry" else reverberate(samples, SAMPLE_RATE, room)


class Libraries:
    """The examples, and a person's own folder with everything in it; nothing outside is ever read.

    holds   what lies in them; option: that of the command line which names the person's own
    """

    def __init__(
        self,
        examples: Path = EXAMPLES,
        own: Path | None = None,
        holds: str = "recordings",
        option: str = "--sounds",
    ) -> None:
        self._examples = examples
        self._holds, self._option = holds, option
        self._own = None if own is None else own.expanduser().resolve()

    def folder_of(self, name: str | None) -> Path:
        """The folder that a request names: None for the examples, else one inside the person's own.

        "." is that folder itself. Raises `BadInput` for one that is missing or lies outside.
        """
        if name is None:
            return self._examples
        if self._own is None:
            raise BadInput(
                NO_FOLDER.format(name=shown(name), holds=self._holds, option=self._option), "library"
            )
        folder = (self._own / name).resolve()  # an absolute name replaces the folder
        if not folder.is_relative_to(self._own):
            raise BadInput(
                f"The folder {shown(name)} lies outside “{self._own.name}”, the one that this app may read. "
                f"Start it with another {self._option} FOLDER.",
                "library",
            )
        if not folder.is_dir():
            raise BadInput(f"There is no folder {shown(name)} in “{self._own.name}”.", "library")
        return folder

    def choices(self) -> list[tuple[str, str]]:
        """Names for people and for requests: the examples, the person's folder, and the folders in it."""
        found = [("The examples", "")]
        if self._own is None or not self._own.is_dir():
            return found
        found.append((self._own.name or str(self._own), "."))
        with os.scandir(self._own) as entries:
            inside = sorted(one.name for one in entries if one.is_dir() and not one.name.startswith("."))
        return found + [(f"{self._own.name} / {name}", name) for name in inside[:MAX_CHOICES]]
