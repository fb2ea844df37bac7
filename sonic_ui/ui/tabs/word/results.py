"""A word that was learned: the card of its first pictures, and what the endpoint returns."""

from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.engine.events import WordResult
from sonic_ui.media.temporary import writing
from sonic_ui.media.word_files import SUFFIX, SoundWord, word_bytes
from sonic_ui.ui import api
from sonic_ui.ui.components.result_view import Card
from sonic_ui.ui.session.context import AppContext

RETURNS = """Returns the word's file (textual inversion, as load_textual_inversion of diffusers reads it), the
first pictures with it as PNG files, and the settings as JSON. Prompts of the same session may hold it from
then on; where one person runs the app, all prompts."""


def write_word(context: AppContext, word: SoundWord) -> Path:
    """The file of a word, in a folder of its own."""
    path = context.pictures.new() / f"{word.name}{SUFFIX}"
    with writing(path):
        path.write_bytes(word_bytes(word))
    return path


def word_card(number: int, result: WordResult, files: tuple[Path, ...]) -> Card:
    """The card of a word: a picture for each of its sentences."""
    count, request = len(result.references), result.request
    heard = f" · heard as {result.word.label}" if result.word.label else ""
    seconds = f"{result.elapsed_s:.0f} s"
    return Card(
        id=f"result-{number}",
        title=f"{result.word.tag} is a word now",
        detail=f"{Path(request.sound).name}{heard} · learned from {count} pictures · {seconds}",
        files=files,
        descriptions=tuple(f"Picture painted from the words “{sentence}”." for sentence in result.sentences),
        captions=result.sentences,
        aspect=result.images[0].width / result.images[0].height,
        varied=False,
    )


def _answer(context: AppContext, result: WordResult, session: str) -> tuple[Any, ...]:
    files = context.pictures.write(result.images, result.settings)
    settings = {**result.settings, "sentences": [*result.sentences], "notices": [*result.notices]}
    return str(write_word(context, result.word)), [str(path) for path in files], settings


ANSWER = api.Answer({"word": gr.File, "pictures": api.FILES, "settings": gr.JSON}, _answer, RETURNS, "word")
