"""The list of learned words: what each was learned from, its file, and what lets it go."""

from collections.abc import Mapping
from pathlib import Path

import gradio as gr

from sonic_ui.media.word_files import SoundWord
from sonic_ui.ui.components.base import Value, file_payload, html_component

KEPT = "They are kept on this computer, for the engine that they were learned with."
OF_SESSION = "They are yours alone, and gone with this page: download the files of those that you want again."


def word_list(elem_id: str, is_kept: bool) -> gr.HTML:
    """The list. It sends `appear` once it stands, and `remove` with the `word` whose button was pressed.

    is_kept   whether words outlive their session
    """
    return html_component(
        "word_list", words_value({}, {}), elem_id=elem_id, note=KEPT if is_kept else OF_SESSION
    )


def words_value(words: Mapping[str, SoundWord], files: Mapping[str, Path]) -> Value:
    """The words for the script; `files` are theirs, by name."""
    listed = [
        {
            "name": name,
            "tag": word.tag,
            "detail": f"heard as {word.label}" if word.label else "from a file",
            "file": file_payload(files.get(name)),
        }
        for name, word in words.items()
    ]
    return {"words": listed}
