"""The tab "Edit" without a page."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from sonic_ui.engine import Studio
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.session.examples import Example
from sonic_ui.ui.tabs.edit.events import SETTINGS, Handlers
from sonic_ui.ui.tabs.edit.layout import TAB, Components, Holding, Several
from sonic_ui.ui.widgets.picture_input import PictureInput
from sonic_ui.ui.widgets.prompt_settings import Words
from sonic_ui.ui.widgets.runs import RunBar, Runs
from sonic_ui.ui.widgets.settings_drop import PictureDrop, Reuse
from sonic_ui.ui.widgets.sound_input import SoundInput
from tests.fakes import FakeBackend
from tests.picture_files import SIZE
from tests.ui.tabs import part


@dataclass(frozen=True)
class Tab:
    """The tab's handlers, on components that are their own names."""

    context: AppContext
    runs: Runs
    handlers: Handlers
    reuse: Reuse


def tab_of(backend: FakeBackend, examples: tuple[Example, ...] = ()) -> Tab:
    """The tab on a backend."""
    context, shared = AppContext(Studio(backend), examples), part(Shared)
    parts = part(
        Components,
        picture=part(PictureInput, message="picture_message"),
        sound=part(SoundInput, message="sound_message"),
        holding=part(Holding, message="how_message"),
        words=part(Words, message="words_message", beside="variation"),
        several=part(Several, message="several_message"),
        bar=part(RunBar, message="run_message"),
        drop=part(PictureDrop, message="drop_message", picture="dropped"),
        shared=shared,
    )
    runs = Runs(context, shared, TAB, parts.stage, parts.bar, parts.messages, parts.words.seed)
    handlers = Handlers(context, parts, runs)
    return Tab(context, runs, handlers, Reuse(context, parts.drop, parts.settings, handlers.updates))


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
        "prompt": "",
        "negative_prompt": "",
        "strength": 1,
        "layers": "",
        "guidance_scale": 4.0,
        "steps": 3,
        "seed": 5,
        "keep_seed": True,
        "variation": 0,
        "several": False,
        "strengths": "0.5, 1",
        **values,
    }
    return [settings[name] for name in SETTINGS] + [{}]


def stroke(left: int = 10, right: int = 30, size: tuple[int, int] = SIZE) -> bytes:
    """A layer as the editor sends it: half-transparent paint on nothing."""
    layer = Image.new("RGBA", size)
    layer.paste((217, 132, 56, 158), (left, 10, right, 20))
    buffer = BytesIO()
    layer.save(buffer, "PNG")
    return buffer.getvalue()
