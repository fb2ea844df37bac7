"""Commands of `python -m sonic_ui.training` besides the stages: `pairs` from a folder of one's own.

They know no recipe: what they need is on their own command line. A refusal is a sentence.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sonic_ui.requests import BadInput


def run_command(arguments: Sequence[str]) -> None:
    """Run the command that the first argument names. Raises SystemExit with the sentence of a refusal."""
    name, *rest = arguments
    parser = argparse.ArgumentParser(
        prog=f"python -m sonic_ui.training {name}", description=COMMANDS[name].__doc__
    )
    try:
        COMMANDS[name](parser, rest)
    except BadInput as problem:
        raise SystemExit(problem.message) from None


def pairs(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Pairs of sounds and pictures from a folder of videos, or of sounds with pictures and captions."""
    from sonic_ui.training.data.pairs import MOST_PAIRS, write_pairs

    parser.add_argument("folder", type=Path, help="of videos, or of sounds with pictures and .txt files")
    parser.add_argument("--out", type=Path, default=Path("runs/pairs"), help="where the pairs go")
    parser.add_argument("--caption", default="", help="words for all pictures that have none of their own")
    parser.add_argument(
        "--bundle", default="", help="name of an engine whose captioner (BLIP) says what is seen"
    )
    parser.add_argument("--most", type=int, default=MOST_PAIRS, help="pairs")
    options = parser.parse_args(arguments)
    found = write_pairs(
        options.folder.expanduser(),
        options.out,
        caption=_captioner(options.bundle) if options.bundle else None,
        typed=options.caption,
        most=max(1, options.most),
    )
    for name, reason in [*found.refused.items()][:SHOWN]:
        print(f"left out: {name}: {reason}")
    more = f", {len(found.refused) - SHOWN} more in refused.json" if len(found.refused) > SHOWN else ""
    print(f"{len(found.pairs):,} pairs in {options.out}; {len(found.refused):,} files left out{more}")


SHOWN = 20
"""Files that were left out and are named on the terminal."""


def _captioner(name: str) -> Callable[[Any], str]:
    """The captioner of an engine. Raises BadInput where it has none."""
    from sonic_ui.bundles import read_bundle
    from sonic_ui.bundles.fetching import fetch_parts

    bundle = read_bundle(name)
    part = next((part for part in bundle.parts if part.loader == "blip"), None)
    if part is None:
        raise BadInput(
            f"{bundle.info.title} has no captioner. Type --caption, or use --bundle audioldm.", "bundle"
        )
    from sonic_ui.pipelines.audioldm import load_captioner

    return load_captioner(fetch_parts([part], bundle.folder)[0][0].parent)


COMMANDS: dict[str, Callable[[argparse.ArgumentParser, Sequence[str]], None]] = {"pairs": pairs}
