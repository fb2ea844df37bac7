"""Gradio's picture components with files and bytes passed on as they came: what they hold is read elsewhere.

Gradio's own decode every picture before a handler sees it, however large, and say "Error" to what is none.
"""

from typing import Any

import gradio as gr
from gradio.components.base import server

MAX_LAYERS = 32
LAYER_BYTES = 64 * 2**20
"""What is painted and not read yet, of all sessions together; the oldest is forgotten."""


class PictureFile(gr.Image):
    """A picture to upload, to take with the camera or to paste; handlers get the path of the file."""

    is_template = True

    def preprocess(self, payload: Any) -> str | None:
        """The path of what was uploaded, which Gradio has checked to be an upload."""
        return payload.path if payload is not None else None


class PaintedLayers(gr.ImageEditor):
    """A picture to paint on; handlers get what was painted: files' bytes or paths, one a layer."""

    is_template = True

    @server
    def accept_blobs(self, data: Any) -> None:
        """Take a layer that comes as bytes, before the event that reads it. Raises `gr.Error`."""
        index = data.data.get("index")
        if index not in (None, "", "null") and not (str(index).isdecimal() and int(index) < MAX_LAYERS):
            raise gr.Error(f"A picture is painted in {MAX_LAYERS} layers at most.", print_exception=False)
        super().accept_blobs(data)
        stored = self.blob_storage
        sizes = {name: sum(len(one) for one in _blobs(stored[name])) for name in stored}
        for name in [*stored]:
            if sum(sizes.values()) <= LAYER_BYTES:
                break
            stored.pop(name, None)
            del sizes[name]

    def preprocess(self, payload: Any) -> list[bytes | str]:
        """The layers above the picture, not decoded; empty if there are none."""
        if payload is None:
            return []
        if payload.id is not None:
            cached = self.blob_storage.pop(payload.id, None)
            return [layer for layer in cached.layers if layer] if cached else []
        return [layer.path for layer in payload.layers if layer is not None and layer.path]


def _blobs(data: Any) -> list[bytes]:
    """The bytes of an editor's picture: what is below, the layers, and all of it together."""
    return [blob for blob in (data.background, *data.layers, data.composite) if blob]
