"""What components share: HTML whose script draws a JSON value, its events, files for Gradio to serve."""

import base64
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
from PIL.Image import Image

from sonic_ui.engine.events import Progress

Value = dict[str, Any]

PREVIEW_PX = 256
ASSETS = {
    path.name: path
    for path in Path(__file__).resolve().parent.parent.glob("*/*")
    if path.suffix in (".html", ".js")
}
"""Templates and scripts of all components, by file name."""

TRIGGER = re.compile(r"trigger\('\w+'")

INCLUDE = re.compile(r"<!-- (\w+\.html) -->\n")


@cache
def read_asset(name: str) -> str:
    """The text of a template or script; `<!-- other.html -->` stands for that template."""
    text = ASSETS[name].read_text(encoding="utf-8")
    return INCLUDE.sub(lambda include: read_asset(include[1]), text)


def html_component(name: str, value: Any, *, scripts: Sequence[str] = (), **options: Any) -> gr.HTML:
    """A component drawn by `<name>.html` and `<name>.js`; `value` is JSON for the script.

    The script may use what the others named in `scripts` define, which run before it.

    In the script `props.value` is the value, `watch('value', draw)` tells of a new one, and
    `trigger('event', {...})` calls the Python listener of that name.
    """
    return gr.HTML(
        value,
        html_template=read_asset(f"{name}.html"),
        js_on_load=_run_scripts([*scripts, name]),
        apply_default_css=False,
        **options,
    )


def _run_scripts(names: Sequence[str]) -> str:
    """What a component brings along in place of its scripts: the page holds them once (`shell.page_head`).

    Gradio offers the events whose names it finds in it.
    """
    events = sorted({event for name in names for event in TRIGGER.findall(read_asset(f"{name}.js"))})
    comment = "".join(f" {event.removeprefix('trigger(')}" for event in events)
    return f"suRun({json.dumps(names)}, element, trigger, props, server, upload, watch); //{comment}"


def event_field(event: gr.EventData, name: str) -> Any:
    """What a script sent with its event under `name`; None if nothing."""
    try:
        return getattr(event, name)
    except (AttributeError, TypeError):
        return None


def file_payload(path: Path | None) -> Value | None:
    """A file of ours for Gradio to serve. Never call it with a path that a person wrote."""
    return None if path is None else gr.FileData(path=str(path), orig_name=path.name).model_dump()


def progress_value(run: int, progress: Progress, **rest: Any) -> Value:
    """Work going on, for every view of results; `rest` is what one of them shows besides."""
    return {
        "kind": "working",
        "run": run,
        "step": progress.step,
        "total": progress.total,
        "message": progress.message,
        "eta_s": progress.eta_s,
        **rest,
    }


def run_ended(run: int, message: str = "") -> Value:
    """Work that stopped without a result, for every view of results; the last result stays."""
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
