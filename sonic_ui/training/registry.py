"""The stages in the order in which one command runs them.

Each reads what earlier ones wrote under the run's folder and writes its own; each resumes. A stage registers
itself in its file (`@stage`); a new one is a file and a row here.
"""

import torch

from sonic_ui.training.data import rendering, sound_samples, sounds
from sonic_ui.training.run import REGISTERED, Run, train
from sonic_ui.training.stages import (
    adapter,
    audio_captioner,
    clap,
    clip,
    few_steps,
    image_to_audio_mapper,
    latent_diffusion,
    open_set,
    picture_autoencoder,
    presence_classifier,
    rooms,
    sound_classifier,
    sound_diffusion,
    spectral_stats,
    tags,
    upscaler,
    vocoder,
)

ORDER = {
    # Sound to image
    "pictures": rendering,  # scenes of the world and their pictures
    "sounds": sounds,  # clips of single sources, the scenes' sounds, real recordings
    "mixtures": sounds,  # sounds of scenes of several sources that are not painted
    "tokenizers": rendering,  # vocabularies of CLIP and CLAP
    "autoencoder": picture_autoencoder,  # small pictures <-> latents
    "picture_decoder": picture_autoencoder,  # latents -> pictures
    "clip": clip,  # pictures beside captions
    "denoiser": latent_diffusion,  # latents from text
    "decoder": latent_diffusion,  # the decoder once more, on latents as the denoiser leaves them
    "clap": clap,  # sounds beside captions and pictures
    "spectral_stats": spectral_stats,  # CLAP's head on statistics of the log-mel
    "tagged_sounds": tags,  # sounds of the world, of strangers and of other kinds, as features
    "tags": tags,  # CLAP's head on YAMNet's features
    "open_set": open_set,  # head that knows what is of no source
    "room_sounds": rooms,  # sounds in rooms, as features
    "room_head": rooms,  # head that hears rooms
    "audio_captioner": audio_captioner,  # what is heard, in words
    "projector": adapter,  # SonicDiffusion, stage 1
    "adapter": adapter,  # SonicDiffusion, stage 2
    "teacher_paths": few_steps,  # paths of the guided denoiser from noise to picture
    "few_steps": few_steps,  # a student of few steps, as low-rank updates
    "presence_classifier": presence_classifier,  # what the evaluation measures pictures with
    "picture_features": presence_classifier,  # what it compares them by, trained apart
    "large_pictures": upscaler,  # renders of twice the size
    "upscaler": upscaler,  # pictures -> pictures of twice the size
    # Image to sound
    "image_to_sound": sound_diffusion,  # scenes as log-mel, energy, audio and image embedding
    "image_to_audio_mapper": image_to_audio_mapper,  # image embedding -> audio embedding
    "mel_autoencoder": sound_diffusion,  # log-mel <-> latents
    "sound_denoiser": sound_diffusion,  # latents from an embedding
    "energy_control": sound_diffusion,  # ControlNet of the energy
    "energy_modulator": image_to_audio_mapper,  # rough sketch -> energy curve
    "sound_samples": sound_samples,  # samples of scenes of image-to-sound
    "vocoder": vocoder,  # log-mels -> samples
    "sound_classifier": sound_classifier,  # what the evaluation measures sounds with
}
"""Stage -> the module that registers it."""

STAGES = {name: REGISTERED[name] for name in ORDER}


def run_stage(run: Run, name: str) -> None:
    """Run one stage: from the same seed, alone or after others."""
    torch.manual_seed(0)
    run.report(f"stage {name}")
    built = STAGES[name](run)
    if built is not None:
        train(built, run.loop(name), run.folder / name, report=run.report)
        built.finish()
        run.artifacts.clear()  # they may hold what has just been trained: not averaged, dropout at work
