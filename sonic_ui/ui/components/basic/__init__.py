"""Components of a few lines: accordion, choice, message, status text, header, labels, phrases, examples."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import gradio as gr

from sonic_ui.bundles import BundleInfo, phrase_pictures
from sonic_ui.engine.events import Label
from sonic_ui.engine.switching import Status
from sonic_ui.ui.components.base import Value, file_payload, html_component
from sonic_ui.ui.components.contact_sheet import contact_sheet
from sonic_ui.ui.session.context import Example

Sentence = dict[str, str]

CLEAR: Sentence = {"kind": "", "text": ""}
NO_LABELS: Value = {"waiting": "", "labels": []}


@contextmanager
def accordion(title: str, name: str = "") -> Iterator[gr.HTML]:
    """A closed accordion; components made inside stand in it. It sends `unfold` each time that it opens.

    Gradio's accordion makes its content when it opens, and then hands it the values it missed: that would
    overwrite what a person types at once. This one only hides its content.

    name   a class of its own, if scripts look for it
    """
    with gr.Column(elem_classes=["su-fold", *filter(None, [name])]):
        fold = html_component("accordion", {"title": title})
        with gr.Column(elem_classes="su-fold-body"):
            yield fold


def choice(
    elem_id: str, label: str, options: Mapping[str, tuple[str, str]], value: str, short: bool = False
) -> gr.HTML:
    """Radio buttons; `options` are titles and lines by name, the value is a name.

    short   side by side, with the line of the chosen one below
    """
    return html_component(
        "choice", value, elem_id=elem_id, label=label, options=_listed(options), group=elem_id, short=short
    )


def other_options(options: Mapping[str, tuple[str, str]], value: str) -> gr.HTML:
    """Update of radio buttons: other options, of which `value` is chosen."""
    return gr.HTML(value, options=_listed(options))


def _listed(options: Mapping[str, tuple[str, str]]) -> list[Value]:
    return [{"name": name, "title": title, "line": line} for name, (title, line) in options.items()]


def message(elem_id: str) -> gr.HTML:
    """An empty slot for a sentence beside what caused it; it takes no room until there is one."""
    return html_component("message", CLEAR, elem_id=elem_id, elem_classes="su-message-slot")


def error(text: str) -> Sentence:
    """A sentence about something that could not be done."""
    return {"kind": "error", "text": text}


def note(text: str) -> Sentence:
    """A sentence worth knowing."""
    return {"kind": "note", "text": text}


def aside(text: str) -> Sentence:
    """A quiet line."""
    return {"kind": "aside", "text": text}


def status_text(elem_id: str, text: str = "") -> gr.HTML:
    """A quiet line that changes while the page is used: the value. `appear` is sent once it stands."""
    return html_component("status_text", text, elem_id=elem_id, elem_classes="su-line-slot")


def header(status: Status, button: str = "", terms: Mapping[str, str] | None = None) -> gr.HTML:
    """The header of the page, with the keys of the page.

    button   words on the button that opens the panel of engines; empty: there is none
    terms    tooltips by label
    """
    return html_component(
        "header",
        engine_status(status),
        scripts=["page_keys", "tour"],
        elem_id="su-header",
        button=button,
        terms=dict(terms or {}),
    )


def engine_status(status: Status) -> dict[str, str]:
    """The header's value for a status of the studio: which engine runs where."""
    where = f"{status.title} · {status.location}"
    if status.state == "failed":
        return {"state": "failed", "text": "The engine did not start"}
    if status.state == "ready":
        return {"state": "ready", "text": where}
    return {"state": status.state, "text": f"{where} · {status.loading_message or 'waking up'}"}


def label_bars(elem_id: str, title: str = "What it hears") -> gr.HTML:
    """Labels with bars."""
    return html_component("label_bars", NO_LABELS, elem_id=elem_id, title=title)


def labels_pending(text: str) -> Value:
    """A line instead of labels that are not there."""
    return {"waiting": text, "labels": []}


def labels_value(labels: Iterable[Label]) -> Value:
    """Labels with their share."""
    return {"waiting": "", "labels": [{"name": one.name, "share": one.probability} for one in labels]}


def phrase_chips(elem_id: str, info: BundleInfo) -> gr.HTML:
    """Phrases that the engine knows, as buttons, each with a picture of what it makes.

    `input` is sent with the one that was clicked as `chosen` and the others of its group, which it takes the
    place of, as `others`.
    """
    return html_component("phrase_chips", chips_value(info), elem_id=elem_id, elem_classes="su-chips-slot")


def chips_value(info: BundleInfo) -> Value:
    """The phrases of an engine by group; none for an engine that knows all words.

    Their pictures lie side by side in one file, `sheet`, of so many `cells`; those in the prompt, `words`,
    are marked.
    """
    groups = info.vocabulary.groups if info.vocabulary is not None else {}
    pictures = phrase_pictures(info)
    phrases = [phrase for group in groups.values() for phrase in group]
    sheet, cells = contact_sheet(tuple(pictures.get(phrase) for phrase in phrases))
    places = dict(zip(phrases, cells, strict=True))
    listed = [
        {"title": title, "phrases": [{"text": one, "cell": places[one]} for one in group]}
        for title, group in groups.items()
    ]
    return {
        "groups": listed,
        "sheet": file_payload(sheet),
        "cells": len(cells) - cells.count(None),
        "chosen": "",
        "others": [],
        "words": "",
    }


def example_cards(examples: Sequence[Example], view: str, elem_classes: str = "") -> gr.HTML:
    """One card an example, for the sound input `view`; its `choose` event carries the card's index."""
    sheet, cells = contact_sheet(tuple(example.picture for example in examples))
    cards = [{"title": one.title, "cell": cell} for one, cell in zip(examples, cells, strict=True)]
    return html_component(
        "example_cards",
        {"cards": cards, "sheet": file_payload(sheet), "cells": len(cells) - cells.count(None)},
        elem_id=f"{view}-examples",
        elem_classes=elem_classes,
        visible=bool(cards),
        view=view,
    )
