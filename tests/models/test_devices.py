"""Placement: float32 off the GPU, and a type that the GPU has on it."""

from __future__ import annotations

import pytest
import torch

from sonic_ui.models.devices import pick_device, pick_dtype, pick_placement


@pytest.mark.parametrize(
    ("gpu", "apple", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_fastest_device_is_picked(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, apple: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)
    assert pick_device().type == expected


def test_the_type_follows_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pick_dtype("cpu") == pick_dtype("mps") == torch.float32
    for has_bfloat16, dtype in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=has_bfloat16, **_: has)
        assert pick_dtype("cuda") == dtype
    assert pick_placement("cpu").dtype == torch.float32
    assert pick_placement("cpu").device == torch.device("cpu")
