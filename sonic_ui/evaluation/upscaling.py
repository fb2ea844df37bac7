"""`python -m sonic_ui.evaluation.upscaling`: the shipped upscaler beside Lanczos, on held-out renders.

A scene is rendered at 512 px, made half as large and enlarged again: as it is, and blurred a little, as
generated pictures are soft. Measured: PSNR, edge energy over that of the render, and the distance of the
features of the second classifier, which took no part in the upscaler's training.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from sonic_ui.bundles.registry import MINIATURE
from sonic_ui.evaluation.metrics import Metric, table, write_json
from sonic_ui.models.presence_classifier import CLASSIFIER_PX, PresenceClassifier, load_classifier
from sonic_ui.models.upscaler import FOLDER, Upscaler, load_network
from sonic_ui.scenes.render import paint
from sonic_ui.scenes.world import Scene
from sonic_ui.training.data.rendering import scenes_of_shard

LARGE_PX, TILE_PX = 512, 128
BLUR_PX = 0.8
SHARD = 1
"""Of the split "held_out"."""


def enlarge(upscaler: Upscaler, image: Image.Image) -> Image.Image:
    """A picture enlarged once."""
    pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        *_, whole = upscaler.enlarge(pixels, TILE_PX)
    return Image.fromarray((whole[0].permute(1, 2, 0) * 255).round().byte().numpy())


def psnr_db(image: Image.Image, target: Image.Image) -> float:
    """Peak signal-to-noise ratio in dB."""
    apart = np.asarray(image, np.float64) - np.asarray(target, np.float64)
    return float(-10 * np.log10(np.mean(apart**2) / 255**2))


def edge_energy(image: Image.Image) -> float:
    """Mean absolute difference of neighbouring pixels of the grey picture."""
    grey = np.asarray(image, np.float64).mean(-1)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()) / 2


def patches(image: Image.Image) -> torch.Tensor:
    """Four patches of a picture [4, 3, 128, 128] in [-1, 1]: a classifier would make the whole small."""
    pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 127.5 - 1
    corners = [(top, left) for top in (0, image.height // 2) for left in (0, image.width // 2)]
    size = CLASSIFIER_PX
    return torch.stack([pixels[:, top : top + size, left : left + size] for top, left in corners])


def feature_distance(classifier: PresenceClassifier, image: Image.Image, target: Image.Image) -> float:
    """Distance of features of patches at their full size, over the length of the target's."""
    with torch.inference_mode():
        a, b = classifier.features(patches(image)), classifier.features(patches(target))
    return float((a - b).norm() / b.norm())


def upscaling_metrics(
    upscaler: Upscaler, classifier: PresenceClassifier, scenes: Sequence[Scene]
) -> list[Metric]:
    """The figures; each is a mean over the scenes."""
    sums: dict[str, list[float]] = {}
    for scene in scenes:
        target = paint(scene, LARGE_PX)
        small = target.resize((LARGE_PX // 2, LARGE_PX // 2), Image.Resampling.LANCZOS)
        soft = small.filter(ImageFilter.GaussianBlur(BLUR_PX))
        for kind, given in (("", small), (", soft", soft)):
            for name, made in (
                ("upscaler", enlarge(upscaler, given)),
                ("Lanczos", given.resize(target.size, Image.Resampling.LANCZOS)),
            ):
                row = f"{name}{kind}"
                sums.setdefault(f"{row}: PSNR, dB", []).append(psnr_db(made, target))
                share = edge_energy(made) / edge_energy(target)
                sums.setdefault(f"{row}: edge energy over the render's", []).append(share)
                apart = feature_distance(classifier, made, target)
                sums.setdefault(f"{row}: distance of features", []).append(apart)
    note = f"{len(scenes)} renders"
    return [Metric(name, float(np.mean(values)), note=note) for name, values in sums.items()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m sonic_ui.evaluation.upscaling", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=MINIATURE)
    parser.add_argument("--scenes", type=int, default=32)
    parser.add_argument("--out", type=Path, default=Path("runs/upscaling.json"))
    options = parser.parse_args(arguments)
    upscaler = load_network(options.bundle / FOLDER, torch.device("cpu"))
    classifier = load_classifier(options.bundle, "features").float()
    metrics = upscaling_metrics(upscaler, classifier, scenes_of_shard("held_out", SHARD, options.scenes))
    print(table(metrics))
    write_json(metrics, options.out)


if __name__ == "__main__":
    main()
