"""The comparison of what the energy ControlNet reads."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from sonic_ui.evaluation.energy_ablation import representations, run_energy_ablation
from sonic_ui.training.run import Run
from sonic_ui.training.stages.sound_diffusion import training_sound_latents


def test_every_representation_is_a_curve_of_its_own(run: Run) -> None:
    generator = torch.Generator().manual_seed(0)
    latents, energies, _ = training_sound_latents(run).batch(generator, 3, natural=1.0)
    signals = {name: of(latents, energies) for name, of in representations(run).items()}
    assert [*signals] == ["RMS", "log-mel", "timestamps"]
    for curves in signals.values():
        assert curves.shape == energies.shape and torch.isfinite(curves).all()
    assert not torch.allclose(signals["RMS"], signals["log-mel"]) and not torch.allclose(
        signals["RMS"], signals["timestamps"]
    )
    strip = signals["timestamps"][0].numpy()
    assert len(np.unique(strip.round(3))) == 2, "on and off"


def test_the_comparison_trains_and_measures_each(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sonic_ui.evaluation.energy_ablation.SOUNDS", 2)
    run_energy_ablation(run)
    written = json.loads((run.folder / "energy_ablation" / "figures.json").read_text())["figures"]
    assert len(written) == 9 and all(np.isfinite(metric["value"]) for metric in written)
    assert {metric["name"].split(":")[0].removeprefix("energy told as ") for metric in written} == {
        "RMS",
        "log-mel",
        "timestamps",
    }
    for name in ("RMS", "log-mel", "timestamps"):
        trained = torch.load(run.folder / "energy_ablation" / name / "checkpoint.pt", weights_only=True)
        assert trained["average"]["zero_middle.weight"].abs().max() > 0
