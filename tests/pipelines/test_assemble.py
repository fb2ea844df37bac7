"""A pipeline out of parts in the published layouts: what was in the files is what paints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ClapFeatureExtractor

from sonic_ui.bundles import Part
from sonic_ui.models.projector import AudioProjector
from sonic_ui.pipelines.assemble import assemble
from sonic_ui.pipelines.audio_edit import AudioEditPipeline
from sonic_ui.requests import BadInput
from sonic_ui.testing.tiny_models import (
    EMBEDDING_DIM,
    SMALL_PROJECTOR,
    debug_audio_tokenizer,
    debug_clap,
)
from tests.tiny_releases import debug_release

Files = list[tuple[Path, ...]]
TONE = (0.3 * np.sin(2 * np.pi * 300 * np.arange(48_000) / 48_000)).astype(np.float32)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Part, ...], Files]:
    folder = tmp_path_factory.mktemp("hub")
    parts = debug_release(folder)
    return parts, [tuple(folder / part.repository / file for file in part.files) for part in parts]


def test_it_paints_and_edits_what_it_hears(release: tuple[tuple[Part, ...], Files]) -> None:
    pipeline = assemble(*release, torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    assert not pipeline.audio_projector.config.chain_blocks
    settings = {"num_inference_steps": 2, "output_type": "np", "prompt": "rain"}
    heard = pipeline(TONE, **settings).images
    assert heard.shape == (1, 64, 64, 3)
    assert np.array_equal(heard, pipeline(TONE, **settings).images)
    assert not np.allclose(heard, pipeline(TONE, strength=0.0, **settings).images, atol=1e-4)
    editor = AudioEditPipeline(**pipeline.components)
    picture = pipeline(TONE, **{**settings, "output_type": "pil"}).images[0]
    edited = editor(picture, audio=TONE, num_inference_steps=2)
    assert edited.images[0].size == picture.size


def test_every_tensor_is_the_files(release: tuple[tuple[Part, ...], Files]) -> None:
    parts, files = release
    pipeline = assemble(parts, files, torch.float32)
    by_loader = {part.loader: paths for part, paths in zip(parts, files, strict=True)}
    gates = torch.load(by_loader["gated_attention"][0], weights_only=True)
    assert dict.fromkeys(gates, True) == {
        name: torch.equal(value, gates[name]) for name, value in pipeline.audio_attention.state_dict().items()
    }
    projector = torch.load(by_loader["audio_projector"][0], weights_only=True)
    loaded = pipeline.audio_projector.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in projector.items())


def test_half_precision_leaves_the_ears_whole(release: tuple[tuple[Part, ...], Files]) -> None:
    pipeline = assemble(*release, torch.bfloat16)
    dtypes = {
        name: getattr(pipeline, name).dtype for name in ("unet", "vae", "text_encoder", "audio_encoder")
    }
    assert dtypes.pop("audio_encoder") == torch.float32
    assert set(dtypes.values()) == {torch.bfloat16}
    image = pipeline(TONE, num_inference_steps=1, output_type="np").images
    assert np.isfinite(image).all()


def test_a_projector_trained_here_on_clap_of_the_hub(
    release: tuple[tuple[Part, ...], Files], tmp_path: Path
) -> None:
    """Pushed as `save_pretrained` writes them; the base and the gates as before."""
    debug_clap().save_pretrained(tmp_path / "clap")
    ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad").save_pretrained(tmp_path / "clap")
    debug_audio_tokenizer().save_pretrained(tmp_path / "clap")
    torch.manual_seed(4)
    mine = AudioProjector(**SMALL_PROJECTOR, chain_blocks=True)
    mine.save_pretrained(tmp_path / "mine" / "projector")
    names = {
        "clap": sorted(path.name for path in (tmp_path / "clap").iterdir()),
        "mine": [f"projector/{path.name}" for path in (tmp_path / "mine" / "projector").iterdir()],
    }
    own = (
        Part(loader="clap", repository="laion/clap", files=tuple(names["clap"])),
        Part(loader="audio_projector", repository="me/mine", files=tuple(names["mine"])),
    )
    where = [tuple(tmp_path / folder / name for name in names[folder]) for folder in ("clap", "mine")]
    parts, files = release
    pipeline = assemble((*own, *parts[:2]), [*where, *files[:2]], torch.float32)
    assert pipeline.audio_projector.config.chain_blocks
    embeds = pipeline.embed_audio(TONE)
    assert embeds.shape == (1, EMBEDDING_DIM)
    assert torch.equal(pipeline.audio_projector(embeds), mine.eval()(embeds))
    assert pipeline.audio_tokenizer is not None


def test_parts_that_do_not_belong_together(release: tuple[tuple[Part, ...], Files], tmp_path: Path) -> None:
    parts, files = release
    with pytest.raises(BadInput, match="lists no denoiser"):
        assemble(parts[2:], files[2:], torch.float32)
    with pytest.raises(BadInput, match="no audio projector, no audio encoder"):
        assemble(parts[:2], files[:2], torch.float32)
    with pytest.raises(BadInput, match="audio attention without a denoiser"):
        assemble(parts[1:], files[1:], torch.float32)
    sizes = {**SMALL_PROJECTOR, "embedding_dim": 16, "token_dim": 24}
    other = tmp_path / "p.pth"
    torch.save(AudioProjector(**sizes).state_dict(), other)
    bent = parts[2].model_copy(update={"options": sizes})
    with pytest.raises(BadInput, match="have 32 numbers; the projector reads 16"):
        assemble((*parts[:2], bent, parts[3]), [*files[:2], (other,), files[3]], torch.float32)
