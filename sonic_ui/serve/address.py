"""The address of a cluster, and whether Ray is there to reach it. Imports nothing of Ray."""

import importlib.util
import re
from dataclasses import dataclass

from sonic_ui.requests import BadInput
from sonic_ui.requests.fields import shown

PREFIX = "ray"
AUTO = "auto"

NOT_INSTALLED = (
    "Many engines need Ray Serve, which is not installed here: pip install -r requirements-cluster.txt, then "
    "start again."
)
NO_ADDRESS = (
    "The cluster is given as {given}; it takes “ray” for the one that this machine belongs to, or "
    "“ray:HOST:PORT”, the address of its head (ray:10.0.0.5:6379)."
)
HEAD = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


@dataclass(frozen=True)
class RayAddress:
    """A cluster: `auto` for the one that this machine belongs to, or HOST:PORT of its head."""

    where: str = AUTO

    @property
    def shown(self) -> str:
        """As it may stand in a sentence."""
        return "this machine’s cluster" if self.where == AUTO else f"the cluster {self.where}"


def is_ray(backend: str) -> bool:
    """Whether `--backend` names a cluster."""
    return backend.partition(":")[0] == PREFIX


def read_ray_address(text: str) -> RayAddress:
    """The address in `ray`, `ray:auto` or `ray:HOST:PORT`. Raises `BadInput`, also where Ray is absent."""
    where = text.removeprefix(PREFIX).removeprefix(":") or AUTO
    match = HEAD.fullmatch(where)
    if where != AUTO and (match is None or not 0 < int(match.group(2)) < 65_536):
        raise BadInput(NO_ADDRESS.format(given=shown(text)), "backend")
    check_installed()
    return RayAddress(where)


def check_installed() -> None:
    """Raise `BadInput` where Ray Serve is not installed."""
    if importlib.util.find_spec("ray") is None or importlib.util.find_spec("ray.serve") is None:
        raise BadInput(NOT_INSTALLED, "backend")
