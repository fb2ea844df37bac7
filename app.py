"""Sonic UI's entry point: `python app.py`. A Space runs this file too."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from sonic_ui.backends.local import LocalBackend
from sonic_ui.bundles import DEFAULT_BUNDLE
from sonic_ui.studio import Engines, Libraries, Studio
from sonic_ui.ui.page import EXAMPLES, build_page, launch_options

ON_A_SPACE = bool(os.environ.get("SPACE_ID"))


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
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="name or folder of the weights")
    parser.add_argument(
        "--sounds",
        type=Path,
        metavar="FOLDER",
        help="a folder of recordings for “Build from recordings”; nothing outside of it is read",
    )
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask for this name and password")
    parser.add_argument("--share", action="store_true", help="a public address for three days; needs --auth")
    options = parser.parse_args(arguments)
    if options.sounds is not None and not options.sounds.expanduser().is_dir():
        parser.error(f"--sounds: there is no folder {str(options.sounds)!r}")
    if options.auth is not None and not all(options.auth.partition(":")):
        parser.error("--auth takes USER:PASSWORD, both not empty")
    if options.share and options.auth is None:
        parser.error("--share gives the page a public address; protect it with --auth USER:PASSWORD")
    return options


def main(arguments: Sequence[str] | None = None, examples: Path = EXAMPLES) -> None:
    """Serve the page, then load the models behind it. `examples` is the folder of the example sounds."""
    options = read_options(arguments)
    libraries = Libraries(examples / "sounds", options.sounds)
    studio = Studio(LocalBackend(options.bundle), libraries, Engines(LocalBackend, options.bundle))
    page = build_page(studio, examples)
    user, _, password = (options.auth or "").partition(":")
    try:
        _, address, public = page.launch(
            server_name=options.host,
            server_port=options.port,
            auth=(user, password) if options.auth else None,
            share=options.share,
            prevent_thread_lock=True,
            **launch_options(examples),
        )
    except OSError as error:
        where = f"{options.host}, port {options.port or '7860 to 7959'}"
        raise SystemExit(
            f"Sonic UI cannot be served on {where}: is it taken? Choose another --port. ({error})"
        ) from None
    print(f"Sonic UI is at {public or address}", flush=True)
    studio.start()
    page.block_thread()


if ON_A_SPACE:
    demo_studio = Studio()
    demo = build_page(demo_studio)
    demo_studio.start()
    if __name__ == "__main__":
        demo.launch(**launch_options())
elif __name__ == "__main__":
    main()
