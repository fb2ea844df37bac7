"""The place where results appear: previews, progress, pictures, their actions and the session's history."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from sonic_ui.ui.components.live import live_html

if TYPE_CHECKING:
    from PIL.Image import Image

    from sonic_ui.engine import Progress

Value = dict[str, Any]

PREVIEW_PX = 256


@dataclass(frozen=True)
class Card:
    """One result as the stage shows it: `files` lie on disk, `descriptions` are read to who cannot see.

    reusable    whether its settings are known
    ours        whether it was made here, so that it can be downloaded, and sent to other tabs
    captions    a few words under each thumbnail, if any
    aspect      width over height of its pictures
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

    def value(self) -> Value:
        """The card for the script; Gradio serves the files and adds their addresses."""
        pictures = [
            {"file": served(path), "name": path.name, "description": description, "caption": caption}
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
            "pictures": pictures,
        }


def stage(tab: str, first: Card | None) -> gr.HTML:
    """The stage of a tab; `tab` names the buttons that it shows and hides."""
    return live_html("stage", show(first), upon=["working"], elem_id=f"{tab}-stage", tab=tab)


def show(card: Card | None) -> Value:
    """A picture that was there before anyone asked."""
    return {"kind": "show", "result": card.value() if card else None}


def working(run: int, count: int, progress: Progress, previews: Sequence[str]) -> Value:
    """Work going on; `previews` are data URIs."""
    return {
        "kind": "working",
        "run": run,
        "count": count,
        "step": progress.step,
        "total": progress.total,
        "message": progress.message,
        "eta_s": progress.eta_s,
        "previews": list(previews),
    }


def done(run: int, card: Card) -> Value:
    """A finished result."""
    return {"kind": "done", "run": run, "result": card.value()}


def ended(run: int, message: str = "") -> Value:
    """Work that stopped without a result; the last one stays."""
    return {"kind": "ended", "run": run, "message": message}


def preview_uris(images: Iterable[Image]) -> list[str]:
    """Small JPEG data URIs of rough pictures."""
    uris = []
    for image in images:
        small = image.convert("RGB")
        small.thumbnail((PREVIEW_PX, PREVIEW_PX))
        buffer = BytesIO()
        small.save(buffer, "JPEG", quality=80)
        uris.append("data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode())
    return uris


def served(path: Path | None) -> dict[str, Any] | None:
    """A file of ours for Gradio to serve. Never call it with a path that a person wrote."""
    return None if path is None else gr.FileData(path=str(path), orig_name=path.name).model_dump()
