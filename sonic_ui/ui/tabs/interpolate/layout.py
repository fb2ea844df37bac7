"""The tab "Interpolate": two sounds, and the picture that glides between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from sonic_ui.requests.interpolate import CONTINUITY, FILM_S, FRAMES, MIX_LUFS, POSITION, SMOOTHING
from sonic_ui.ui.components.accordion import accordion
from sonic_ui.ui.components.choice import choice
from sonic_ui.ui.components.film import Film, film_view
from sonic_ui.ui.components.message import message
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.tabs.interpolate import api as interpolate_api
from sonic_ui.ui.tabs.interpolate.events import SETTINGS, TAB, Handlers, values_from_settings
from sonic_ui.ui.tabs.interpolate.results import files_of, first_strip, frame_at, request_at
from sonic_ui.ui.widgets.fields import room_choice, slider
from sonic_ui.ui.widgets.prompt_settings import Words, connect_words, words
from sonic_ui.ui.widgets.runs import RunBar, Runs, connect_run, run_bar
from sonic_ui.ui.widgets.send_to_tab import Target, sound_target
from sonic_ui.ui.widgets.settings_drop import PictureDrop, Reuse, connect_reuse, picture_drop
from sonic_ui.ui.widgets.sound_input import SoundInput, SoundInputHandlers, connect_sound, sound_input
from sonic_ui.ui.widgets.strips import Filmer, Refiner, connect_strip

__all__ = ["TAB", "Components", "build"]

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
    "seen": ("Even to the eye", "More pictures where it changes most, so that it glides instead of jumping."),
    "heard": ("Even to the ear", "The same step in what is heard from picture to picture."),
}
MIX_DEFAULT_LUFS = -20.0
SWAP = "(...values) => values.map((_, index) => values[index ^ 1])"


@dataclass(frozen=True)
class InterpolationSettings:
    """How the picture glides, and how its film runs: the components."""

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


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    a: SoundInput
    b: SoundInput
    gliding: InterpolationSettings
    words: Words
    swap: gr.Button
    bar: RunBar
    film: Film
    drop: PictureDrop
    shared: Shared
    target: Target | None = None

    @property
    def place(self) -> gr.HTML:
        """What shows the results."""
        return self.film.view

    @property
    def settings(self) -> dict[str, Any]:
        """The components that make up a request, by their names in `SETTINGS`."""
        named: dict[str, Any] = {**vars(self.gliding), **vars(self.words)}
        named |= {"frames": self.words.beside, "continuity": self.words.further}
        for side, place in (("a", self.a), ("b", self.b)):
            named |= {f"sound_{side}": place.sound}
            named |= {f"start_{side}_s": place.start_s, f"end_{side}_s": place.end_s}
        return {name: named[name] for name in SETTINGS}

    @property
    def messages(self) -> dict[str, gr.HTML]:
        """Where the sentence about a setting stands."""
        return {
            **dict.fromkeys(("sound_a", "start_a_s", "end_a_s"), self.a.message),
            **dict.fromkeys(("sound_b", "start_b_s", "end_b_s"), self.b.message),
            **dict.fromkeys(
                ("method", "lufs_a", "lufs_b", "room", "spacing", "positions"), self.gliding.message
            ),
            **dict.fromkeys(("prompt", "negative_prompt"), self.words.message),
        }


def build(context: AppContext, shared: Shared) -> Components:
    """Lay out the tab inside the current tab context and connect it: the film between its two sounds."""
    second = min(SECOND_EXAMPLE, max(0, len(context.examples) - 1))
    with gr.Row(elem_classes="su-decks", equal_height=False):
        with gr.Column(elem_classes="su-deck su-deck-left", min_width=280):
            with gr.Column(elem_classes="su-panel su-deck-a"):
                a = sound_input(f"{TAB}-a", context, label="First sound", compact=True)
            with gr.Column(elem_classes="su-panel su-deck-how"):
                gliding = _gliding()
        with gr.Column(elem_classes="su-deck su-deck-right", min_width=280):
            with gr.Column(elem_classes="su-panel su-deck-b"):
                b = sound_input(f"{TAB}-b", context, label="Second sound", first=second, compact=True)
            with gr.Column(elem_classes="su-panel su-deck-words"):
                said = words(
                    TAB,
                    context.studio.info.defaults,
                    lambda: slider(FRAMES, "Pictures", "More glides finer, and takes longer."),
                    "All pictures start from it: only the sound changes.",
                    _continuity,
                )
        with gr.Column(elem_classes="su-deck su-deck-middle", min_width=320):
            with gr.Row(elem_classes="su-deck-run"):
                swap = gr.Button(
                    "Swap", size="lg", min_width=96, elem_id=f"{TAB}-swap", elem_classes="su-swap"
                )
                bar = run_bar(TAB)
            first = first_strip(context, 0, second)
            if first is not None:
                context.gallery.share(first.id, [frame.path for frame in first.frames])
            film = film_view(TAB, "Between the two", slider=POSITION, first=first)
            drop = picture_drop(TAB)
    parts = Components(a, b, gliding, said, swap, bar, film, drop, shared)
    parts = _connect(context, parts)
    interpolate_api.build(context)
    return parts


def _gliding() -> InterpolationSettings:
    method = choice(f"{TAB}-method", "How it glides", METHOD_WORDS, "linear")
    with gr.Column(elem_classes="su-mix"):
        own_a, lufs_a = _loudness("First sound")
        own_b, lufs_b = _loudness("Second sound")
    room = room_choice(TAB)
    spacing = choice(f"{TAB}-spacing", "Spacing", SPACING_WORDS, "seen")
    positions = _positions()
    told = message(f"{TAB}-how-message")
    with accordion("The film"):
        loop = gr.Checkbox(True, label="There and back", container=False, elem_classes="su-check")
        smoothing = slider(SMOOTHING, "Pictures blended in between", "More glides, none steps.")
        film_s = slider(FILM_S, "Length (seconds)", "From the first sound to the second.")
    return InterpolationSettings(
        method, own_a, lufs_a, own_b, lufs_b, room, spacing, positions, told, loop, smoothing, film_s
    )


def _continuity() -> gr.Slider:
    return slider(
        CONTINUITY,
        "Continuity",
        "How much of the ends’ half-painted pictures those between start from: more glides and blends, 0 "
        "paints each by itself.",
        elem_id=f"{TAB}-continuity",
    )


def _positions() -> gr.Textbox:
    """Places that came with settings; out of sight while there are none."""
    return gr.Textbox(
        label="Places of the pictures",
        info="From 0, the first sound, to 1, the second. Empty this or move “Pictures” to have them placed.",
        placeholder="as chosen under “Spacing”",
        lines=1,
        max_lines=3,
        elem_id=f"{TAB}-positions",
        elem_classes="su-places",
    )


def _loudness(which: str) -> tuple[gr.Checkbox, gr.Slider]:
    with gr.Column(elem_classes="su-own-loudness"):
        own = gr.Checkbox(
            False, label=f"{which} at a loudness of its own", container=False, elem_classes="su-check"
        )
        lufs = slider(MIX_LUFS, f"{which} (LUFS)", "Speech on air has −23, music −14.", MIX_DEFAULT_LUFS)
    return own, lufs


def _connect(context: AppContext, parts: Components) -> Components:
    """Connect the tab; returns `parts` with what takes sounds of other tabs."""
    settings, records = [*parts.settings.values()], parts.shared.records
    film, gliding = parts.film, parts.gliding
    runs = Runs(context, parts.shared, TAB, film.view, parts.bar, parts.messages, parts.words.seed)
    filmer = Filmer(context, TAB, film, lambda result, token: files_of(context, result, token))
    handle = Handlers(context, parts, runs, filmer)
    reuse = Reuse(context, parts.drop, parts.settings, values_from_settings)
    refresh_after = [
        connect_sound(place, SoundInputHandlers(context, place, room=True), room=gliding.room)
        for place in (parts.a, parts.b)
    ]
    connect_words(parts.words)
    parts.words.beside.input(None, js="() => ''", outputs=[gliding.positions], api_visibility="private")
    connect_run(
        TAB,
        parts.bar,
        runs,
        [parts.words.prompt.submit],
        handle.generate,
        inputs=[*settings, records],
        outputs=[parts.words.seed, records],
    )
    connect_strip(film, filmer, Refiner(context, TAB, film, request_at, frame_at), parts.shared)
    connect_reuse(parts.drop, reuse, film.view, parts.shared, settings, refresh_after)
    pairs = [
        *(parts.a.sound, parts.b.sound),
        *(parts.a.start_s, parts.b.start_s),
        *(parts.a.end_s, parts.b.end_s),
        *(gliding.own_a, gliding.own_b),
        *(gliding.lufs_a, gliding.lufs_b),
    ]
    swapped = parts.swap.click(None, js=SWAP, inputs=pairs, outputs=pairs, api_visibility="private")
    for look in refresh_after:
        look(swapped)
    return replace(parts, target=sound_target(parts.a, refresh_after[0]))
