"""Parts come from a hub with progress, once; what cannot be had is a sentence."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from sonic_ui.bundles import BUNDLES, Part, read_bundle
from sonic_ui.bundles.fetching import fetch_parts, gigabytes
from sonic_ui.requests import BadInput
from tests.fake_hub import FakeHub, serving, use_hub

WORDS = Part(loader="clap", repository="laion/ears", files=("config.json", "deep/model.safetensors"))
GATES = Part(loader="gated_attention", repository="someone/space", files=("ckpts/a.pt",), kind="space")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    for part in (WORDS, GATES):
        for file in part.files:
            path = tmp_path / "hub" / part.repository / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.encode() * 1000)
    with serving(tmp_path / "hub") as made:
        use_hub(monkeypatch, made, tmp_path / "cache")
        yield made


def test_files_come_with_progress_and_once(hub: FakeHub, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    words, gates = fetch_parts((WORDS, GATES), tmp_path, lambda here, whole: told.append((here, whole)))
    assert [path.read_bytes()[:11] for path in words] == [b"config.json", b"deep/model."]
    assert gates[0].read_bytes() == b"ckpts/a.pt" * 1000
    assert words[1].parts[-2:] == ("deep", "model.safetensors")
    size = 1000 * sum(len(file) for part in (WORDS, GATES) for file in part.files)
    assert told[-1] == (size, size)
    assert [here for here, _ in told] == sorted(here for here, _ in told)
    assert len(hub.sent) == 3
    assert fetch_parts((WORDS, GATES), tmp_path) == [words, gates]
    assert len(hub.sent) == 3, "what is here is not fetched again"


def test_what_is_here_needs_no_network(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fetch_parts((GATES,), tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch_parts((GATES,), tmp_path) == files
    assert "cannot be reached" in refusal(WORDS, tmp_path)


def test_files_beside_the_description(tmp_path: Path) -> None:
    part = Part(loader="audio_projector", repository="./mine", files=("p.pth",))
    (tmp_path / "mine").mkdir()
    assert "./mine/p.pth is missing" in refusal(part, tmp_path)
    (tmp_path / "mine" / "p.pth").write_bytes(b"x")
    assert fetch_parts((part,), tmp_path) == [(tmp_path / "mine" / "p.pth",)]
    with pytest.raises(ValueError, match="repository"):
        Part(loader="clap", repository="./../etc", files=("passwd",))
    with pytest.raises(ValueError, match="files"):
        Part(loader="clap", repository="./mine", files=("../passwd",))


def refusal(part: Part, beside: Path) -> str:
    with pytest.raises(BadInput) as caught:
        fetch_parts((part,), beside)
    assert caught.value.field == "bundle"
    return str(caught.value)


def test_refusals_are_sentences(hub: FakeHub, tmp_path: Path) -> None:
    hub.gated.add("laion/ears")
    assert "accept its terms first" in refusal(WORDS, tmp_path)
    hub.private.add("someone/space")
    assert "is not there, or not for you" in refusal(GATES, tmp_path)
    hub.gated.clear()
    absent = WORDS.model_copy(update={"files": ("nothing.bin",)})
    words = refusal(absent, tmp_path)
    assert "has no nothing.bin at main" in words and words.endswith("The current engine stays.")


def test_no_room_on_the_disk(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, 5))
    assert "the disk has 0 MB left" in refusal(WORDS, tmp_path)
    assert hub.sent == []


def test_who_stops_listening_stops_the_fetching(hub: FakeHub, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(here: int, whole: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        fetch_parts((WORDS,), tmp_path, stop)
    assert fetch_parts((WORDS,), tmp_path)[0][0].is_file(), "the next try works"


def test_the_registry_says_what_a_person_needs_to_choose() -> None:
    for name in ("sd14-landscape", "sd14-greatest-hits"):
        info = read_bundle(name).info
        assert info.title and info.licence and info.memory_bytes > info.size_bytes > 1e9
        assert all(part.licence and part.revision for part in info.parts)
        painting = {"sound_to_image", "interpolate", "volume_sweep", "edit_image", "make_film"}
        assert set(BUNDLES[name].serves) == painting | {"learn_word", "teach_sound"}
        assert read_bundle(name).serves("edit_image") and read_bundle(name).serves("upscale_image")
        assert not read_bundle(name).serves("image_to_sound")
    sounding = read_bundle("audioldm")
    assert sounding.serves("image_to_sound") and sounding.serves("sound_to_image")
    assert sounding.painting_parts == () and len(sounding.sounding_parts) == 2
    assert sounding.sources == read_bundle("miniature").sources
    assert (gigabytes(4_265_000_000), gigabytes(24_500_000)) == ("4.3 GB", "24 MB")
