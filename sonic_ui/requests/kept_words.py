"""Learned words that a session may use: list them, take one in from a file, let one go."""

from typing import Annotated

from sonic_ui.requests.base import Request
from sonic_ui.requests.fields import FilePath
from sonic_ui.requests.word_names import Word

NO_FILE = "There is no file of a word yet. Choose one that was downloaded here (safetensors)."


class ListWordsRequest(Request):
    """List the learned words that prompts of this session may hold."""


class AddWordRequest(Request):
    """Take a learned word in from its file.

    file   path of a textual inversion as safetensors; word: a name for it, None takes the file's own
    """

    file: Annotated[str, FilePath("word", NO_FILE)]
    word: Word | None = None


class RemoveWordRequest(Request):
    """Let a learned word go. word: its name."""

    word: Word
