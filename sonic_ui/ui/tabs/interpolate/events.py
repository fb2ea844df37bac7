"""What happens on the tab "Interpolate": events of the studio become values of the page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.engine.events import Notice, Result
from sonic_ui.engine.jobs.interpolate import SAME_SOUND
from sonic_ui.requests import VERBS, InterpolateRequest
from sonic_ui.requests.interpolate import FRAMES
from sonic_ui.ui.components import basic, strip_player
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.table import Row, SettingsTable
from sonic_ui.ui.tabs.interpolate import results
from sonic_ui.ui.widgets import prompt_settings, runs, send_to_tab, settings_drop, sound_input, strips
from sonic_ui.ui.widgets.fields import Update

TAB = VERBS["interpolate"].tab
SWAP = "(...values) => values.map((_, index) => values[index ^ 1])"


@dataclass(frozen=True)
class InterpolationSettings:
    """The way from one sound to the other, and how its film runs: the components."""

    method: gr.HTML
    own_a: gr.Checkbox
    lufs_a: gr.Slider
    own_b: gr.Checkbox
    lufs_b: gr.Slider
    room: gr.Radio
    spacing: gr.HTML
    positions: gr.Textbox
    message: gr.HTML
    loop: gr.Checkbox
    smoothing: gr.Slider
    film_s: gr.Slider

    def named(self, *names: str) -> dict[str, Any]:
        """Some of the components by name."""
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    sound_a: sound_input.SoundInput
    sound_b: sound_input.SoundInput
    interpolation: InterpolationSettings
    prompts: prompt_settings.PromptSettings
    swap: gr.Button
    bar: runs.RunBar
    player: strip_player.StripPlayer
    drop: settings_drop.SettingsDrop
    shared: SharedComponents


def settings_table(parts: Components) -> SettingsTable[InterpolateRequest]:
    """The settings of the tab."""
    own, prompts = parts.interpolation, parts.prompts
    sounds = [
        Row(
            {f"sound_{side}": view.sound, f"start_{side}_s": view.start_s, f"end_{side}_s": view.end_s},
            view.message,
        )
        for side, view in (("a", parts.sound_a), ("b", parts.sound_b))
    ]
    loudness = own.named("own_a", "lufs_a", "own_b", "lufs_b")
    rows = [
        *sounds,
        Row(own.named("method", "room", "spacing"), own.message),
        Row(own.named("loop", "smoothing", "film_s")),
        Row({"frames": prompts.beside_seed, "continuity": prompts.advanced}),
        Row(own.named("positions"), own.message, _positions, _position_values),
        Row(loudness, own.message, _loudness, _loudness_values),
        *prompts.rows(),
    ]
    return SettingsTable(InterpolateRequest, rows)


def _positions(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"positions": (values["positions"] or "").strip() or None}


def _position_values(request: InterpolateRequest, files: Mapping[str, str]) -> dict[str, Any]:
    if request.positions is None:
        return {"positions": ""}
    frames = max(len(request.positions), int(FRAMES.minimum))
    return {"positions": position_list(request.positions), "frames": frames}


def _loudness(values: Mapping[str, Any]) -> dict[str, Any]:
    """The loudness of each sound in a mix, if it has one of its own."""
    mixed = values["method"] == "mix"
    return {f"lufs_{side}": values[f"lufs_{side}"] for side in "ab" if mixed and values[f"own_{side}"]}


def _loudness_values(request: InterpolateRequest, files: Mapping[str, str]) -> dict[str, Any]:
    lufs = {side: getattr(request, f"lufs_{side}") for side in "ab"}
    return {
        **{f"own_{side}": value is not None for side, value in lufs.items()},
        **{f"lufs_{side}": value for side, value in lufs.items() if value is not None},
    }


def position_list(positions: Sequence[float]) -> str:
    """Positions as a person writes them, each exactly itself when it is read again."""
    return ", ".join(f"{at:g}" if float(f"{at:g}") == at else repr(at) for at in positions)


class Handlers:
    """The tab's event handlers."""

    def __init__(self, context: AppContext, parts: Components) -> None:
        self._context = context
        self._parts = parts
        self.table = settings_table(parts)
        self.runs = runs.Runs(
            context, parts.shared, TAB, parts.player.view, parts.bar, self.table, parts.prompts.seed.seed
        )
        self.strip = strips.StripHandlers(
            context, TAB, parts.player, results.write_files, results.request_at, results.frame_at
        )
        self.reuse = settings_drop.Reuse(context, parts.drop, self.table)

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of the table) and run it."""
        yield from self.runs.generate(request, values, self._paint)

    def _paint(self, run: runs.RunContext[InterpolateRequest]) -> Iterator[Update]:
        slots = results.slots_of(run.request)
        progress = strip_player.StripProgress(run.run, slots, results.slot_of)
        yield from self.runs.follow(run, progress, Result, self._finished, self._notice)

    def _notice(self, notice: Notice) -> Update:
        view = self._parts.sound_b if notice.message == SAME_SOUND else self._parts.prompts
        return {view.message: basic.note(notice.message)}

    def _finished(self, run: runs.RunContext[InterpolateRequest], result: Result) -> Update:
        files = self._context.pictures.write(result.images, result.settings)
        strip = results.strip_of(run.run, result, files)
        self.strip.add(strip.id, result)
        return self.runs.finished(run, strip.id, files, result, strip_player.done(run.run, strip))

    def connect(self) -> send_to_tab.Target:
        """Connect the tab; returns what takes sounds of other tabs."""
        parts, own, a, b = self._parts, self._parts.interpolation, self._parts.sound_a, self._parts.sound_b
        refresh_after = [
            sound_input.SoundInputHandlers(self._context, view, own.room).connect() for view in (a, b)
        ]
        parts.prompts.seed.connect()
        parts.prompts.beside_seed.input(
            None, js="() => ''", outputs=[own.positions], api_visibility="private"
        )
        self.runs.connect(self.generate, [parts.prompts.prompt.submit])
        self.strip.connect(parts.shared)
        self.reuse.connect(parts.player.view, parts.shared, refresh_after)
        pairs: list[Any] = [
            *(a.sound, b.sound, a.start_s, b.start_s, a.end_s, b.end_s),
            *(own.own_a, own.own_b, own.lufs_a, own.lufs_b),
        ]
        swapped = parts.swap.click(None, js=SWAP, inputs=pairs, outputs=pairs, api_visibility="private")
        for refresh in refresh_after:
            refresh(swapped)
        return send_to_tab.sound_target(a, refresh_after[0])
