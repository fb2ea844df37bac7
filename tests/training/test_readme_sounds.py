"""The README's picture of image-to-sound."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from sonic_ui.evaluation.readme_sounds import SHOWN, write_sounding
from sonic_ui.testing.tiny_bundle import debug_sound_pipeline


def test_every_shown_picture_gets_its_curve_and_its_spectrogram(tmp_path: Path) -> None:
    debug_sound_pipeline().save_pretrained(tmp_path / "bundle" / "image_to_audio")
    (tmp_path / "pictures").mkdir()
    for name, _ in SHOWN:
        Image.new("RGB", (32, 32), (90, 120, 60)).save(tmp_path / "pictures" / f"{name}.png")
    made = write_sounding(tmp_path, tmp_path / "bundle", tmp_path / "readme" / "sounds.png")
    with Image.open(made) as drawing:
        assert drawing.width > 1000 and drawing.height > 800
        assert len(drawing.convert("RGB").getcolors(10**6) or []) > 100
