"""Sentences about words of a prompt that do nothing: unknown to the text encoder, or cut off."""

from typing import Any

from sonic_ui.bundles import BundleInfo, Vocabulary, listed

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


def cut_words(tokenizer: Any, text: str) -> str:
    """A sentence about what the tokenizer leaves out of a text; empty if it reads all."""
    from sonic_ui.pipelines.audio_conditioned import truncated_text

    cut = truncated_text(tokenizer, text)
    return CUT.format(cut=cut) if cut else ""
