"""The app as the browser tests serve it: `python -m tests.browser.served EXAMPLES [options of app.py]`."""

import sys
import time
from pathlib import Path
from typing import Any

import app
from sonic_ui.engine.local import LocalBackend

UNHURRIED_STEPS, UNHURRIED_STRIP_STEPS = 99, 33
"""Tiny networks can be done before a page has shown their first preview. Runs of these many steps take their
time, so that a person who cancels a picture, or a strip of many, is never too late."""

STEP_S = {UNHURRIED_STEPS: 0.2, UNHURRIED_STRIP_STEPS: 0.06}
"""Seconds of a step in runs of so many."""


class UnhurriedBackend(LocalBackend):
    """Backend that takes its time over runs of certain numbers of steps."""

    def load(self) -> None:
        super().load()
        from diffusers import DDIMScheduler

        step = DDIMScheduler.step

        def unhurried(scheduler: Any, *arguments: Any, **options: Any) -> Any:
            time.sleep(STEP_S.get(scheduler.num_inference_steps, 0))
            return step(scheduler, *arguments, **options)

        DDIMScheduler.step = unhurried


if __name__ == "__main__":
    app.LocalBackend = UnhurriedBackend  # type: ignore[misc]
    app.main(sys.argv[2:], Path(sys.argv[1]))
