"""HTML components whose script draws a JSON value; template and script are files beside this one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

FOLDER = Path(__file__).resolve().parent
SHARED = re.compile(r"<!-- (\w+\.html) -->\n")


@cache
def read_part(name: str) -> str:
    """The text of a template or script in this folder; `<!-- other.html -->` stands for that template."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return SHARED.sub(lambda shared: read_part(shared[1]), text)


def live_html(name: str, value: Any, *, upon: Sequence[str] = (), **options: Any) -> gr.HTML:
    """A component drawn by `<name>.html` and `<name>.js`; `value` is JSON for the script.

    The script may use what the scripts named in `upon` define, which run before it.

    In the script `props.value` is the value, `watch('value', draw)` tells of a new one, and
    `trigger('event', {...})` calls the Python listener of that name.
    """
    return gr.HTML(
        value,
        html_template=read_part(f"{name}.html"),
        js_on_load="\n".join(read_part(f"{script}.js") for script in (*upon, name)),
        apply_default_css=False,
        **options,
    )


def sent(event: gr.EventData, name: str) -> Any:
    """What a script sent with its event under `name`; None if nothing."""
    try:
        return getattr(event, name)
    except (AttributeError, TypeError):
        return None
