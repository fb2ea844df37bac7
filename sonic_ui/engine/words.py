"""Sentences about words of a prompt that do nothing: unknown to the text encoder, or cut off."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sonic_ui.bundles import Bundle, BundleInfo, Vocabulary, listed, words_of
from sonic_ui.engine.word_store import Words
from sonic_ui.media.word_files import check_width
from sonic_ui.requests import BadInput, ImageToSoundRequest
from sonic_ui.requests.word_names import TAG

ARTICLES = frozenset(("a", "an", "the"))

ABSENT = (
    "The word {tags} is not here, so that its letters are read instead. Give its file on the tab “Word”, or "
    "learn it anew."
)
ABSENT_MORE = (
    "The words {tags} are not here, so that their letters are read instead. Give their files on the tab "
    "“Word”, or learn them anew."
)
ABSENT_NAMED = 6

CUT = "The words are longer than this engine reads. Left out: “{cut}”."


def unknown_words(info: BundleInfo, vocabulary: Vocabulary | None, tokenizer: Any, *texts: str) -> str:
    """A sentence about words of the texts that are not in the vocabulary; without one, about those that the
    tokenizer has no pieces of. Empty if there are none.
    """
    from sonic_ui.pipelines.audio_conditioned import spelled_out

    everything = " . ".join(texts)
    if vocabulary is None:
        if unknown := spelled_out(tokenizer, everything):
            return f"{info.title} hardly knows {listed(unknown)}: it was trained on English words above all."
        return ""
    if unknown := vocabulary.unknown(everything):
        effect = "they change" if len(unknown) > 1 else "it changes"
        return (
            f"{info.title} does not know {listed(unknown)}: {effect} little or nothing. {vocabulary.sentence}"
        )
    return ""


def refuse_unknown_concepts(bundle: Bundle, request: ImageToSoundRequest) -> None:
    """Raise `BadInput` for a concept of a request that names none of the sounds that the bundle knows.

    Bundles without a vocabulary know all words, and so do parts of others that make the sounds.
    """
    known = bundle.info.vocabulary
    if known is None or (request.source == "generate" and bundle.sounding_parts):
        return
    labels = [source.label for source in bundle.sources]
    naming = {word.lower() for label in labels for word in words_of(label)} - ARTICLES
    strange = [
        name
        for name, _ in request.concept_levels or ()
        if not naming & {word.lower() for word in words_of(name)}
    ]
    if strange:
        raise BadInput(
            f"{bundle.info.title} knows no sound of {listed(strange)}. It knows: {', '.join(labels)}.",
            "concept_levels",
        )


def without_words(text: str, words: Words) -> str:
    """A text without the learned words in it."""
    return TAG.sub(lambda tag: " " if tag[1] in words else tag[0], text)


def as_labels(text: str, words: Words) -> str:
    """A text with what their sounds were heard as in place of learned words, for other text encoders."""
    return TAG.sub(lambda tag: words[tag[1]].label if tag[1] in words else tag[0], text)


@contextmanager
def words_context(words: Words, components: Any) -> Iterator[None]:
    """Within the block, prompts may hold learned words. Raises `BadInput` for those of other engines."""
    import torch

    from sonic_ui.pipelines.prompt_words import known_words

    table = components.pipeline.text_encoder.get_input_embeddings().weight
    for word in words.values():
        check_width(word, int(table.shape[1]), components.bundle.info.title)
    vectors = {name: torch.from_numpy(word.vectors.copy()).to(table.device) for name, word in words.items()}
    with known_words(vectors):
        yield


def absent_words(names: Sequence[str]) -> str:
    """A sentence about learned words that are not here; empty for none."""
    if not names:
        return ""
    tags = " and ".join(f"<{name}>" for name in names[:ABSENT_NAMED])
    return ABSENT.format(tags=tags) if len(names) == 1 else ABSENT_MORE.format(tags=tags)


def cut_words(tokenizer: Any, text: str) -> str:
    """A sentence about what the tokenizer leaves out of a text; empty if it reads all."""
    from sonic_ui.pipelines.audio_conditioned import truncated_text

    cut = truncated_text(tokenizer, text)
    return CUT.format(cut=cut) if cut else ""
