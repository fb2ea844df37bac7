"""Several sounds as one, and the room they are heard in: a fold of a tab whose pictures may have a mix."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sonic_ui.engine.events import Failure
from sonic_ui.engine.inputs import SAMPLE_RATE
from sonic_ui.engine.sound_mix import SoundMix, read_mix
from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.requests.faders import FIELD, MOST_SOUNDS
from sonic_ui.requests.split_sound import SplitSoundRequest
from sonic_ui.ui.components import basic, preview_player, sound_mixer
from sonic_ui.ui.components.base import event_field
from sonic_ui.ui.components.sound_mixer import MixRow
from sonic_ui.ui.late_loading import show_when_unfolded
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.table import Row
from sonic_ui.ui.split_api import split_files
from sonic_ui.ui.widgets.fields import (
    AT_ONCE,
    FREQUENT,
    Refresh,
    Update,
    label_sentence,
    name_choice,
    room_choice,
)

MORE = SoundToImageRequest.SOUNDS[1:]
ASSIGN = "(...current) => window.suMixes['{tab}'].assign(current)"
NOT_MIXED = "The sounds could not be mixed; the app’s log has the details."
FULL = "The mix is full: remove a sound first."
NO_ROOM = (
    "There are {stems} stems, and the mix has room for {free} more sounds. Remove some, then split again."
)
SPLIT = "The first sound is muted, and its {stems} stems stand below it."
NOT_SPLIT = "The sound could not be split; the app’s log has the details."
WAYS = (
    ("harmonic", "sustained and struck"),
    ("2", "two parts"),
    ("3", "three parts"),
    ("4", "four parts"),
)
SPLIT_S = 10.0
"""Of the first sound: more of it is not heard."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mixer:
    """The components. `tab` begins the names of their elements.

    mixer    faders, as a person set them; hints: what was read of the sounds
    files    the sounds besides the first, out of sight, by setting
    player   plays the mix
    """

    tab: str
    mixer: gr.HTML
    hints: gr.HTML
    files: dict[str, gr.File]
    player: gr.HTML
    room: gr.Radio
    by_name: gr.Checkbox
    impulse_response: gr.File
    message: gr.HTML

    def row(self) -> Row:
        """The settings that they stand for."""
        return Row(
            {
                "mixer": self.mixer,
                **self.files,
                "room": self.room,
                "by_name": self.by_name,
                "impulse_response": self.impulse_response,
            },
            self.message,
            mix_settings,
            _mix_values,
            fields=[FIELD],
        )


def mix_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a request for the page's values; faders only where there is something to mix."""
    faders = sound_mixer.faders_of(values["mixer"])
    last = max((number for number, name in enumerate(MORE, start=1) if values[name]), default=0)
    moved = any(map(sound_mixer.is_moved, faders[:1]))
    settings = {name: values[name] for name in (*MORE, "room", "by_name", "impulse_response")}
    return {**settings, FIELD: faders[: last + 1] if last or moved else ()}


def _mix_values(request: SoundToImageRequest, files: Mapping[str, str]) -> dict[str, Any]:
    return {
        "mixer": sound_mixer.mixer_value(request.faders),
        **{name: files.get(name) for name in (*MORE, "impulse_response")},
        "room": request.room,
        "by_name": request.by_name,
    }


def mixer(tab: str, context: AppContext) -> Mixer:
    """Lay it out, folded and empty; it reaches the page when it is unfolded first."""
    files = {name: gr.File(type="filepath", visible=False) for name in MORE}
    hints = sound_mixer.mix_hints(tab)
    with basic.accordion("Mix and room", "su-mix-fold") as fold:
        mix = sound_mixer.sound_mixer(tab, [one.title for one in context.examples], WAYS)
        message = basic.message(f"{tab}-mix-message")
        player = preview_player.preview_player(f"{tab}-mix", f"{tab}-mix-player", "Play the mix")
        room = room_choice(tab)
        by_name = name_choice(tab, "“A quiet dog and loud rain in a church” joins your words.")
        own = gr.File(
            label="A room of your own: drop its impulse response (WAV)",
            file_types=["audio"],
            type="filepath",
            height=46,
            elem_id=f"{tab}-impulse-response",
            elem_classes=["su-drop", "su-drop-room"],
        )
    show_when_unfolded(fold, [mix, player, room, by_name, own])
    return Mixer(tab, mix, hints, files, player, room, by_name, own, message)


class MixerHandlers:
    """The event handlers.

    first   the components of the first sound, by setting: the sound, its part and its gain
    """

    def __init__(self, context: AppContext, parts: Mixer, first: Mapping[str, Any]) -> None:
        self._context = context
        self._parts = parts
        self.inputs: dict[str, Any] = {**first, **parts.row().components}

    def hear(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Something of the mix changed: what there is of each sound, then what all of it is heard as."""
        session, parts = request.session_hash or "", self._parts
        view = f"{parts.tab}-mix"
        number = self._context.tasks.begin_analysis(session, view)
        named = dict(zip(self.inputs, values, strict=True))
        try:
            rows = self._rows(self._request({**named, "sound": named["sound"] or "absent"}), named)
            yield {parts.hints: sound_mixer.hints_value(rows), parts.message: basic.CLEAR}
            if sum(row is not None for row in rows) < 2 and not named["impulse_response"]:
                return
            mix = self.mix(named)
            sound = mix.sound()
            line = self._line(sound, mix)
        except BadInput as problem:
            yield {parts.message: basic.error(problem.message)}
            return
        except Exception:
            log.exception("Sounds were not mixed")
            yield {parts.message: basic.error(NOT_MIXED)}
            return
        if self._context.tasks.is_newest_analysis(session, view, number):
            yield {parts.hints: sound_mixer.hints_value(rows, line)}

    def hear_stems(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """As `hear`, where the sentence about the stems stays."""
        for update in self.hear(request, *values):
            if self._parts.hints in update:
                yield {self._parts.hints: update[self._parts.hints]}

    def _request(self, named: Mapping[str, Any]) -> SoundToImageRequest:
        """The request for the page's values, as far as they are here. Raises `BadInput`."""
        first = {name: named[name] for name in ("sound", "start_s", "end_s", "gain_db")}
        return SoundToImageRequest.from_values({**first, **mix_settings(named)})

    def _rows(self, request: SoundToImageRequest, named: Mapping[str, Any]) -> list[MixRow | None]:
        """What was read of each sound, in the order of the faders."""
        from sonic_ui.audio.loudness import integrated_lufs

        rows: list[MixRow | None] = []
        for setting in request.SOUNDS:
            path = named[setting]
            if not path:
                rows.append(None)
                continue
            try:
                clip = self._context.studio.load_sound(path, *request.part_of(setting)).clip
            except BadInput as problem:
                rows.append(MixRow(Path(path).name, None, problem.message))
                continue
            rows.append(MixRow(Path(path).name, round(integrated_lufs(clip.samples, SAMPLE_RATE), 1)))
        return rows

    def mix(self, named: Mapping[str, Any]) -> SoundMix:
        """The sounds for the page's values of `inputs`, one or several. Raises `BadInput`."""
        return read_mix(self._request(named), self._context.studio.load_sound)

    def _line(self, sound: Any, mix: SoundMix) -> str:
        """The line about a mix: how loud it is, and what it is heard as."""
        from sonic_ui.audio.loudness import integrated_lufs
        from sonic_ui.audio.reverb import response_notice

        lufs = integrated_lufs(sound.clip.samples, SAMPLE_RATE)
        words = [f"Together {lufs:.0f} LUFS".replace("-", "−")]
        try:
            analysis = self._context.studio.embed_audio(sound)
            words.append(f", heard as {label_sentence(analysis.labels, analysis.is_unknown)}")
        except (BadInput, Failure):
            pass  # the engine is not running: the header says so
        own = mix.request.impulse_response
        notes = [*mix.notices, response_notice(own) if own else ""]
        return " ".join(["".join(words) + ".", *filter(None, notes)])

    def add_example(self, event: gr.EventData, *current: Any) -> Update:
        """An example was chosen: it takes the first free place."""
        number, examples = event_field(event, "number"), self._context.examples
        if not isinstance(number, int) or not 0 <= number < len(examples):
            raise gr.Error("This example is no longer there. Reload the page.")
        for (_, file), path in zip(self._parts.files.items(), current, strict=True):
            if not path:
                return {file: str(examples[number].sound)}
        return {self._parts.message: basic.error(FULL)}

    def split(self, event: gr.EventData, *values: Any) -> Update:
        """Split the first sound: its stems take the free places, and it is muted itself."""
        parts, named = self._parts, dict(zip(self.inputs, values, strict=True))
        free = [name for name in MORE if not named[name]]
        try:
            part = {name: named[name] for name in ("sound", "start_s", "end_s")}
            request = SplitSoundRequest.from_values({**part, "way": event_field(event, "way")})
            files, about = split_files(self._context, request, SPLIT_S)
            if len(files) > len(free):
                raise BadInput(NO_ROOM.format(stems=len(files), free=len(free)), "way")
        except BadInput as problem:
            return {parts.message: basic.error(problem.message)}
        except Exception:
            log.exception("A sound was not split")
            return {parts.message: basic.error(NOT_SPLIT)}
        faders = [*sound_mixer.faders_of(named["mixer"]), *[sound_mixer.UNMOVED] * MOST_SOUNDS]
        places = dict(zip(free, files, strict=False))
        moved = {SoundToImageRequest.SOUNDS.index(name): sound_mixer.UNMOVED for name in places}
        moved[0] = {**faders[0], "mute": True}
        said = " ".join([SPLIT.format(stems=len(files)), *about["notices"]])
        return {
            parts.mixer: {"faders": [moved.get(at, faders[at]) for at in range(MOST_SOUNDS)]},
            **{parts.files[name]: str(path) for name, path in places.items()},
            parts.message: basic.note(said),
        }

    def play(self, event: gr.EventData, *values: Any) -> Update:
        """Play the mix as it is set, in stereo, through the code that the engine hears it through."""
        number = event_field(event, "number")
        number = number if isinstance(number, int) else 0
        try:
            samples = self.mix(dict(zip(self.inputs, values, strict=True))).stereo()
            value = preview_player.preview_ready(number, self._written(samples))
        except BadInput as problem:
            value = preview_player.no_preview(number, problem.message)
        except Exception:
            log.exception("A mix was not played")
            value = preview_player.no_preview(number, NOT_MIXED)
        return {self._parts.player: value}

    def _written(self, samples: np.ndarray) -> Path:
        import soundfile

        path, file = self._context.pictures.new() / "mix.wav", BytesIO()
        soundfile.write(file, samples.T, SAMPLE_RATE, subtype="PCM_24", format="WAV")
        with writing(path):
            path.write_bytes(file.getvalue())
        return path

    def connect(self) -> Refresh:
        """Connect it; returns what reads the sounds again once settings are back."""
        parts, inputs = self._parts, [*self.inputs.values()]
        files = [*parts.files.values()]
        hearing: dict[str, Any] = {
            "fn": self.hear,
            "inputs": inputs,
            "outputs": [parts.hints, parts.message],
            **FREQUENT,
        }

        def refresh_after(event: Any) -> Any:
            return event.then(**hearing)

        assign = ASSIGN.format(tab=parts.tab)
        assigned = parts.mixer.assign(None, js=assign, inputs=files, outputs=files, api_visibility="private")
        refresh_after(assigned)
        added = parts.mixer.example(
            self.add_example, inputs=files, outputs=[*files, parts.message], **AT_ONCE
        )
        refresh_after(added)
        outputs = [parts.mixer, *files, parts.message]
        split = parts.mixer.split(self.split, inputs=inputs, outputs=outputs, **FREQUENT)
        split.then(**{**hearing, "fn": self.hear_stems, "outputs": [parts.hints]})
        own = parts.impulse_response
        parts.mixer.input(**hearing)
        parts.mixer.wanted(**hearing)
        gr.on([parts.room.input, own.upload, own.clear], **hearing)
        parts.player.preview(self.play, inputs=inputs, outputs=[parts.player], **FREQUENT)
        return refresh_after
