"""The tab "Interpolate": two sounds, and the pictures between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.engine.events import Notice, Result
from sonic_ui.engine.jobs.interpolate import SAME_SOUND
from sonic_ui.requests import VERBS, InterpolateRequest
from sonic_ui.requests.interpolate import CONTINUITY, FILM_S, FRAMES, MIX_LUFS, POSITION, SMOOTHING
from sonic_ui.ui.components import basic, strip_player
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.table import Row, SettingsTable
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.interpolate import results
from sonic_ui.ui.widgets import (
    kept_form,
    own_picture,
    prompt_settings,
    runs,
    send_to_tab,
    settings_drop,
    sound_input,
    strips,
)
from sonic_ui.ui.widgets.fields import Update, name_choice, room_choice, slider

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
    by_name: gr.Checkbox
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
    own: own_picture.OwnPicture
    prompts: prompt_settings.PromptSettings
    swap: gr.Button
    bar: runs.RunBar
    player: strip_player.StripPlayer
    drop: settings_drop.SettingsDrop
    shared: SharedComponents


def settings_table(context: AppContext, parts: Components) -> SettingsTable[InterpolateRequest]:
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
        Row(own.named("method", "room", "by_name", "spacing"), own.message),
        Row(own.named("loop", "smoothing", "film_s")),
        Row({"frames": prompts.beside_seed, "continuity": prompts.advanced}),
        Row(own.named("positions"), own.message, _positions, _position_values),
        Row(loudness, own.message, _loudness, _loudness_values),
        *parts.own.rows(context),
        *prompts.rows(),
        prompts.aspect_row(lambda: context.studio.info.aspects),
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
        self.table = settings_table(context, parts)
        self.runs = runs.Runs(
            context, parts.shared, TAB, parts.player.view, parts.bar, self.table, parts.prompts.seed.seed
        )
        self.strip = strips.StripHandlers(
            context, TAB, parts.player, results.write_files, results.request_at, results.frame_at
        )
        self.reuse = settings_drop.Reuse(
            context, parts.drop, self.table, stage=lambda *_: {parts.player.view: strip_player.show(None)}
        )

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
        own_handlers = own_picture.OwnPictureHandlers(self._context, parts.own)
        show_own, kept = own_handlers.connect()
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
        kept_form.connect_form(
            *(TAB, self.table, [*refresh_after, show_own]),
            changed=[a.drawing, b.drawing],
            files={"painted": parts.own.painted},
            after=[kept],
        )
        return send_to_tab.sound_target(a, refresh_after[0])


SECOND_EXAMPLE = 3
METHOD_WORDS = {
    "linear": ("Glide in what is heard", "What the ear makes of both sounds, blended straight across."),
    "spherical": (
        "Glide along the arc",
        "The same by the outer way: the middle stays as strong as the ends.",
    ),
    "mix": ("Mix the sounds themselves", "Both sound at once, one fading out while the other fades in."),
}
SPACING_WORDS = {
    "seen": ("Even in the pictures", "More pictures where most changes, so that it glides."),
    "heard": ("Even in the sound", "The same step in what is heard from picture to picture."),
}
MIX_DEFAULT_LUFS = -20.0


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it: the film between its two sounds."""
    second = min(SECOND_EXAMPLE, max(0, len(context.examples) - 1))
    with gr.Row(elem_classes="su-decks", equal_height=False):
        with gr.Column(elem_classes="su-deck su-deck-left", min_width=280):
            with gr.Column(elem_classes="su-panel su-deck-a"):
                sound_a = sound_input.sound_input(f"{TAB}-a", context, label="First sound", compact=True)
            with gr.Column(elem_classes="su-panel su-deck-how"):
                interpolation = _interpolation()
        with gr.Column(elem_classes="su-deck su-deck-right", min_width=280):
            with gr.Column(elem_classes="su-panel su-deck-b"):
                sound_b = sound_input.sound_input(
                    f"{TAB}-b", context, label="Second sound", first=second, compact=True
                )
            with gr.Column(elem_classes="su-panel su-deck-words"):
                prompts = prompt_settings.prompt_settings(
                    TAB,
                    context.studio.info,
                    lambda: slider(FRAMES, "Pictures", "More glides finer, and takes longer."),
                    "All pictures start from it: only the sound changes.",
                    _continuity,
                    shaped=True,
                )
                own = own_picture.own_picture(TAB)
        with gr.Column(elem_classes="su-deck su-deck-middle", min_width=320):
            with gr.Row(elem_classes="su-deck-run"):
                swap = gr.Button(
                    "Swap", size="lg", min_width=96, elem_id=f"{TAB}-swap", elem_classes="su-swap"
                )
                bar = runs.run_bar(TAB)
            first = results.first_strip(context, 0, second)
            if first is not None:
                context.gallery.share(first.id, [frame.path for frame in first.frames])
            player = strip_player.strip_player(TAB, "Between the two", slider=POSITION, first=first)
            drop = settings_drop.settings_drop(TAB)
    parts = Components(sound_a, sound_b, interpolation, own, prompts, swap, bar, player, drop, shared)
    target = Handlers(context, parts).connect()
    return BuiltTab(player.view, bar.message, drop.share, (prompts,), target)


def _interpolation() -> InterpolationSettings:
    method = basic.choice(f"{TAB}-method", "How it glides", METHOD_WORDS, "linear")
    with gr.Column(elem_classes="su-mix"):
        own_a, lufs_a = _loudness_settings("First sound")
        own_b, lufs_b = _loudness_settings("Second sound")
    room = room_choice(TAB)
    by_name = name_choice(TAB, "“Quiet rain”, “a loud dog”: the names of both ends join your words.")
    spacing = basic.choice(f"{TAB}-spacing", "Spacing", SPACING_WORDS, "seen")
    positions = _position_settings()
    message = basic.message(f"{TAB}-how-message")
    with basic.accordion("The film"):
        loop = gr.Checkbox(True, label="There and back", container=False, elem_classes="su-check")
        smoothing = slider(SMOOTHING, "Pictures blended in between", "More glides, none steps.")
        film_s = slider(FILM_S, "Length (seconds)", "From the first sound to the second.")
    return InterpolationSettings(
        method,
        own_a,
        lufs_a,
        own_b,
        lufs_b,
        room,
        by_name,
        spacing,
        positions,
        message,
        loop,
        smoothing,
        film_s,
    )


def _continuity() -> gr.Slider:
    return slider(
        CONTINUITY,
        "Continuity",
        "How much of the ends’ half-painted pictures those between start from: more glides and blends, 0 "
        "paints each by itself.",
        elem_id=f"{TAB}-continuity",
    )


def _position_settings() -> gr.Textbox:
    """Positions that came with settings; out of sight while there are none."""
    return gr.Textbox(
        label="Places of the pictures",
        info="From 0, the first sound, to 1, the second. Empty this or move “Pictures” to have them placed.",
        placeholder="as chosen under “Spacing”",
        lines=1,
        max_lines=3,
        elem_id=f"{TAB}-positions",
        elem_classes="su-places",
    )


def _loudness_settings(which: str) -> tuple[gr.Checkbox, gr.Slider]:
    with gr.Column(elem_classes="su-own-loudness"):
        own = gr.Checkbox(
            False, label=f"{which} at a loudness of its own", container=False, elem_classes="su-check"
        )
        lufs = slider(MIX_LUFS, f"{which} (LUFS)", "Speech on air has −23, music −14.", MIX_DEFAULT_LUFS)
    return own, lufs
