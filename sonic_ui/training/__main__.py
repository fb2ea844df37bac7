"""`python -m sonic_ui.training STAGE`: one stage, or `all` of them.

Besides: `export` the trained parts as a bundle, write the `examples` (sounds, and the bundle's pictures of
them), the `readme`'s pictures, or a contact `sheet` of the world. `import` starts a run from a bundle's
weights, so that training can go on without the checkpoints that made it. `energy_ablation` compares
representations of energy.
"""

from __future__ import annotations

import argparse
from pathlib import Path

CONFIG = Path(__file__).parent / "configs" / "miniature.toml"
EXAMPLES = Path("assets/examples")
README = Path("assets/readme")


def main(arguments: list[str] | None = None) -> None:
    """Run the stage that the command line names."""
    from sonic_ui.training.registry import STAGES

    parser = argparse.ArgumentParser(prog="python -m sonic_ui.training", description=__doc__)
    besides = ["energy_ablation", "export", "import", "examples", "readme", "sheet"]
    parser.add_argument("stage", choices=[*STAGES, "all", *besides])
    parser.add_argument("--config", type=Path, default=CONFIG, help="recipe, TOML")
    parser.add_argument("--out", type=Path, default=Path("runs/miniature"), help="folder of the run")
    parser.add_argument("--bundle", type=Path, default=Path("assets/miniature"), help="where export writes")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for torch's choice")
    options = parser.parse_args(arguments)

    import torch

    from sonic_ui.training.run import Run

    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    if options.threads:
        torch.set_num_threads(options.threads)
    run = Run.from_file(options.config, options.out, threads=options.threads)
    if options.stage in ("all", "export"):
        from sonic_ui.training.export_bundle import export_bundle

        for name, stage in STAGES.items() if options.stage == "all" else ():
            print(f"stage {name}", flush=True)
            stage(run)
        print(export_bundle(run, options.bundle))
    elif options.stage == "import":
        from sonic_ui.training.import_bundle import import_bundle

        print(import_bundle(run, options.bundle))
    elif options.stage == "examples":
        from sonic_ui.evaluation.example_pictures import write_example_pictures, write_example_sounds

        write_example_sounds(EXAMPLES)
        write_example_pictures(EXAMPLES, options.bundle)
    elif options.stage == "readme":
        from sonic_ui.evaluation.readme_pictures import write_edits, write_grid, write_strips

        print(write_grid(EXAMPLES, README / "grid.png"))
        print(*write_strips(EXAMPLES, options.bundle, README))
        print(write_edits(EXAMPLES, options.bundle, README / "edits.png"))
        if (options.bundle / "image_to_audio").is_dir():
            from sonic_ui.evaluation.readme_sounds import write_sounding

            print(write_sounding(EXAMPLES, options.bundle, README / "image_to_sound.png"))
    elif options.stage == "energy_ablation":
        from sonic_ui.evaluation.energy_ablation import run_energy_ablation

        run_energy_ablation(run)
    elif options.stage == "sheet":
        from sonic_ui.training.contact_sheet import write_contact_sheet

        print(write_contact_sheet(options.out / "sheet.png"))
    else:
        STAGES[options.stage](run)


if __name__ == "__main__":
    main()
