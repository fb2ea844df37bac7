"""The evaluation, group by group, on one bundle."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from sonic_ui.bundles import PIPELINE_FOLDERS
from sonic_ui.evaluation import edits, pictures, quality, sounds, speed, strips
from sonic_ui.evaluation.held_out import held_out_renders, mixed_clips, real_clips, synthetic_clips
from sonic_ui.evaluation.report import Figure
from sonic_ui.models.picture_judge import PictureJudge, load_judge
from sonic_ui.models.sound_mapper import EnergyModulator
from sonic_ui.scenes.world import SOURCES


@dataclass
class Bench:
    """A bundle being measured; `share` 4 takes a quarter of the sounds."""

    bundle: Path
    data: Path
    out: Path
    share: int = 1
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        info = json.loads((self.bundle / "bundle.json").read_text())
        self.px, self.defaults = int(info["picture_px"]), dict(info["defaults"])
        self.details["settings"] = self.defaults

    @cached_property
    def pipeline(self) -> Any:
        """The bundle's `AudioToImagePipeline`."""
        from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline

        pipeline = AudioToImagePipeline.from_pretrained(self.bundle / "audio_to_image", dtype=torch.float32)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    @cached_property
    def sounding(self) -> Any:
        """The bundle's `ImageToAudioPipeline`."""
        from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline

        folder = self.bundle / PIPELINE_FOLDERS["image_to_sound"]
        pipeline = ImageToAudioPipeline.from_pretrained(folder, dtype=torch.float32)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    @cached_property
    def painter(self) -> pictures.Painter:
        """The pipeline at the bundle's default settings."""
        settings = (self.defaults[name] for name in ("steps", "guidance_scale", "strength"))
        return pictures.Painter(self.pipeline, *settings)

    @cached_property
    def judge(self) -> PictureJudge:
        """The bundle's judge."""
        return load_judge(self.bundle).float()

    @cached_property
    def features(self) -> PictureJudge:
        """The classifier whose features pictures are compared by, trained apart from the judge."""
        return load_judge(self.bundle, "features").float()

    @cached_property
    def eyes(self) -> Any:
        """The bundle's CLIP with what prepares its pictures: an `ImageEncoder`."""
        from sonic_ui.models.image_encoder import ImageEncoder

        return ImageEncoder.from_folder(self.bundle / "clip")

    @cached_property
    def clip(self) -> Any:
        """The bundle's CLIP."""
        return self.eyes.clip

    def some(self, count: int) -> int:
        """So many, or a share of it."""
        return max(1, count // self.share)

    def keep(self, name: str, images: Sequence[Image.Image]) -> None:
        """Write a sheet of pictures to look at."""
        from sonic_ui.training.sheets import save_sheet

        save_sheet(pictures.as_tensor(images), self.out / f"{name}.png", columns=8)


def judge_group(bench: Bench) -> list[Figure]:
    """The judge itself, on renders."""
    scenes, renders = held_out_renders(bench.some(400), bench.px)
    return pictures.judge_figures(bench.judge, scenes, renders)


def following_group(bench: Bench) -> list[Figure]:
    """AIC, AIS and IIS of synthetic sounds."""
    clips = synthetic_clips(bench.some(8), bench.px)
    figures, images, by_source = pictures.following_figures(bench.judge, bench.clip, bench.painter, clips)
    bench.keep("synthetic", images)
    bench.details["synthetic_by_source"] = by_source
    return figures


def quality_group(bench: Bench) -> list[Figure]:
    """Pictures by themselves: latents, distance to renders, sharpness, collapse and variety.

    Nothing where the bundle carries no `features`.
    """
    if not (bench.bundle / "features").exists():
        return []
    _, renders = held_out_renders(bench.some(400), bench.px)
    true = quality.to_tensor(renders)
    clips = synthetic_clips(bench.some(4), bench.px, stream=5)
    embeds = bench.painter.embed([clip.samples for clip in clips])
    words, heard = quality.word_pictures(bench.painter, bench.some(4)), bench.painter.paint(embeds)
    for name, images in (("words", words), ("sounds", heard)):
        bench.keep(f"quality_{name}", images)
    bands = quality.latent_bands(bench.pipeline, true[:128])
    note = "i + j of the 2-D DCT from half the grid's side up"
    figures = [Figure("share of latent variance in the upper bands", bands, 0.3, at_least=False, note=note)]
    figures += quality.appearance_figures(bench.features, true, words, heard)
    truth = [
        quality.to_tensor([clip.picture for clip in clips if clip.sources == (name,)]) for name in SOURCES
    ]
    firsts = torch.stack([embeds[k * len(embeds) // len(SOURCES)] for k in range(len(SOURCES))])
    repeated, by_source = quality.repeated_figures(
        bench.judge, bench.features, bench.painter, firsts, truth, bench.some(20)
    )
    bench.details["collapse_by_source"] = by_source
    return figures + repeated


def real_group(bench: Bench) -> list[Figure]:
    """AIC of real recordings; nothing where the folder is absent."""
    from sonic_ui.models.audio_encoder import embed_labels, label_probabilities
    from sonic_ui.scenes.world import SPECS

    if not (recordings := real_clips(bench.data)):
        return []
    encoder = bench.pipeline.audio_encoder
    words = embed_labels(encoder, bench.pipeline.audio_tokenizer, [SPECS[name].label for name in SOURCES])
    embeds = bench.painter.embed([clip.samples for clip in recordings])
    heard = label_probabilities(embeds, words, encoder.logit_scale_a.exp())
    figures, images, by_source = pictures.real_figures(bench.judge, bench.painter, recordings, heard)
    bench.keep("real", images)
    bench.details["real_by_source"] = by_source
    return figures


def volume_group(bench: Bench) -> list[Figure]:
    """Gain and loudness reweighting, on synthetic and real sounds."""
    kinds = {
        "synthetic": synthetic_clips(bench.some(2), bench.px, stream=1),
        "real": real_clips(bench.data)[:: 4 * bench.share],
    }
    figures = []
    for turned in strips.TURNED:
        for kind, clips in kinds.items():
            if clips:
                figure, each = strips.volume_figure(bench.judge, bench.painter, clips, turned, kind)
                bench.details[f"volume_{turned}_{kind}"] = each
                figures.append(figure)
    return figures


def glide_group(bench: Bench) -> list[Figure]:
    """Glides between two sounds."""
    pairs = strips.pairs_of(synthetic_clips(bench.some(4), bench.px, stream=2), bench.some(50))
    figures: list[Figure] = []
    for method, count in (("linear", len(pairs)), ("spherical", bench.some(12))):
        found, images, values = strips.glide_figures(
            bench.judge,
            bench.eyes,
            bench.painter,
            pairs[:count],
            "linear" if method == "linear" else "spherical",
        )
        bench.keep(f"glide_{method}", images)
        bench.details[f"glide_{method}"] = values
        figures += found if method == "linear" else found[:2]
    return figures


def mixing_group(bench: Bench) -> list[Figure]:
    """Sounds of two sources."""
    clips = mixed_clips(bench.some(48), bench.px)
    figure, images = pictures.mixing_figure(bench.judge, bench.painter, clips)
    bench.keep("mixing", images)
    return [figure]


def edits_group(bench: Bench) -> list[Figure]:
    """Edits of renders by sounds of other sources."""
    editor = edits.load_editor(bench.pipeline, bench.defaults)
    pairs = edits.edit_pairs(synthetic_clips(bench.some(8), bench.px, stream=3), bench.some(100))
    figures, images = edits.edit_figures(bench.judge, editor, pairs)
    bench.keep("edits", images)
    bench.details["edit_trade_off"] = rows = edits.trade_off(bench.judge, editor, pairs[: bench.some(24)])
    edits.plot_trade_off(rows, bench.out / "edit_trade_off.png")
    kinds = {
        "renders": [image for image, _ in pairs[: bench.some(8)]],
        "photographs": edits.photographs(bench.data / "photos", bench.some(8)),
    }
    figures += edits.exactness_figures(editor, kinds)
    picture, clip = pairs[0]
    return figures + edits.cost_figures(editor, picture, bench.painter.embed([clip.samples])[0])


def sounds_group(bench: Bench) -> list[Figure]:
    """Pictures that sound; what is heard in the real photographs goes to the details."""
    pipeline, ear = bench.sounding, sounds.Ear.of(bench.pipeline)
    scenes = sounds.held_out_sounding(bench.some(4), bench.px, pipeline)
    figures, by_curve = sounds.control_figures(pipeline, scenes, bench.some(30), ear)
    blind = bench.bundle / "energy_modulator_blind"
    modulator = EnergyModulator.from_pretrained(blind, dtype=torch.float32) if blind.exists() else None
    natural, by_scene = sounds.natural_figures(pipeline, modulator, scenes[: bench.some(48)])
    classes, by_source = sounds.class_figures(pipeline, ear, scenes)
    bench.details |= {"sound_control": by_curve, **by_scene, "sound_class_by_source": by_source}
    bench.details["photographs"] = sounds.heard_in_photographs(pipeline, ear, bench.data / "photos")
    for name, heard in bench.details["photographs"].items():
        print(f"{name}: seen {heard[0]}, {heard[1]}; heard {heard[2]}", flush=True)
    judge = sounds.ear_figure(ear, scenes)
    return [*figures, *natural, *classes, judge, sounds.sound_speed(pipeline, scenes[0].picture)]


def speed_group(bench: Bench) -> list[Figure]:
    """How fast it all is; run it on a machine that does nothing else."""
    return speed.speed_figures(bench.pipeline, bench.eyes, bench.bundle, speed.first_example())


def full_size_group(bench: Bench) -> list[Figure]:
    """Cost of the full-size denoiser with and without sound, on random weights."""
    from sonic_ui.evaluation.full_size import full_size_figures

    return full_size_figures()


GROUPS: dict[str, Callable[[Bench], list[Figure]]] = {
    "judge": judge_group,
    "following": following_group,
    "quality": quality_group,
    "real": real_group,
    "volume": volume_group,
    "glide": glide_group,
    "mixing": mixing_group,
    "edits": edits_group,
    "sounds": sounds_group,
    "speed": speed_group,
    "full_size": full_size_group,
}
