"""The gallery: everything made on this page, kept in the browser, and the large view of it."""

from pathlib import Path

import gradio as gr

from sonic_ui.requests import VERBS, Range
from sonic_ui.ui.components.base import Value, file_payload, html_component

ZIP_LIBRARY = Path(__file__).resolve().parent / "vendor" / "fflate.js"
"""fflate 0.8.3 (MIT, see LICENSE beside it); the page loads it when the first ZIP is written or read."""

LABELS = {
    "prompt": "Words",
    "negative_prompt": "Words to stay away from",
    "start_s": "From (seconds)",
    "end_s": "To (seconds)",
    "variations": "Variations (seed, amount)",
    "aspect": "Shape (width to height)",
    "sound_a": "First sound",
    "sound_b": "Second sound",
}
"""Settings whose request names no label, as the large view calls them."""


def gallery(elem_id: str) -> gr.HTML:
    """The gallery; it stores by itself what the views of results announce as `su-made` and `su-filmed`.

    Its events: `upscale` asks for the file in `window.suUpscale` larger, `stop_upscaling` for no more of it.
    """
    return html_component(
        "gallery",
        gallery_value(None),
        scripts=["gallery_store", "large_view", "upscaling"],
        elem_id=elem_id,
        labels=_labels(),
        titles={verb: one.title for verb, one in VERBS.items()},
    )


def gallery_value(upscaling: Value | None) -> Value:
    """The ZIP library, and how far a picture that is made larger is, if one is."""
    return {"zip": file_payload(ZIP_LIBRARY), "upscaling": upscaling}


def _labels() -> dict[str, str]:
    """Settings of all requests as people call them, by name."""
    named = {
        name: part.label
        for verb in VERBS.values()
        for name, field in verb.request.model_fields.items()
        for part in field.metadata
        if isinstance(part, Range)
    }
    return named | LABELS
