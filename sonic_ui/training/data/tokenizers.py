"""The miniature's own byte-level BPE, learned from the world's captions, in the formats of CLIP and CLAP."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPTokenizer, PreTrainedTokenizerFast

from sonic_ui.scenes.world import caption
from sonic_ui.training.data.rendering import training_pictures
from sonic_ui.training.run import Run, artifact, stage

START, END = "<|startoftext|>", "<|endoftext|>"


def train_clip_tokenizer(
    captions: Iterable[str], folder: Path, *, vocab_size: int, max_length: int
) -> CLIPTokenizer:
    """Learn a BPE with CLIP's normalisation and write it as `vocab.json` and `merges.txt`.

    The padding token is the end token, as in Stable Diffusion 1.x. Returns the loaded tokenizer.
    """
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=END))
    bpe.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[START, END, *alphabet],
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    bpe.train_from_iterator(captions, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    state = json.loads(bpe.to_str())["model"]
    vocab = dict(state["vocab"])
    for letter in alphabet:  # every byte must also be able to end a word
        vocab.setdefault(letter + "</w>", len(vocab))
    merges = [" ".join(m) if isinstance(m, list) else m for m in state["merges"]]
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(str(folder), model_max_length=max_length)
    tokenizer.save_pretrained(str(folder))
    return tokenizer


def train_clap_tokenizer(
    captions: Iterable[str], *, vocab_size: int, max_length: int
) -> PreTrainedTokenizerFast:
    """A byte-level BPE with RoBERTa's special tokens (<s> 0, <pad> 1, </s> 2), as `ClapModel` wants."""
    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(captions, trainer)
    bpe.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=max_length,
    )


@stage("tokenizers")
def train_tokenizers(run: Run) -> None:
    """Learn both vocabularies from captions of the training scenes."""
    rng, world = np.random.default_rng(0), run.recipe["world"]
    captions = [caption(scene, rng) for scene in training_pictures(run)[1] for _ in range(3)]
    size = world["vocab_size"]
    train_clip_tokenizer(captions, run.folder / "tokenizer", vocab_size=size, max_length=world["clip_tokens"])
    clap = train_clap_tokenizer(captions, vocab_size=size, max_length=world["clap_tokens"])
    clap.save_pretrained(str(run.folder / "clap_tokenizer"))


@artifact
def clip_tokenizer(run: Run) -> CLIPTokenizer:
    length = run.recipe["world"]["clip_tokens"]
    return CLIPTokenizer.from_pretrained(str(run.folder / "tokenizer"), model_max_length=length)


@artifact
def clap_tokenizer(run: Run) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast.from_pretrained(str(run.folder / "clap_tokenizer"))
