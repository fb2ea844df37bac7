"""What the endpoints of the tab return, and the card of an engine that was taught."""

from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.audio.tracks import time_words
from sonic_ui.engine.events import TeachResult
from sonic_ui.ui import api
from sonic_ui.ui.components.teach_view import TaughtCard
from sonic_ui.ui.session.context import AppContext

RETURNS = """Returns the engine as a ZIP (a folder that --bundle takes, beside the engine it went on from),
pictures of the same recordings before and after, and the settings as JSON. `change_engine` takes its name."""


def taught_card(context: AppContext, result: TeachResult) -> TaughtCard:
    """The card of a finished teaching; its pictures are saved."""
    before, after = (_written(context, result, side) for side in ("before", "after"))
    taught = result.settings["taught"]
    return TaughtCard(
        engine=result.engine,
        title=f"“{result.engine}” is learned. The engine is called “{result.title}”.",
        detail=(
            f"{taught['steps']} steps in {time_words(round(result.elapsed_s))}"
            f" · {len(result.request.recordings)} recordings · {len(result.request.pictures)} pictures"
        ),
        note=" ".join(result.notices),
        before=before,
        after=after,
        file=result.bundle,
        usable=context.studio.engines.changeable,
    )


def _written(context: AppContext, result: TeachResult, side: str) -> tuple[Path, ...]:
    images = result.before if side == "before" else result.after
    return tuple(context.pictures.write(images, {**result.settings, "side": side}))


def _answer(context: AppContext, result: TeachResult, session: str) -> tuple[Any, ...]:
    pictures = [str(path) for side in ("before", "after") for path in _written(context, result, side)]
    return str(result.bundle), pictures, {**result.settings, "notices": [*result.notices]}


ANSWERS = {
    "teach_sound": api.Answer(
        {"bundle": gr.File, "pictures": api.FILES, "settings": gr.JSON}, _answer, RETURNS, "taught engine"
    )
}
