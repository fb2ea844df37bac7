"""Registry of sources: a file of the folder is a source, and its class id is its column for good."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from sonic_ui.scenes import sources
from sonic_ui.scenes.images.canvas import Canvas
from sonic_ui.scenes.sounds.synthesis import Synth
from sonic_ui.scenes.sources import REGISTRY, discover
from sonic_ui.scenes.world import INDOOR_PLACES, OUTDOOR_PLACES, SOURCES, SPECS

ROOT = Path(__file__).resolve().parents[3]

OWL = """
from sonic_ui.scenes.images.canvas import Canvas
from sonic_ui.scenes.sounds.synthesis import Signal, Synth
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec({id}, "an owl", ("forest",), indoors=False, layer="sky", z_order=45, night_share=0.9)


def paint(canvas: Canvas, level: float, x: float) -> None:
    owl = canvas.figure((x, 0.4), 0.1 + 0.3 * level)
    owl.blob("-.3,0 0,-.5 .3,0 0,.5", (120, 90, 60))
    owl.finish()


def synthesise(synth: Synth, level: float) -> Signal:
    return synth.band_noise(300.0, 500.0)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose files are sources, too."""
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, f"{sources.__name__}.owl", raising=False)
    return tmp_path


def test_every_file_is_a_source() -> None:
    files = (ROOT / "sonic_ui/scenes/sources").glob("[a-z]*.py")
    assert set(REGISTRY) == {file.stem for file in files}


def test_sources_stand_as_networks_learnt_them() -> None:
    vocabulary = json.loads((ROOT / "assets/miniature/vocabulary.json").read_text())
    assert [(one["id"], one["label"]) for one in vocabulary["sources"]] == [
        (name, SPECS[name].label) for name in SOURCES
    ]


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_a_spec_a_picture_and_a_sound(name: str) -> None:
    source = REGISTRY[name]
    assert source.spec.layer in {"weather", "sky", "water", "ground"}
    assert source.spec.places and set(source.spec.places) <= set(OUTDOOR_PLACES) - set(INDOOR_PLACES)
    canvas = Canvas(32, np.random.default_rng(1))
    source.paint(canvas, 0.5, 0.5)
    assert canvas.image.getbbox()
    sound = source.synthesise(Synth(np.random.default_rng(1), 8000, 16000), 0.5)
    assert sound.shape == (8000,) and np.isfinite(sound).all() and sound.any()


def test_pictures_stand_one_behind_another() -> None:
    assert len({spec.z_order for spec in SPECS.values()}) == len(SPECS)


def test_a_new_source_is_a_new_file(folder: Path) -> None:
    (folder / "owl.py").write_text(OWL.format(id=len(SOURCES)))
    found = discover()
    assert tuple(found) == (*SOURCES, "owl")
    canvas = Canvas(32, np.random.default_rng(1))
    found["owl"].paint(canvas, 0.5, 0.5)
    assert canvas.image.getbbox()
    assert found["owl"].synthesise(Synth(np.random.default_rng(1), 800, 16000), 0.5).shape == (800,)


@pytest.mark.parametrize("class_id", [3, 40])
def test_a_class_id_that_is_taken_or_leaves_a_gap_is_refused(folder: Path, class_id: int) -> None:
    (folder / "owl.py").write_text(OWL.format(id=class_id))
    with pytest.raises(ValueError, match=rf"0, 1, 2.*'owl': {class_id}"):
        discover()
