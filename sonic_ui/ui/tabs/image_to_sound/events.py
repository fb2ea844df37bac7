"""What happens on the tab "Image → Sound": events of the studio become values of the page."""

from __future__ import annotations

import logging
import random
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from sonic_ui.engine import LABELS_SHOWN, Failure, Notice, Progress, SoundResult
from sonic_ui.requests import BadInput, ImageToSoundRequest
from sonic_ui.requests.base import SEED
from sonic_ui.ui.components.curve_pad import drawn, ghost
from sonic_ui.ui.components.live import sent
from sonic_ui.ui.components.message import CLEAR, error, note
from sonic_ui.ui.components.sound_view import NO_LABELS, bars, listening
from sonic_ui.ui.components.takes import done, filmed, working
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.reuse import request_of, with_record
from sonic_ui.ui.tabs.image_to_sound.curves import SECONDS, hummed, pad_of, run_context
from sonic_ui.ui.tabs.image_to_sound.results import card_of_sounds, write_takes, write_video
from sonic_ui.ui.widgets.picture_input import with_pictures, write_preview
from sonic_ui.ui.widgets.runs import RunContext, Runs
from sonic_ui.ui.widgets.sound_input import Update

if TYPE_CHECKING:
    from sonic_ui.ui.tabs.image_to_sound.layout import Components

TAB = "image-to-sound"
OWN = ("prompt", "negative_prompt", "takes", "control", "energy_strength", "guidance_scale", "steps")
HOW = ("mode", "source", "library", "concepts")
SETTINGS = ("picture", "pad", *HOW, *OWN, "loudness_lufs", "seed", "keep_seed")

RESULTS_KEPT = 16
HUM_S = 20.0
NOT_FILMED = "The video could not be made; the app’s log has the details."

log = logging.getLogger(__name__)


class Handlers:
    """The tab's event handlers."""

    def __init__(self, context: AppContext, parts: Components, runs: Runs) -> None:
        self._context = context
        self._parts = parts
        self._runs = runs
        self._results: OrderedDict[tuple[str, str], SoundResult] = OrderedDict()

    # The picture

    def look(self, request: gr.Request, picture: str | None) -> Iterator[Update]:
        """Tell what the picture shows that sounds, and how that would rise and fall."""
        parts, session = self._parts, request.session_hash or ""
        place = parts.picture
        number = self._context.sessions.look(session, place.name)
        if not picture:
            yield {parts.labels: NO_LABELS, parts.curve.ghost: ghost(None, SECONDS), place.message: CLEAR}
            return
        yield {parts.labels: listening("Looking …"), place.message: CLEAR}
        try:
            seen = self._context.studio.analyze_image(picture)
            update: Update = {
                parts.labels: bars(seen.labels[:LABELS_SHOWN]),
                parts.curve.ghost: ghost(seen.suggestion, seen.duration_s),
            }
        except BadInput as problem:
            told = {place.message: error(problem.message)} if problem.field == "picture" else {}
            update = {parts.labels: NO_LABELS, parts.curve.ghost: ghost(None, SECONDS), **told}
        except Exception as problem:
            if not isinstance(problem, Failure):
                log.exception("A picture was not looked at")
            update = {parts.labels: listening("It cannot be told while the engine is not running.")}
        if self._context.sessions.is_newest_analysis(session, place.name, number):
            yield update

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked. Raises `gr.Error` if there is none."""
        index, examples = sent(event, "index"), with_pictures(self._context)
        if not isinstance(index, int) or not 0 <= index < len(examples):
            raise gr.Error("This example is no longer there. Reload the page.")
        return self.receive(Path(str(examples[index].picture)))

    def receive(self, picture: Path) -> Update:
        """A picture of ours was chosen or sent here."""
        return {self._parts.picture.picture: str(picture)}

    # The curve

    def hum(self, sound: str | None) -> Update:
        """Draw the loudness of a recording on the pad."""
        from sonic_ui.audio.clips import load_clip

        told = self._parts.hum_message
        if not sound:
            return {told: CLEAR}
        try:
            clip = load_clip(sound, 16_000, max_duration_s=HUM_S)
            values, words = hummed(clip, SECONDS)
        except BadInput as problem:
            return {told: error(problem.message)}
        except Exception:
            log.exception("A hum was not drawn")
            return {told: error("The loudness of this sound could not be drawn. Try another.")}
        return {self._parts.curve.pad: drawn("curve", values), told: note(words)}

    # Making sounds

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of `SETTINGS`) and run it."""
        yield from self._runs.generate(request, SETTINGS, values, build_request, self._make)

    def _make(self, run_context: RunContext[ImageToSoundRequest]) -> Iterator[Update]:
        told: list[str] = []
        for event in self._context.studio.run(run_context.wanted, run_context.token, run_context.session):
            if isinstance(event, Progress):
                yield {self._parts.takes: working(run_context.run, event)}
            elif isinstance(event, Notice):
                told.append(event.message)
                yield {self._parts.bar.message: note(" ".join(told))}
            elif isinstance(event, SoundResult):
                yield self._finished(run_context, event)

    def _finished(self, run_context: RunContext[ImageToSoundRequest], result: SoundResult) -> Update:
        context = self._context
        files = write_takes(context, result)
        card = card_of_sounds(run_context.run, result, files, write_preview(context, result.image))
        context.gallery.keep(run_context.session, card.id, files)
        self._results[run_context.session, card.id] = result
        while len(self._results) > RESULTS_KEPT:
            self._results.popitem(last=False)
        return {
            self._parts.takes: done(run_context.run, card),
            self._parts.shared.records: with_record(run_context.records, card.id, result),
        }

    def film(self, request: gr.Request, event: gr.EventData) -> Update:
        """Make the video of a take."""
        name, index = str(sent(event, "id")), sent(event, "index")
        place = self._parts.takes
        result = self._results.get((request.session_hash or "", name))
        if result is None or not isinstance(index, int) or not 0 <= index < len(result.takes):
            gone = "This sound is no longer kept. Make it again for a video."
            return {place: filmed(name, index if isinstance(index, int) else 0, None, gone)}
        stem = self._context.gallery.find(request.session_hash or "", name, index)
        try:
            video = write_video(
                result, index, self._context.pictures.new() / (stem.stem if stem else "sound")
            )
        except BadInput as problem:
            return {place: filmed(name, index, None, problem.message)}
        except Exception:
            log.exception("A video was not made")
            return {place: filmed(name, index, None, NOT_FILMED)}
        return {place: filmed(name, index, video)}


def build_request(values: Mapping[str, Any]) -> ImageToSoundRequest:
    """The request that the page's settings stand for; a new seed unless it is kept. Raises `BadInput`."""
    own = {name: values[name] for name in ("picture", *HOW, *OWN, "loudness_lufs")}
    seed = values["seed"] if values["keep_seed"] else random.randint(0, int(SEED.maximum))
    return ImageToSoundRequest.from_values({**own, **run_context(values["pad"]), "seed": seed})


def values_from_settings(settings: dict[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Values for the page's settings from those of a sound. Raises `BadInput` for settings of others."""
    request = request_of(settings, files, ImageToSoundRequest)
    updates = {name: getattr(request, name) for name in (*HOW, *OWN, "loudness_lufs")}
    updates = {name: value for name, value in updates.items() if value is not None}
    return {
        **updates,
        "library": request.library or "",
        "pad": pad_of(request, SECONDS),
        "seed": request.seed,
        "keep_seed": True,
        **{name: path for name, path in files.items() if name == "picture"},
    }
