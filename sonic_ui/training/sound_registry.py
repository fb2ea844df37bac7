"""The stages of image-to-sound, in the order in which one command runs them."""

from __future__ import annotations

from collections.abc import Callable

from sonic_ui.training.data.image_to_sound import picture_shard, render_image_to_sound
from sonic_ui.training.loop import train
from sonic_ui.training.run import Run
from sonic_ui.training.sound_run import ImageToSoundRun
from sonic_ui.training.stages.clap import build_feature_extractor
from sonic_ui.training.stages.image_to_audio_mapper import MapperStage, ModulatorStage
from sonic_ui.training.stages.mel_autoencoder import MelAutoencoderStage
from sonic_ui.training.stages.sound_denoiser import EnergyControlStage, SoundDenoiserStage


def run_image_to_sound(run: Run) -> None:
    """Render scenes as log-mel, energy and embedding, and for the first shards what CLIP sees in them."""
    r, folder = run.recipe["sounded"], run.folder / "sounded"
    shards = {"held_out": r["held_out_shards"], "train": r["shards"]}
    for path in render_image_to_sound(folder, shards, r["scenes"], run.clap, build_feature_extractor()):
        run.report(path)
    for split, count in (("held_out", r["held_out_shards"]), ("train", r["pictured_shards"])):
        for shard in range(count):
            size = run.recipe["world"]["picture_px"]
            run.report(str(picture_shard(folder, split, shard, size, run.clip)))


def run_mel_autoencoder(run: Run) -> None:
    """Sound autoencoder."""
    sound, r = ImageToSoundRun(run), run.recipe["mel_autoencoder"]
    stage = MelAutoencoderStage(sound.data, sound.new_autoencoder(), crop=r["crop"])
    train(stage, run.loop("mel_autoencoder"), run.folder / "mel_autoencoder", report=run.report)


def run_sound_denoiser(run: Run) -> None:
    """Sound denoiser."""
    sound = ImageToSoundRun(run)
    stage = SoundDenoiserStage(sound.latents, sound.new_unet(), sound.autoencoder, sound.normalizer)
    train(stage, run.loop("sound_denoiser"), run.folder / "sound_denoiser", report=run.report)


def run_energy_control(run: Run) -> None:
    """Energy ControlNet."""
    sound = ImageToSoundRun(run)
    stage = EnergyControlStage(
        sound.latents, sound.new_control(), sound.unet, sound.autoencoder, sound.normalizer
    )
    train(stage, run.loop("energy_control"), run.folder / "energy_control", report=run.report)


def run_sound_mapper(run: Run) -> None:
    """I2A mapper."""
    sound = ImageToSoundRun(run)
    stage = MapperStage(sound.data.pictured, sound.data.embeds, sound.new_mapper())
    train(stage, run.loop("sound_mapper"), run.folder / "sound_mapper", report=run.report)


def run_energy_modulator(run: Run) -> None:
    """Energy modulator."""
    _train_modulator(run, "energy_modulator", blind=False)


def run_energy_modulator_blind(run: Run) -> None:
    """The same without the embedding: what the evaluation compares the modulator with."""
    _train_modulator(run, "energy_modulator_blind", blind=True)


def _train_modulator(run: Run, name: str, *, blind: bool) -> None:
    sound = ImageToSoundRun(run)
    stage = ModulatorStage(sound.data, sound.seen_embeds(), sound.new_modulator(blind=blind))
    train(stage, run.loop(name), run.folder / name, report=run.report)


SOUND_STAGES: dict[str, Callable[[Run], None]] = {
    "sounded": run_image_to_sound,
    "mel_autoencoder": run_mel_autoencoder,
    "sound_denoiser": run_sound_denoiser,
    "energy_control": run_energy_control,
    "sound_mapper": run_sound_mapper,
    "energy_modulator": run_energy_modulator,
    "energy_modulator_blind": run_energy_modulator_blind,
}
