"""What a sound is: its embedding, its labels, and whether it is of any known kind, for components."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

import numpy as np

from sonic_ui.audio.rolling import filled
from sonic_ui.engine.captioning import CaptionComponents
from sonic_ui.engine.events import AudioAnalysis, Label, WindowAnalysis
from sonic_ui.engine.inputs import SAMPLE_RATE
from sonic_ui.engine.taught_sounds import load_prototypes, taught_analysis

WINDOWS_AT_ONCE = 16
"""Of a track, embedded in one pass."""


class SoundComponents(CaptionComponents):
    """The encoder of sounds of a bundle, its vocabulary and its open-set head."""

    @property
    def audio_labels(self) -> Any:
        """Embeddings of the vocabulary by the audio encoder's text side [L, D]; None if it has none."""

        def load() -> Any:
            from sonic_ui.models.encoders import embed_labels

            tokenizer, names = self.pipeline.audio_tokenizer, self._names
            return (
                embed_labels(self.pipeline.audio_encoder, tokenizer, names) if names and tokenizer else None
            )

        return self._once("audio_labels", load)

    @property
    def open_set_head(self) -> Any:
        """The `OpenSetHead`; None if the bundle has none."""

        def load() -> Any:
            from sonic_ui.models.open_set import load_open_set

            return None if self.bundle.taught_parts else load_open_set(self.bundle.folder)

        return self._once("open_set_head", load)

    @property
    def room_head(self) -> Any:
        """The `RoomHead`; None if the bundle has none for its encoder of sounds."""

        def load() -> Any:
            from sonic_ui.models.room_head import load_room_head

            return None if self.bundle.taught_parts else load_room_head(self.bundle.folder)

        return self._once("room_head", load)

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """Embed and name a clip: `samples` float32 [T] at 48 kHz."""
        return self.analyses([samples])[0]

    def analyses(self, clips: Sequence[np.ndarray]) -> list[AudioAnalysis]:
        """Embed clips in one pass, and name each."""
        sounds = self._read(clips)
        vectors = np.asarray(sounds.clip_embeddings.cpu())
        known = self._known_probabilities(sounds) or repeat(None, len(vectors))
        analyses = [self._analysis(*one) for one in zip(vectors, known, strict=True)]
        if self.room_head is None:
            return analyses
        rooms = self.room_head.rooms(sounds)
        outdoors = {source.label for source in self.bundle.sources if not source.indoors}
        return [
            replace(analysis, room=room, room_probability=chance)
            if not analysis.labels or analysis.labels[0].name not in outdoors
            else analysis  # what seems to echo is the thing itself: no train stands in a hall
            for analysis, (room, chance) in zip(analyses, rooms, strict=True)
        ]

    def _analysis(self, vector: np.ndarray, known: float | None) -> AudioAnalysis:
        """Name a clip whose embedding [D] is known, and the probability that it is of any kind."""
        labels = self.rank_labels(vector)
        prototypes = self._once("prototypes", lambda: load_prototypes(self.bundle))
        if (taught := taught_analysis(vector, labels, prototypes)) is not None:
            return taught
        if not labels or known is None:
            return AudioAnalysis(vector, labels)
        return AudioAnalysis(vector, labels, known, self._least_known)

    @property
    def _least_known(self) -> float:
        """The probability that is enough to believe that a clip is of a kind of the vocabulary."""
        return float(self.open_set_head.threshold)

    def _read(self, clips: Sequence[np.ndarray]) -> Any:
        """`SoundWindows` of clips."""
        from sonic_ui.models.encoders import read_sounds

        return read_sounds(self.pipeline.audio_encoder, self.pipeline.feature_extractor, clips)

    def _known_probabilities(self, sounds: Any) -> list[float] | None:
        """Of each of the clips that they are of any kind of the vocabulary; None without an open-set head."""
        from sonic_ui.models.open_set import known_log_odds

        head = self.open_set_head
        if head is None:
            return None
        probabilities: list[float] = head.probability(known_log_odds(head, sounds)).tolist()
        return probabilities

    def rank_labels(self, embedding: np.ndarray) -> tuple[Label, ...]:
        """The vocabulary for the embedding [D] of a clip, most probable first; none without a text side."""
        import torch

        from sonic_ui.models.encoders import label_probabilities

        if self.audio_labels is None:
            return ()
        scale = float(self.pipeline.audio_encoder.logit_scale_a.detach().exp())
        chances = label_probabilities(torch.from_numpy(embedding[None]), self.audio_labels.cpu(), scale)
        return self._ranked(chances[0])

    def known_probability(self, samples: np.ndarray) -> tuple[float | None, bool]:
        """That a clip is of any kind of the vocabulary, in [0, 1], and whether that is too little to believe.

        (None, False) without an open-set head.
        """
        found = None if self.open_set_head is None else self._known_probabilities(self._read([samples]))
        return (None, False) if found is None else (found[0], found[0] < self._least_known)

    def embed(self, samples: np.ndarray) -> np.ndarray:
        """The embedding [D] of a clip."""
        return self.embed_clips([samples])[0]

    def embed_windows(self, windows: Sequence[np.ndarray]) -> WindowAnalysis:
        """Embed and name windows of a track: samples float32 [T] each, at 48 kHz."""
        from sonic_ui.models.encoders import label_probabilities

        extractor, labels, parts, chances, known = (
            self.pipeline.feature_extractor,
            self.audio_labels,
            [],
            [],
            [],
        )
        scale = float(self.pipeline.audio_encoder.logit_scale_a.detach().exp())
        length = round(int(extractor.nb_max_samples) * SAMPLE_RATE / int(extractor.sampling_rate))
        for start in range(0, len(windows), WINDOWS_AT_ONCE):
            sounds = self._read([filled(one, length) for one in windows[start : start + WINDOWS_AT_ONCE]])
            embeddings = sounds.clip_embeddings  # [B, D]
            parts.append(embeddings.cpu().numpy())
            if labels is None:
                chances.append(np.zeros((len(embeddings), 0), np.float32))
            else:
                chances.append(label_probabilities(embeddings, labels, scale).float().cpu().numpy())
            found = self._known_probabilities(sounds)
            is_known = [True] * len(embeddings) if found is None else np.array(found) >= self._least_known
            known.append(np.asarray(is_known, np.uint8))
        return WindowAnalysis(np.concatenate(parts), np.concatenate(chances), np.concatenate(known))

    @property
    def recording_indexer(self) -> Any:
        """What embeds the recordings of a library."""

        def load() -> Any:
            from sonic_ui.retrieval.library import RecordingIndexer, fingerprint, store_for

            return RecordingIndexer(self.embed_clips, store_for(fingerprint(self.embed_clips)))

        return self._once("recording_indexer", load)

    def embed_clips(self, clips: list[np.ndarray]) -> np.ndarray:
        """The embeddings [B, D] of clips, in one pass."""
        return np.asarray(self._read(clips).clip_embeddings.cpu())

    @property
    def _names(self) -> list[str]:
        return [source.label for source in self.bundle.sources]

    def _ranked(self, chances: Any) -> tuple[Label, ...]:
        """The vocabulary with its probabilities [L], most probable first."""
        labels = [Label(name, float(chance)) for name, chance in zip(self._names, chances, strict=True)]
        return tuple(sorted(labels, key=lambda label: -label.probability))
