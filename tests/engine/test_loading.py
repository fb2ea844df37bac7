"""A bundle of parts becomes a backend that paints: through a hub, on a machine with and without room."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sonic_ui.bundles.manifest import write_manifest
from sonic_ui.engine.events import Cancelled, CancelToken, FramesDone
from sonic_ui.engine.jobs.sound_to_image import PaintJob
from sonic_ui.engine.local import LocalBackend
from sonic_ui.requests import BadInput, SoundToImageRequest
from tests.fake_hub import serving, use_hub

TONE = (0.3 * np.sin(2 * np.pi * 300 * np.arange(48_000) / 48_000)).astype(np.float32)


@pytest.fixture(scope="module")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Repositories in the published layouts, and beside them a bundle that names them."""
    from tests.tiny_releases import debug_release

    folder = tmp_path_factory.mktemp("hub")
    parts = [part.model_dump(mode="json") for part in debug_release(folder)]
    mine = folder / "mine"
    mine.mkdir()
    info = {"name": "mine", "title": "Mine", "defaults": {"steps": 2}, "parts": parts}
    (mine / "bundle.json").write_text(json.dumps(info))
    return folder


def test_from_a_hub_to_a_picture(hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = LocalBackend(str(hub_folder / "mine"))
    told: list[str] = []
    monkeypatch.setattr(backend, "_report", told.append)
    with serving(hub_folder) as hub:
        use_hub(monkeypatch, hub, tmp_path / "cache")
        backend.load()
    assert told[0] == "looking for its files" and told[-1] == ""
    assert any(words.startswith("fetching ") and " of " in words for words in told)
    heard = backend.embed_audio(TONE)
    assert heard.labels == (), "Microsoft's audio tower names nothing"
    request = SoundToImageRequest(sound="tone.wav", steps=2, guidance_scale=3.0)
    job = PaintJob(request, heard.embedding[None], (0,), (1.0,), ((0,),))
    painted = [event for event in backend.run(job, CancelToken()) if isinstance(event, FramesDone)]
    assert painted[0].images[0].size == (64, 64)
    assert backend.supports("edit_image") and not backend.supports("image_to_sound")


def test_without_a_network_the_sentence_says_so(
    hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "empty"))
    with pytest.raises(BadInput, match=r"stable-diffusion-v1-4 on the model hub cannot be reached"):
        LocalBackend("sd14-landscape").load()


def test_without_memory_the_sentence_says_so(
    hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sonic_ui.models import devices
    from sonic_ui.pipelines import assemble

    backend = LocalBackend(str(hub_folder / "mine"))
    with serving(hub_folder) as hub:
        use_hub(monkeypatch, hub, tmp_path / "cache")
        monkeypatch.setattr(devices, "free_bytes", lambda device: 1_000_000)
        big = backend.bundle.info.model_copy(update={"memory_bytes": 7_000_000_000})
        monkeypatch.setattr(backend, "_bundle", type(backend.bundle)(big, (), backend.bundle.folder))
        with pytest.raises(BadInput, match=r"about 7\.0 GB of memory"):
            backend.load()
        monkeypatch.undo()
        use_hub(monkeypatch, hub, tmp_path / "cache")

        def full(*_: object) -> None:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 GB")

        monkeypatch.setattr(assemble, "assemble", full)
        with pytest.raises(BadInput, match="Mine does not fit into memory"):
            backend.load()
        monkeypatch.undo()
        use_hub(monkeypatch, hub, tmp_path / "cache")
        backend.load()
    assert backend.embed_audio(TONE).embedding.shape == (32,)


def test_closing_stops_the_fetching(
    hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LocalBackend(str(hub_folder / "mine"))
    with serving(hub_folder) as hub:
        use_hub(monkeypatch, hub, tmp_path / "cache")

        def report_progress(words: str) -> None:
            if words.startswith("fetching"):
                backend._cancel.cancel()

        monkeypatch.setattr(backend, "_report", report_progress)
        with pytest.raises(Cancelled):
            backend.load()
    assert backend._components is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ckpts/landscape.pt", r"landscape\.pt cannot be read"),
        ("unet/diffusion_pytorch_model.safetensors", "The weights of Mine did not load"),
    ],
)
def test_a_file_of_another_kind_is_said(
    name: str, sentence: str, hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gates,) = hub_folder.glob(f"*/*/{name}")
    cache_usage = gates.read_bytes()
    gates.write_text("<html>sign in</html>")
    try:
        with serving(hub_folder) as hub:
            use_hub(monkeypatch, hub, tmp_path / "cache")
            with pytest.raises(BadInput, match=sentence):
                LocalBackend(str(hub_folder / "mine")).load()
    finally:
        gates.write_bytes(cache_usage)


def test_pictures_sound_through_audioldm(
    hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle's own painter and ears, AudioLDM and BLIP from the hub."""
    from PIL import Image

    from sonic_ui.bundles.parts import AUDIOLDM
    from sonic_ui.engine.events import SoundsDone
    from sonic_ui.engine.jobs.image_to_sound import SoundJob
    from sonic_ui.requests import ImageToSoundRequest
    from sonic_ui.testing.tiny_bundle import debug_bundle
    from tests.tiny_releases import debug_audioldm

    debug_audioldm(hub_folder)
    folder = debug_bundle(tmp_path / "bundle")
    parts = []
    for part in AUDIOLDM:
        there = [file for file in part.files if (hub_folder / part.repository / file).is_file()]
        options = {"frames": 128} if part.loader == "audioldm" else {}
        parts.append({**part.model_dump(mode="json"), "files": there, "options": options})
    info = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**info, "parts": parts}))
    with pytest.raises(BadInput, match=r"bundle\.json cannot be used"):
        LocalBackend(str(folder)).load()
    write_manifest(folder)
    backend = LocalBackend(str(folder))
    with serving(hub_folder) as hub:
        use_hub(monkeypatch, hub, tmp_path / "cache")
        backend.load()
        assert backend.supports("sound_to_image") and backend.supports("image_to_sound")
        assert backend.embed_audio(TONE).labels, "the bundle's own ears name what they hear"
        request = ImageToSoundRequest(picture="sea.png", steps=2, guidance_scale=1.0, seed=1)
        job = SoundJob(request, Image.new("RGB", (40, 40), "navy"))
        sounded = [event for event in backend.run(job, CancelToken()) if isinstance(event, SoundsDone)]
    assert sounded[0].samples.shape == (1, 20_480) and sounded[0].sample_rate == 16_000
    assert np.isfinite(sounded[0].samples).all()
