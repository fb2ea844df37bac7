"""A bundle that lacks a file, or has a damaged one, is told by that file's name, without importing torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sonic_ui.bundles import BUNDLES, check_pipeline, find_bundle, read_bundle
from sonic_ui.requests import BadInput


def safetensors(tensors: dict[str, int]) -> bytes:
    """A safetensors file of zeros: name -> bytes."""
    header, offset = {}, 0
    for name, size in tensors.items():
        header[name] = {"dtype": "U8", "shape": [size], "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(offset)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A whole bundle: one sharded model, one model in one file, a scheduler, an empty place."""
    folder = tmp_path / "little"
    pipe = folder / "audio_to_image"
    for name in ("unet", "vae", "scheduler"):
        (pipe / name).mkdir(parents=True)
    (folder / "bundle.json").write_text(
        json.dumps({"name": "little", "title": "Little", "defaults": {"steps": 7, "guidance_scale": 2.0}})
    )
    (folder / "vocabulary.json").write_text(json.dumps({"sources": [{"id": "rain", "label": "rain"}]}))
    index = {
        "_class_name": "Pipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderDC"],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "latent_normalizer": [None, None],
    }
    (pipe / "model_index.json").write_text(json.dumps(index))
    (pipe / "unet" / "config.json").write_text("{}")
    shards = {"a": "model-00001.safetensors", "b": "model-00002.safetensors"}
    (pipe / "unet" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    (pipe / "unet" / "model-00001.safetensors").write_bytes(safetensors({"a": 100}))
    (pipe / "unet" / "model-00002.safetensors").write_bytes(safetensors({"b": 60}))
    (pipe / "vae" / "config.json").write_text("{}")
    (pipe / "vae" / "model.safetensors").write_bytes(safetensors({"c": 10, "d": 20}))
    (pipe / "scheduler" / "scheduler_config.json").write_text("{}")
    return folder


def test_a_whole_bundle(bundle: Path) -> None:
    read = read_bundle(bundle)
    assert (read.info.title, read.info.defaults.steps, read.info.defaults.strength) == ("Little", 7, 1.0)
    assert [source.label for source in read.sources] == ["rain"]
    check_pipeline(read.pipeline_folder("sound_to_image"))


FILES = {
    "bundle.json": "bundle.json",
    "vocabulary.json": "vocabulary.json",
    "audio_to_image/model_index.json": "model_index.json",
    "audio_to_image/unet/config.json": "unet/*config.json",
    "audio_to_image/unet/model-00002.safetensors": "unet/model-00002.safetensors",
    "audio_to_image/vae/model.safetensors": "vae/*.safetensors",
    "audio_to_image/scheduler/scheduler_config.json": "scheduler/*config.json",
}
"""File -> what a sentence calls it when it is not there."""


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    words = refusal(bundle)
    assert f"{FILES[name]} is missing" in words
    assert "try again" in words


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_named(bundle: Path, name: str) -> None:
    path = bundle / name
    path.write_bytes(path.read_bytes()[:-1])
    assert f"{Path(name).name} cannot be used" in refusal(bundle)


def test_a_pointer_to_weights_is_recognised(bundle: Path) -> None:
    path = bundle / "audio_to_image" / "vae" / "model.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert "git lfs pull" in refusal(bundle)


def refusal(bundle: Path) -> str:
    with pytest.raises(BadInput) as caught:
        check_pipeline(read_bundle(bundle).pipeline_folder("sound_to_image"))
    assert caught.value.field == "bundle"
    return str(caught.value)


def test_a_missing_component_or_pipeline(bundle: Path) -> None:
    (bundle / "audio_to_image" / "vae").rename(bundle / "elsewhere")
    with pytest.raises(BadInput, match=r"audio_to_image/vae is missing"):
        check_pipeline(bundle / "audio_to_image")
    (bundle / "audio_to_image").rename(bundle / "other")
    with pytest.raises(BadInput, match=r"audio_to_image is missing"):
        read_bundle(bundle).pipeline_folder("sound_to_image")


def test_values_that_no_bundle_has(bundle: Path) -> None:
    (bundle / "bundle.json").write_text(json.dumps({"name": "x", "title": "X", "defaults": {"steps": 0}}))
    with pytest.raises(BadInput, match=r"bundle\.json.*defaults\.steps"):
        read_bundle(bundle)


def test_names_of_the_registry() -> None:
    assert find_bundle("miniature") is BUNDLES["miniature"]
    with pytest.raises(BadInput, match=r"no bundle called 'gigantic'.*miniature"):
        find_bundle("gigantic")
