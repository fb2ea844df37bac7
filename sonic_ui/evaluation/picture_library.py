"""The picture library that comes with the app: renders of every source of the world, six each, as JPEG.

`python -m sonic_ui.evaluation.picture_library [FOLDER]` paints them anew; they show other scenes than those
that figures are reported on.
"""

import sys
from pathlib import Path

import numpy as np

from sonic_ui.engine.inputs import PICTURE_LIBRARY
from sonic_ui.scenes.render import paint
from sonic_ui.scenes.world import SOURCES, sample_scene

PER_SOURCE = 6
PICTURE_PX = 256
QUALITY = 82
SEED = 1919


def paint_library(folder: Path, per_source: int = PER_SOURCE, picture_px: int = PICTURE_PX) -> None:
    """Paint the pictures of the library into a folder."""
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for name in SOURCES:
        for number in range(1, per_source + 1):
            scene = sample_scene(rng, sources=(name,), levels=(float(rng.uniform(0.45, 1.0)),))
            paint(scene, picture_px).save(folder / f"{name}_{number}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    paint_library(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE_LIBRARY)
