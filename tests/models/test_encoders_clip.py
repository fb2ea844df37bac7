"""A CLIP whose halves lie in other folders is the CLIP that it was."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from sonic_ui.models.encoders import SHARED, load_clip
from sonic_ui.testing import tiny_models as tiny
from sonic_ui.training.bundle_io import CLIP_HALVES, share_clip


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
