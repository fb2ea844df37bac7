"""The tab "Edit" without a page."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from sonic_ui.engine.studio import Studio
from sonic_ui.ui.session.context import AppContext, Example, SharedComponents
from sonic_ui.ui.tabs.edit.events import Components, Handlers, HoldSettings, StrengthList
from sonic_ui.ui.widgets.picture_input import PictureInput
from sonic_ui.ui.widgets.runs import RunBar
from sonic_ui.ui.widgets.settings_drop import SettingsDrop
from sonic_ui.ui.widgets.sound_input import SoundInput
from tests.fakes import FakeBackend
from tests.picture_files import SIZE
from tests.ui.tabs import in_order, part, prompts


def tab_of(backend: FakeBackend, examples: tuple[Example, ...] = ()) -> Handlers:
    """The tab's handlers on a backend, on components that are their own names."""
    parts = part(
        Components,
        picture=part(PictureInput, message="picture_message"),
        sound=part(SoundInput, message="sound_message"),
        hold=part(HoldSettings, message="how_message"),
        prompts=prompts(beside_seed="variation"),
        strengths=part(StrengthList, message="several_message"),
        bar=part(RunBar, message="run_message"),
        drop=part(SettingsDrop, message="drop_message", picture="dropped"),
        shared=part(SharedComponents),
    )
    return Handlers(AppContext(Studio(backend), examples), parts)


MESSAGES = {f"{name}_message" for name in ("picture", "mask", "sound", "how", "words", "several", "run")}


def page_values(picture: Path | None, sound: Path | None, **values: Any) -> list[Any]:
    """What the page hands to `Handlers.generate`, with some settings changed."""
    settings = {
        "picture": None if picture is None else str(picture),
        "mask": [],
        "sound": None if sound is None else str(sound),
        "start_s": None,
        "end_s": None,
        "gain_db": 0,
        "room": "dry",
        "mode": "replace",
        "tau_attn": 0.5,
        "tau_feature": 0.4,
        "held": "paper",
        "source_prompt": "",
        "word_weights": "",
        "prompt": "",
        "negative_prompt": "",
        "strength": 1,
        "layers": "",
        "guidance_scale": 4.0,
        "steps": 3,
        "seed": 5,
        "keep_seed": True,
        "variation": 0,
        "variations": "",
        "several": False,
        "strengths": "0.5, 1",
        **values,
    }
    return in_order(tab_of(FakeBackend()).table, settings)


def stroke(left: int = 10, right: int = 30, size: tuple[int, int] = SIZE) -> bytes:
    """A layer as the editor sends it: half-transparent paint on nothing."""
    layer = Image.new("RGBA", size)
    layer.paste((217, 132, 56, 158), (left, 10, right, 20))
    buffer = BytesIO()
    layer.save(buffer, "PNG")
    return buffer.getvalue()
