"""Audio captions: a decoder on the finished encoder's time series, trained on captions of what is heard.

The encoder stays as it is, so the series and statistics of a pool of composed sounds are computed once and
kept on disk; then a training of minutes suffices. Two sounds of the pool make a clip of two windows: of one
scene, or of two scenes one after the other.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonic_ui.models.audio_captioner import (
    END,
    PAD,
    START,
    UNKNOWN,
    AudioCaptioner,
    audio_series,
    series_dim,
    timbre_dim,
    timbre_features,
)
from sonic_ui.scenes.sound_captions import sound_caption, sound_caption_words
from sonic_ui.scenes.spec import INDOOR_PLACES
from sonic_ui.scenes.world import INDOOR_SOURCES, Scene, sample_scene
from sonic_ui.training.data.rendering import MIXTURE_WEIGHTS, scene_from_json, scene_to_json
from sonic_ui.training.data.sounds import load_mixtures
from sonic_ui.training.run import Run, Stage, artifact, stage
from sonic_ui.training.stages.clap import SoundBank, sound_bank
from sonic_ui.training.stages.spectral_stats import (
    AS_IT_IS_SHARE,
    LOWPASS_SHARE,
    RENDERED_SHARE,
    augment_scene,
    lowpass_aug,
    trained_clap,
)

Mel = NDArray[np.float32]
TAKES = 2
"""Sounds of each scene of the pool, side by side in it."""
SEQUENCE_SHARE = 0.15
"""Of the pool: two scenes one after the other in one window."""
FADE = 8
"""Frames of 20 ms that two scenes overlap."""
MOST_IN_SEQUENCE = 2
"""Sources of a scene that another follows or precedes."""
ROOM_SHARE = 0.3
"""Of scenes: indoors, of one source or of several. In the world several stand outdoors alone; a person's
sounds need not."""
AGAIN_SHARE, FOLLOWED_SHARE = 0.15, 0.15
"""Of the batches: clips of two windows of one scene, and of one scene after another."""
UNKNOWN_SHARE = 0.03
"""Of the words that are read: hidden, as a word that an artist typed may be one that no caption has."""


@dataclass(frozen=True)
class CaptionPool:
    """Sounds as the decoder reads them: series [N, M, C] and statistics [N, SPANS, TIMBRE], float16; the
    scenes of each, one or two that follow each other. Takes of a scene lie side by side.
    """

    series: Tensor
    statistics: Tensor
    scenes: list[tuple[Scene, ...]]

    def caption(self, index: int, then: int | None = None) -> str:
        """What is heard in sound `index`, and in sound `then` if it follows."""
        scenes = [*self.scenes[index], *(() if then is None else self.scenes[then])]
        return sound_caption([scene.sources for scene in scenes], scenes[0].room)


def draw_scene(rng: np.random.Generator, most: int = len(MIXTURE_WEIGHTS)) -> Scene:
    """A scene of at most so many sources; several, and rooms, are drawn more often than in the world."""
    share = np.array(MIXTURE_WEIGHTS[:most])
    count = int(rng.choice(most, p=share / share.sum())) + 1
    if rng.random() < ROOM_SHARE:
        names = tuple(rng.choice(INDOOR_SOURCES, count, replace=False).tolist())
        return sample_scene(rng, sources=names, indoor_share=1.0)
    while len((scene := sample_scene(rng, indoor_share=0.0)).sources) != count:
        pass
    return scene


def following_scene(scene: Scene, rng: np.random.Generator) -> Scene:
    """A scene of other sources in the same room."""
    names = {source.name for source in scene.sources}
    while True:
        other = draw_scene(rng, MOST_IN_SEQUENCE)
        if other.room == scene.room and not names & {source.name for source in other.sources}:
            return other


def followed_by(first: Mel, second: Mel, at: int) -> Mel:
    """Two log-mels [T, M] one after the other in T frames: the second begins at frame `at`."""
    share = np.clip((np.arange(len(first)) - at) / FADE, 0.0, 1.0)[:, None]
    power = (1 - share) * 10 ** (first / 10) + share * 10 ** (np.roll(second, at, axis=0) / 10)
    return (10 * np.log10(power + 1e-10)).astype(np.float32)


class SceneSounds:
    """Draws scenes and their sounds: rendered mixtures, varied, and scenes composed of stored clips.

    Sums of clips are easier than what a scene sounds like, where all sources are limited together; of clips
    there are more rooms.
    """

    def __init__(self, bank: SoundBank, mels: NDArray[np.float16], scenes: list[Scene]) -> None:
        self._bank, self._mels, self._scenes = bank, mels, scenes

    def draw(self, rng: np.random.Generator) -> list[tuple[tuple[Scene, ...], Mel]]:
        """TAKES sounds of one scene, or of one that another follows."""
        if len(self._scenes) and rng.random() < RENDERED_SHARE:
            index = int(rng.integers(len(self._scenes)))
            mel, scene = self._mels[index].astype(np.float32), self._scenes[index]
            varied = [mel if rng.random() < AS_IT_IS_SHARE else augment_scene(mel, rng) for _ in range(TAKES)]
            return [((scene,), one) for one in varied]
        scenes: tuple[Scene, ...] = (draw_scene(rng),)
        if rng.random() < SEQUENCE_SHARE and len(scenes[0].sources) <= MOST_IN_SEQUENCE:
            scenes = (scenes[0], following_scene(scenes[0], rng))
        return [(scenes, self._composed(scenes, rng)) for _ in range(TAKES)]

    def _composed(self, scenes: tuple[Scene, ...], rng: np.random.Generator) -> Mel:
        """A log-mel [T, M] of one scene, or of two one after the other, as a recording might have it."""
        mels = [self._bank.compose(scene, rng) for scene in scenes]
        mel = mels[0]
        if len(mels) == 2:
            mel = followed_by(mels[0], mels[1], int(len(mel) * rng.uniform(0.35, 0.65)))
        return lowpass_aug(mel, rng) if rng.random() < LOWPASS_SHARE else mel


def fill_caption_pool(
    clap: Any, sounds: SceneSounds, count: int, *, seed: int = 0, batch: int = 64
) -> CaptionPool:
    """At least `count` sounds."""
    rng = np.random.default_rng([41, seed])
    series, statistics, scenes = [], [], []
    for _ in range(0, count, batch):
        drawn = [take for _ in range(batch // TAKES) for take in sounds.draw(rng)]
        scenes += [one for one, _ in drawn]
        found = audio_series(clap, torch.from_numpy(np.stack([mel for _, mel in drawn])).unsqueeze(1))
        series.append(found[0].half())
        statistics.append(found[1].half())
    return CaptionPool(torch.cat(series), torch.cat(statistics), scenes)


@artifact
def caption_pool(run: Run) -> CaptionPool:
    """Composed sounds as the encoder reads them, from disk if they are there."""
    path = run.folder / "caption_pool.pt"
    if not path.exists():
        sounds = SceneSounds(sound_bank(run), *load_mixtures(run.folder / "clips", "train"))
        pool = fill_caption_pool(trained_clap(run), sounds, run.recipe["audio_captioner"]["pool"])
        lines = [[scene_to_json(scene) for scene in scenes] for scenes in pool.scenes]
        torch.save({"series": pool.series, "statistics": pool.statistics, "scenes": lines}, path)
    state = torch.load(path, weights_only=True)
    scenes = [tuple(map(scene_from_json, one)) for one in state["scenes"]]
    return CaptionPool(state["series"], state["statistics"], scenes)


def new_captioner(run: Run) -> AudioCaptioner:
    """A decoder for the run's encoder, of the recipe's size."""
    clap, recipe = trained_clap(run), run.recipe["audio_captioner"]
    sizes = {name: recipe[name] for name in ("width", "layers", "inner", "raw_statistics") if name in recipe}
    return AudioCaptioner(
        words=sound_caption_words(), series_dim=series_dim(clap), timbre_dim=timbre_dim(clap), **sizes
    )


@stage("audio_captioner")
class AudioCaptionerStage(Stage):
    """Train an `AudioCaptioner` to write the caption of each sound: cross-entropy of every next word."""

    noise = 0.15

    def __init__(self, run: Run) -> None:
        self.pool, self.clap = caption_pool(run), trained_clap(run)
        self.module = self.captioner = new_captioner(run)
        self.captioner.standardize(self.pool.statistics[:4096, 0].float())
        self.alone = [len(scenes) == 1 for scenes in self.pool.scenes]
        fit = [i for i, scenes in enumerate(self.pool.scenes) if self.alone[i] and self._is_short(scenes[0])]
        self.by_room = {
            room: torch.tensor([i for i in fit if self.pool.scenes[i][0].room == room], dtype=torch.long)
            for room in ("dry", *INDOOR_PLACES)
        }

    @staticmethod
    def _is_short(scene: Scene) -> bool:
        return len(scene.sources) <= MOST_IN_SEQUENCE

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, list[str]]:
        """Indices [B, W] of the windows of clips, and the clips' captions."""
        kind = float(torch.rand((), generator=generator))
        index = torch.randint(0, len(self.pool.scenes), (count,), generator=generator)
        if kind < AGAIN_SHARE:
            pairs = torch.stack([index - index % TAKES, index - index % TAKES + 1], 1)
            whole = torch.tensor([self.alone[i] for i in index.tolist()])
            pairs[~whole, 1] = pairs[~whole, 0]
            return pairs, [self.pool.caption(i) for i in index.tolist()]
        if kind < AGAIN_SHARE + FOLLOWED_SHARE:
            return self._sequences(count, generator)
        return index[:, None], [self.pool.caption(i) for i in index.tolist()]

    def _sequences(self, count: int, generator: torch.Generator) -> tuple[Tensor, list[str]]:
        """Clips of one scene after another in the same room."""
        pairs: list[tuple[int, int]] = []
        captions: list[str] = []
        rooms = [room for room, found in self.by_room.items() if len(found) > TAKES]
        while len(pairs) < count:
            room = rooms[int(torch.randint(0, len(rooms), (), generator=generator))]
            fit = self.by_room[room]
            first, then = fit[torch.randint(0, len(fit), (2,), generator=generator)].tolist()
            names = [{s.name for s in self.pool.scenes[i][0].sources} for i in (first, then)]
            if not names[0] & names[1]:
                pairs.append((first, then))
                captions.append(self.pool.caption(first, then))
            elif len(rooms) == 1 and len(fit) <= 2 * TAKES:
                pairs.append((first, first))
                captions.append(self.pool.caption(first))
        return torch.tensor(pairs), captions

    def memory(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """The memory of clips whose windows are `index` [B, W], their statistics a little blurred."""
        statistics = self.pool.statistics[index].float()
        blur = self.noise * self.captioner.std * torch.randn(statistics.shape, generator=generator)
        statistics = statistics + blur
        module: Any = self.module
        return module.memory(
            self.pool.series[index].float(), statistics, timbre_features(self.clap, statistics)
        )

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index, captions = self.draw(batch_size, generator)
        target = targets(self.captioner, captions)
        read = target[:, :-1].clone()
        hidden = torch.rand(read.shape, generator=generator) < UNKNOWN_SHARE
        read[hidden & (read > UNKNOWN)] = UNKNOWN
        logits = self.module(read, self.memory(index, generator))
        goal = target[:, 1:]
        loss = F.cross_entropy(logits.flatten(0, 1), goal.flatten(), ignore_index=PAD)
        known = goal != PAD
        right = (logits.argmax(-1) == goal) | ~known
        return loss, {"word": float(right[known].float().mean()), "whole": float(right.all(1).float().mean())}


def targets(captioner: AudioCaptioner, captions: list[str]) -> Tensor:
    """Ids [B, L] of captions between START and END, padded."""
    rows = [[START, *captioner.ids_of(caption.split()), END] for caption in captions]
    length = min(max(map(len, rows)), int(captioner.config["longest"]))
    return torch.tensor([(row + [PAD] * length)[:length] for row in rows])


def trained_captioner(run: Run) -> AudioCaptioner:
    """The trained decoder, loaded anew."""
    return run.load("audio_captioner", new_captioner(run))
