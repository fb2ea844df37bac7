"""Bundles of weights: which there are, where they lie, whether their files are whole. No torch here."""

from sonic_ui.bundles.files import FETCH_AGAIN, ROOT, check_pipeline, shown_path
from sonic_ui.bundles.parts import Part
from sonic_ui.bundles.registry import (
    BUNDLES,
    DEFAULT_BUNDLE,
    PIPELINE_FOLDERS,
    Bundle,
    BundleInfo,
    BundleSpec,
    Defaults,
    Source,
    find_bundle,
    read_bundle,
)

__all__ = [
    "BUNDLES",
    "DEFAULT_BUNDLE",
    "FETCH_AGAIN",
    "PIPELINE_FOLDERS",
    "ROOT",
    "Bundle",
    "BundleInfo",
    "BundleSpec",
    "Defaults",
    "Part",
    "Source",
    "check_pipeline",
    "find_bundle",
    "read_bundle",
    "shown_path",
]
