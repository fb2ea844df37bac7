"""Training of the head that hears rooms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from sonic_ui.models.room_head import load_room_head
from sonic_ui.requests.fields import ROOMS
from sonic_ui.training.bundle_io import export_bundle, import_bundle
from sonic_ui.training.data.room_sounds import LENGTH, RoomSounds
from sonic_ui.training.run import Run
from sonic_ui.training.stages.rooms import render_room_sounds, trained_room_head


def test_sounds_are_drawn_in_every_room() -> None:
    bank = RoomSounds([], np.random.default_rng(3))
    sounds = [bank.draw() for _ in range(16)]
    assert {room for _, room in sounds} == {*ROOMS}
    for samples, _ in sounds:
        assert samples.shape == (LENGTH,) and samples.dtype == np.float32
        assert np.isfinite(samples).all() and 0.001 < np.abs(samples).max() <= 1.0


def test_the_head_fits_its_few_sounds(run: Run) -> None:
    lines = [json.loads(line) for line in (run.folder / "room_head" / "log.jsonl").read_text().splitlines()]
    assert np.mean([line["loss"] for line in lines[-4:]]) < 0.9 * lines[0]["loss"]


def test_sounds_are_stored_once(run: Run) -> None:
    folder = run.folder / "room_sounds"
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.npy")}
    render_room_sounds(run)
    assert len(before) == 1
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob("*.npy")}


def test_a_bundle_has_the_head_of_its_run(run: Run, tmp_path: Path) -> None:
    bundle, head = export_bundle(run, tmp_path / "bundle"), trained_room_head(run)
    exported = load_room_head(bundle)
    weights = head.perceptron.layers[1].weight.half().float()  # as it is stored
    assert exported is not None and torch.equal(exported.float().perceptron.layers[1].weight, weights)
    again = Run(run.recipe, tmp_path / "again", report=lambda _: None)
    import_bundle(again, bundle)
    assert torch.equal(trained_room_head(again).perceptron.layers[1].weight, weights)
