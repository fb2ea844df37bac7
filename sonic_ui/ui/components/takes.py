"""The place where the sounds of a picture appear: progress, takes with their energy, history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from sonic_ui.engine import Progress
from sonic_ui.ui.components.live import live_html
from sonic_ui.ui.components.stage import Value, served


@dataclass(frozen=True)
class TakeCard:
    """One take: its sound and its settings as files, [N] energy in 0..1, and words about it.

    title    how it follows the wish; figures: the same in numbers; made: what it was built from, if it was
    """

    title: str
    figures: str
    sound: Path
    settings: Path
    energy: tuple[float, ...]
    made: str = ""

    def value(self) -> Value:
        """The take for the script; Gradio serves the files."""
        return {
            "title": self.title,
            "figures": self.figures,
            "made": self.made,
            "energy": [*self.energy],
            "sound": {"file": served(self.sound), "name": self.sound.name},
            "settings": {"file": served(self.settings), "name": self.settings.name},
        }


@dataclass(frozen=True)
class TakesCard:
    """A result: `wish` [N] in 0..1 lies over the energy of each take; `spoken` is read aloud."""

    id: str
    title: str
    detail: str
    spoken: str
    picture: Path
    seconds: float
    wish: tuple[float, ...] | None
    takes: tuple[TakeCard, ...]

    def value(self) -> Value:
        """The result for the script."""
        return {
            "id": self.id,
            "title": self.title,
            "detail": self.detail,
            "spoken": self.spoken,
            "picture": served(self.picture),
            "seconds": round(self.seconds, 2),
            "wish": None if self.wish is None else [*self.wish],
            "takes": [take.value() for take in self.takes],
        }


def takes_view(tab: str, targets: Sequence[tuple[str, str]]) -> gr.HTML:
    """The place of a tab; `targets` are tabs that take a sound, by their name and title."""
    return live_html(
        "takes",
        {"kind": "show", "result": None},
        upon=["working"],
        elem_id=f"{tab}-takes",
        tab=tab,
        targets=[{"to": name, "title": title} for name, title in targets],
    )


def working(run: int, progress: Progress) -> Value:
    """Work going on."""
    return {
        "kind": "working",
        "run": run,
        "step": progress.step,
        "total": progress.total,
        "message": progress.message,
        "eta_s": progress.eta_s,
    }


def done(run: int, card: TakesCard) -> Value:
    """A finished result."""
    return {"kind": "done", "run": run, "result": card.value()}


def filmed(card_id: str, index: int, video: Path | None, note: str = "") -> Value:
    """The video of one take, or a sentence on why there is none."""
    name = "" if video is None else video.name
    return {"kind": "film", "id": card_id, "index": index, "video": served(video), "name": name, "note": note}
