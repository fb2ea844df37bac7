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

    MAX_LAYERS = 32
    LAYER_BYTES = 64 * 2**20
    """What is painted and not read yet, of all sessions together; the oldest is forgotten."""

    @gr.components.base.server
    def accept_blobs(self, data: Any) -> None:
        """Take a layer that comes as bytes, before the event that reads it. Raises `gr.Error`."""
        index = data.data.get("index")
        if index not in (None, "", "null") and not (str(index).isdecimal() and int(index) < self.MAX_LAYERS):
            raise gr.Error(f"A picture has {self.MAX_LAYERS} painted layers at most.", print_exception=False)
        super().accept_blobs(data)
        while len(self.blob_storage) > 1 and self._stored_bytes() > self.LAYER_BYTES:
            self.blob_storage.pop(next(iter(self.blob_storage)), None)

    def _stored_bytes(self) -> int:
        """All that is painted and not read yet."""
        stored = [*self.blob_storage.values()]
        return sum(
            len(blob or b"") for one in stored for blob in (one.background, *one.layers, one.composite)
        )

    def preprocess(self, payload: Any) -> list[bytes | str]:
        """The layers above the picture, not decoded; empty if there are none."""
        if payload is None:
            return []
        if payload.id is not None:
            cached = self.blob_storage.pop(payload.id, None)
            return [layer for layer in cached.layers if layer] if cached else []
        return [layer.path for layer in payload.layers if layer is not None and layer.path]
