"""`python -m sonic_ui.training STAGE`: one stage, or `all` of them.

Besides: `export` the trained parts as a bundle, or write a contact `sheet` of the world. `import` starts a
run from a bundle's weights, so that training can go on without the checkpoints that made it. What is one's
own is taught by `pairs`, `sonify` and `teach` (see `commands`): each has its own `--help`.
"""

import argparse
import sys
from pathlib import Path

CONFIG = Path(__file__).parent / "configs" / "miniature.toml"


def main(arguments: list[str] | None = None) -> None:
    """Run the stage that the command line names."""
    from sonic_ui.training.commands import COMMANDS, run_command

    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] and given[0] in COMMANDS:
        return run_command(given)
    import torch

    from sonic_ui.training.bundle_io import export_bundle, import_bundle
    from sonic_ui.training.data.sounds import write_contact_sheet
    from sonic_ui.training.registry import STAGES, run_stage
    from sonic_ui.training.run import Run

    parser = argparse.ArgumentParser(prog="python -m sonic_ui.training", description=__doc__)
    parser.add_argument("stage", choices=[*STAGES, "all", "export", "import", "sheet"])
    parser.add_argument("--config", type=Path, default=CONFIG, help="recipe, TOML")
    parser.add_argument("--out", type=Path, default=Path("runs/miniature"), help="folder of the run")
    parser.add_argument("--bundle", type=Path, default=Path("assets/miniature"), help="where export writes")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for torch's choice")
    options = parser.parse_args(arguments)

    if options.threads:
        torch.set_num_threads(options.threads)
    run = Run.from_file(options.config, options.out, threads=options.threads)
    if options.stage in ("all", "export"):
        for name in STAGES if options.stage == "all" else ():
            run_stage(run, name)
        print(export_bundle(run, options.bundle))
    elif options.stage == "import":
        print(import_bundle(run, options.bundle))
    elif options.stage == "sheet":
        print(write_contact_sheet(options.out / "sheet.png"))
    else:
        run_stage(run, options.stage)


if __name__ == "__main__":
    import torch

    torch.set_flush_denormal(True)  # of this process alone: whoever calls `main` keeps their numbers
    main()
