"""The comparison of what the energy ControlNet is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from sonic_ui.evaluation.energy_ablation import representations, run_energy_ablation
from sonic_ui.training.run import Run
from sonic_ui.training.sound_run import ImageToSoundRun


def test_every_representation_is_a_curve_of_its_own(run: Run) -> None:
    sound = ImageToSoundRun(run)
    latents, energies, _ = sound.latents.batch(torch.Generator().manual_seed(0), 3, natural=1.0)
    told = {name: of(latents, energies) for name, of in representations(sound).items()}
    assert [*told] == ["RMS", "log-mel", "timestamps"]
    for curves in told.values():
        assert curves.shape == energies.shape and torch.isfinite(curves).all()
    assert not torch.allclose(told["RMS"], told["log-mel"]) and not torch.allclose(
        told["RMS"], told["timestamps"]
    )
    strip = told["timestamps"][0].numpy()
    assert len(np.unique(strip.round(3))) == 2, "on and off"


def test_the_comparison_trains_and_measures_each(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sonic_ui.evaluation.energy_ablation.SOUNDS", 2)
    run_energy_ablation(run)
    written = json.loads((run.folder / "energy_ablation" / "figures.json").read_text())["figures"]
    assert len(written) == 9 and all(np.isfinite(figure["value"]) for figure in written)
    assert {figure["name"].split(":")[0].removeprefix("energy told as ") for figure in written} == {
        "RMS",
        "log-mel",
        "timestamps",
    }
    for name in ("RMS", "log-mel", "timestamps"):
        trained = torch.load(run.folder / "energy_ablation" / name / "checkpoint.pt", weights_only=True)
        assert trained["average"]["zero_middle.weight"].abs().max() > 0
