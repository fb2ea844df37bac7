"""The newest seconds of a sound that goes on: what a microphone sends, chunk by chunk."""

import threading

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.decode import resample

RATE_HZ = 48_000
LOWEST_HZ, HIGHEST_HZ = 8_000, 192_000


class RollingSound:
    """Mono samples at 48 kHz of the last `seconds`; safe to share between threads.

    position_s   seconds of sound that were appended in all
    """

    def __init__(self, seconds: float) -> None:
        self._length = round(seconds * RATE_HZ)
        self._samples = np.zeros(0, np.float32)
        self._count = 0
        self._lock = threading.Lock()

    @property
    def position_s(self) -> float:
        return self._count / RATE_HZ

    def append(self, samples: NDArray[np.float32]) -> None:
        """Samples [T] at 48 kHz that follow the last ones; the oldest are forgotten."""
        with self._lock:
            self._samples = np.concatenate([self._samples, samples])[-self._length :]
            self._count += samples.size

    def newest(self) -> tuple[NDArray[np.float32], float]:
        """The samples [T], fewer than a window at the beginning, and the position of their end in seconds."""
        with self._lock:
            return self._samples, self.position_s


def pcm_samples(content: bytes, rate_hz: int) -> NDArray[np.float32]:
    """Little-endian int16 mono PCM at a rate -> float32 [T] at 48 kHz."""
    samples = np.frombuffer(content[: len(content) // 2 * 2], "<i2").astype(np.float32) / 32768.0
    return samples if rate_hz == RATE_HZ else resample(samples, rate_hz, RATE_HZ)


def there_and_back(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """A clip [T] followed by itself backwards [2 T]: it can be repeated without a seam.

    Short clips are repeated to fill an encoder's window. Two seconds of a known sound are named rightly more
    often when they are not torn at every repetition; of one second alone most are not named at all.
    """
    return np.concatenate([samples, samples[::-1]])


def filled(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """A clip [T] played forwards and backwards until it is [length]; one that is as long, or empty, as it
    is."""
    if samples.size >= length or samples.size == 0:
        return samples
    return np.resize(there_and_back(samples), length)


def rms_dbfs(samples: NDArray[np.float32]) -> float:
    """Root mean square of samples [T] in dB of full scale, their mean left out; -120 at least."""
    if samples.size == 0:
        return -120.0
    return float(max(-120.0, 20 * np.log10(max(float(np.std(samples, dtype=np.float64)), 1e-6))))
