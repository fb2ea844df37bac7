"""`python -m sonic_ui.evaluation.photographs FOLDER`: how far the labels of photographs can be believed.

The calibration of a bundle's image labels (`ImageLabels`) is chosen on one half of the photographs and of new
renders of the world, and reported on the other half; `--write` puts it into the bundle. A photograph is right
when its first label is one of those that its name allows, or when the engine says that it is not sure; files
are called <kind>__<anything>.jpg.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.bundles import ImageLabels, read_bundle
from sonic_ui.bundles.manifest import MANIFEST, write_manifest
from sonic_ui.evaluation.metrics import Metric, table
from sonic_ui.models.encoders import ImageEncoder, calibrated_shares

KINDS = {
    "birds": ("birds",),
    "sea": ("sea waves",),
    "sea_coast": ("sea waves",),
    "fire": ("crackling fire",),
    "stream": ("a stream",),
    "waterfall": ("a stream",),
    "storm": ("thunder", "rain"),
}
"""Labels that a kind of photograph allows; of any other kind none is right."""

RENDERS = 256
STREAM = 9015
"""Of the generator of new renders: no other use draws from it."""

SCALES = np.geomspace(5.0, 80.0, 40)
LEAST_FIT = 0.5
"""At which "none of them" is as probable as all labels together."""


@dataclass(frozen=True)
class Seen:
    """Cosines of pictures with the labels [N, L], and the labels that are right for each."""

    cosines: NDArray[np.float64]
    right: tuple[frozenset[int], ...]

    def half(self, mask: NDArray[np.bool_]) -> "Seen":
        """The pictures of a mask [N]."""
        return Seen(
            self.cosines[mask], tuple(one for one, kept in zip(self.right, mask, strict=True) if kept)
        )

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Whether the first label is right [N]."""
        first = self.cosines.argmax(1)
        return np.array([int(one) in right for one, right in zip(first, self.right, strict=True)], bool)


def fits(seen: Seen, calibration: ImageLabels) -> NDArray[np.float64]:
    """How well any label fits each picture [N], in [0, 1]."""
    return np.array([calibrated_shares(row, calibration.scale, calibration.none)[1] for row in seen.cosines])


def calibrate(renders: Seen, photographs: Seen) -> ImageLabels:
    """The scale under which the right labels of renders are most probable, and the cosine of "none of them"
    with which most renders are named rightly and most photographs refused or named rightly, both alike.
    """
    scale = min(SCALES, key=lambda one: _negative_log_likelihood(renders, float(one)))
    least = np.concatenate([_soft_maximum(renders, float(scale)), _soft_maximum(photographs, float(scale))])

    def score(none: float) -> float:
        named = (_soft_maximum(renders, float(scale)) >= none) & renders.is_right
        refused = (_soft_maximum(photographs, float(scale)) < none) | photographs.is_right
        return float(named.mean() + refused.mean())

    none = max(np.sort(least), key=score)
    return ImageLabels(scale=round(float(scale), 3), none=round(float(none), 4), least_fit=LEAST_FIT)


def _soft_maximum(seen: Seen, scale: float) -> NDArray[np.float64]:
    """log-sum-exp of the cosines [N], as a cosine: "none" is as probable where it is as large."""
    top = seen.cosines.max(1, keepdims=True)
    return top[:, 0] + np.log(np.exp(scale * (seen.cosines - top)).sum(1)) / scale


def _negative_log_likelihood(seen: Seen, scale: float) -> float:
    logits = scale * seen.cosines
    logits = logits - logits.max(1, keepdims=True)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    right = [row[[*labels]].sum() for row, labels in zip(shares, seen.right, strict=True)]
    return float(-np.log(np.maximum(right, 1e-12)).mean())


def photograph_metrics(renders: Seen, photographs: Seen, calibration: ImageLabels, half: str) -> list[Metric]:
    """What a calibration does to one half."""
    sure = fits(photographs, calibration) >= calibration.least_fit
    named = fits(renders, calibration) >= calibration.least_fit
    right, note = photographs.is_right, f"{len(sure)} photographs, {len(named)} renders"
    sounding = np.array([bool(one) for one in photographs.right])
    return [
        Metric(
            f"photographs: first chip right or “not sure”, {half}", float((right | ~sure).mean()), note=note
        ),
        Metric(f"photographs: “not sure”, {half}", float((~sure).mean())),
        Metric(f"photographs of a source: first label right, {half}", _share(right[sounding])),
        Metric(f"renders: first chip right, {half}", float((renders.is_right & named).mean())),
        Metric(f"renders: “not sure”, {half}", float((~named).mean())),
    ]


def _share(mask: NDArray[np.bool_]) -> float:
    """Of a mask [N] what is true; NaN of nothing."""
    return float(mask.mean()) if mask.size else float("nan")


def is_training(name: str) -> bool:
    """Whether a file belongs to the half that is tuned on, by its name."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def see_photographs(encoder: ImageEncoder, folder: Path, labels: Sequence[str]) -> tuple[Seen, list[str]]:
    """The photographs of a folder, and their names."""
    from PIL import Image

    words, paths = encoder.encode_words(labels), sorted(folder.glob("*.jpg"))
    cosines = [encoder.cosines(Image.open(path), words).cpu().numpy() for path in paths]
    allowed = [KINDS.get(path.name.partition("__")[0], ()) for path in paths]
    right = tuple(frozenset(labels.index(one) for one in some if one in labels) for some in allowed)
    return Seen(np.stack(cosines).astype(np.float64), right), [path.name for path in paths]


def see_renders(encoder: ImageEncoder, ids: Sequence[str], labels: Sequence[str], size: int) -> Seen:
    """New renders of single sources, in turn."""
    from sonic_ui.scenes.render import paint
    from sonic_ui.scenes.world import sample_scene

    rng, words = np.random.default_rng(STREAM), encoder.encode_words(labels)
    names = [ids[number % len(ids)] for number in range(RENDERS)]
    cosines = [
        encoder.cosines(paint(sample_scene(rng, sources=(name,)), size), words).cpu().numpy()
        for name in names
    ]
    return Seen(np.stack(cosines).astype(np.float64), tuple(frozenset((ids.index(name),)) for name in names))


def main(arguments: Sequence[str] | None = None) -> None:
    """Calibrate on one half, report on both."""
    parser = argparse.ArgumentParser(prog="python -m sonic_ui.evaluation.photographs", description=__doc__)
    parser.add_argument("folder", type=Path, help="of photographs")
    parser.add_argument("--bundle", type=Path, default=Path("assets/miniature"))
    parser.add_argument("--write", action="store_true", help="put the calibration into the bundle")
    options = parser.parse_args(arguments)
    bundle = read_bundle(options.bundle)
    ids, labels = [source.id for source in bundle.sources], [source.label for source in bundle.sources]
    encoder = ImageEncoder.from_folder(options.bundle / "clip")
    photographs, names = see_photographs(encoder, options.folder, labels)
    renders = see_renders(encoder, ids, labels, bundle.info.picture_px)
    tuned = np.array([is_training(name) for name in names])
    even = np.arange(RENDERS) // len(ids) % 2 == 0
    calibration = calibrate(renders.half(even), photographs.half(tuned))
    print(calibration.model_dump_json())
    for half, some, others in (("training half", tuned, even), ("test half", ~tuned, ~even)):
        print(table(photograph_metrics(renders.half(others), photographs.half(some), calibration, half)))
    if options.write:
        path = options.bundle / "bundle.json"
        values = {**json.loads(path.read_text(encoding="utf-8")), "image_labels": calibration.model_dump()}
        path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8", newline="\n")
        if (options.bundle / MANIFEST).is_file():
            write_manifest(options.bundle)


if __name__ == "__main__":
    main()
