"""Gradio's picture components with files and bytes passed on as they came: what they hold is read elsewhere.

Gradio's own decode every picture before a handler sees it, however large, and say "Error" to what is none.
"""

from typing import Any

import gradio as gr


class PictureFile(gr.Image):
    """A picture to upload, to take with the camera or to paste; handlers get the path of the file."""

    is_template = True

    def preprocess(self, payload: Any) -> str | None:
        """The path of what was uploaded, which Gradio has checked to be an upload."""
        return payload.path if payload is not None else None


class PaintedLayers(gr.ImageEditor):
    """A picture to paint on; handlers get what was painted: files' bytes or paths, one a layer."""

    is_template = True

    def preprocess(self, payload: Any) -> list[bytes | str]:
        """The layers above the picture, not decoded; empty if there are none."""
        if payload is None:
            return []
        if payload.id is not None:
            cached = self.blob_storage.pop(payload.id, None)
            return [layer for layer in cached.layers if layer] if cached else []
        return [layer.path for layer in payload.layers if layer is not None and layer.path]
