"""Published weights as files of named tensors: read safely, and checked name by name."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch
from torch import Tensor, nn

from sonic_ui.requests import BadInput

NAMES_SHOWN = 20  # of each kind of problem

Ignored = Callable[[str], bool]


def read_tensors(path: str | Path, within: str | None = None) -> dict[str, Tensor]:
    """The tensors of a `.pt` or `.pth` file by name, on the CPU; no code in it is run (`weights_only=True`).

    within   the key of the dict of tensors inside the file's dict; None: the file is that dict itself

    Raises BadInput for a file that is missing, damaged, or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"There is no file {path.name} to read weights from. Check the path.", "bundle")
    try:
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=_can_be_mapped(path))
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError, BadZipFile) as error:
        raise BadInput(
            f"{path.name} cannot be read as a file of weights ({type(error).__name__}): it is damaged, or "
            "holds more than tensors, which this app does not open. Fetch it again.",
            "bundle",
        ) from error
    tensors = held.get(within) if within is not None and isinstance(held, Mapping) else held
    if not isinstance(tensors, Mapping) or not _all_tensors(tensors):
        where = f" under {within!r}" if within is not None else ""
        raise BadInput(f"{path.name} holds no tensors by name{where}. Is it the right file?", "bundle")
    return dict(tensors)


def fill(module: nn.Module, tensors: Mapping[str, Tensor], name: str, ignored: Ignored | None = None) -> None:
    """Put `tensors` into `module`, each under its name.

    name      what the message calls the tensors' file
    ignored   names that the module has no use for

    Raises BadInput that lists what is missing, unexpected or of another shape, each by name.
    """
    wanted = module.state_dict()
    given = {key: value for key, value in tensors.items() if ignored is None or not ignored(key)}
    counters = {key for key in wanted if key.endswith("num_batches_tracked")}  # older files have none
    problems = {
        "missing": sorted(set(wanted) - set(given) - counters),
        "unexpected": sorted(set(given) - set(wanted)),
        "misshapen": [
            f"{key} {_shape(given[key])} instead of {_shape(wanted[key])}"
            for key in sorted(set(wanted) & set(given))
            if given[key].shape != wanted[key].shape
        ],
    }
    if any(problems.values()):
        found = "; ".join(f"{kind}: {_listed(names)}" for kind, names in problems.items() if names)
        raise BadInput(
            f"{name} does not fit {type(module).__name__}. {found}. "
            "Use the file that was published for this model, unchanged.",
            "bundle",
        )
    module.load_state_dict(given, strict=False)


def _all_tensors(held: Mapping[Any, Any]) -> bool:
    return len(held) > 0 and all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in held.items()
    )


def _can_be_mapped(path: Path) -> bool:
    """Whether the file has the zipped layout that torch can map into memory."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _shape(tensor: Tensor) -> str:
    return str(list(tensor.shape))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
