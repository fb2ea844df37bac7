"""The table of verbs agrees with what follows from it."""

from __future__ import annotations

import importlib

import pytest

from sonic_ui.bundles import PIPELINE_FOLDERS
from sonic_ui.engine.jobs.base import JOB_TYPES
from sonic_ui.requests import VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_its_model_its_job_and_its_pipeline(verb: str) -> None:
    request = VERBS[verb].request
    assert request.model_fields["verb"].default == verb
    importlib.import_module(f"sonic_ui.engine.jobs.{verb}")
    assert request in JOB_TYPES
    assert PIPELINE_FOLDERS[verb] == VERBS[verb].pipeline


def test_tabs_are_told_apart() -> None:
    assert len({verb.title for verb in VERBS.values()}) == len({verb.tab for verb in VERBS.values()})


def test_settings_that_name_files_are_found() -> None:
    files = {verb: (entry.request.SOUNDS, entry.request.PICTURES) for verb, entry in VERBS.items()}
    assert files == {
        "sound_to_image": (("sound", *(f"sound{number}" for number in range(2, 7))), ()),
        "edit_image": (("sound",), ("picture", "mask")),
        "interpolate": (("sound_a", "sound_b"), ("picture", "mask")),
        "volume_sweep": (("sound",), ("picture", "mask")),
        "make_film": (("sound",), ("picture",)),
        "image_to_sound": ((), ("picture",)),
        "teach_sound": ((), ()),
        "upscale_image": ((), ("picture",)),
        "learn_word": (("sound",), tuple(f"picture{number}" for number in range(1, 6))),
    }
    assert VERBS["teach_sound"].request.FILE_LISTS == ("recordings", "pictures")
