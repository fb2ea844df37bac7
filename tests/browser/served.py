"""The app as the browser tests serve it: `python -m tests.browser.served EXAMPLES [options of app.py]`."""

import sys
import time
from pathlib import Path
from typing import Any

import app
from sonic_ui.engine.local import LocalBackend

UNHURRIED_STEPS, STEP_S = 99, 0.2
"""Tiny networks can be done before a page has shown their first preview. A run of this many steps takes its
time, so that a person who cancels it is never too late."""


class UnhurriedBackend(LocalBackend):
    """Backend that takes its time over runs of `UNHURRIED_STEPS` steps."""

    def load(self) -> None:
        super().load()
        from diffusers import DDIMScheduler

        step = DDIMScheduler.step

        def unhurried(scheduler: Any, *arguments: Any, **options: Any) -> Any:
            if scheduler.num_inference_steps == UNHURRIED_STEPS:
                time.sleep(STEP_S)
            return step(scheduler, *arguments, **options)

        DDIMScheduler.step = unhurried


if __name__ == "__main__":
    app.LocalBackend = UnhurriedBackend  # type: ignore[misc]
    app.main(sys.argv[2:], Path(sys.argv[1]))
