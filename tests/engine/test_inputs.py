"""Files that requests name are decoded once and hashed once, until they change."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sonic_ui.engine import inputs
from sonic_ui.engine.studio import Studio
from sonic_ui.evaluation.page_load import resident_mb
from sonic_ui.media import images
from sonic_ui.requests import BadInput, EditImageRequest, ImageToSoundRequest, VolumeSweepRequest
from tests.conftest import WriteSound
from tests.fakes import FakeBackend


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often files were hashed and pictures decoded, by the file's name."""
    counter: Counter[str] = Counter()

    def counting(what: str, function: Any) -> Any:
        def counted(file: Any, *more: Any) -> Any:
            counter[f"{what} {Path(file.name).name}"] += 1
            return function(file, *more)

        return counted

    monkeypatch.setattr(hashlib, "file_digest", counting("hash", hashlib.file_digest))
    monkeypatch.setattr(images, "_decode", counting("decode", images._decode))
    return counter


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "meadow.png"
    Image.effect_noise((60, 40), 90).convert("RGB").save(path)
    return str(path)


def test_a_sweep_hashes_its_sound_once(counts: Counter[str], write_sound: WriteSound) -> None:
    request = VolumeSweepRequest(sound=str(write_sound("rain.wav")), gains_db=(-12, -6, 0, 6))
    list(Studio(FakeBackend()).run(request))
    assert counts == {"hash rain.wav": 1}


def test_a_first_edit_decodes_and_hashes_its_picture_once(
    counts: Counter[str], write_sound: WriteSound, picture: str
) -> None:
    request = EditImageRequest(picture=picture, sound=str(write_sound("rain.wav")))
    studio = Studio(FakeBackend())
    shown = inputs.load_picture(picture).image  # as the page shows it
    assert studio.cache_usage("me", picture).count == 0
    *_, result = studio.run(request, session="me")
    assert studio.cache_usage("me", picture).count == 1
    assert result.images[0].size == shown.size  # type: ignore[union-attr]
    assert counts == {"hash meadow.png": 1, "decode meadow.png": 1, "hash rain.wav": 1}
    list(studio.run(ImageToSoundRequest(picture=picture)))
    assert counts["decode meadow.png"] == counts["hash meadow.png"] == 1


def test_a_file_that_changed_is_read_again(counts: Counter[str], picture: str) -> None:
    first = inputs.load_picture(picture)
    Image.new("RGB", (80, 50), "navy").save(picture)
    os.utime(picture, ns=(1, 1))
    second = inputs.load_picture(picture)
    assert second.image.size == (80, 50) and second.digest != first.digest
    assert counts["decode meadow.png"] == counts["hash meadow.png"] == 2


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"The sound 'gone\.wav' is no longer there"):
        inputs.file_digest(str(tmp_path / "gone.wav"))
    with pytest.raises(BadInput, match=r"There is no picture “gone\.png”"):
        inputs.load_picture(str(tmp_path / "gone.png"))


def test_large_flat_pictures_do_not_fill_the_memory(tmp_path: Path, write_sound: WriteSound) -> None:
    flat = tmp_path / "flat.png"
    Image.new("RGB", (2000, 1250), "teal").save(flat)
    assert flat.stat().st_size < 50_000
    sound, studio = str(write_sound("rain.wav", 0.2)), Studio(FakeBackend())
    list(studio.run(EditImageRequest(picture=str(flat), sound=sound), session="0"))
    before = resident_mb(os.getpid())
    for number in range(50):
        picture = tmp_path / f"{number}.png"
        os.link(flat, picture)
        studio.analyze_image(str(picture))
        if number % 10 == 0:
            list(studio.run(EditImageRequest(picture=str(picture), sound=sound), session=str(number)))
    after = resident_mb(os.getpid())
    assert before is not None and after is not None
    assert after - before < 150, "all of them decoded take 500 MB"
