"""The view of pictures: previews, progress, results, their actions and the session's history."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from PIL import Image

from sonic_ui.engine.events import Event, Preview, Progress
from sonic_ui.ui.components.base import Value, file_payload, html_component, preview_uris, progress_value


@dataclass(frozen=True)
class Card:
    """One result as the view shows it: `files` lie on disk, `descriptions` are read to who cannot see.

    reusable    whether its settings are known
    ours        whether it was made here, so that it can be downloaded, and sent to other tabs
    captions    a few words under each thumbnail, if any
    aspect      width over height of its pictures
    varied      whether its pictures can be varied
    pair        whether it stands beside the picture it was made from, which `compare` asks for
    """

    id: str
    title: str
    detail: str
    files: tuple[Path, ...]
    descriptions: tuple[str, ...]
    reusable: bool = True
    ours: bool = True
    captions: tuple[str, ...] = ()
    aspect: float = 1.0
    pair: bool = False
    varied: bool = True

    def value(self) -> Value:
        """The card for the script; Gradio serves the files and adds their addresses."""
        pictures = [
            {"file": file_payload(path), "name": path.name, "description": description, "caption": caption}
            for path, description, caption in zip(
                self.files, self.descriptions, self.captions or ("",) * len(self.files), strict=True
            )
        ]
        return {
            "id": self.id,
            "title": self.title,
            "detail": self.detail,
            "reusable": self.reusable,
            "ours": self.ours,
            "aspect": self.aspect,
            "pair": self.pair,
            "varied": self.varied,
            "pictures": pictures,
        }


def result_view(tab: str, first: Card | None, empty: str = "") -> gr.HTML:
    """The view of a tab; `tab` names the buttons that it shows and hides.

    empty   what stands there before the first picture, where that does not come of "Generate"
    """
    return html_component(
        "result_view", show(first), scripts=["result_base"], elem_id=f"{tab}-stage", tab=tab, empty=empty
    )


def show(card: Card | None) -> Value:
    """A picture that was there before anyone generated one."""
    return {"kind": "show", "result": card.value() if card else None}


def awaiting() -> Value:
    """No picture, and what to press for one: the settings are another's than those of what was shown."""
    return {"kind": "show", "result": None, "clear": True}


def dropped_card(picture: Path) -> Card:
    """A picture made here before that was dropped for its settings."""
    with Image.open(picture) as image:
        width, height = image.size
    return Card(
        id="dropped",
        title="The picture that was dropped",
        detail=f"{picture.name} · its settings are on the page · Generate makes it again",
        files=(picture,),
        descriptions=(f"The picture that was dropped, {picture.name}.",),
        reusable=False,
        ours=False,
        aspect=width / height,
    )


def stage_of(picture: Path | None) -> Value:
    """What stands on the stage for settings from elsewhere: the picture that brought them, if it is a PNG."""
    return show(dropped_card(picture)) if picture is not None and picture.suffix == ".png" else awaiting()


def done(run: int, card: Card) -> Value:
    """A finished result."""
    return {"kind": "done", "run": run, "result": card.value()}


class ImageProgress:
    """What is there so far of a run's `count` pictures.

    aspect   width over height, where it is known beforehand
    """

    def __init__(self, run: int, count: int, aspect: float | None = None) -> None:
        self._run, self._count, self._aspect = run, count, aspect
        self._progress = Progress(0, 0, "Starting")
        self._previews: list[str] = []

    def take(self, event: Event) -> Value | None:
        """The view's value after an event; None for one that changes nothing there."""
        if isinstance(event, Progress):
            self._progress = event
        elif isinstance(event, Preview):
            self._previews = preview_uris(event.images)
        else:
            return None
        rest = {"count": self._count, "aspect": self._aspect, "previews": [*self._previews]}
        return progress_value(self._run, self._progress, **rest)
