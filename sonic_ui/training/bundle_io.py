"""Write the trained parts as a bundle: diffusers layout, float16 safetensors in shards of at most 15 MB.

And the way back: a run that goes on from a bundle's weights, where the checkpoints that made it are gone.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import ClapTextModelWithProjection, CLIPProcessor, CLIPVisionModelWithProjection

from sonic_ui.bundles.files import SHARED
from sonic_ui.bundles.manifest import write_manifest
from sonic_ui.models.audio_captioner import FOLDER as CAPTIONER_FOLDER
from sonic_ui.models.audio_captioner import AudioCaptioner
from sonic_ui.models.compact_autoencoder import CompactAutoencoder
from sonic_ui.models.encoders import load_clip, picture_processor
from sonic_ui.models.low_rank import save_low_rank
from sonic_ui.models.mel import GriffinLimVocoder
from sonic_ui.models.open_set import FOLDER as OPEN_SET_FOLDER
from sonic_ui.models.open_set import OpenSetHead, load_open_set
from sonic_ui.models.presence_classifier import load_classifier
from sonic_ui.models.quantized import dequantized
from sonic_ui.models.room_head import FOLDER as ROOM_HEAD_FOLDER
from sonic_ui.models.room_head import load_room_head
from sonic_ui.models.sound_classifier import FOLDER as SOUND_CLASSIFIER_FOLDER
from sonic_ui.models.sound_classifier import load_sound_classifier
from sonic_ui.models.tagged_clap import TaggedClapModel
from sonic_ui.models.upscaler import FOLDER as UPSCALER_FOLDER
from sonic_ui.models.upscaler import PictureUpscaler
from sonic_ui.models.vocoder import SpectralVocoder
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline
from sonic_ui.scenes.sound_captions import part_of_speech_table
from sonic_ui.scenes.world import SOURCES, SPECS, STYLES, WHEN, WHERE, article, caption_words
from sonic_ui.training.data.image_to_sound import training_sounds
from sonic_ui.training.data.rendering import clap_tokenizer, clip_tokenizer
from sonic_ui.training.run import Run
from sonic_ui.training.stages import (
    image_to_audio_mapper,
    latent_diffusion,
    picture_autoencoder,
    sound_diffusion,
)
from sonic_ui.training.stages.adapter import trained_adapter
from sonic_ui.training.stages.audio_captioner import trained_captioner
from sonic_ui.training.stages.clap import build_feature_extractor
from sonic_ui.training.stages.clip import trained_clip
from sonic_ui.training.stages.few_steps import student_updates
from sonic_ui.training.stages.open_set import trained_open_set
from sonic_ui.training.stages.presence_classifier import trained_classifier, trained_picture_features
from sonic_ui.training.stages.rooms import trained_room_head
from sonic_ui.training.stages.sound_classifier import trained_sound_classifier
from sonic_ui.training.stages.sound_diffusion import MEL_MEAN, MEL_STD, trained_mel_autoencoder
from sonic_ui.training.stages.spectral_stats import trained_clap
from sonic_ui.training.stages.upscaler import trained_upscaler
from sonic_ui.training.stages.vocoder import trained_vocoder

SHARD = "15MB"
FEW_STEPS_FOLDER = "few_steps"
"""A part in the description of the bundle names it: see `bundles/parts.py`."""


def export_bundle(run: Run, bundle: Path) -> Path:
    """Assemble `AudioToImagePipeline`, CLIP and the presence classifiers under `bundle`; returns it."""
    run = replace(run, artifacts={})  # modules of its own: they are halved
    adapter, clap = trained_adapter(run), trained_clap(run)
    clap.quantize()
    pipeline = AudioToImagePipeline(
        vae=picture_autoencoder.trained_autoencoder(run),
        text_encoder=latent_diffusion.caption_encoder(run).encoder,
        tokenizer=clip_tokenizer(run),
        unet=latent_diffusion.trained_unet(run),
        scheduler=latent_diffusion.build_scheduler(),
        audio_encoder=clap,
        feature_extractor=build_feature_extractor(),
        audio_tokenizer=clap_tokenizer(run),
        audio_projector=adapter.projector,
        audio_attention=adapter.attention,
        latent_normalizer=picture_autoencoder.latent_normalizer(run),
    )
    pipeline.to(torch.float16)
    pipeline.save_pretrained(str(bundle / "audio_to_image"), max_shard_size=SHARD)
    _save_clip(run, bundle / "clip")
    trained_classifier(run).half().save_pretrained(str(bundle / "judge"))  # a saved format's folder
    if run.checkpoint("picture_features").exists():
        trained_picture_features(run).half().save_pretrained(str(bundle / "features"))
    if run.checkpoint("upscaler").exists():
        trained_upscaler(run).half().save_pretrained(str(bundle / UPSCALER_FOLDER))
    write_vocabulary(bundle)
    _write_picture_px(bundle, run.recipe["world"]["picture_px"])
    if run.checkpoint("open_set").exists():
        trained_open_set(run).half().save_pretrained(str(bundle / OPEN_SET_FOLDER))
    if run.checkpoint("room_head").exists():
        trained_room_head(run).half().save_pretrained(str(bundle / ROOM_HEAD_FOLDER))
    if run.checkpoint("audio_captioner").exists():
        export_captioner(run, bundle)
    if run.checkpoint("few_steps").exists():
        save_low_rank(student_updates(replace(run, artifacts={})), bundle / FEW_STEPS_FOLDER)
    if run.checkpoint("energy_control").exists():
        export_image_to_sound(run, bundle)
    write_manifest(bundle)
    return bundle


def export_captioner(run: Run, bundle: Path) -> Path:
    """Write the decoder of audio captions into a bundle; returns its folder."""
    trained_captioner(run).half().save_pretrained(str(bundle / CAPTIONER_FOLDER))
    return bundle / CAPTIONER_FOLDER


def export_image_to_sound(run: Run, bundle: Path) -> Path:
    """Assemble `ImageToAudioPipeline` under `bundle`, and the classifier that it is measured with."""
    run = replace(run, artifacts={})
    clip, clap = trained_clip(run), trained_clap(run)
    pipeline = ImageToAudioPipeline(
        vae=trained_mel_autoencoder(run),
        unet=sound_diffusion.trained_sound_unet(run),
        scheduler=latent_diffusion.build_scheduler(),
        vocoder=trained_vocoder(run) if run.checkpoint("vocoder").exists() else GriffinLimVocoder(),
        image_encoder=half_of(CLIPVisionModelWithProjection, clip, "vision_config"),
        image_processor=picture_processor(clip),
        image_mapper=image_to_audio_mapper.trained_mapper(run),
        energy_modulator=image_to_audio_mapper.remembering_modulator(run),
        energy_control=sound_diffusion.trained_energy_control(run),
        latent_normalizer=sound_diffusion.sound_latent_normalizer(run),
        text_encoder=half_of(ClapTextModelWithProjection, clap, "text_config"),
        tokenizer=clap_tokenizer(run),
        frames=training_sounds(run).energies.shape[1],
        mel_mean=MEL_MEAN,
        mel_std=MEL_STD,
        default_steps=20,
        default_pull=1.0,
    )
    pipeline.to(torch.float16)
    (bundle / "image_to_audio" / "text_encoder" / SHARED).unlink(missing_ok=True)
    pipeline.save_pretrained(str(bundle / "image_to_audio"), max_shard_size=SHARD)
    if run.checkpoint("sound_classifier").exists():
        trained_sound_classifier(run).half().save_pretrained(str(bundle / SOUND_CLASSIFIER_FOLDER))
    share_clip(bundle)
    share_clap_text(bundle)
    write_manifest(bundle)
    return bundle / "image_to_audio"


def half_of(kind: Any, whole: Any, config: str) -> Any:
    """One half of a CLIP or CLAP, with its projection, as a model of its own.

    Raises ValueError when the whole lacks a weight that the half needs.
    """
    settings = getattr(whole.config, config)
    settings.projection_dim = whole.config.projection_dim
    half = kind(settings)
    weights, own = whole.state_dict(), half.state_dict()
    if missing := [name for name in own if name not in weights]:
        raise ValueError(f"{type(whole).__name__} has no {missing[0]}, which {kind.__name__} needs")
    half.load_state_dict({name: weights[name] for name in own})
    return half.eval()


def _save_clip(run: Run, folder: Path) -> None:
    clip = trained_clip(run).half()
    (folder / SHARED).unlink(missing_ok=True)
    clip.save_pretrained(str(folder), max_shard_size=SHARD)
    CLIPProcessor(picture_processor(clip), clip_tokenizer(run)).save_pretrained(str(folder))


CLIP_HALVES = {
    "text_model": "audio_to_image/text_encoder/model.safetensors",
    "vision_model": "image_to_audio/image_encoder/model.safetensors",
}


def share_clip(bundle: Path) -> None:
    """Leave out of the bundle's CLIP what its pipelines hold copies of, to the bit (`encoders.load_clip`)."""
    path = bundle / "clip" / "model.safetensors"
    if not path.exists():
        return
    own, shared = load_file(path), {}
    for half, file in CLIP_HALVES.items():
        copy = load_file(bundle / file)
        names = {name: name if name in own else f"{half}.{name}" for name in copy}
        if all(whole in own and torch.equal(own[whole], copy[name]) for name, whole in names.items()):
            own = {name: value for name, value in own.items() if name not in names.values()}
            shared[half] = f"../{file}"
    if shared:
        save_file(own, path, metadata={"format": "pt"})
        (bundle / "clip" / SHARED).write_text(json.dumps(shared, indent=2) + "\n")


def share_clap_text(bundle: Path) -> None:
    """Leave out the text half of CLAP that sounds of pictures are made with, where it is a copy to the bit of
    the whole CLAP's (`encoders.load_clap_text`).
    """
    folder, file = (
        bundle / "image_to_audio" / "text_encoder",
        "audio_to_image/audio_encoder/model.safetensors",
    )
    path = folder / "model.safetensors"
    if not path.exists() or not (bundle / file).exists():
        return
    whole, half = load_file(bundle / file), load_file(path)
    if all(name in whole and torch.equal(whole[name], value) for name, value in half.items()):
        path.unlink()
        (folder / SHARED).write_text(json.dumps({"text_model": f"../../{file}"}, indent=2) + "\n")


def write_vocabulary(bundle: Path) -> None:
    """Write the sources that the bundle knows, in order, phrases for prompts, and the words of captions."""
    vocabulary = {
        "sources": [{"id": n, "label": SPECS[n].label, "indoors": SPECS[n].indoors} for n in SOURCES],
        "styles": [f"{article(style)} {style}" for style in STYLES],
        "times": [*WHEN.values()],
        "locations": [*WHERE.values()],
        "words": caption_words(),
        "nouns": [word for word, share in part_of_speech_table(caption_words()).items() if share > 0.5],
    }
    (bundle / "vocabulary.json").write_text(json.dumps(vocabulary, indent=2) + "\n")


def _write_picture_px(bundle: Path, picture_px: int) -> None:
    """Write the side of its pictures into `bundle.json`; the rest of a description that is there stays."""
    path = bundle / "bundle.json"
    info = json.loads(path.read_text()) if path.exists() else {"name": bundle.name, "title": bundle.name}
    path.write_text(json.dumps({**info, "picture_px": picture_px}, indent=2) + "\n")


def import_bundle(run: Run, bundle: Path) -> Path:
    """Write the bundle's tokenizers and weights as the run's checkpoints, at step 0; returns its folder.

    Every stage then starts from what is shipped. Latents and embeddings are made anew when they are needed;
    the latents are normalised as the bundle's are.

    Raises:
        FileExistsError: the run has a checkpoint already.
        ValueError: the bundle's autoencoder is not a `CompactAutoencoder`.
    """
    if present := sorted(run.folder.glob("*/checkpoint.pt")):
        raise FileExistsError(f"{present[0]} is there already; choose an empty --out folder to import into")
    pipeline = AudioToImagePipeline.from_pretrained(bundle / "audio_to_image", dtype=torch.float32)
    pipeline.audio_attention.detach()
    pictures = _picture_autoencoder(pipeline.vae, bundle)
    pipeline.tokenizer.save_pretrained(str(run.folder / "tokenizer"))
    pipeline.audio_tokenizer.save_pretrained(str(run.folder / "clap_tokenizer"))
    clip = load_clip(bundle / "clip")
    projector = pipeline.audio_projector.state_dict()
    attention = pipeline.audio_attention.state_dict()
    states = {
        **pictures,
        "clip": _under("clip", clip.state_dict()),
        "denoiser": pipeline.unet.state_dict(),
        "clap": _under("clap", _clap_state(pipeline.audio_encoder)),
        "projector": projector,
        "adapter": {**_under("projector", projector), **_under("attention", attention)},
        "presence_classifier": load_classifier(bundle).float().state_dict(),
        **_open_set(pipeline.audio_encoder, load_open_set(bundle)),
        **_image_to_sound(bundle),
    }
    if (bundle / "features").is_dir():
        states["picture_features"] = load_classifier(bundle, "features").float().state_dict()
    if (bundle / CAPTIONER_FOLDER).is_dir():
        captioner = AudioCaptioner.from_pretrained(bundle / CAPTIONER_FOLDER, dtype=torch.float32)
        states["audio_captioner"] = captioner.state_dict()
    if (head := load_room_head(bundle)) is not None:
        states["room_head"] = head.float().state_dict()
    if (bundle / UPSCALER_FOLDER).is_dir():
        network = PictureUpscaler.from_pretrained(bundle / UPSCALER_FOLDER, dtype=torch.float32)
        states["upscaler"] = network.state_dict()
    for stage, state in states.items():
        path = run.checkpoint(stage)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"step": 0, "module": state, "average": state}, path)
    normalizer = pipeline.latent_normalizer
    statistics = {"mean": normalizer.mean.flatten(), "std": normalizer.std.flatten()}
    torch.save(statistics, run.folder / "latent_statistics.pt")
    return run.folder


def _clap_state(clap: Any) -> dict[str, Tensor]:
    """Weights of an audio encoder; those of its perceptrons are floats, as training needs them."""
    state = clap.state_dict()
    fixed = {name: value for name, value in state.items() if name.startswith("yamnet.")}
    return {**dequantized({name: state[name] for name in state if name not in fixed}), **fixed}


def _open_set(clap: Any, head: OpenSetHead | None) -> dict[str, Mapping[str, Tensor]]:
    """Weights of the `TagHead` and of the open-set head by stage; none of a head of an earlier edition."""
    if head is None or not isinstance(clap, TaggedClapModel):
        return {}
    tags = {name: value for name, value in _clap_state(clap).items() if name.startswith("tags.")}
    return {"tags": {**tags, **_under("kinds", head.kinds.state_dict())}, "open_set": head.state_dict()}


def _picture_autoencoder(vae: Any, bundle: Path) -> dict[str, Mapping[str, Tensor]]:
    """Weights of the picture autoencoder by stage: encoder and coarse decoder; the whole decoder.

    The last coarse level's way up is left out: in the stage `autoencoder` it ends in a picture.
    """
    if not isinstance(vae, CompactAutoencoder):
        raise ValueError(
            f"The picture autoencoder in {bundle} is {type(vae).__name__}, that of the first edition; "
            "training goes on from bundles of the second edition alone (CompactAutoencoder)."
        )
    coarse, whole = len(vae.config["encoder_block_out_channels"]) - 1, len(vae.config["decoder_channels"])
    fine = [f"decoder.levels.{level}." for level in range(coarse, whole)]
    fine += [f"decoder.up.{level}." for level in range(coarse - 1, whole)]
    state = vae.state_dict()
    return {
        "autoencoder": {name: value for name, value in state.items() if not name.startswith(tuple(fine))},
        "picture_decoder": _under("decoder", vae.decoder.state_dict()),
    }


def _image_to_sound(bundle: Path) -> dict[str, Mapping[str, Tensor]]:
    """Weights of image-to-sound by stage; none where the bundle has no such pipeline."""
    if not (bundle / "image_to_audio").is_dir():
        return {}
    pipeline = ImageToAudioPipeline.from_pretrained(bundle / "image_to_audio", dtype=torch.float32)
    classifier, vocoder = load_sound_classifier(bundle), pipeline.vocoder
    learned = isinstance(vocoder, SpectralVocoder)
    return {
        **({"vocoder": _under("vocoder", vocoder.state_dict())} if learned else {}),
        "mel_autoencoder": pipeline.vae.state_dict(),
        "sound_denoiser": pipeline.unet.state_dict(),
        "energy_control": pipeline.energy_control.state_dict(),
        "image_to_audio_mapper": pipeline.image_mapper.state_dict(),
        "energy_modulator": {
            name: value
            for name, value in pipeline.energy_modulator.state_dict().items()
            if not name.startswith("remembered")
        },
        **({} if classifier is None else {"sound_classifier": classifier.state_dict()}),
    }


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": value for name, value in state.items()}
