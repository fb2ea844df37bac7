"""Room head: rooms by YAMNet's features, of sounds that are put into rooms."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sonic_ui.models.room_head import RoomHead
from sonic_ui.models.yamnet import yamnet_patches
from sonic_ui.requests.fields import ROOMS
from sonic_ui.training.data import rendering
from sonic_ui.training.data.recordings import read_recordings
from sonic_ui.training.data.room_sounds import RoomSounds
from sonic_ui.training.data.sounds import SAMPLE_RATE
from sonic_ui.training.run import Run, Stage, stage
from sonic_ui.training.stages.spectral_stats import read_clap, stored_clap

FOLDER = "room_sounds"
AT_ONCE = 10


@torch.no_grad()
def _shard(split: str, shard: int, count: int, data: Path, encoder: Path) -> rendering.Shard:
    """YAMNet's features of sounds, float16 [count, FEATURES], and the room of each."""
    rng = np.random.default_rng([rendering.SPLITS[split], 43, shard])
    yamnet = read_clap(encoder).yamnet
    bank = RoomSounds([r for r in read_recordings(data) if r.source or r.is_other_kind], rng)
    rows: list[Tensor] = []
    rooms: list[str] = []
    for start in range(0, count, AT_ONCE):
        samples, names = zip(*(bank.draw() for _ in range(min(AT_ONCE, count - start))), strict=True)
        rows.append(yamnet(yamnet_patches(samples, SAMPLE_RATE)).half())
        rooms += names
    return torch.cat(rows).numpy(), rooms


@stage(FOLDER)
def render_room_sounds(run: Run) -> None:
    """Store the sounds as features."""
    recipe, folder = run.recipe["room_head"], run.folder / FOLDER
    encoder, data = stored_clap(run, folder), Path(run.recipe["world"]["recordings"])
    counts = {"train": recipe["shards"]}
    rendering.render_shards(run, _shard, rendering.shards_of(folder, counts, recipe["sounds"], data, encoder))


@stage("room_head")
class RoomHeadStage(Stage):
    """Train a `RoomHead`: cross-entropy of the room, on features with noise."""

    noise = 0.2

    def __init__(self, run: Run) -> None:
        paths = rendering.shard_paths(run.folder / FOLDER, "train")
        if not paths:
            raise FileNotFoundError(f"no sounds in {run.folder / FOLDER}; run the stage {FOLDER} first")
        self.features = torch.from_numpy(np.concatenate([np.load(path) for path in paths]))
        self.rooms = torch.tensor([ROOMS.index(name) for name in rendering.shard_lines(paths)])
        self.module = new_room_head(run)
        self.module.perceptron.standardize(self.features.float())

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.rooms), (batch_size,), generator=generator)
        features, rooms = self.features[index].float(), self.rooms[index]
        spread = self.module.perceptron.std
        features = features + self.noise * spread * torch.randn(features.shape, generator=generator)
        logits = self.module(features)
        right = (logits.argmax(-1) == rooms).float().mean()
        return F.cross_entropy(logits, rooms), {"right": right.item()}


def new_room_head(run: Run) -> RoomHead:
    return RoomHead(int(run.recipe["room_head"]["width"]))


def trained_room_head(run: Run) -> RoomHead:
    """The trained head, loaded anew. Raises FileNotFoundError before it is trained."""
    return run.load("room_head", new_room_head(run))
