"""`python -m sonic_ui.evaluation.load`: many people at once, on one app or on many (`--backend ray`)."""

import argparse
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one app (`page_load`) or a cluster of this computer (`cluster_load`)."""
    choice = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    choice.add_argument("--backend", choices=("local", "ray"), default="local")
    chosen, rest = choice.parse_known_args(arguments)
    if chosen.backend == "ray":
        from sonic_ui.evaluation import cluster_load

        cluster_load.main(rest)
    else:
        from sonic_ui.evaluation import page_load

        page_load.main(rest)


if __name__ == "__main__":
    main()
