"""Drawing of a sound: waveform, mel spectrogram and loudness over time in one matplotlib Figure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio import style
from sonic_ui.audio.clips import Clip
from sonic_ui.audio.loudness import FLOOR_LUFS, integrated_lufs, loudness_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 900
"""Points along the axis of time; more than this is not seen."""

MEL_BANDS = 96
LOWEST_HZ = 40.0
WINDOW_SAMPLES = 2048
RANGE_DB = 70.0
QUIETEST_LUFS = -60.0


def plot_sound(clip: Clip) -> Figure:
    """Waveform, mel spectrogram and loudness above each other on one axis of seconds."""
    figure = style.new_figure(8.0, 4.4)
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[1.0, 1.7, 1.0])
    figure.subplots_adjust(hspace=0.3)
    _draw_waveform(top, clip)
    _draw_mel(middle, clip)
    _draw_loudness(bottom, clip)
    for axes in (top, middle):
        axes.tick_params(labelbottom=False)
    return figure


def mel_spectrogram_db(
    samples: NDArray[np.floating], sample_rate: int, columns: int = COLUMNS
) -> tuple[NDArray[np.float32], float]:
    """Mel power in dB [MEL_BANDS, columns] relative to its largest value, and the highest frequency in Hz."""
    samples = np.nan_to_num(np.asarray(samples, dtype=np.float32))
    window = np.hanning(WINDOW_SAMPLES).astype(np.float32)
    padded = np.pad(samples, WINDOW_SAMPLES // 2)
    columns = max(2, min(columns, samples.size // 64))
    starts = np.linspace(0, max(0, samples.size - 1), columns).astype(np.intp)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[starts] * window
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)))  # [columns, bins]
    highest_hz = min(16000.0, sample_rate / 2)
    mel = mel_filters(sample_rate, highest_hz) @ power.T
    level_db = 10.0 * np.log10(np.maximum(mel, 1e-10))
    return (level_db - level_db.max()).astype(np.float32), highest_hz


def hz_to_mel(hz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """O'Shaughnessy, Speech Communication (1987), p. 150."""
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(hz, dtype=np.float64) / 700.0), dtype=np.float64)


@lru_cache(maxsize=8)
def mel_filters(sample_rate: int, highest_hz: float) -> NDArray[np.float32]:
    """Triangles of height 1 on the mel scale [MEL_BANDS, bins]; each covers at least its nearest bin.

    librosa's narrow low bands can fall between two bins: the drawing would have black lines there.
    """
    edges_mel = np.linspace(hz_to_mel(LOWEST_HZ), hz_to_mel(highest_hz), MEL_BANDS + 2)
    edges_hz: NDArray[np.float64] = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0)
    bins_hz = np.fft.rfftfreq(WINDOW_SAMPLES, 1.0 / sample_rate)
    width_hz = bins_hz[1]
    left, centre, right = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - left) / np.maximum(centre - left, width_hz)
    falling = (right - bins_hz) / np.maximum(right - centre, width_hz)
    filters = np.clip(np.minimum(rising, falling), 0.0, 1.0)
    nearest = np.argmin(np.abs(bins_hz - centre), axis=1)
    filters[np.arange(MEL_BANDS), nearest] = np.maximum(filters[np.arange(MEL_BANDS), nearest], 0.5)
    return filters.astype(np.float32)


def _times_s(clip: Clip, count: int) -> NDArray[np.float64]:
    """Times of `count` points from the clip's start to its end, in seconds of the source."""
    step_s = clip.samples.size / clip.sample_rate / count
    return clip.start_s + step_s * np.arange(0.5, count, dtype=np.float64)


def _span(axes: Axes, clip: Clip) -> None:
    axes.set_xlim(clip.start_s, clip.start_s + max(clip.samples.size, 1) / clip.sample_rate)


def _draw_waveform(axes: Axes, clip: Clip) -> None:
    samples = np.nan_to_num(clip.samples) if clip.samples.size else np.zeros(1, np.float32)
    count = max(1, min(COLUMNS, samples.size))
    cuts = np.linspace(0, samples.size, count, endpoint=False).astype(np.intp)
    high, low = np.maximum.reduceat(samples, cuts), np.minimum.reduceat(samples, cuts)
    lengths = np.diff(np.append(cuts, samples.size))
    rms = np.sqrt(np.add.reduceat(np.square(samples, dtype=np.float64), cuts) / lengths)
    times_s = _times_s(clip, count)
    axes.fill_between(times_s, low, high, color=style.SIGNAL, alpha=0.45, linewidth=0)
    axes.fill_between(times_s, np.maximum(-rms, low), np.minimum(rms, high), color=style.SIGNAL, linewidth=0)
    peak = max(0.02, float(np.max(np.abs(samples), initial=0.0)))
    axes.set_ylim(-1.05 * peak, 1.05 * peak)
    axes.set_yticks([-peak, 0, peak], [f"−{peak:.2g}", "0", f"{peak:.2g}"])
    style.quiet_axes(axes)
    style.name_axes(axes, "Waveform")
    _span(axes, clip)


def _draw_mel(axes: Axes, clip: Clip) -> None:
    level_db, highest_hz = mel_spectrogram_db(clip.samples, clip.sample_rate)
    low, high = float(hz_to_mel(LOWEST_HZ)), float(hz_to_mel(highest_hz))
    end_s = clip.start_s + max(clip.samples.size, 1) / clip.sample_rate
    axes.imshow(
        level_db,
        cmap=style.energy_colours(),
        vmin=-RANGE_DB,
        vmax=0.0,
        origin="lower",
        aspect="auto",
        extent=(clip.start_s, end_s, low, high),
        interpolation="bilinear",
    )
    ticks_hz = [hz for hz in (100, 500, 1000, 2000, 4000, 8000, 16000) if hz <= highest_hz]
    axes.set_yticks([float(hz_to_mel(hz)) for hz in ticks_hz], [_short_hz(hz) for hz in ticks_hz])
    style.quiet_axes(axes)
    style.name_axes(axes, "Frequency")
    _span(axes, clip)


def _short_hz(hz: int) -> str:
    return f"{hz // 1000} kHz" if hz >= 1000 else f"{hz} Hz"


def _draw_loudness(axes: Axes, clip: Clip) -> None:
    times_s, lufs = loudness_curve(clip.samples, clip.sample_rate)
    times_s = times_s + clip.start_s
    lufs = np.maximum(lufs, QUIETEST_LUFS)
    if times_s.size:  # hold the first and the last value out to the edges
        end_s = clip.start_s + clip.samples.size / clip.sample_rate
        times_s = np.concatenate([[clip.start_s], times_s, [end_s]])
        lufs = np.concatenate([lufs[:1], lufs, lufs[-1:]])
    axes.fill_between(times_s, QUIETEST_LUFS, lufs, color=style.ENERGY, alpha=0.22, linewidth=0)
    axes.plot(times_s, lufs, color=style.ENERGY, linewidth=1.3 * style.LINE_POINTS, solid_joinstyle="round")
    whole = integrated_lufs(clip.samples, clip.sample_rate)
    if whole > FLOOR_LUFS:
        axes.axhline(max(whole, QUIETEST_LUFS), color=style.TEXT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylim(QUIETEST_LUFS, 0.0)
    axes.set_yticks([-60, -40, -20, 0], ["−60", "−40", "−20", "0 LUFS"])
    style.quiet_axes(axes)
    shown = f"{whole:.0f} LUFS in all".replace("-", "−") if whole > FLOOR_LUFS else "silent"
    style.name_axes(axes, "Loudness")
    axes.set_title(shown, loc="right", color=style.ENERGY, fontsize=style.FONT_POINTS, pad=3)
    _span(axes, clip)
