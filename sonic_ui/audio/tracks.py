"""A track through time: which part of a file is followed, its blocks, and what is loud, struck and beaten
when.

A track is read once from its beginning to its end in chunks of CHUNK_S, so that a long one takes no more
memory than a short one. Times are seconds of the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.channels import block_to_mono
from sonic_ui.audio.clips import SILENCE_DBFS
from sonic_ui.audio.decode import finite_block
from sonic_ui.audio.loudness import FLOOR_LUFS, k_weighting, peak_dbfs
from sonic_ui.audio.readers import Reader, open_reader
from sonic_ui.requests import BadInput
from sonic_ui.requests.make_film import LONGEST_FILM_S, SHORTEST_FILM_S

SAMPLE_RATE = 48_000
WINDOW_S, HOP_S = 2.0, 0.5
"""Of the windows that are embedded: their length, and how far apart their middles are."""

KNOWN_WINDOW_S, KNOWN_HOP_S = 5.0, 2.5
"""Of those by which a sound is known or unknown, as long as the clips that this was calibrated on. Of 2 s of
music (tuning recordings) 0.38 are found unknown, of 5 s 0.62; of known sounds 0.02 and none."""

CHUNK_WINDOWS = 60
CHUNK_S = CHUNK_WINDOWS * HOP_S
MARGIN_S = KNOWN_WINDOW_S / 2
"""What a chunk has beyond its ends: half a window."""

LEVEL_S = 0.1
"""One loudness, and one row of bands, for each of these."""

RHYTHM_RATE, RHYTHM_HOP, RHYTHM_FFT = 24_000, 480, 1024
ONSET_S = RHYTHM_HOP / RHYTHM_RATE
"""Time between two values of the onset strength."""

BANDS = 40
DB_FLOOR = -80.0


@dataclass(frozen=True)
class TrackPart:
    """The part of a file that is followed, in seconds of the file, which is `source_s` long."""

    path: str
    begin_s: float
    end_s: float
    source_s: float

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.path).name

    @property
    def duration_s(self) -> float:
        return self.end_s - self.begin_s


def read_part(path: str | Path, start_s: float | None = None, end_s: float | None = None) -> TrackPart:
    """The part of a file from `start_s` to `end_s`, all of it where they are None; nothing is decoded.

    Raises `BadInput` for a file that cannot be read, and for a part that is too short or too long.
    """
    with open_reader(path) as reader:
        total_s = reader.info.duration_s
    begin, end = start_s or 0.0, total_s if end_s is None else min(end_s, total_s)
    name = Path(path).name
    if begin >= total_s > 0:
        raise BadInput(
            f"“{name}” is {total_s:.1f} s long, and the part to film starts at {begin:.1f} s. Choose an "
            "earlier start.",
            "start_s",
        )
    if end - begin < SHORTEST_FILM_S:
        raise BadInput(
            f"“{name}” gives {max(0.0, end - begin):.2g} s of sound; a film needs at least "
            f"{SHORTEST_FILM_S:g} s. Choose a longer part, or a longer track.",
            "end_s" if total_s >= SHORTEST_FILM_S else "sound",
        )
    if end - begin > LONGEST_FILM_S + 0.05:
        raise BadInput(
            f"“{name}” gives {time_words(end - begin)} of sound; a film covers at most "
            f"{time_words(LONGEST_FILM_S)}. Choose a part of it: a start and an end.",
            "end_s",
        )
    return TrackPart(str(path), begin, end, total_s)


def time_words(seconds: float) -> str:
    """A length for people: "12.5 s", "3 min 20 s", "3 h"."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest if not hours else 0, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


@dataclass(frozen=True)
class Chunk:
    """A stretch of a track: mono samples [T] at SAMPLE_RATE with MARGIN_S on both sides, where the file has
    it.

    number     0 for the first CHUNK_S of the file, and so on
    begin_s    where the samples begin
    """

    number: int
    begin_s: float
    samples: NDArray[np.float32] = field(repr=False)

    @property
    def end_s(self) -> float:
        return self.begin_s + self.samples.size / SAMPLE_RATE

    def windows(
        self, length_s: float = WINDOW_S, hop_s: float = HOP_S
    ) -> tuple[NDArray[np.float64], list[NDArray[np.float32]]]:
        """Middles [W] in seconds of the windows of this chunk, and their samples.

        A window at an end of the file lies within it.
        """
        middles = [self.number * CHUNK_S + hop_s * i for i in range(round(CHUNK_S / hop_s))]
        middles = [middle for middle in middles if middle < self.end_s or middle == 0.0]
        length = min(round(length_s * SAMPLE_RATE), self.samples.size)
        windows = []
        for middle in middles:
            start = round((middle - length_s / 2 - self.begin_s) * SAMPLE_RATE)
            start = min(max(0, start), self.samples.size - length)
            windows.append(self.samples[start : start + length])
        return np.array(middles), windows

    def own(self) -> NDArray[np.float32]:
        """The samples without the margins."""
        begin = round((self.number * CHUNK_S - self.begin_s) * SAMPLE_RATE)
        return self.samples[max(0, begin) : begin + round(CHUNK_S * SAMPLE_RATE)]


def chunk_numbers(part: TrackPart) -> range:
    """Numbers of the chunks that a part touches."""
    last = int(np.ceil((part.end_s - 1e-6) / CHUNK_S))
    return range(int(part.begin_s / CHUNK_S), max(last, int(part.begin_s / CHUNK_S) + 1))


def read_chunks(path: str, numbers: range) -> Iterator[Chunk]:
    """The chunks of a file so numbered, read one after the other. Raises `BadInput`."""
    begin_s = max(0.0, numbers.start * CHUNK_S - MARGIN_S)
    end_s = numbers.stop * CHUNK_S + MARGIN_S
    with open_reader(path) as reader:
        blocks = mono_blocks(reader, begin_s, end_s - begin_s)
        held, at = np.zeros(0, np.float32), begin_s
        for number in numbers:
            stop = round(((number + 1) * CHUNK_S + MARGIN_S - at) * SAMPLE_RATE)
            parts, size = [held], held.size
            while size < stop and (block := next(blocks, None)) is not None:
                parts.append(block)
                size += block.size
            held = np.concatenate(parts)
            if held.size <= round((number * CHUNK_S - at) * SAMPLE_RATE):
                return  # the file is shorter than its header says
            yield Chunk(number, at, held[:stop])
            drop = max(0, stop - round(2 * MARGIN_S * SAMPLE_RATE))
            held, at = held[drop:], at + drop / SAMPLE_RATE


def read_windows(path: str, middles: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    """Windows of WINDOW_S around middles [W] in seconds, mono at SAMPLE_RATE; at an end within the file.

    Raises `BadInput`.
    """
    with open_reader(path) as reader:
        last_s = max(0.0, reader.info.duration_s - WINDOW_S)
        begins = [min(max(0.0, float(middle) - WINDOW_S / 2), last_s) for middle in middles]
        parts = [np.concatenate([*mono_blocks(reader, begin_s, WINDOW_S)]) for begin_s in begins]
    return [part[: round(WINDOW_S * SAMPLE_RATE)] for part in parts]


def mono_blocks(reader: Reader, begin_s: float, duration_s: float) -> Iterator[NDArray[np.float32]]:
    """Blocks [n] of a stretch, mono at SAMPLE_RATE."""
    import soxr

    info = reader.info
    stream = soxr.ResampleStream(info.sample_rate, SAMPLE_RATE, 1, dtype="float32")
    for block in reader.blocks(begin_s, duration_s):
        mono = block_to_mono(finite_block(block), info.layout).astype(np.float32)
        yield stream.resample_chunk(mono)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


@dataclass(frozen=True)
class Levels:
    """What a stretch of a track holds moment by moment.

    power_db   K-weighted mean square of each LEVEL_S [N], in LUFS of a block
    peak_db    its largest sample [N], in dBFS
    bands      log power [N, BANDS] of mel bands in dB
    onset      onset strength of the percussive part [M], one for each ONSET_S
    """

    power_db: NDArray[np.float32] = field(repr=False)
    peak_db: NDArray[np.float32] = field(repr=False)
    bands: NDArray[np.float32] = field(repr=False)
    onset: NDArray[np.float32] = field(repr=False)

    @classmethod
    def join(cls, parts: "list[Levels]") -> "Levels":
        """Stretches that follow each other as one."""
        names = ("power_db", "peak_db", "bands", "onset")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def measure_levels(samples: NDArray[np.float32]) -> Levels:
    """The levels of mono samples [T] at SAMPLE_RATE."""
    import soxr
    from librosa import feature, power_to_db
    from librosa.decompose import hpss
    from librosa.onset import onset_strength
    from scipy import signal

    hop = round(LEVEL_S * SAMPLE_RATE)
    starts = np.arange(0, max(samples.size, 1), hop)
    padded = np.pad(samples, (0, len(starts) * hop - samples.size))
    weighted = signal.sosfilt(k_weighting(SAMPLE_RATE), padded).reshape(-1, hop)
    power = np.square(weighted).mean(1)
    power_db = np.maximum(-0.691 + 10 * np.log10(np.maximum(power, 1e-12)), FLOOR_LUFS)
    peak = np.array([peak_dbfs(row) for row in padded.reshape(-1, hop)])

    slow = soxr.resample(padded, SAMPLE_RATE, RHYTHM_RATE, quality="MQ")
    mel = feature.melspectrogram(
        y=slow, sr=RHYTHM_RATE, n_fft=RHYTHM_FFT, hop_length=RHYTHM_HOP, n_mels=BANDS, fmin=40.0
    )
    each = round(LEVEL_S / ONSET_S)
    frames = len(starts) * each
    mel = np.pad(mel, ((0, 0), (0, max(0, frames - mel.shape[1]))))[:, :frames]
    _, percussive = hpss(mel, kernel_size=(17, 9))
    log_percussive = power_to_db(percussive, ref=1.0, amin=1e-8, top_db=None)
    struck = onset_strength(S=log_percussive, sr=RHYTHM_RATE, hop_length=RHYTHM_HOP, center=False)
    bands = mel.reshape(BANDS, -1, each).mean(2).T
    bands_db = np.maximum(10 * np.log10(np.maximum(bands, 1e-12)), DB_FLOOR)
    return Levels(*(np.asarray(one, np.float32) for one in (power_db, peak, bands_db, struck)))


def is_silent_at(levels: Levels) -> NDArray[np.bool_]:
    """Whether each LEVEL_S of a track is silent [N]."""
    return levels.peak_db < SILENCE_DBFS


@dataclass(frozen=True)
class Rhythm:
    """When things happen in a track, in seconds from the start of its levels.

    onsets, strengths   times [K] of onsets, and how strong each is, 0 to 1
    beats               times of beats; empty where there is no steady beat
    tempo               beats a minute; 0 likewise
    bars                times of the beats that begin a bar of four
    """

    onsets: NDArray[np.float64] = field(repr=False)
    strengths: NDArray[np.float64] = field(repr=False)
    beats: NDArray[np.float64] = field(repr=False)
    tempo: float
    bars: NDArray[np.float64] = field(repr=False)


STEADY = 0.25
"""Share of the onset strength's own variance that must come back after a beat for it to be called steady."""

LEAST_BEATS = 4
BEATS_A_BAR = 4


def find_rhythm(levels: Levels) -> Rhythm:
    """Onsets and beats of a track from its onset strength (librosa; beats: Ellis, 2007)."""
    from librosa.beat import beat_track
    from librosa.onset import onset_detect

    envelope = levels.onset
    ceiling = max(float(np.percentile(envelope, 99.5)) if envelope.size else 0.0, 1e-6)
    frames = onset_detect(
        onset_envelope=envelope,
        sr=RHYTHM_RATE,
        hop_length=RHYTHM_HOP,
        units="frames",
        wait=round(0.08 / ONSET_S),
    )
    strengths = np.clip(envelope[frames] / ceiling, 0.0, 1.0) if len(frames) else np.zeros(0)
    clear = strengths > ONSET_FLOOR
    onsets, strengths = frames[clear] * ONSET_S, strengths[clear]
    none = np.zeros(0)
    tempo, beats = beat_track(
        onset_envelope=envelope, sr=RHYTHM_RATE, hop_length=RHYTHM_HOP, units="frames", trim=False
    )
    tempo_bpm = float(np.atleast_1d(tempo)[0])
    if tempo_bpm <= 0 or len(beats) < LEAST_BEATS or _steadiness(envelope, tempo_bpm) < STEADY:
        return Rhythm(onsets, strengths, none, 0.0, none)
    first = max(range(BEATS_A_BAR), key=lambda k: float(envelope[beats[k::BEATS_A_BAR]].mean()))
    times = np.asarray(beats, np.float64) * ONSET_S
    return Rhythm(onsets, strengths, times, tempo_bpm, times[first::BEATS_A_BAR])


ONSET_FLOOR = 0.15
"""Weaker onsets, beside the strongest, are not taken for any."""


def _steadiness(envelope: NDArray[np.float32], tempo_bpm: float) -> float:
    """Autocorrelation of the onset strength at one beat and at two: the mean of both."""
    course = envelope - envelope.mean()
    spectrum = np.abs(np.fft.rfft(course, 2 * course.size)) ** 2
    like = np.fft.irfft(spectrum)
    if like[0] <= 0:
        return 0.0
    lag = 60.0 / tempo_bpm / ONSET_S
    found = []
    for beats in (1, 2):
        near = slice(max(1, round(beats * lag) - 2), round(beats * lag) + 3)
        found.append(float(like[near].max(initial=0.0)) / float(like[0]))
    return float(np.mean(found))
