"""A bundle that lacks a file, or has a damaged one, is told by that file's name, without importing torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sonic_ui.bundles import (
    BUNDLES,
    BundleInfo,
    check_pipeline,
    find_bundle,
    manifest,
    phrase_pictures,
    read_bundle,
)
from sonic_ui.bundles.manifest import check_sums, write_manifest
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
    for name in ("unet", "vae", "scheduler", "tokenizer"):
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
        "tokenizer": ["transformers", "CLIPTokenizer"],
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
    (pipe / "tokenizer" / "tokenizer_config.json").write_text("{}")
    (pipe / "tokenizer" / "tokenizer.json").write_text("{}")
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
    "audio_to_image/unet/config.json": "unet/config.json",
    "audio_to_image/unet/model-00002.safetensors": "unet/model-00002.safetensors",
    "audio_to_image/vae/model.safetensors": "vae/model.safetensors",
    "audio_to_image/scheduler/scheduler_config.json": "scheduler/scheduler_config.json",
    "audio_to_image/tokenizer/tokenizer_config.json": "tokenizer/tokenizer_config.json",
    "audio_to_image/tokenizer/tokenizer.json": "tokenizer/tokenizer.json",
}
"""File -> what a sentence calls it when it is not there."""


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    if name.endswith("tokenizer_config.json"):  # the vocabulary alone is read as well
        (bundle / "audio_to_image/tokenizer/tokenizer.json").unlink()
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


def test_the_vocabulary_of_byte_pairs_lies_in_two_files(bundle: Path) -> None:
    folder = bundle / "audio_to_image" / "tokenizer"
    (folder / "tokenizer.json").rename(folder / "vocab.json")
    assert "tokenizer/merges.txt is missing" in refusal(bundle)
    (folder / "merges.txt").touch()
    check_pipeline(bundle / "audio_to_image")


# The manifest


def test_a_flipped_bit_is_found_in_any_file(bundle: Path) -> None:
    check_sums(bundle)  # a bundle without a manifest is taken as it is
    (bundle / "MODEL_CARD.md").write_text("for people")
    write_manifest(bundle)
    check_sums(bundle)
    files = [path for path in bundle.rglob("*") if path.suffix in (".json", ".safetensors")]
    assert len(files) == 13
    for path in files:
        if path.name == "manifest.json":
            continue
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(BadInput, match=rf"{path.name} cannot be used \(its SHA-256 is not .*manifest"):
            check_sums(bundle)
        path.unlink()
        with pytest.raises(BadInput, match=rf"{path.name} is missing"):
            check_sums(bundle)
        path.write_bytes(whole)
    (bundle / "MODEL_CARD.md").unlink()
    check_sums(bundle)


def test_only_what_is_about_to_be_loaded_is_checked(bundle: Path) -> None:
    write_manifest(bundle)
    (bundle / "audio_to_image" / "vae" / "config.json").write_text("{ }")
    check_sums(bundle, ["bundle.json", "audio_to_image/unet", "audio_to_image/va"])
    with pytest.raises(BadInput, match=r"vae/config\.json"):
        check_sums(bundle, ["audio_to_image"])


@pytest.mark.parametrize("content", ["", "[]", '{"sha256": []}', '{"sha256": {"bundle.json": 1}}'])
def test_a_damaged_manifest_is_a_sentence(bundle: Path, content: str) -> None:
    (bundle / "manifest.json").write_text(content)
    with pytest.raises(BadInput, match="cannot be used"):
        check_sums(bundle)


def test_every_file_is_hashed_once(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_manifest(bundle)
    check_sums(bundle)
    monkeypatch.setattr(manifest, "file_sha256", lambda path: pytest.fail(f"{path} is read again"))
    check_sums(bundle)


def test_the_shipped_weights_are_those_of_their_manifest() -> None:
    """After a change of these files: python -m sonic_ui.bundles.manifest assets/miniature"""
    folder = BUNDLES["miniature"].folder
    listed = json.loads((folder / "manifest.json").read_text())["sha256"]
    check_sums(folder)
    weights = {path.relative_to(folder).as_posix() for path in folder.rglob("*.safetensors")}
    assert weights and weights <= set(listed)


def test_a_bundle_says_which_aspects_it_paints() -> None:
    info = BundleInfo(name="own", title="Own", picture_px=256, sizes={"3:2": (384, 256)})
    assert info.aspects == ("1:1", "3:2")
    assert info.size_of("1:1") == (256, 256) and info.size_of("3:2") == (384, 256)
    with pytest.raises(BadInput, match="Own does not paint pictures of 9:16; it paints 1:1, 3:2") as refusal:
        info.size_of("9:16")
    assert refusal.value.field == "aspect"


def test_the_phrases_of_the_miniature_have_pictures() -> None:
    info = read_bundle("miniature").info
    assert info.vocabulary is not None
    phrases = [phrase for group in info.vocabulary.groups.values() for phrase in group]
    pictures = phrase_pictures(info)
    assert [*pictures] == phrases and sum(path.stat().st_size for path in pictures.values()) < 150_000
