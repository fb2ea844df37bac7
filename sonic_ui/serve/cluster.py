"""Starting and ending: a Ray of this machine or another's, and the application on it."""

import logging
import os
from typing import Any

from sonic_ui.requests import BadInput
from sonic_ui.serve.address import RayAddress
from sonic_ui.serve.client import connect
from sonic_ui.serve.options import APP, ClusterOptions

log = logging.getLogger(__name__)

STORE_BYTES = 200 * 2**20
"""Object store of a Ray that is started here: files on their way, and results."""
SERVE_PACE = {"RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5", "RAY_SERVE_METRICS_EXPORT_INTERVAL_MS": "1000"}
"""How often Ray Serve looks after its engines and counts, each ten times a second otherwise: on a machine
whose processors all paint, that is time of theirs."""
NICENESS = "5"
"""Of the engines beside the page, which answers first; Ray's own 15 starves them on a machine in use."""
STARTS = 2
NOT_STARTED = (
    "Ray did not start on this computer ({kind}); its logs are in /tmp/ray/session_latest/logs. See whether "
    "there is memory, room on the disk and in /dev/shm, and whether the computer is busy; then try again."
)
NO_ROOM = (
    "The engines did not start: {words}. Ask for fewer (--replicas), or see whether the cluster has as many "
    "processors and GPUs as they need."
)


def start_here(options: ClusterOptions, store_bytes: int = STORE_BYTES, metrics_port: int = 0) -> None:
    """Start a Ray of this process, which ends with it, large enough for the engines. Raises `BadInput`."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    for name, value in {"RAY_worker_niceness": NICENESS, **SERVE_PACE}.items():
        os.environ.setdefault(name, value)
    import ray

    extra: dict[str, Any] = {"_metrics_export_port": metrics_port} if metrics_port else {}
    gpus = options.gpus_per_replica or options.analysis_gpus
    for attempt in range(1, STARTS + 1):
        try:
            ray.init(
                address="local",  # a new one, also where another runs
                num_cpus=round(options.cpus + 0.5),
                **({} if gpus else {"num_gpus": 0}),
                object_store_memory=store_bytes,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **extra,
            )
            break
        except Exception as problem:  # on a busy machine it waits 30 s for its own parts, and gives up
            ray.shutdown()
            if attempt == STARTS:
                raise BadInput(NOT_STARTED.format(kind=type(problem).__name__), "backend") from problem
    logging.getLogger("ray.serve").setLevel(logging.ERROR)


def join(address: RayAddress) -> None:
    """Join a cluster. Raises `BadInput` where there is none."""
    connect(address)


def head_address() -> str:
    """HOST:PORT of the head of the cluster that this process belongs to."""
    import ray

    return str(ray.get_runtime_context().gcs_address)


def deploy(options: ClusterOptions) -> None:
    """Run the application, or update the one that runs: engines are replaced one after the other.

    Returns once all engines stand. Raises `BadInput` where they do not.
    """
    from ray import serve

    from sonic_ui.serve.application import build

    serve.start(proxy_location="Disabled")
    try:
        serve.run(build(options), name=APP, route_prefix=None)
    except RuntimeError as problem:
        raise BadInput(
            NO_ROOM.format(words=str(problem).strip().split("\n")[0].rstrip(".")), "bundle"
        ) from problem


def end() -> None:
    """End the application."""
    from ray import serve

    serve.delete(APP)


def leave(everything: bool) -> None:
    """Let go of the cluster; `everything`: end Serve on it as well."""
    import ray

    if everything and ray.is_initialized():
        from ray import serve

        serve.shutdown()
    ray.shutdown()
