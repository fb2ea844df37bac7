"""Placement: float32 off the GPU, and a type that the GPU has on it."""

from __future__ import annotations

import pytest
import torch

from sonic_ui.models import devices
from sonic_ui.models.devices import (
    free_bytes,
    is_out_of_memory,
    pick_device,
    pick_dtype,
    pick_placement,
    wants_compiling,
)
from sonic_ui.requests import BadInput

GB = 1_000_000_000


@pytest.fixture(autouse=True)
def nobody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEVICE", "DTYPE", "COMPILE"):
        monkeypatch.delenv(f"SONIC_UI_{name}", raising=False)


def pretend(monkeypatch: pytest.MonkeyPatch, gpu: int | None, memory: int, bfloat16: bool = True) -> None:
    """A computer with `memory` bytes free and, unless None, a GPU with `gpu` bytes free."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu is not None)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(gpu is not None))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(devices, "free_bytes", lambda device: gpu if device.type == "cuda" else memory)
    monkeypatch.setattr(devices, "has_native_bfloat16", lambda: bfloat16)


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


@pytest.mark.parametrize(
    ("gpu", "memory", "bfloat16", "expected"),
    [
        (8 * GB, 16 * GB, False, ("cuda", torch.bfloat16, False)),
        (3 * GB, 16 * GB, False, ("cuda", torch.bfloat16, True)),
        (1 * GB, 16 * GB, False, ("cpu", torch.float32, False)),
        (None, 16 * GB, True, ("cpu", torch.float32, False)),
        (None, 4 * GB, True, ("cpu", torch.bfloat16, False)),
    ],
)
def test_memory_decides(
    monkeypatch: pytest.MonkeyPatch,
    gpu: int | None,
    memory: int,
    bfloat16: bool,
    expected: tuple[object, ...],
) -> None:
    """An engine of 7 GB in float32, 3.5 GB in half precision."""
    pretend(monkeypatch, gpu, memory, bfloat16)
    placement = pick_placement(needed_bytes=7 * GB)
    assert (placement.device.type, placement.dtype, placement.offload) == expected


@pytest.mark.parametrize(("gpu", "free"), [(None, "2.0"), (1 * GB, "1.0")])
def test_no_room_anywhere_is_told(monkeypatch: pytest.MonkeyPatch, gpu: int | None, free: str) -> None:
    pretend(monkeypatch, gpu, 2 * GB)
    with pytest.raises(BadInput, match=f"needs about .* of memory; {free} GB are free"):
        pick_placement(needed_bytes=7 * GB)
    assert pick_placement("cpu").dtype == torch.float32


def test_a_slow_processor_does_not_emulate_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, None, 4 * GB, bfloat16=False)
    with pytest.raises(BadInput, match=r"7\.0 GB of memory; 4\.0 GB"):
        pick_placement(needed_bytes=7 * GB)


def test_a_person_may_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, 8 * GB, 16 * GB)
    monkeypatch.setenv("SONIC_UI_DEVICE", "cpu")
    assert pick_placement(needed_bytes=7 * GB).device.type == "cpu"
    monkeypatch.setenv("SONIC_UI_DTYPE", "bfloat16")
    assert pick_placement().dtype == torch.bfloat16
    monkeypatch.setenv("SONIC_UI_DTYPE", "int4")
    with pytest.raises(BadInput, match="'int4'; it takes float32, bfloat16, float16"):
        pick_placement()
    for device in ("mps", "cuda:3", "toaster"):
        monkeypatch.setenv("SONIC_UI_DEVICE", device)
        with pytest.raises(BadInput, match=f"'{device}'; this computer has cpu, cuda"):
            pick_device()


def test_compiling_is_asked_for_and_never_on_zerogpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert not wants_compiling()
    monkeypatch.setenv("SONIC_UI_COMPILE", "1")
    assert wants_compiling()
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert not wants_compiling()


def test_free_memory_of_this_computer() -> None:
    free = free_bytes(torch.device("cpu"))
    assert free is None or free > 1_000_000


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (MemoryError(), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_running_out_of_memory_is_recognised(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
