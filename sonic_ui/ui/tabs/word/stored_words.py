"""The words of a session on the page and for programs: listed, given as files, let go."""

from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.engine.caches import LRUCache
from sonic_ui.media.word_files import read_word
from sonic_ui.requests import BadInput
from sonic_ui.requests.kept_words import AddWordRequest, ListWordsRequest, RemoveWordRequest
from sonic_ui.ui import api
from sonic_ui.ui.components import basic, word_list
from sonic_ui.ui.components.base import Value, event_field
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.tabs.word.results import write_word
from sonic_ui.ui.widgets.fields import AT_ONCE, QUIET, Update

ADDED = "{tag} is here: write it into the words of any tab."
NOT_ADDED = "The file could not be read; the app’s log has the details. Give another one."
REMOVED = "<{name}> is removed."
LISTED = "Returns the words that prompts of this session may hold, as JSON: name, tag, what was heard."


class StoredWords:
    """The list of words and the input for files, with their handlers."""

    def __init__(self, context: AppContext, tab: str) -> None:
        self._context = context
        self._files: LRUCache[Path] = LRUCache(256)
        self.words = word_list.word_list(f"{tab}-words", context.studio.words.is_kept)
        self.file = gr.File(
            label="Drop the file of a word (safetensors)",
            file_types=[".safetensors"],
            height=46,
            elem_id=f"{tab}-file",
            elem_classes=["su-drop", "su-drop-word"],
        )
        self.message = basic.message(f"{tab}-words-message")

    def value(self, session: str) -> Value:
        """The list of a session."""
        words = self._context.studio.words_of(session)
        files: dict[str, Path] = {}
        for name, word in words.items():
            path = self._files.find((name, word.digest))
            if path is None or not path.is_file():
                path = write_word(self._context, word)
                self._files.put((name, word.digest), path)
            files[name] = path
        return word_list.words_value(words, files)

    def show(self, request: gr.Request) -> Update:
        """The list stands, or changed."""
        return {self.words: self.value(request.session_hash or "")}

    def add(self, file: str | None, request: gr.Request) -> Update:
        """A file was dropped."""
        session = request.session_hash or ""
        if not file:
            return {self.message: basic.CLEAR}
        try:
            word = read_word(file)
            problem = self._context.studio.add_word(word, session)
        except BadInput as refusal:
            return {self.message: basic.error(refusal.message), self.file: None}
        sentence = problem or ADDED.format(tag=word.tag)
        return {self.message: basic.note(sentence), self.file: None, self.words: self.value(session)}

    def remove(self, request: gr.Request, event: gr.EventData) -> Update:
        """The button of a word was pressed."""
        name, session = str(event_field(event, "word")), request.session_hash or ""
        try:
            self._context.studio.remove_word(name, session)
        except BadInput as refusal:
            return {self.message: basic.error(refusal.message), self.words: self.value(session)}
        return {self.message: basic.note(REMOVED.format(name=name)), self.words: self.value(session)}

    def connect(self) -> None:
        """Connect the list and the input."""
        changed = [self.words, self.message, self.file]
        self.words.appear(self.show, outputs=[self.words], **AT_ONCE)
        self.words.remove(self.remove, outputs=[self.words, self.message], **AT_ONCE)
        self.file.upload(self.add, inputs=[self.file], outputs=changed, **QUIET)


def add_endpoints(context: AppContext) -> None:
    """`list_words`, `add_word` and `remove_word`, for programs."""
    studio = context.studio

    def listed(session: str) -> dict[str, Any]:
        words = studio.words_of(session).values()
        return {"words": [{"name": one.name, "tag": one.tag, "heard": one.label} for one in words]}

    def add(request: AddWordRequest, caller: api.Caller) -> dict[str, Any]:
        problem = studio.add_word(read_word(request.file, request.word), caller.session)
        return {**listed(caller.session), "notices": [problem] if problem else []}

    def remove(request: RemoveWordRequest, caller: api.Caller) -> dict[str, Any]:
        studio.remove_word(request.word, caller.session)
        return listed(caller.session)

    answer: dict[str, api.Component] = {"words": gr.JSON}
    for name, model, call in (
        ("list_words", ListWordsRequest, lambda request, caller: listed(caller.session)),
        ("add_word", AddWordRequest, add),
        ("remove_word", RemoveWordRequest, remove),
    ):
        about = f"{(model.__doc__ or '').strip()}\n\n{LISTED}"
        api.add_endpoint(name, model, call, answer, about)
