"""Bundles of weights: registry, parts, checks of their files. No torch here."""

from sonic_ui.bundles.files import ROOT, check_pipeline
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
]
