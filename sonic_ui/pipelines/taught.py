"""What an engine was taught, as files of its own beside the name of the engine that it went on from.

Three files: the projector and the gated audio attention whole, under the names of SonicDiffusion's released
`audio_projector_*.pth` and `landscape.pt`, and low-rank updates of the denoiser under those of diffusers and
PEFT. So each can be used where the released one is.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sonic_ui.audio.clips import load_clip
from sonic_ui.audio.reader_types import SUFFIXES
from sonic_ui.bundles import Bundle, Part
from sonic_ui.bundles.registry import describe_taught
from sonic_ui.bundles.taught import WEIGHTS, new_taught, taught_home
from sonic_ui.models.checkpoints import fill, read_tensors
from sonic_ui.models.low_rank import DOWN, UP, WEIGHTS_NAME, merge_low_rank, read_low_rank, save_low_rank
from sonic_ui.pipelines.teaching import Teaching
from sonic_ui.pipelines.teaching_data import Rehearsal, SoundEncoder

PROJECTOR_FILE, ATTENTION_FILE = "audio_projector.pth", "gated_attention.pt"
SAMPLE_RATE = 48_000
ENCODER = "encoder"
"""Folder of a taught engine: the files of the encoder that it listens with, if they are on no hub."""
PROTOTYPES_FILE = "prototypes.safetensors"


def save_taught(
    folder: Path,
    projector: Mapping[str, Tensor],
    attention: Mapping[str, Tensor],
    updates: Mapping[str, Tensor],
    prototypes: Mapping[str, Tensor],
) -> None:
    """Write them as float16.

    prototypes   by word: mean embedding [D] of its recordings, and the least cosine to it [1] as one [D + 1]
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, state in ((PROJECTOR_FILE, projector), (ATTENTION_FILE, attention)):
        torch.save({key: value.detach().half().cpu() for key, value in state.items()}, folder / name)
    save_low_rank({name: value.cpu() for name, value in updates.items()}, folder)
    save_file(
        {word: one.float().cpu().contiguous() for word, one in prototypes.items()}, folder / PROTOTYPES_FILE
    )


def apply_taught(pipeline: Any, folder: Path) -> None:
    """Put what lies in `folder` into a painting pipeline's own networks.

    Raises BadInput or ValueError for files that do not fit them, as after another edition of the engine.
    """
    attention, projector = pipeline.audio_attention, pipeline.audio_projector
    fill(projector, read_tensors(folder / PROJECTOR_FILE), PROJECTOR_FILE)
    fill(attention, read_tensors(folder / ATTENTION_FILE), ATTENTION_FILE)
    merge_low_rank(pipeline.unet, read_low_rank(folder / WEIGHTS_NAME), "unet")


def joined_updates(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Low-rank updates that are the sum of two: their ranks one after the other, of W + B A + B' A'."""
    joined = {**first, **second}
    for name in first.keys() & second.keys():
        if name.endswith((DOWN, UP)):
            dim = 0 if name.endswith(DOWN) else 1
            joined[name] = torch.cat([first[name].float(), second[name].float()], dim)
    return joined


def read_updates(folder: Path) -> dict[str, Tensor]:
    """The low-rank updates in a folder. Raises ValueError where there are none."""
    return read_low_rank(folder / WEIGHTS_NAME)


def read_prototypes(folder: Path) -> dict[str, Tensor]:
    """Prototypes by word, as `save_taught` takes them; none where the file is not there."""
    path = folder / PROTOTYPES_FILE
    return load_file(path) if path.is_file() else {}


def prototype_of(embeds: Tensor, others: Tensor) -> Tensor:
    """Prototype [D + 1] of a taught thing: the mean of its recordings' embeddings [N, D], and the least
    cosine.

    That stands midway between the least of its own (each against the mean of the rest) and the largest of
    `others` [M, D], where its own are nearer; else at the largest of the others.
    """
    mean = torch.nn.functional.normalize(embeds.mean(0), dim=0)
    own = torch.stack([_against_rest(embeds, i) for i in range(len(embeds))]).quantile(0.25)
    other = (others @ mean).max() if len(others) else own - 0.1
    least = (own + other) / 2 if own > other else other
    return torch.cat([mean, least.view(1)])


def _against_rest(embeds: Tensor, index: int) -> Tensor:
    if len(embeds) == 1:
        return torch.ones(())
    rest = torch.cat([embeds[:index], embeds[index + 1 :]]).mean(0)
    return (torch.nn.functional.normalize(rest, dim=0) * embeds[index]).sum()


def recognise(embedding: Tensor, prototypes: Mapping[str, Tensor]) -> tuple[str, float] | None:
    """The word whose prototype an embedding [D] is nearest to, and how near in [0.5, 1]; None for none."""
    best: tuple[str, float] | None = None
    for word, one in prototypes.items():
        mean, least = one[:-1].to(embedding), float(one[-1])
        cosine = float(embedding @ mean)
        share = 0.5 + 0.5 * (cosine - least) / max(1e-6, 1 - least)
        if cosine >= least and (best is None or share > best[1]):
            best = word, min(1.0, share)
    return best


def _beside_engine(part: Part) -> Part:
    """A part whose own files lie beside the engine's description."""
    return part.model_copy(update={"repository": f"./{ENCODER}"}) if part.is_local else part


def known_sounds(
    pipeline: Any,
    bundle: Bundle,
    folder: Path,
    check: Callable[[], None] = lambda: None,
    encoder: SoundEncoder | None = None,
) -> Rehearsal:
    """What an engine rehearses: the sounds of a folder, what it was taught before, and phrases of prompts.

    check     is called before each sound, and may raise
    encoder   another one that is taught: what was taught before is not known by it
    """
    embeds, others = [], []
    for path in sorted(one for one in folder.glob("*") if one.suffix.lower() in SUFFIXES):
        check()
        samples = load_clip(path, SAMPLE_RATE).samples
        embeds.append(pipeline.embed_audio(samples).float().cpu())
        if encoder is not None:
            others.append(encoder.embed([samples]).cpu())
    if bundle.taught_folder is not None and encoder is None:
        embeds += [one[None, :-1] for one in read_prototypes(bundle.taught_folder / WEIGHTS).values()]
    vocabulary = bundle.info.vocabulary
    phrases = [] if vocabulary is None else [one for group in vocabulary.groups.values() for one in group]
    phrases += [f"a painting of {source.label}" for source in bundle.sources]
    own = torch.cat(embeds) if embeds else torch.zeros(0, 1)
    if encoder is None or not others:
        return Rehearsal(own, tuple(phrases))
    return Rehearsal(torch.cat(others), tuple(phrases), own)


def write_engine(
    bundle: Bundle,
    word: str,
    teaching: Teaching,
    check: Callable[[], None] = lambda: None,
    part: Part | None = None,
    beside: Path | None = None,
) -> Path:
    """Write what a teaching learned as an engine of its own beside a bundle, whole or not at all; its folder.

    check   is called before and after, and may raise: then nothing is left
    part    of another encoder of sounds that it listens with; its own files lie in `beside` and are copied

    Raises BadInput for a name that was taken meanwhile, OSError for a disk that is full.
    """
    updates = {name: value.float().cpu() for name, value in teaching.updates().items()}
    prototypes = {word: prototype_of(teaching.embeds.cpu(), teaching.rehearsal.embeds.cpu())}
    if bundle.taught_folder is not None:
        updates = joined_updates(read_updates(bundle.taught_folder / WEIGHTS), updates)
        if teaching.encoder is None:  # prototypes of another encoder mean nothing to this one
            prototypes = {**read_prototypes(bundle.taught_folder / WEIGHTS), **prototypes}
    check()
    student = teaching.student
    if part is None and bundle.taught_parts:
        part, beside = bundle.taught_parts[0], bundle.taught_folder
    listens = {} if part is None else {"parts": [_beside_engine(part).model_dump(mode="json")]}
    with new_taught(word, describe_taught(bundle, word) | listens) as folder:
        if part is not None and part.is_local and beside is not None:
            for name in part.files:
                copy = folder.parent / ENCODER / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(beside / part.repository / name, copy)
        save_taught(
            folder, student.projector.state_dict(), student.attention.state_dict(), updates, prototypes
        )
        check()
    return taught_home() / word
