"""What every tab of the page works with."""

from __future__ import annotations

from dataclasses import dataclass, field

import gradio as gr

from sonic_ui.engine import Studio
from sonic_ui.media.metadata import PictureFolder
from sonic_ui.ui.session.examples import Example
from sonic_ui.ui.session.gallery import Gallery
from sonic_ui.ui.session.tasks import Tasks


@dataclass(frozen=True)
class AppContext:
    """The studio, the examples, who is here, and where finished pictures lie."""

    studio: Studio
    examples: tuple[Example, ...] = ()
    sessions: Tasks = field(default_factory=Tasks)
    gallery: Gallery = field(default_factory=Gallery)
    pictures: PictureFolder = field(default_factory=PictureFolder)


@dataclass(frozen=True)
class Shared:
    """Components that all tabs share: the header, and the session's results by name (see `reuse`)."""

    head: gr.HTML
    records: gr.State
