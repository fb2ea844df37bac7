"""`python -m sonic_ui.evaluation`: measure a bundle, print a table, write JSON.

Pictures are made with the bundle's default settings. `--quick` takes fewer sounds; `--only` some groups.
"""

from __future__ import annotations

import argparse
from pathlib import Path

GROUP_NAMES = (
    "judge",
    "following",
    "quality",
    "real",
    "volume",
    "glide",
    "mixing",
    "edits",
    "sounds",
    "speed",
)
ON_DEMAND = ("full_size",)
"""Groups that run only when they are named: they need several GiB of memory and some minutes."""


def main(arguments: list[str] | None = None) -> None:
    """Run the evaluation that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m sonic_ui.evaluation", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("assets/miniature"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of real recordings")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/evaluation"), help="where JSON and pictures go"
    )
    parser.add_argument("--only", nargs="*", choices=GROUP_NAMES + ON_DEMAND, default=list(GROUP_NAMES))
    parser.add_argument("--quick", action="store_true", help="a quarter of the sounds")
    parser.add_argument("--card", action="store_true", help="bring the table of the bundle's card up to date")
    options = parser.parse_args(arguments)

    import torch

    from sonic_ui.evaluation.groups import GROUPS, Bench
    from sonic_ui.evaluation.report import table, write_into_card, write_json

    torch.set_grad_enabled(False)
    bench = Bench(options.bundle, options.data, options.out, share=4 if options.quick else 1)
    figures = []
    for name, measure in GROUPS.items():
        if name in options.only:
            found = measure(bench)
            print(table(found), flush=True)
            figures += found
    write_json(figures, options.out / "figures.json", **bench.details)
    if options.card:
        write_into_card(figures, options.bundle / "MODEL_CARD.md")


if __name__ == "__main__":
    main()
