"""Bundles of weights: registry, parts, checks of their files. No torch here."""

# ruff: noqa: F401
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
    ImageLabels,
    Source,
    find_bundle,
    phrase_pictures,
    read_bundle,
)
from sonic_ui.bundles.vocabulary import Vocabulary, listed, words_of
