"""Shards of data on disk, and the first of them: scenes of the world with their pictures.

Everything is written in shards that are skipped when they exist, so rendering resumes where it stopped
and several processes can share the work. A shard's content depends on its split and number alone.
With them the miniature's own byte-level BPE of the scenes' captions, in the formats of CLIP and CLAP.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor
from transformers import CLIPTokenizer, PreTrainedTokenizerFast

from sonic_ui.scenes.render import paint
from sonic_ui.scenes.world import Scene, SourceInstance, caption, sample_scene
from sonic_ui.training.run import Run, artifact, stage

SHARD_SCENES = 500
WORKERS = 2
"""Processes that render, where the recipe's world does not say how many."""
SPLITS = {"train": 1, "held_out": 2, "classifier": 3, "features": 4}
"""Splits of the world's scenes, with the first number of their seeds. What measures pictures is trained
apart: the presence classifier and the features that compare pictures have splits of their own."""

Shard = tuple[np.ndarray | dict[str, np.ndarray], Sequence[str]]
"""Array (.npy) or named arrays (.npz) of a shard, and a line of JSON for each of its rows, or no lines."""


def save_shard(path: Path, arrays: np.ndarray | dict[str, np.ndarray], lines: Sequence[str] = ()) -> None:
    """Write a shard whole or not at all: one that is there is not rendered again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if lines:
        path.with_suffix(".jsonl").write_text("\n".join(lines))
    temporary = path.with_suffix(f".part{path.suffix}")
    if isinstance(arrays, dict):
        np.savez(temporary, **arrays)  # type: ignore[arg-type]
    else:
        np.save(temporary, arrays)
    temporary.rename(path)


def render_shards(
    run: Run, render: Callable[..., Shard], shards: Mapping[Path, tuple[Any, ...]], *, alone: bool = False
) -> None:
    """Save `render(*arguments)` at every path of `shards` that is not there, and report each.

    So many processes render as the recipe's world has `workers` (2). For others than this one `render` must
    be a function of a module; `alone` it is done in this one.
    """
    save = partial(_render_shard, render)
    missing = [shard for shard in shards.items() if not shard[0].exists()]
    workers = min(len(missing), int(run.recipe["world"].get("workers", WORKERS)))
    if alone or workers < 2:
        for shard in missing:
            run.report(save(shard))
        return
    with get_context("spawn").Pool(workers) as pool:
        for path in pool.imap_unordered(save, missing):
            run.report(path)


def _render_shard(render: Callable[..., Shard], shard: tuple[Path, tuple[Any, ...]]) -> str:
    path, arguments = shard
    if not path.exists():
        save_shard(path, *render(*arguments))
    return str(path)


def shards_of(
    folder: Path, counts: Mapping[str, int], *arguments: Any, prefix: str = "", suffix: str = ".npy"
) -> dict[Path, tuple[Any, ...]]:
    """Paths of so many shards of each split, and what renders them: split, number and `arguments`."""
    return {
        folder / f"{prefix}{split}-{number:04d}{suffix}": (split, number, *arguments)
        for split, count in counts.items()
        for number in range(count)
    }


def shard_paths(folder: Path, prefix: str) -> list[Path]:
    """The finished shards `<prefix>-<number>.npy` or `.npz` in order."""
    return sorted(p for p in folder.glob(f"{prefix}-[0-9]*.np[yz]") if ".part" not in p.name)


def shard_lines(paths: Sequence[Path]) -> list[str]:
    """The lines of JSON of all shards."""
    return [line for path in paths for line in path.with_suffix(".jsonl").read_text().splitlines()]


def scene_to_json(scene: Scene) -> str:
    """One line of JSON that `scene_from_json` reads back."""
    return json.dumps({**asdict(scene), "caption": caption(scene)})


def scene_from_json(line: str) -> Scene:
    """The scene of a line written by `scene_to_json`."""
    data = json.loads(line)
    data.pop("caption", None)
    data["sources"] = tuple(SourceInstance(**s) for s in data["sources"])
    return Scene(**data)


def scenes_of_shard(split: str, shard: int, count: int = SHARD_SCENES) -> list[Scene]:
    """The scenes of one shard, the same at every call. `split` is a key of `SPLITS`."""
    rng = np.random.default_rng([SPLITS[split], shard])
    return [sample_scene(rng) for _ in range(count)]


def picture_shard(split: str, shard: int, size: int, count: int) -> Shard:
    """Pictures uint8 [N, size, size, 3] of the scenes of a shard."""
    scenes = scenes_of_shard(split, shard, count)
    return np.stack([np.asarray(paint(scene, size)) for scene in scenes]), [scene_to_json(s) for s in scenes]


@stage("pictures")
def render_pictures(run: Run) -> None:
    """Render the world's pictures."""
    world = run.recipe["world"]
    counts = {"held_out": world["held_out_picture_shards"], "train": world["picture_shards"]}
    counts |= {split: world.get(f"{split}_picture_shards", 0) for split in ("classifier", "features")}
    shards = shards_of(run.folder / "pictures", counts, world["picture_px"], world["shard_scenes"])
    render_shards(run, picture_shard, shards)


def load_pictures(folder: Path, split: str) -> tuple[np.ndarray, list[Scene]]:
    """All rendered pictures of a split: uint8 [N, H, W, 3], and their scenes.

    Raises:
        FileNotFoundError: nothing was rendered for this split.
    """
    paths = shard_paths(folder, split)
    if not paths:
        raise FileNotFoundError(
            f"no rendered pictures of split {split!r} in {folder}; run the stage pictures first"
        )
    pictures = np.concatenate([np.load(p, mmap_mode="r") for p in paths])  # once in memory, not twice
    return pictures, [scene_from_json(line) for line in shard_lines(paths)]


@artifact
def training_pictures(run: Run) -> tuple[np.ndarray, list[Scene]]:
    """Rendered training pictures [N, H, W, 3] and their scenes."""
    return load_pictures(run.folder / "pictures", "train")


MIXTURE_WEIGHTS = (1.0, 3.5, 1.5)
"""How often scenes of one, two and three sources are drawn: what sounds together is the hard part."""


def mixture_shares(scenes: list[Scene]) -> NDArray[np.float64]:
    """Probabilities [N] of drawing each scene, by how many sources it has."""
    most = len(MIXTURE_WEIGHTS)
    share = np.array([MIXTURE_WEIGHTS[min(len(scene.sources), most) - 1] for scene in scenes])
    return share / share.sum()


def picture_batch(pictures: np.ndarray, index: Tensor, *, generator: torch.Generator) -> Tensor:
    """Pictures [B, 3, H, W] in [-1, 1], mirrored half of the time."""
    out = []
    for i in index.tolist():
        picture = pictures[i]
        if torch.rand((), generator=generator) < 0.5:
            picture = picture[:, ::-1]
        out.append(torch.from_numpy(np.ascontiguousarray(picture)))
    batch = torch.stack(out).permute(0, 3, 1, 2).float() / 127.5 - 1
    return batch.contiguous(memory_format=torch.channels_last)


START, END = "<|startoftext|>", "<|endoftext|>"


def train_clip_tokenizer(
    captions: Iterable[str], folder: Path, *, vocab_size: int, max_length: int
) -> CLIPTokenizer:
    """Learn a BPE with CLIP's normalisation and write it as `vocab.json` and `merges.txt`.

    The padding token is the end token, as in Stable Diffusion 1.x. Returns the loaded tokenizer.
    """
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=END))
    bpe.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[START, END, *alphabet],
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    bpe.train_from_iterator(captions, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    state = json.loads(bpe.to_str())["model"]
    vocab = dict(state["vocab"])
    for letter in alphabet:  # every byte must also be able to end a word
        vocab.setdefault(letter + "</w>", len(vocab))
    merges = [" ".join(m) if isinstance(m, list) else m for m in state["merges"]]
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(str(folder), model_max_length=max_length)
    tokenizer.save_pretrained(str(folder))
    return tokenizer


def train_clap_tokenizer(
    captions: Iterable[str], *, vocab_size: int, max_length: int
) -> PreTrainedTokenizerFast:
    """A byte-level BPE with RoBERTa's special tokens (<s> 0, <pad> 1, </s> 2), as `ClapModel` wants."""
    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(captions, trainer)
    bpe.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=max_length,
    )


@stage("tokenizers")
def train_tokenizers(run: Run) -> None:
    """Learn both vocabularies from captions of the training scenes."""
    rng, world = np.random.default_rng(0), run.recipe["world"]
    captions = [caption(scene, rng) for scene in training_pictures(run)[1] for _ in range(3)]
    size = world["vocab_size"]
    train_clip_tokenizer(captions, run.folder / "tokenizer", vocab_size=size, max_length=world["clip_tokens"])
    clap = train_clap_tokenizer(captions, vocab_size=size, max_length=world["clap_tokens"])
    clap.save_pretrained(str(run.folder / "clap_tokenizer"))


@artifact
def clip_tokenizer(run: Run) -> CLIPTokenizer:
    length = run.recipe["world"]["clip_tokens"]
    return CLIPTokenizer.from_pretrained(str(run.folder / "tokenizer"), model_max_length=length)


@artifact
def clap_tokenizer(run: Run) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast.from_pretrained(str(run.folder / "clap_tokenizer"))
