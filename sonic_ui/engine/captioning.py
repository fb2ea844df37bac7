"""What is heard, in words, for components and studio: the parts that write and weigh it, and its cache."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sonic_ui.bundles import Bundle
from sonic_ui.engine.caches import LRUCache
from sonic_ui.engine.inputs import Sound
from sonic_ui.engine.loading import load_captioner, load_noun_tagger
from sonic_ui.media.captions import Caption, caption_words
from sonic_ui.requests import BadInput

NO_CAPTIONER = (
    "{title} writes no captions of sounds. Write what is heard yourself, or choose an engine that does."
)
CACHED = 256
"""Captions."""


class CaptionComponents:
    """The captioner of a bundle and the tagger of its words, each loaded when it is first needed."""

    bundle: Bundle
    pipeline: Any
    _once: Callable[[str, Callable[[], Any]], Any]

    @property
    def captioner(self) -> Any:
        """The `Captioner`; None if the bundle has none for its encoder of sounds. Raises `BadInput`."""

        def load() -> Any:
            return None if self.bundle.taught_parts else load_captioner(self.bundle, self.pipeline)

        return self._once("captioner", load)

    def caption_audio(self, samples: np.ndarray, text: str = "", top_k: int = 1, seed: int = 0) -> Caption:
        """A caption of a clip, float32 [T] at 48 kHz, or the probability of each word of a `text`.

        Raises `BadInput` where there is neither a captioner nor a text; without one each word is sure.
        """
        captioner = self.captioner
        if text and captioner is not None:
            scored: Caption = captioner.score(samples, text)
            return scored
        if text:
            words = caption_words(text)
            return Caption(tuple(words), (1.0,) * len(words))
        if captioner is None:
            raise BadInput(NO_CAPTIONER.format(title=self.bundle.info.title), "caption")
        written: Caption = captioner.write(samples, top_k, seed)
        return written

    @property
    def noun_tagger(self) -> Any:
        """The `NounTagger`: of the bundle's part, or the table of its vocabulary. Raises `BadInput`."""
        return self._once("noun_tagger", lambda: load_noun_tagger(self.bundle))


class CaptionCache:
    """Captions of sounds by a studio's backend; those that were written are cached.

    write   `Backend.caption_audio`; wait: returns once the models are ready
    """

    def __init__(self, write: Callable[..., Caption], wait: Callable[[], None]) -> None:
        self._write, self._wait = write, wait
        self._captions: LRUCache[Caption] = LRUCache(CACHED)

    def caption(self, sound: Sound, text: str = "", top_k: int = 1, seed: int = 0) -> Caption:
        """A caption of a sound, or the probability of each word of a text. Raises `BadInput`."""
        self._wait()
        key = (sound.key, text, top_k, seed if top_k > 1 else 0)
        return self._captions.get(key, lambda: self._write(sound.clip.samples, text, top_k, seed))
