"""A CLIP, and a CLAP's text half, whose weights lie in other folders are what they were."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import ClapTextModelWithProjection

from sonic_ui.bundles.files import SHARED, check_pipeline
from sonic_ui.models.encoders import load_clap_text, load_clip
from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline
from sonic_ui.requests import BadInput
from sonic_ui.testing import tiny_models as tiny
from sonic_ui.testing.tiny_bundle import debug_sound_pipeline
from sonic_ui.training.bundle_io import CLIP_HALVES, half_of, share_clap_text, share_clip


@pytest.fixture
def bundle(tmp_path):
    """A bundle whose CLIP's halves also stand in its pipelines, the words' half under its own names."""
    clip = tiny.debug_clip()
    clip.save_pretrained(tmp_path / "clip")
    state = clip.state_dict()
    halves = {
        "text_model": {k[len("text_model.") :]: v for k, v in state.items() if k.startswith("text_model.")},
        "vision_model": {k: v for k, v in state.items() if k.startswith(("vision_model.", "visual_"))},
    }
    for half, file in CLIP_HALVES.items():
        (tmp_path / file).parent.mkdir(parents=True)
        save_file({k: v.clone() for k, v in halves[half].items()}, tmp_path / file)
    return tmp_path


def test_shared_halves_give_the_same_clip(bundle):
    before = load_clip(bundle / "clip").state_dict()
    share_clip(bundle)
    assert set(load_file(bundle / "clip" / "model.safetensors")) == {"logit_scale", "text_projection.weight"}
    after = load_clip(bundle / "clip").state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_half_that_differs_stays(bundle):
    path = bundle / CLIP_HALVES["vision_model"]
    save_file({name: value + 1 for name, value in load_file(path).items()}, path)
    share_clip(bundle)
    assert list(json.loads((bundle / "clip" / SHARED).read_text())) == ["text_model"]
    assert "visual_projection.weight" in load_file(bundle / "clip" / "model.safetensors")


def test_a_half_that_does_not_fit_is_refused(bundle):
    share_clip(bundle)
    (bundle / "clip" / SHARED).write_text(json.dumps({"text_model": f"../{CLIP_HALVES['text_model']}"}))
    with pytest.raises(ValueError, match="do not fit together"):
        load_clip(bundle / "clip")


@pytest.fixture
def sounding(tmp_path):
    """A bundle of which both pipelines hold the text half of one CLAP."""
    clap, pipeline = tiny.debug_clap().eval(), debug_sound_pipeline()
    clap.save_pretrained(tmp_path / "audio_to_image" / "audio_encoder")
    pipeline.register_modules(text_encoder=half_of(ClapTextModelWithProjection, clap, "text_config"))
    pipeline.save_pretrained(tmp_path / "image_to_audio")
    return tmp_path


def test_the_text_half_of_clap_is_read_from_the_whole_one(sounding):
    folder = sounding / "image_to_audio"
    before = ImageToAudioPipeline.from_pretrained(folder).text_encoder.state_dict()
    share_clap_text(sounding)
    assert not (folder / "text_encoder" / "model.safetensors").exists()
    check_pipeline(folder)
    after = ImageToAudioPipeline.from_pretrained(folder, dtype=torch.float64).text_encoder
    assert after.dtype == torch.float64 and not after.training
    assert all(
        torch.equal(before[name].double(), value.double()) for name, value in after.state_dict().items()
    )
    (sounding / "audio_to_image" / "audio_encoder" / "model.safetensors").unlink()
    with pytest.raises(BadInput, match=r"audio_encoder/model\.safetensors is missing"):
        check_pipeline(folder)


def test_a_text_half_of_another_clap_stays(sounding):
    path = sounding / "audio_to_image" / "audio_encoder" / "model.safetensors"
    save_file({name: value + 1 for name, value in load_file(path).items()}, path, {"format": "pt"})
    share_clap_text(sounding)
    text = sounding / "image_to_audio" / "text_encoder"
    assert (text / "model.safetensors").exists() and not (text / SHARED).exists()
    save_file({}, path)
    (text / SHARED).write_text(
        json.dumps({"text_model": "../../audio_to_image/audio_encoder/model.safetensors"})
    )
    with pytest.raises(ValueError, match="is not whole"):
        load_clap_text(text)
