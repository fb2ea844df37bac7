"""The store of words: a session's own, and a folder's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sonic_ui.engine.word_store import WordStore, used_words, words_digest
from sonic_ui.engine.words import absent_words, as_labels, without_words
from sonic_ui.media.word_files import SoundWord
from sonic_ui.requests import BadInput


def word(name: str = "storm", value: float = 1.0) -> SoundWord:
    return SoundWord(name, np.full((1, 4), value, np.float32), None, {"heard": "thunder"})


def test_without_a_folder_words_are_their_sessions_alone() -> None:
    store = WordStore()
    assert store.add("ann", "tiny", word()) == "" and not store.is_kept
    assert [*store.words("ann", "tiny")] == ["storm"]
    assert not store.words("ben", "tiny") and not store.words("ann", "other engine")
    store.release("ann")
    assert not store.words("ann", "tiny")


def test_with_a_folder_they_are_there_for_everybody_and_the_next_run(tmp_path: Path) -> None:
    WordStore(tmp_path).add("ann", "tiny", word())
    WordStore(tmp_path).add("a/lent", "tiny", word("guest"), keep=False)
    again = WordStore(tmp_path)
    assert [*again.words("ben", "tiny")] == ["storm"]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["storm.safetensors"]
    again.remove("ben", "tiny", "storm")
    assert not again.words("ben", "tiny")
    with pytest.raises(BadInput, match="no word <storm>"):
        again.remove("ben", "tiny", "storm")


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    store = WordStore(tmp_path)
    store.add("ann", "tiny", word())
    with pytest.raises(BadInput, match="<storm> already") as refusal:
        store.add("ben", "tiny", word())
    assert refusal.value.field == "word"


def test_a_full_disk_leaves_the_word_to_its_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    store = WordStore(tmp_path)
    assert "No space left" in store.add("ann", "tiny", word())
    assert [*store.words("ann", "tiny")] == ["storm"] and not store.words("ben", "tiny")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_damaged_file_is_left_out(tmp_path: Path) -> None:
    store = WordStore(tmp_path)
    store.add("ann", "tiny", word())
    (tmp_path / "tiny" / "bad.safetensors").write_bytes(b"no word")
    assert [*store.words("ann", "tiny")] == ["storm"]


def test_words_in_texts() -> None:
    there = {"storm": word()}
    assert used_words(there, "<storm> <sea>", "<storm>") == (there, ["sea"])
    assert without_words("a <storm> at <sea>", there) == "a   at <sea>"
    assert as_labels("a <storm>", there) == "a thunder"
    assert words_digest(there, "a <storm>") != words_digest({"storm": word(value=2.0)}, "a <storm>")
    assert words_digest(there, "a storm") == ""
    assert "<sea>" in absent_words(["sea"]) and not absent_words([])
