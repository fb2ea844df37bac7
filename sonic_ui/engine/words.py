"""Sentences about words of a prompt that do nothing: unknown to the text encoder, or cut off."""

from typing import Any

from sonic_ui.bundles import Bundle, BundleInfo, Vocabulary, listed, words_of
from sonic_ui.requests import BadInput, ImageToSoundRequest

ARTICLES = frozenset(("a", "an", "the"))

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


def cut_words(tokenizer: Any, text: str) -> str:
    """A sentence about what the tokenizer leaves out of a text; empty if it reads all."""
    from sonic_ui.pipelines.audio_conditioned import truncated_text

    cut = truncated_text(tokenizer, text)
    return CUT.format(cut=cut) if cut else ""
