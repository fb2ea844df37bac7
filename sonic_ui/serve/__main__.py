"""`python -m sonic_ui.serve --replicas N`: one page on many engines, on this machine or on a cluster.

It starts Ray here, or joins the cluster that `--address` names (`auto`: the one this machine belongs to),
deploys the engines, and serves the page. What it started itself ends with it; engines on another's cluster go
on until `--stop`. Whatever else is given goes to the page: --host, --port, --auth, see `app.py --help`.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

from pydantic import ValidationError

from sonic_ui.bundles import DEFAULT_BUNDLE, ROOT
from sonic_ui.requests import BadInput
from sonic_ui.serve.address import PREFIX, check_installed, read_ray_address
from sonic_ui.serve.options import ClusterOptions

QUEUE = "1000"
"""Requests that may wait at a page on a cluster, where the environment says nothing (SONIC_UI_QUEUE)."""


def read_options(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, list[str]]:
    """The command line, and what of it is for the page."""
    parser = argparse.ArgumentParser(
        prog="python -m sonic_ui.serve",
        description="Sonic UI on many engines, by Ray Serve.",
        epilog="Everything else goes to the page: --host, --port, --auth; see app.py --help.",
        allow_abbrev=False,
    )
    defaults = ClusterOptions()
    parser.add_argument("--replicas", type=int, default=1, help="engines; with --max-replicas the least")
    parser.add_argument("--max-replicas", type=int, help="start more while requests wait, up to so many")
    parser.add_argument("--gpus-per-replica", type=float, default=0.0, help="of each engine; 0.5 shares one")
    parser.add_argument("--cpus-per-replica", type=float, default=1.0, help="threads of each engine")
    parser.add_argument(
        "--analysis-replicas", type=int, default=1, help="processes that embed sounds for all"
    )
    parser.add_argument("--queue", type=int, default=defaults.queue, help="requests that may wait, each kind")
    parser.add_argument("--bundle", default=os.environ.get("SONIC_UI_BUNDLE") or DEFAULT_BUNDLE)
    parser.add_argument("--address", help="join this cluster: auto, or HOST:PORT of its head")
    parser.add_argument(
        "--metrics-port", type=int, default=0, help="Prometheus text at http://here:PORT/metrics"
    )
    parser.add_argument(
        "--no-page", action="store_true", help="engines alone; pages join by --backend ray:..."
    )
    parser.add_argument("--stop", action="store_true", help="end the engines of the cluster at --address")
    return parser.parse_known_args(arguments)


def cluster_options(options: argparse.Namespace) -> ClusterOptions:
    """What the command line asks for. Raises `BadInput`."""
    names = [name for name in ClusterOptions.model_fields if hasattr(options, name)]
    try:
        return ClusterOptions(**{name: getattr(options, name) for name in names})
    except ValidationError as error:
        problem = error.errors()[0]
        name = "--" + "-".join(str(problem["loc"][0]).split("_")) if problem["loc"] else "The options"
        raise BadInput(f"{name}: {problem['msg'].lower()}.", "replicas") from None


def page_command(address: str, options: Sequence[str]) -> list[str]:
    """Command line of the page on the cluster whose head is at `address`."""
    return [sys.executable, str(ROOT / "app.py"), "--backend", f"{PREFIX}:{address}", *options]


def main(arguments: Sequence[str] | None = None) -> int:
    """Start it all, and end what was started; the exit status."""
    options, for_the_page = read_options(arguments)
    try:
        check_installed()
        wanted = cluster_options(options)
        return _run(options, wanted, for_the_page)
    except BadInput as problem:
        print(f"Sonic UI cannot start. {problem.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace, wanted: ClusterOptions, for_the_page: list[str]) -> int:
    from sonic_ui.serve import cluster

    if options.address:
        cluster.join(read_ray_address(f"{PREFIX}:{options.address}"))
    else:
        cluster.start_here(wanted, metrics_port=options.metrics_port)
    try:
        if options.stop:
            cluster.end()
            print("The engines have ended.", flush=True)
            return 0
        print(f"Starting {wanted.replicas} engine(s) with {wanted.bundle} ...", flush=True)
        cluster.deploy(wanted)
        head = cluster.head_address()
        print(
            f"The engines stand. Another page joins them by: python app.py --backend ray:{head}", flush=True
        )
        if options.metrics_port:
            print(f"Prometheus reads http://127.0.0.1:{options.metrics_port}/metrics", flush=True)
        if options.no_page:
            return 0 if options.address else _wait()
        return _serve_page(page_command(head, for_the_page))
    finally:
        cluster.leave(everything=not options.address)


def _serve_page(command: list[str]) -> int:
    """Run the page until it ends, or this process is ended; the page's exit status."""
    environment = {**os.environ, "SONIC_UI_QUEUE": os.environ.get("SONIC_UI_QUEUE") or QUEUE}
    page = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: page.terminate())
    try:
        return page.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            return page.wait(30)
        page.kill()
        return 130


def _wait() -> int:
    """Until this process is ended."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with contextlib.suppress(KeyboardInterrupt):
        while not ended.wait(1.0):
            pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
