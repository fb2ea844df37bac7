"""The sounds of a picture: progress, takes with their energy, history."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from sonic_ui.ui.components.base import Value, file_payload, html_component


@dataclass(frozen=True)
class TakeCard:
    """One take: its sound and its settings as files, [N] energy and [P] peaks in 0..1, and words about it.

    title     how it follows the target; figures: the same in numbers
    name      what it is called beside others
    lufs      integrated loudness
    sources   what it was built from, if it was
    """

    title: str
    name: str
    figures: str
    sound: Path
    settings: Path
    energy: tuple[float, ...]
    waveform: tuple[float, ...]
    lufs: float
    sources: str = ""

    def value(self) -> Value:
        """The take for the script; Gradio serves the files."""
        return {
            "title": self.title,
            "name": self.name,
            "figures": self.figures,
            "sources": self.sources,
            "energy": [*self.energy],
            "waveform": [*self.waveform],
            "lufs": round(self.lufs, 2),
            "sound": {"file": file_payload(self.sound), "name": self.sound.name},
            "settings": {"file": file_payload(self.settings), "name": self.settings.name},
        }


@dataclass(frozen=True)
class AudioCard:
    """A result: `target` [N] in 0..1 is drawn over the energy of each take; `spoken` is read aloud."""

    id: str
    title: str
    detail: str
    spoken: str
    picture: Path
    seconds: float
    target: tuple[float, ...] | None
    takes: tuple[TakeCard, ...]

    def value(self) -> Value:
        """The result for the script."""
        return {
            "id": self.id,
            "title": self.title,
            "detail": self.detail,
            "spoken": self.spoken,
            "picture": file_payload(self.picture),
            "seconds": round(self.seconds, 2),
            "target": None if self.target is None else [*self.target],
            "takes": [take.value() for take in self.takes],
        }


def audio_results(tab: str, targets: Sequence[tuple[str, str]]) -> gr.HTML:
    """The view of a tab; `targets` are tabs that take a sound, by their name and title."""
    return html_component(
        "audio_results",
        {"kind": "show", "result": None},
        scripts=["result_base", "take_player", "sound_compare"],
        elem_id=f"{tab}-takes",
        tab=tab,
        targets=[{"to": name, "title": title} for name, title in targets],
    )


def done(run: int, card: AudioCard) -> Value:
    """A finished result."""
    return {"kind": "done", "run": run, "result": card.value()}


def video_done(card_id: str, index: int, video: Path | None, note: str = "") -> Value:
    """The video of one take, or a sentence on why there is none."""
    name = "" if video is None else video.name
    return {
        "kind": "film",
        "id": card_id,
        "index": index,
        "video": file_payload(video),
        "name": name,
        "note": note,
    }
