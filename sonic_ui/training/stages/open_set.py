"""Open-set head: which source, or another kind; calibrated on recordings apart from training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonic_ui.audio.clips import load_clip
from sonic_ui.models.open_set import OpenSetHead, known_log_odds, sound_statistics
from sonic_ui.scenes.render import level_to_lufs
from sonic_ui.scenes.world import SOURCES, sample_scene
from sonic_ui.training.data.recordings import CALIBRATION_GROUPS, TUNE, Recording, read_recordings
from sonic_ui.training.data.sounds import FLOOR_DB, REFERENCE_LUFS, SAMPLE_RATE, load_mixtures
from sonic_ui.training.data.takes import LOOP, ORIGINS, OTHER, REAL, load_takes
from sonic_ui.training.run import Run, Stage, artifact, stage
from sonic_ui.training.stages.clap import augment_mel, build_feature_extractor, sound_bank
from sonic_ui.training.stages.spectral_stats import AS_IT_IS_SHARE, augment_scene, lowpass_aug

Mel = NDArray[np.float32]
LOOP_SHARE = 0.55
"""Of the sounds of a source that has machine loops: those."""
LOOP_WEIGHT = 2.5
"""How much more often a source with machine loops is drawn."""
WORLD_SHARE, OTHER_SHARE = 0.26, 0.26
"""Of the pool: sounds of the world, and of other kinds; the rest are recordings and machine loops."""
ACCEPTED = 0.95
"""Share of known recordings whose probability reaches the threshold."""


class OpenSetSounds:
    """Draws sounds for the pool out of the stored takes and the world's clips and mixtures."""

    def __init__(self, run: Run) -> None:
        self.bank = sound_bank(run)
        self.mixtures, self.scenes = load_mixtures(run.folder / "clips", "train")
        self.mels: dict[str, NDArray[np.float16]] = {}
        self.by_source: dict[str, dict[str | None, list[int]]] = {}
        for origin in ORIGINS:
            self.mels[origin], sources = load_takes(run.folder / "open_set_takes", origin)
            self.by_source[origin] = {}
            for index, source in enumerate(sources):
                self.by_source[origin].setdefault(source, []).append(index)

    def draw(self, rng: np.random.Generator) -> tuple[Mel, tuple[str, ...]]:
        """A log-mel [T, 64] and its sources, none for another kind: alone, over something quieter, or two."""
        kind = rng.random()
        if kind < WORLD_SHARE:
            return self._world(rng)
        gain = np.float32(level_to_lufs(float(rng.random())) - REFERENCE_LUFS)
        sources: tuple[str, ...] = ()
        if kind < WORLD_SHARE + OTHER_SHARE:
            mel = self._other(rng)
            if rng.random() < 0.25:
                mel = mixed(mel, self._other(rng) + rng.uniform(-18, 0))
        else:
            mel, source = self._known(rng)
            sources, company = (source,), rng.random()
            if company < 0.2:
                second = self._other(rng) if rng.random() < 0.5 else self._known(rng)[0]
                mel = mixed(mel, second - rng.uniform(8, 25))
            elif company < 0.32:
                second, other = self._known(rng)
                mel, sources = mixed(mel, second + rng.uniform(-6, 6)), (source, other)
        return np.maximum(mel + gain, FLOOR_DB), sources

    def _world(self, rng: np.random.Generator) -> tuple[Mel, tuple[str, ...]]:
        kind = rng.random()
        if kind < 0.4 and self.scenes:
            index = int(rng.integers(len(self.scenes)))
            scene, mel = self.scenes[index], self.mixtures[index].astype(np.float32)
            mel = mel if rng.random() < AS_IT_IS_SHARE else augment_scene(mel, rng)
        else:
            single = kind < 0.8
            names = (str(rng.choice(SOURCES)),) if single else None
            scene = sample_scene(rng, sources=names, levels=(float(rng.random()),) if single else None)
            mel = self.bank.compose(scene, rng)
            mel = lowpass_aug(mel, rng) if rng.random() < 0.3 else mel
        return mel, tuple(source.name for source in scene.sources)

    def _take(self, origin: str, source: str | None, rng: np.random.Generator) -> Mel:
        """A stored take, mostly augmented."""
        mel = self.mels[origin][int(rng.choice(self.by_source[origin][source]))].astype(np.float32)
        mel = augment_mel(mel, rng) if rng.random() < 0.7 else mel
        return lowpass_aug(mel, rng) if rng.random() < 0.2 else mel

    def _known(self, rng: np.random.Generator) -> tuple[Mel, str]:
        real, loops = self.by_source[REAL], self.by_source[LOOP]
        sources = sorted({source for source in (*real, *loops) if source is not None})
        weight = np.array([LOOP_WEIGHT if source in loops else 1.0 for source in sources])
        source = sources[int(rng.choice(len(sources), p=weight / weight.sum()))]
        is_loop = source in loops and (source not in real or rng.random() < LOOP_SHARE)
        return self._take(LOOP if is_loop else REAL, source, rng), source

    def _other(self, rng: np.random.Generator) -> Mel:
        is_real = None in self.by_source[REAL] and rng.random() < 0.5
        return self._take(REAL if is_real else OTHER, None, rng)


def mixed(*mels: Mel) -> Mel:
    """Log-mels [T, 64] at once: powers add."""
    power = np.sum([10 ** (mel / 10) for mel in mels], axis=0)
    return np.maximum(10 * np.log10(power + 1e-10), FLOOR_DB).astype(np.float32)


def kind_shares(sources: Sequence[str]) -> NDArray[np.float32]:
    """Share of every source and of any other kind [sources + 1], sum 1; of no source it is another kind."""
    shares = np.zeros(len(SOURCES) + 1, np.float32)
    for source in sources:
        shares[SOURCES.index(source)] += 1.0 / len(sources)
    shares[-1] = not sources
    return shares


@artifact
def open_set_pool(run: Run) -> dict[str, Tensor]:
    """Drawn sounds: `stats` [N, STATISTICS] in float16, and `kinds` [N, sources + 1], the shares of each."""
    path = run.folder / "open_set_pool.pt"
    if not path.exists():
        sounds, rng = OpenSetSounds(run), np.random.default_rng(29)
        stats, kinds = [], []
        for _ in range(run.recipe["open_set"]["pool"]):
            mel, sources = sounds.draw(rng)
            stats.append(sound_statistics(torch.from_numpy(mel)[None, None])[0].half())
            kinds.append(torch.from_numpy(kind_shares(sources)))
        torch.save({"stats": torch.stack(stats), "kinds": torch.stack(kinds)}, path)
    return torch.load(path, weights_only=True)


@stage("open_set")
class OpenSetStage(Stage):
    """Train an `OpenSetHead` on the pool, its statistics a little blurred; then calibrate it."""

    noise, label_smoothing = 0.2, 0.02

    def __init__(self, run: Run) -> None:
        self.run, pool = run, open_set_pool(run)
        self.stats, self.kinds = pool["stats"], pool["kinds"]
        self.head = OpenSetHead(len(SOURCES))
        self.head.body.standardize(self.stats[:8192].float())
        self.module = self.head

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.stats), (batch_size,), generator=generator)
        stats = self.stats[index].float()
        stats = stats + self.noise * self.head.body.std * torch.randn(stats.shape, generator=generator)
        logits, kinds = self.head(stats), self.kinds[index]
        loss = F.cross_entropy(logits, kinds, label_smoothing=self.label_smoothing)
        return loss, {"hit": kinds.gather(1, logits.argmax(-1, keepdim=True)).gt(0).float().mean().item()}

    def finish(self) -> None:
        """Calibrate the head and set its threshold, where there are recordings for it."""
        data, path = Path(self.run.recipe["world"]["recordings"]), self.run.checkpoint("open_set")
        recordings = [r for r in read_recordings(data, (TUNE,)) if r.group in CALIBRATION_GROUPS]
        if not recordings:
            return
        state = torch.load(path, map_location="cpu", weights_only=True)
        for name, value in calibration(*recording_log_odds(trained_open_set(self.run), recordings)).items():
            for weights in ("module", "average"):
                state[weights][name] = torch.tensor(value)
        torch.save(state, path)


def trained_open_set(run: Run) -> OpenSetHead:
    """The trained head, loaded anew."""
    return run.load("open_set", OpenSetHead(len(SOURCES)))


def recording_log_odds(
    head: OpenSetHead, recordings: Sequence[Recording]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Log-odds [N] of the recordings that are no ambiguous ones, and whether each is of a source [N].

    They are read as the app does it: at most the loudest 10 s of each.
    """
    extractor: Any = build_feature_extractor()
    sure = [recording for recording in recordings if not recording.is_ambiguous]
    clips = [np.asarray(load_clip(one.path, SAMPLE_RATE).samples, np.float32) for one in sure]
    odds = [float(known_log_odds(head, extractor, [clip])[0]) for clip in clips]
    return np.array(odds), np.array([recording.source is not None for recording in sure])


def acceptance_threshold(
    scores: NDArray[np.floating], known: NDArray[np.bool_], accepted: float = ACCEPTED
) -> float:
    """The highest score that at least the share `accepted` of known sounds reaches."""
    values = np.sort(np.asarray(scores, float)[known])
    return float(values[int(np.floor((1.0 - accepted) * len(values) + 1e-9))])


def calibration(log_odds: NDArray[np.floating], known: NDArray[np.bool_]) -> dict[str, float]:
    """Platt's scale and offset of log-odds [N], known and unknown weighing the same in all; the threshold."""
    from scipy.optimize import minimize

    y = known.astype(float)
    weight = np.where(known, 0.5 / max(y.sum(), 1.0), 0.5 / max((1 - y).sum(), 1.0))

    def cost(parameters: NDArray[np.float64]) -> float:
        z = parameters[0] * log_odds + parameters[1]
        return float((weight * (np.logaddexp(0.0, z) - y * z)).sum() + 1e-3 * (parameters[0] - 1.0) ** 2)

    scale, offset = minimize(cost, np.array([1.0, 0.0]), method="Nelder-Mead").x
    scale = max(float(scale), 1e-3)
    probability = 1.0 / (1.0 + np.exp(-(scale * log_odds + offset)))
    return {"scale": scale, "offset": float(offset), "threshold": acceptance_threshold(probability, known)}
