"""Gradio's own scripts, with two searches less: its page looks for everything among all that there is.

With the hundreds of components and of events of this page these were a third of what its thread does before
it can be used, and `Blocks.launch` offers no way round them. So the scripts in which Gradio 6.31 does it are
served with these lines replaced by others that give the same. Where a line is not found as it was, as in
another version, its script is served as it is.
"""

import logging
from functools import cache
from pathlib import Path

import gradio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

log = logging.getLogger(__name__)

SCRIPTS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"

REPLACED = {
    # For each node `e` of the page, of each of all events `t` that it sends the first name: from an index.
    "core-*.js": (
        "find_attached_events(e,t){let n=t.filter(t=>t.targets.find(([t])=>t===e.id))"
        ".map(t=>{let n=t.targets.find(([t])=>t===e.id);return n?n[1]:null}).filter(Boolean);"
        "return e.props.shared_props.attached_events=n,e}",
        "find_attached_events(e,t){if(this.suEvents!==t){this.suEvents=t;this.suNames=new Map;"
        "for(let n of t){let t=new Map;for(let[e,r]of n.targets)t.has(e)||t.set(e,r);"
        "for(let[e,n]of t)n&&(this.suNames.has(e)||this.suNames.set(e,[]),this.suNames.get(e).push(n))}}"
        "return e.props.shared_props.attached_events=[...this.suNames.get(e.id)??[]],e}",
    ),
    # What an event sets on its component `e` while it runs, `t`: mostly nothing; then `e` is not sought.
    "Blocks-*.js": (
        "async set_event_args(e,t){let n={},",
        "async set_event_args(e,t){if(Object.keys(t).length===0)return()=>{};let n={},",
    ),
}
"""Of the scripts of such names: a line, and what stands there instead."""

KEPT = "public, max-age=31536000, immutable"
"""The name of a script changes with what is in it."""


@cache
def quick_scripts() -> dict[str, str]:
    """Scripts of Gradio's page by name, with their lines replaced; those alone whose line is as it was."""
    found = {}
    for names, (line, instead) in REPLACED.items():
        for path in sorted(SCRIPTS.glob(names)):
            text = path.read_text(encoding="utf-8")
            if text.count(line) == 1:
                found[path.name] = text.replace(line, instead)
    if len(found) < len(REPLACED):
        log.info("Gradio's scripts are not those that are known: the page opens more slowly.")
    return found


def script_routes() -> list[Route]:
    """Routes of these scripts, for the application that serves the page."""
    return [Route(f"/assets/{name}", _script, methods=["GET"]) for name in quick_scripts()]


async def _script(request: Request) -> Response:
    text = quick_scripts()[request.url.path.rpartition("/")[2]]
    return Response(text, media_type="text/javascript", headers={"Cache-Control": KEPT})
