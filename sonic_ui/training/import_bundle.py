"""Go on training from a bundle's weights, where the checkpoints of the run that made it are gone."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from sonic_ui.training.run import Run


def import_bundle(run: Run, bundle: Path) -> Path:
    """Write the bundle's tokenizers and weights as the run's checkpoints, at step 0; returns its folder.

    Every stage then starts from what is shipped. Latents and embeddings are made anew when they are needed;
    the latents are normalised as the bundle's are.

    Raises:
        FileExistsError: the run has a checkpoint already.
    """
    from transformers import CLIPModel

    from sonic_ui.models.open_set import load_open_set
    from sonic_ui.models.presence_classifier import load_classifier
    from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline

    if present := sorted(run.folder.glob("*/checkpoint.pt")):
        raise FileExistsError(f"{present[0]} is there already; choose an empty --out folder to import into")
    pipeline = AudioToImagePipeline.from_pretrained(bundle / "audio_to_image", dtype=torch.float32)
    pipeline.audio_attention.detach()
    pipeline.tokenizer.save_pretrained(str(run.folder / "tokenizer"))
    pipeline.audio_tokenizer.save_pretrained(str(run.folder / "clap_tokenizer"))
    clip = CLIPModel.from_pretrained(bundle / "clip", dtype=torch.float32)
    open_set = load_open_set(bundle)
    projector = pipeline.audio_projector.state_dict()
    attention = pipeline.audio_attention.state_dict()
    states = {
        "autoencoder": pipeline.vae.state_dict(),
        "clip": _under("clip", clip.state_dict()),
        "denoiser": pipeline.unet.state_dict(),
        "clap": _under("clap", pipeline.audio_encoder.state_dict()),
        "projector": projector,
        "adapter": {**_under("projector", projector), **_under("attention", attention)},
        "presence_classifier": load_classifier(bundle).float().state_dict(),
        **({} if open_set is None else {"open_set": open_set.state_dict()}),
        **_image_to_sound(bundle),
    }
    for stage, state in states.items():
        path = run.checkpoint(stage)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"step": 0, "module": state, "average": state}, path)
    normalizer = pipeline.latent_normalizer
    statistics = {"mean": normalizer.mean.flatten(), "std": normalizer.std.flatten()}
    torch.save(statistics, run.folder / "latent_statistics.pt")
    return run.folder


def _image_to_sound(bundle: Path) -> dict[str, Mapping[str, Tensor]]:
    """Weights of image-to-sound by stage; none where the bundle has no such pipeline."""
    if not (bundle / "image_to_audio").is_dir():
        return {}
    from sonic_ui.models.sound_mapper import EnergyModulator
    from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline

    pipeline = ImageToAudioPipeline.from_pretrained(bundle / "image_to_audio", dtype=torch.float32)
    blind = EnergyModulator.from_pretrained(bundle / "energy_modulator_blind", dtype=torch.float32)
    return {
        "mel_autoencoder": pipeline.vae.state_dict(),
        "sound_denoiser": pipeline.unet.state_dict(),
        "energy_control": pipeline.energy_control.state_dict(),
        "image_to_audio_mapper": pipeline.image_mapper.state_dict(),
        "energy_modulator": {
            name: value
            for name, value in pipeline.energy_modulator.state_dict().items()
            if not name.startswith("remembered")
        },
        "energy_modulator_blind": blind.state_dict(),
    }


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": value for name, value in state.items()}
