"""The app as a process of its own on loopback, for what is measured from outside."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    """A port of this computer that is free."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def app_command(port: int, bundle: Path | str) -> list[str]:
    """Command line that starts the app."""
    return [sys.executable, "app.py", "--port", str(port), "--bundle", str(bundle)]


def page_on_cluster(port: int, head: str) -> list[str]:
    """Command line that starts the page on the cluster whose head is at HOST:PORT."""
    return [sys.executable, "app.py", "--port", str(port), "--backend", f"ray:{head}"]


def processor_seconds(pid: int) -> float:
    """Processor time that a process has taken, in seconds (proc(5): utime and stime of stat)."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running_app(
    command: list[str],
    port: int,
    limit_s: float = 300.0,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Start a server; yields it and the seconds until its page answered.

    log           file that gets all that it prints
    environment   variables besides those of this process
    """
    variables = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", **(environment or {})}
    started = time.perf_counter()
    output = subprocess.DEVNULL if log is None else subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT)
    if log is not None and process.stdout is not None:
        threading.Thread(target=_copy, args=(process.stdout, log), daemon=True).start()
    try:
        while time.perf_counter() - started < limit_s:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).read()
                break
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with code {process.returncode} before it answered")
            time.sleep(0.05)
        yield process, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(60)


def _copy(output: IO[bytes], log: Path) -> None:
    """Append all that a process prints to a file: its own limits on files do not count for a pipe."""
    with log.open("ab") as file:
        for line in output:
            file.write(line)
            file.flush()
