"""A result's settings to give away: a link or Python code to copy, below the result."""

import itertools

import gradio as gr

from sonic_ui.ui.components.base import Value, html_component

_numbers = itertools.count(1)


def share_panel(tab: str) -> gr.HTML:
    """The panel of a tab; it takes no room until something is in it."""
    return html_component("share_panel", None, elem_id=f"{tab}-share", elem_classes="su-share-slot")


def link_value(query: str, words: str) -> Value:
    """A link, as the end of the page's address, and what it brings."""
    return {"kind": "link", "number": next(_numbers), "query": query, "words": words}


def code_value(code: str, words: str) -> Value:
    """Python code."""
    return {"kind": "python", "number": next(_numbers), "code": code, "words": words}


def sentence(kind: str, words: str) -> Value:
    """A sentence alone: a "note" or an "error"."""
    return {"kind": kind, "number": next(_numbers), "words": words}


def link_arrived(link: str) -> Value:
    """The page was opened with this link; the panel asks for its settings once the tab stands."""
    return {"kind": "arrived", "number": next(_numbers), "link": link}
