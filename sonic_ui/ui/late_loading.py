"""What Gradio's page need not do: fetch scripts of components that nobody sees, and track who is waiting.

It fetches the scripts of every kind of component that is visible. A component in a hidden group counts as
visible there, and so does one in a tab that is not open.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Any

import gradio as gr
from gradio.blocks import Block, BlockContext

SHOW = """async () => {{
  const opened = window.suOpened ??= {{}};
  if (opened['{key}']) return {nothing};
  opened['{key}'] = true;
  await new Promise(go => setTimeout(go, {wait_ms}));
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


FOLDED = {"su-fold-body", "su-live-desk"}
"""Classes of what is not seen when a tab opens: closed folds, the other mode of a tab."""

SHOWN_AT_ONCE, APART_MS = 12, 40
"""So many components are shown in one go, and so far apart: the page stays quick meanwhile."""


def show_when_opened(tabs: gr.Tabs) -> None:
    """Hide, until their tab opens, components of kinds that the first tab has not, and what is folded."""
    first, *others = [tab for tab in tabs.children if isinstance(tab, gr.Tab)]
    at_once = {block.get_block_name() for block in _walk(first) if block.visible is not False}
    for tab in others:
        folded = {block._id for fold in _walk(tab) if FOLDED & _classes(fold) for block in _walk(fold)}
        late = [
            block
            for block in _walk(tab)
            if block.visible is True and (block.get_block_name() not in at_once or _is_late(block, folded))
        ]
        for block in late:
            block.visible = False
        for number, start in enumerate(range(0, len(late), SHOWN_AT_ONCE)):
            part = late[start : start + SHOWN_AT_ONCE]
            script = _show(f"{tab.id}-{number}", len(part), number * APART_MS)
            tab.select(None, js=script, outputs=part, api_visibility="private")


def show_when_unfolded(fold: Any, blocks: Sequence[Block]) -> None:
    """Hide components of a fold until it is first opened; it sends `unfold`."""
    for block in blocks:
        block.visible = False
    script = _show(f"fold-{fold._id}", len(blocks), 0)
    fold.unfold(None, js=script, outputs=[*blocks], api_visibility="private")


def _is_late(block: Block, folded: Container[int]) -> bool:
    """Whether a component is shown only once its tab is open: what holds others is there from the start."""
    return block._id in folded and not isinstance(block, BlockContext)


def _classes(block: Block) -> set[str]:
    """The classes of a component; a container may have several in one text."""
    found = getattr(block, "elem_classes", None) or ()
    return {name for one in ([found] if isinstance(found, str) else found) for name in one.split()}


def _show(key: str, count: int, wait_ms: int) -> str:
    """Script that shows components, the first time that it runs."""
    several = "[{}]" if count > 1 else "{}"
    nothing, shown = (several.format(", ".join([one] * count)) for one in (UNTOUCHED, VISIBLE))
    return SHOW.format(key=key, nothing=nothing, shown=shown, wait_ms=wait_ms)


def _walk(block: Any) -> Iterator[Block]:
    """All that stands in a block, however deep."""
    for child in getattr(block, "children", ()):
        yield child
        yield from _walk(child)
