"""What Gradio's page need not do: fetch scripts of components that nobody sees, and track who is waiting.

It fetches the scripts of every kind of component that is visible. A component in a hidden group counts as
visible there, and so does one in a tab that is not open.
"""

from collections.abc import Container, Iterator
from typing import Any

import gradio as gr
from gradio.blocks import Block, BlockContext

SHOW = """() => {{
  const opened = window.suOpened ??= {{}};
  if (opened['{tab}']) return {nothing};
  opened['{tab}'] = true;
  return {shown};
}}"""
ENDPOINT = "su-endpoint"
"""Class of the groups that hold what an endpoint takes and answers."""

CHAINED = ("then", "success", "failure")
VISIBLE = "{ __type__: 'update', visible: true }"
UNTOUCHED = "{ __type__: 'update' }"


def hide_unseen(page: BlockContext) -> None:
    """Hide each component of the hidden groups by itself: nobody will ever see them."""
    for block in _walk(page):
        if block.visible is False:
            for child in _walk(block):
                child.visible = False


def lighten_events(page: gr.Blocks) -> None:
    """Drop what Gradio's page would do for each event, and need not.

    No component shows its progress: ours do. Else every status of every event copies each component that was
    ever an output. And what follows another event has no component that sends it: the page looks for one all
    the same, among all that there are.
    """
    for event in page.fns.values():
        event.show_progress_on = []
        event.targets = [
            (block, name) for block, name in event.targets if block is not None or name not in CHAINED
        ]


def leave_out_endpoints(config: Any) -> None:
    """Leave the components of endpoints out of a page's configuration: nobody sees them, and the page looks
    for the events of each of its components among all events.

    Programs read the whole configuration (`/config`), which keeps them.
    """
    groups = {
        one["id"] for one in config["components"] if ENDPOINT in (one["props"].get("elem_classes") or [])
    }
    for page in config["page"].values():
        page["layout"] = _without(page["layout"], groups)
        left = {*_ids(page["layout"])}
        page["components"] = [number for number in page["components"] if number in left]


def _without(node: Any, groups: Container[int]) -> Any:
    """A node of a layout without the groups that stand below it."""
    children = [_without(child, groups) for child in node.get("children", ()) if child["id"] not in groups]
    return {**node, "children": children} if "children" in node else node


def _ids(node: Any) -> Iterator[int]:
    """The numbers of a node of a layout and of all below it."""
    yield node["id"]
    for child in node.get("children", ()):
        yield from _ids(child)


def show_when_opened(tabs: gr.Tabs) -> None:
    """Hide, until their tab opens, the components whose kinds stand in none of the first tab."""
    first, *others = [tab for tab in tabs.children if isinstance(tab, gr.Tab)]
    at_once = {block.get_block_name() for block in _walk(first) if block.visible is not False}
    for tab in others:
        late = [
            block for block in _walk(tab) if block.visible is True and block.get_block_name() not in at_once
        ]
        for block in late:
            block.visible = False
        if late:
            tab.select(None, js=_show(str(tab.id), len(late)), outputs=late, api_visibility="private")


def _show(tab: str, count: int) -> str:
    """Script that shows a tab's components the first time that it opens."""
    several = "[{}]" if count > 1 else "{}"
    nothing, shown = (several.format(", ".join([one] * count)) for one in (UNTOUCHED, VISIBLE))
    return SHOW.format(tab=tab, nothing=nothing, shown=shown)


def _walk(block: Any) -> Iterator[Block]:
    """All that stands in a block, however deep."""
    for child in getattr(block, "children", ()):
        yield child
        yield from _walk(child)
