"""The README's pictures can be made from any bundle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from sonic_ui.evaluation import readme_pictures as readme
from sonic_ui.evaluation.readme_pictures import write_example_pictures, write_example_sounds
from sonic_ui.models.presence_classifier import load_classifier
from sonic_ui.scenes.render import paint
from sonic_ui.scenes.world import SOURCES, SPECS, Scene, SourceInstance
from sonic_ui.testing.tiny_bundle import debug_bundle, debug_sound_pipeline


def test_grid_and_strips_are_made_by_the_bundle(tmp_path: Path) -> None:
    bundle = debug_bundle(tmp_path / "bundle")
    examples = tmp_path / "examples"
    entries = write_example_sounds(examples)
    write_example_pictures(examples, bundle)
    assert all((examples / "pictures" / str(entry["picture"])).is_file() for entry in entries)
    grid = Image.open(readme.write_grid(examples, tmp_path / "grid.png"))
    glide, volume = (Image.open(path) for path in readme.write_strips(examples, bundle, tmp_path))
    edits = Image.open(readme.write_edits(examples, bundle, tmp_path / "edits.png"))
    assert edits.width > 4 * 192 and edits.height > 2 * 192
    own = Image.open(readme.write_own_picture(examples, bundle, tmp_path / "own_picture.png"))
    assert own.width > (1 + len(readme.GLIDED_AT) + len(readme.GROWN)) * 128 > 4 * own.height
    mixer, rooms = (Image.open(path) for path in readme.write_mixes(examples, bundle, tmp_path))
    assert mixer.width > 5 * 192 and rooms.width > 4 * 192 > 3 * rooms.height
    assert grid.width > grid.height / 2
    assert glide.width > volume.width > 4 * volume.height
    assert np.asarray(glide.convert("L")).std() > 5


def test_every_shown_picture_gets_its_curve_and_its_spectrogram(tmp_path: Path) -> None:
    debug_sound_pipeline().save_pretrained(tmp_path / "bundle" / "image_to_audio")
    (tmp_path / "pictures").mkdir()
    for name, _ in readme.SHOWN:
        Image.new("RGB", (32, 32), (90, 120, 60)).save(tmp_path / "pictures" / f"{name}.png")
    made = readme.write_image_to_sound(tmp_path, tmp_path / "bundle", tmp_path / "readme" / "sounds.png")
    with Image.open(made) as drawing:
        assert drawing.width > 1000 and drawing.height > 800
        assert len(drawing.convert("RGB").getcolors(10**6) or []) > 100


ASSETS = Path(__file__).resolve().parents[2] / "assets"


def test_every_example_picture_of_the_miniature_shows_what_sounds() -> None:
    """By the judge, which had no part in choosing the seeds."""
    judge = load_classifier(ASSETS / "miniature").float()
    entries = json.loads((ASSETS / "examples" / "examples.json").read_text())
    scenes = {stem: scene for stem, _, scene in readme.example_scenes()}
    missing = {}
    for entry in entries:
        picture = Image.open(ASSETS / "examples" / "pictures" / entry["picture"]).convert("RGB")
        pixels = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        presence = judge.predict(pixels)[0][0]
        sources = {source.name for source in scenes[Path(entry["file"]).stem].sources}
        found = {SOURCES[int(k)] for k in presence.topk(len(sources)).indices}
        if found != sources:
            missing[entry["title"]] = found
    assert not missing


def test_the_margin_of_a_picture_tells_what_it_shows() -> None:
    judge = load_classifier(ASSETS / "miniature", "features").float()
    names = ("rain", "dog", "car")
    for name in names:
        scene = Scene((SourceInstance(name, 0.8),), "day", SPECS[name].places[0], "painting", 1)
        margins = [readme.classifier_margin(judge, paint(scene, 256), [other]) for other in names]
        assert names[int(np.argmax(margins))] == name and max(margins) > 0 > sorted(margins)[1]
