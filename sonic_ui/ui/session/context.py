"""Context of the app and components that every tab of the page works with."""

from dataclasses import dataclass, field

import gradio as gr

from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import PictureFolder
from sonic_ui.ui.session.examples import Example
from sonic_ui.ui.session.gallery import Gallery
from sonic_ui.ui.session.tasks import Tasks


@dataclass(frozen=True)
class AppContext:
    """The studio, the examples, running work, pictures by session, and the folder of finished files."""

    studio: Studio
    examples: tuple[Example, ...] = ()
    tasks: Tasks = field(default_factory=Tasks)
    gallery: Gallery = field(default_factory=Gallery)
    pictures: PictureFolder = field(default_factory=PictureFolder)


@dataclass(frozen=True)
class SharedComponents:
    """Components that all tabs share: the header, and the session's results by name (see `reuse`)."""

    head: gr.HTML
    records: gr.State
