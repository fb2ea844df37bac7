"""A sound drawn for the page, with words for who cannot see it."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sonic_ui.audio.clips import Clip

WIDTH_IN, HEIGHT_IN = 5.0, 3.5
"""The drawing stands in a column some 420 px wide: at this size its small type reads as small type there."""

MARGINS_IN = (0.56, 0.14, 0.2, 0.2)  # left, right, below, above
DPI = 172  # twice the column, for fine screens


def draw_clip(clip: Clip) -> bytes:
    """Waveform, mel spectrogram and loudness of a clip as one PNG on a transparent background."""
    from sonic_ui.audio.plots import plot_sound
    from sonic_ui.audio.style import to_picture

    figure = plot_sound(clip)
    figure.set_size_inches(WIDTH_IN, HEIGHT_IN)
    figure.set_dpi(DPI)
    left_in, right_in, below_in, above_in = MARGINS_IN
    figure.subplots_adjust(
        left=left_in / WIDTH_IN,
        right=1 - right_in / WIDTH_IN,
        bottom=below_in / HEIGHT_IN,
        top=1 - above_in / HEIGHT_IN,
    )
    buffer = BytesIO()
    to_picture(figure).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def describe_clip(clip: Clip) -> tuple[str, str]:
    """A description of the drawing in words, and the caption that tells which part is listened to."""
    from sonic_ui.audio.loudness import integrated_lufs, peak_dbfs

    lufs = integrated_lufs(clip.samples, clip.sample_rate)
    peak = peak_dbfs(clip.samples)
    words = (
        f"Waveform, mel spectrogram and loudness of {clip.duration_s:.1f} seconds of sound; "
        f"{lufs:.0f} LUFS on average, peak at {peak:.0f} decibels."
    )
    part = f"{seconds(clip.duration_s)} of sound"
    if clip.source_duration_s - clip.duration_s > 0.05:
        end_s = clip.start_s + clip.duration_s
        part = f"{seconds(clip.start_s)} to {seconds(end_s)} of {seconds(clip.source_duration_s)}"
    return words, f"{part} · {lufs:.0f} LUFS · peak {peak:.0f} dB"


def seconds(value: float) -> str:
    """A time for people: 7.5 s, 3 min 20 s, 2 h 5 min."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
