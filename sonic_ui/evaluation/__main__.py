"""`python -m sonic_ui.evaluation`: measure a bundle, print a table, write JSON.

Pictures are made with the bundle's default settings. `--quick` takes fewer sounds; `--only` some groups.
Besides: write the `examples` (sounds, and the bundle's pictures of them) or the `readme`'s pictures;
`energy_ablation` trains and compares representations of energy on a finished training run.
"""

import argparse
from pathlib import Path

from sonic_ui.training.__main__ import CONFIG

ALIASES = {"judge": "classifier", "following": "alignment", "glide": "interpolation"}
"""Former names of groups."""
EXAMPLES, README = Path("assets/examples"), Path("assets/readme")


def main(arguments: list[str] | None = None) -> None:
    """Run what the command line asks for."""
    import torch

    from sonic_ui.evaluation.groups import GROUPS, ON_DEMAND

    parser = argparse.ArgumentParser(prog="python -m sonic_ui.evaluation", description=__doc__)
    commands = ("measure", "examples", "readme", "energy_ablation")
    parser.add_argument("command", nargs="?", choices=commands, default="measure")
    parser.add_argument("--bundle", type=Path, default=Path("assets/miniature"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of real recordings")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/evaluation"), help="where JSON and pictures go"
    )
    parser.add_argument("--run", type=Path, default=Path("runs/miniature"), help="for energy_ablation")
    parser.add_argument("--config", type=Path, default=CONFIG, help="recipe of that run, TOML")
    groups = [name for name in GROUPS if name not in ON_DEMAND]
    parser.add_argument("--only", nargs="*", choices=[*GROUPS, *ALIASES], default=groups)
    parser.add_argument("--quick", action="store_true", help="a quarter of the sounds")
    parser.add_argument("--card", action="store_true", help="bring the table of the bundle's card up to date")
    options = parser.parse_args(arguments)

    if options.command == "measure":
        torch.set_grad_enabled(False)
        measure(options)
        return
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    if options.command == "energy_ablation":
        from sonic_ui.evaluation.energy_ablation import run_energy_ablation
        from sonic_ui.training.run import Run

        run_energy_ablation(Run.from_file(options.config, options.run))
        return
    from sonic_ui.evaluation import readme_pictures
    from sonic_ui.evaluation.film_picture import write_example_track

    if options.command == "examples":
        readme_pictures.write_example_sounds(EXAMPLES)
        readme_pictures.write_example_pictures(EXAMPLES, options.bundle)
        write_example_track(EXAMPLES)
    else:
        print(*readme_pictures.write_readme_pictures(EXAMPLES, options.bundle, README))


def measure(options: argparse.Namespace) -> None:
    """Measure the groups of `--only`; print and write the metrics."""
    from sonic_ui.evaluation.context import EvalContext
    from sonic_ui.evaluation.groups import GROUPS
    from sonic_ui.evaluation.metrics import table, write_into_card, write_json

    context = EvalContext(options.bundle, options.data, options.out, share=4 if options.quick else 1)
    only, metrics = {ALIASES.get(name, name) for name in options.only}, []
    for name, group in GROUPS.items():
        if name in only:
            found = group(context)
            print(table(found), flush=True)
            metrics += found
    write_json(metrics, options.out / "figures.json", **context.details)
    if options.card:
        write_into_card(metrics, options.bundle / "MODEL_CARD.md")


if __name__ == "__main__":
    main()
