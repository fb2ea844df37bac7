"""`python -m sonic_ui.training teach PAIRS --name WORD`: the teaching of the tab, on any number of pairs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from sonic_ui.audio.decode import decode
from sonic_ui.bundles import Bundle, Part
from sonic_ui.bundles.registry import taken_words
from sonic_ui.bundles.taught import check_may_teach
from sonic_ui.media.images import load_picture
from sonic_ui.media.temporary import writing
from sonic_ui.pipelines.assemble import read_encoder
from sonic_ui.pipelines.taught import known_sounds, write_engine
from sonic_ui.pipelines.teaching import Teaching
from sonic_ui.pipelines.teaching_data import Lesson, TeachingConfig
from sonic_ui.requests import BadInput
from sonic_ui.training.data.pairs import Pair, read_pairs
from sonic_ui.training.run import save_sheet

SAMPLE_RATE = 48_000
SHEET_SEEDS = (0, 1, 2, 3)
CHECKPOINT = "checkpoint.pt"


def teach_pairs(
    bundle: Bundle,
    pipeline: Any,
    folder: Path,
    word: str,
    out: Path,
    known: Path,
    *,
    steps: int,
    most: int,
    seed: int = 0,
    encoder: tuple[Part, Path] | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Teach a bundle's pipeline a word; returns the folder of the engine.

    out       takes `checkpoint.pt`, from which it resumes, and a sheet of pictures at each look: rows of the
              last recordings before, then at every look
    encoder   part of another encoder of sounds that the engine shall listen with, and where its files lie

    Raises BadInput for a name that is taken, a folder without pairs and a full disk.
    """
    check_may_teach(word, taken_words(bundle))
    defaults = bundle.info.defaults
    lesson = read_lesson(folder, read_pairs(folder)[:most], pipeline, defaults.steps, defaults.guidance_scale)
    config = TeachingConfig(steps=steps, seed=seed)
    part, beside = encoder or (None, None)
    other = None if part is None or beside is None else read_encoder(part, beside)
    rehearsal = known_sounds(pipeline, bundle, known, encoder=other)
    teaching = Teaching(pipeline, lesson, rehearsal, config, other)
    teaching.prepare(lambda words, step, total: report(f"{words}: {step} of {total}"))
    with writing():
        out.mkdir(parents=True, exist_ok=True)
        if (out / CHECKPOINT).is_file():
            teaching.load(out / CHECKPOINT)
            report(f"goes on after step {teaching.step_number}")
        rows = [teaching.paint(SHEET_SEEDS, defaults.steps, defaults.guidance_scale, before=True)]
        while not teaching.is_over:
            loss = teaching.step()
            if teaching.step_number % config.check_every == 0 or teaching.is_over:
                report(f"step {teaching.step_number}: loss {loss:.4f}, held out {teaching.best:.4f}")
                rows.append(teaching.paint(SHEET_SEEDS, defaults.steps, defaults.guidance_scale))
                save_sheet(
                    _tensor([one for row in rows for one in row]), out / "sheet.png", columns=len(SHEET_SEEDS)
                )
                teaching.save(out / CHECKPOINT)
        teaching.finish()
        return write_engine(bundle, word, teaching, part=part, beside=beside)


def read_lesson(folder: Path, pairs: list[Pair], pipeline: Any, steps: int, guidance: float) -> Lesson:
    """The lesson of pairs: each recording and each picture once. Of a pair with a caption alone the engine
    paints the words itself. Raises BadInput where a file is gone.
    """
    sounds = list(dict.fromkeys(pair.sound for pair in pairs))
    shown = list(dict.fromkeys((pair.picture, pair.caption if not pair.picture else "") for pair in pairs))
    captions = {(pair.picture, pair.caption if not pair.picture else ""): pair.caption for pair in pairs}
    pictures = [
        load_picture(folder / path) if path else painted_words(pipeline, words, number, steps, guidance)
        for number, (path, words) in enumerate(shown)
    ]
    partners = tuple(
        (sounds.index(one.sound), shown.index((one.picture, "" if one.picture else one.caption)))
        for one in pairs
    )
    return Lesson(
        tuple(decode(folder / path, SAMPLE_RATE) for path in sounds),
        tuple(pictures),
        tuple(captions[one] for one in shown),
        partners,
    )


def painted_words(pipeline: Any, words: str, seed: int, steps: int, guidance: float) -> Image.Image:
    """What the engine paints of words alone."""
    if not words:
        raise BadInput("A pair has neither a picture nor a caption. Make the pairs again.", "folder")
    pipeline.set_progress_bar_config(disable=True)
    image: Image.Image = pipeline(
        prompt=words, seed=seed, num_inference_steps=steps, guidance_scale=guidance
    ).images[0]
    return image


def _tensor(images: list[Image.Image]) -> torch.Tensor:
    """Pictures [B, 3, H, W] in [-1, 1]."""
    array = np.stack([np.asarray(image.convert("RGB")) for image in images])
    return torch.from_numpy(array).permute(0, 3, 1, 2).float() / 127.5 - 1
