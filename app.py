"""Sonic UI's entry point: `python app.py`. A Space runs this file too."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from sonic_ui.bundles import DEFAULT_BUNDLE
from sonic_ui.engine.inputs import PICTURE_LIBRARY, Libraries
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.remote import RemoteStudio
from sonic_ui.engine.remote_address import read_address
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.switching import Engines
from sonic_ui.engine.word_store import WordStore, data_folder
from sonic_ui.media.temporary import end_on_signals, not_saved, remove_process_folder, use_for_all
from sonic_ui.requests import BadInput
from sonic_ui.serve.address import is_ray, read_ray_address
from sonic_ui.ui.page import EXAMPLES, build_page, launch_options
from sonic_ui.ui.server import is_loopback, log_short_lines, serve
from sonic_ui.ui.session.limits import read_limits

REACH_S = 15.0
"""How long the page waits for an engine elsewhere before it opens without it."""

PORTS = range(1, 65_536)

OPEN_TO_ALL = """
*** Sonic UI has no password, and is served on {host}: everybody who reaches this computer over the network
*** can use it, and fill its queue and its disk. Ask for a password with --auth USER:PASSWORD, or leave --host
*** out to serve this computer alone.
"""

ON_A_SPACE = bool(os.environ.get("SPACE_ID"))
ON_ZERO_GPU = ON_A_SPACE and bool(os.environ.get("SPACES_ZERO_GPU"))


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        prog="app.py", description="Sonic UI: sound into pictures, pictures into sound."
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to serve on; 0.0.0.0 for every machine near"
    )
    parser.add_argument(
        "--port", type=int, default=None, help="port; the first free one from 7860 if left out"
    )
    parser.add_argument(
        "--backend",
        default=os.environ.get("SONIC_UI_BACKEND") or "local",
        help="where the work runs: local, space:owner/name, the URL of another Sonic UI, or ray[:HOST:PORT]",
    )
    parser.add_argument(
        "--bundle",
        default=os.environ.get("SONIC_UI_BUNDLE") or DEFAULT_BUNDLE,
        help="name or folder of the weights",
    )
    parser.add_argument(
        "--sounds",
        type=Path,
        metavar="FOLDER",
        help="a folder of recordings for “Build from recordings”; nothing outside of it is read",
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="a folder of pictures that a sound finds its own in, to become a word; no other is read",
    )
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask for this name and password")
    parser.add_argument("--share", action="store_true", help="a public address for three days; needs --auth")
    parser.add_argument(
        "--open-engines",
        action="store_true",
        help="let everybody change the engine; else it takes the password or this computer",
    )
    options = parser.parse_args(arguments)
    if options.port is not None and options.port not in PORTS:
        parser.error(f"--port: {options.port} is no port; choose one from {PORTS[0]} to {PORTS[-1]}")
    if not _is_address(options.host):
        parser.error(
            f"--host: {options.host!r} is no address; 127.0.0.1 is this computer, 0.0.0.0 all near it"
        )
    if options.sounds is not None and not options.sounds.expanduser().is_dir():
        parser.error(f"--sounds: there is no folder {str(options.sounds)!r}")
    if options.pictures is not None and not options.pictures.expanduser().is_dir():
        parser.error(f"--pictures: there is no folder {str(options.pictures)!r}")
    if options.auth is not None and not all(options.auth.partition(":")):
        parser.error("--auth takes USER:PASSWORD, both not empty")
    try:
        limits = read_limits()
    except BadInput as problem:
        parser.error(problem.message)
    if options.auth is None and limits.auth is not None:
        options.auth = ":".join(limits.auth)
    if options.share and options.auth is None:
        parser.error("--share gives the page a public address; protect it with --auth USER:PASSWORD")
    if options.backend != "local":
        try:
            (read_ray_address if is_ray(options.backend) else read_address)(options.backend)
        except BadInput as problem:
            parser.error(problem.message)
    return options


def _is_address(host: str) -> bool:
    try:
        return bool(host) and bool(socket.getaddrinfo(host.strip("[]"), None))
    except (OSError, UnicodeError):
        return False


def make_studio(options: argparse.Namespace, examples: Path = EXAMPLES) -> Studio:
    """The studio that the command line asks for; one that runs elsewhere is reached first, if it can be."""
    if options.backend == "local":
        libraries = Libraries(examples / "sounds", options.sounds)
        engines = Engines() if ON_A_SPACE else Engines(LocalBackend, options.bundle)  # there, all share one
        pictures = Libraries(PICTURE_LIBRARY, options.pictures, "pictures", "--pictures")
        return Studio(_local(options.bundle), libraries, engines, _word_store(options), pictures)
    studio = _elsewhere(options)
    reaching = studio.start()  # the page's sliders stand where the weights there like them
    if reaching is not None:
        reaching.join(REACH_S)
    return studio


def _word_store(options: argparse.Namespace) -> WordStore:
    """Where learned words are: in the user's folder if only this computer reaches the app."""
    is_own = is_loopback(options.host) and not options.share and not ON_A_SPACE
    return WordStore(data_folder() if is_own else None)


def _elsewhere(options: argparse.Namespace) -> RemoteStudio:
    """The engine of another app, or the engines of a cluster. Raises `BadInput`."""
    if not is_ray(options.backend):
        return RemoteStudio(read_address(options.backend), _word_store(options))
    from sonic_ui.serve.client import RayStudio

    return RayStudio(read_ray_address(options.backend), _word_store(options))


def _local(bundle: str) -> LocalBackend:
    """This machine; where its GPU is lent by the second, the backend that knows how to ask for it."""
    if not ON_ZERO_GPU:
        return LocalBackend(bundle)
    from sonic_ui.engine.zero_gpu import ZeroBackend

    return ZeroBackend(bundle)


def main(arguments: Sequence[str] | None = None, examples: Path = EXAMPLES) -> None:
    """Serve the page, then load the models behind it. `examples` is the folder of the example sounds."""
    options = read_options(arguments)
    log_short_lines()
    if options.auth is None and not is_loopback(options.host):
        print(OPEN_TO_ALL.format(host=options.host), file=sys.stderr, flush=True)
    end_on_signals()
    try:
        use_for_all()
        studio = make_studio(options, examples)
        end_on_signals()  # once more: a cluster that is joined puts handlers of its own in their place
        page = build_page(studio, examples, options.open_engines)
    except BadInput as problem:
        raise SystemExit(f"Sonic UI cannot start. {problem.message}") from None
    except OSError as problem:  # what the page shows at first is copied to where it is served from
        raise SystemExit(f"Sonic UI cannot start. {not_saved(problem)}") from None
    user, _, password = (options.auth or "").partition(":")
    try:
        _, address, public = serve(
            page,
            server_name=options.host,
            server_port=options.port,
            auth=(user, password) if options.auth else None,
            share=options.share,
            **launch_options(examples, studio),
        )
    except OSError as error:
        where = f"{options.host}, port {options.port or '7860 to 7959'}"
        raise SystemExit(
            f"Sonic UI cannot be served on {where}: is it taken? Choose another --port. ({error})"
        ) from None
    print(f"Sonic UI is at {public or address}", flush=True)
    studio.start()
    try:
        page.block_thread()
    finally:
        page.close(verbose=False)
        remove_process_folder()


if ON_A_SPACE:
    log_short_lines()
    demo_options = read_options([])
    demo_studio = make_studio(demo_options)
    demo = build_page(demo_studio)
    demo_loading = demo_studio.start()
    if ON_ZERO_GPU and demo_loading is not None:
        demo_loading.join()  # workers are copies of the app: the models are in it before the first one
    if __name__ == "__main__":
        demo.launch(auth=read_limits().auth, **launch_options())
elif __name__ == "__main__":
    main()
