"""How drawings of sound look: thin lines, no frame, clear background, colours for dark and for light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator
    from PIL.Image import Image

TEXT = "#8a8f98"
"""A grey of middle lightness: about 3:1 on white and 5:1 on near black."""

ENERGY = "#f28c38"
"""Warm: loudness and energy, wherever they are drawn."""

SIGNAL = "#4aa3df"
"""Cool: the sound itself."""

DARK_GROUND, DARK_TEXT = "#111315", "#ece9e3"
"""Background and text of the page in the dark, and of what is saved from it."""

DPI = 144
FONT_POINTS = 8.5
LINE_POINTS = 1.0


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure with a clear background, not tied to pyplot: safe to draw in any thread.

    The margins are fixed in inches: a layout engine would draw everything twice.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), dpi=DPI)
    figure.patch.set_alpha(0.0)
    figure.subplots_adjust(
        left=0.58 / width_in, right=1.0 - 0.14 / width_in, bottom=0.22 / height_in, top=1.0 - 0.22 / height_in
    )
    return figure


def to_picture(figure: Figure) -> Image:
    """The drawing as an RGBA picture, without the detour through a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba()).copy())


def quiet_axes(axes: Axes, *, seconds: bool = True) -> None:
    """Take away frame and tick marks, set small grey type; `seconds` labels the axis of time."""
    axes.patch.set_alpha(0.0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(colors=TEXT, labelsize=FONT_POINTS, length=0, pad=3, labelbottom=seconds)
    axes.xaxis.set_major_locator(_round_seconds())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} s")
    axes.grid(axis="x", color=TEXT, alpha=0.16, linewidth=0.6)
    axes.set_axisbelow(True)


def _round_seconds() -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=6, steps=[1, 2, 5, 10])


def name_axes(axes: Axes, name: str) -> None:
    """A small name above the drawing's left end."""
    axes.set_title(name, loc="left", color=TEXT, fontsize=FONT_POINTS, pad=3)


def energy_colours() -> Colormap:
    """From clear (quiet) over the cool accent to the warm one (loud), with growing opacity."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    cool, warm = to_rgb(SIGNAL), to_rgb(ENERGY)
    stops = [
        (0.0, (*cool, 0.0)),
        (0.3, (*cool, 0.22)),
        (0.62, (*cool, 0.85)),
        (0.8, (*_mix(cool, warm), 0.95)),
    ]
    return LinearSegmentedColormap.from_list("energy", [*stops, (1.0, (*warm, 1.0))])


def _mix(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    """Half way between two colours, a little lighter so that it does not turn grey."""
    return tuple(min(1.0, 0.53 * (x + y)) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]
