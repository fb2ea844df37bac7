"""Bundles that training does not go on from."""

from __future__ import annotations

from pathlib import Path

import pytest

from sonic_ui.testing.tiny_bundle import debug_pipeline
from sonic_ui.training.bundle_io import import_bundle
from sonic_ui.training.run import Run


def test_bundles_of_the_first_edition_are_not_trained_on(tmp_path: Path) -> None:
    bundle, run = tmp_path / "bundle", Run({}, tmp_path / "run")
    debug_pipeline().save_pretrained(bundle / "audio_to_image")
    with pytest.raises(
        ValueError, match=r"AutoencoderDC, that of the first edition; .* second edition alone"
    ):
        import_bundle(run, bundle)
    assert not run.folder.exists(), "nothing is written"
