"""Teaching with another encoder of sounds (LAION-CLAP), and on Stable Diffusion's parts: random weights."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import transformers
from PIL import Image

from sonic_ui.bundles.registry import read_bundle
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.models.gated_attention import load_gated_attention
from sonic_ui.models.laion_clap import LaionClap
from sonic_ui.models.projector import AudioProjector, load_audio_projector
from sonic_ui.pipelines.assemble import assemble
from sonic_ui.pipelines.taught import ATTENTION_FILE, PROJECTOR_FILE, save_taught
from sonic_ui.pipelines.teaching import Teaching
from sonic_ui.pipelines.teaching_data import Lesson, Rehearsal, TeachingConfig
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.testing import tiny_models as tiny
from sonic_ui.testing.tiny_bundle import debug_bundle
from sonic_ui.training.__main__ import main
from tests.tiny_releases import debug_release

DIM = 2 * tiny.EMBEDDING_DIM
RATE = 48_000


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pairs, one of a known sound, a bundle, and a home of taught engines."""
    monkeypatch.setenv("SONIC_UI_TAUGHT", str(tmp_path / "engines"))
    for name in ("pairs/sounds", "pairs/pictures", "known"):
        (tmp_path / name).mkdir(parents=True)
    for name, hz in (("pairs/sounds/a.flac", 900), ("known/low.wav", 200)):
        soundfile.write(tmp_path / name, 0.3 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE), RATE)
    Image.new("RGB", (70, 60), (220, 180, 30)).save(tmp_path / "pairs" / "pictures" / "a.jpg")
    pair = {"sound": "sounds/a.flac", "picture": "pictures/a.jpg", "caption": "", "source": "", "start_s": 0}
    (tmp_path / "pairs" / "pairs.jsonl").write_text(json.dumps(pair) + "\n")
    debug_bundle(tmp_path / "debug")
    return tmp_path


def teach(folders: Path, encoder: str) -> None:
    main(
        [
            *("teach", str(folders / "pairs"), "--name", "gong", "--bundle", str(folders / "debug")),
            *("--known", str(folders / "known"), "--out", str(folders / "run"), "--steps", "2"),
            *("--encoder", encoder),
        ]
    )


def check_engine(folders: Path, loader: str, dim: int) -> None:
    """The engine stands by itself, listens with its own encoder and paints."""
    bundle = read_bundle("gong")
    assert [part.loader for part in bundle.taught_parts] == [loader]
    studio = Studio(LocalBackend("gong"))
    sound = str(folders / "pairs" / "sounds" / "a.flac")
    heard = studio.embed_audio(studio.load_sound(sound))
    assert heard.embedding.shape == (dim,) and heard.labels[0].name == "gong"
    *_, result = studio.run(SoundToImageRequest(sound=sound, steps=2))
    assert result.images[0].size == (64, 64)  # type: ignore[union-attr]


def test_laions_clap_as_transformers_port(folders: Path) -> None:
    config = tiny.debug_clap().config
    for part in (config, config.text_config, config.audio_config):
        part.projection_dim = DIM
    torch.manual_seed(0)
    transformers.ClapModel(config).save_pretrained(folders / "htsat")
    tiny.debug_components()["feature_extractor"].save_pretrained(folders / "htsat")
    tiny.debug_audio_tokenizer().save_pretrained(folders / "htsat")
    teach(folders, str(folders / "htsat"))
    for path in (folders / "htsat").iterdir():
        path.unlink()  # the engine holds a copy
    check_engine(folders, "clap", DIM)


class Module:
    """What `laion_clap` offers of `CLAP_Module`: random features of the samples' spectrum."""

    def __init__(self, enable_fusion: bool, amodel: str, device: str) -> None:
        self.weights = torch.randn(64, DIM, generator=torch.Generator().manual_seed(0))

    def load_ckpt(self, path: str, verbose: bool = True) -> None:
        assert Path(path).read_bytes() == b"weights"

    def get_audio_embedding_from_data(self, x: torch.Tensor, use_tensor: bool) -> torch.Tensor:
        spectrum = torch.fft.rfft(x[:, :4800]).abs()[:, :2368]
        return spectrum.unflatten(1, (64, -1)).mean(-1).to(self.weights) @ self.weights


def test_laions_own_checkpoints_by_the_extra(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = ModuleType("laion_clap")
    made.CLAP_Module = Module
    monkeypatch.setitem(sys.modules, "laion_clap", made)
    monkeypatch.setattr(LaionClap.__init__, "__defaults__", (DIM,))
    (folders / "laion").mkdir()
    (folders / "laion" / "630k.pt").write_bytes(b"weights")
    teach(folders, str(folders / "laion" / "630k.pt"))
    check_engine(folders, "laion_clap", DIM)


def test_what_names_no_encoder_is_refused(folders: Path) -> None:
    with pytest.raises(SystemExit, match=r"no config\.json"):
        teach(folders, str(folders / "pairs"))
    with pytest.raises(SystemExit, match="names no encoder"):
        teach(folders, "../up")


def test_512_numbers_become_tokens_of_768_channels() -> None:
    projector = AudioProjector(embedding_dim=512, token_dim=768, num_tokens=4, num_blocks=1)
    assert projector(torch.zeros(2, 512)).shape == (2, 4, 768)


def test_stable_diffusions_parts_are_taught_and_written_as_released(tmp_path: Path) -> None:
    parts = debug_release(tmp_path / "hub")
    files = [tuple(tmp_path / "hub" / part.repository / file for file in part.files) for part in parts]
    pipeline = assemble(parts, files, torch.float32)
    tone = np.sin(np.arange(RATE) / 12).astype(np.float32)
    lesson = Lesson((tone,), (Image.new("RGB", (64, 64), (90, 200, 40)),), ("a gong",))
    config = TeachingConfig(steps=2, batch_size=2, rehearsal=2, rank=2, old_steps=1)
    teaching = Teaching(pipeline, lesson, Rehearsal(pipeline.embed_audio(tone * 0.1)), config)
    teaching.prepare()
    assert teaching.diffusion.scheduler.config["prediction_type"] == "epsilon"
    while not teaching.is_over:
        assert np.isfinite(teaching.step())
    student = teaching.student
    save_taught(
        tmp_path / "own",
        student.projector.state_dict(),
        student.attention.state_dict(),
        teaching.updates(),
        {},
    )
    released = torch.load(files[1][0], weights_only=True)
    assert torch.load(tmp_path / "own" / ATTENTION_FILE, weights_only=True).keys() == released.keys()
    load_gated_attention(tmp_path / "own" / ATTENTION_FILE, pipeline.unet)
    load_audio_projector(tmp_path / "own" / PROJECTOR_FILE, **tiny.SMALL_PROJECTOR)


def test_what_is_no_encoder_is_refused(tmp_path: Path) -> None:
    from sonic_ui.bundles import Part
    from sonic_ui.pipelines.assemble import read_encoder

    with pytest.raises(BadInput, match="is no encoder of sounds"):
        read_encoder(Part(loader="blip", repository="./x", files=("config.json",)), tmp_path)
