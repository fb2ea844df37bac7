"""Captions of sounds: memory, greedy and drawn words, probabilities, edited texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sonic_ui.media.captions import caption_words
from sonic_ui.models.audio_captioner import (
    END,
    MOST_WINDOWS,
    START,
    UNKNOWN,
    AudioCaptioner,
    SeriesCaptioner,
)
from sonic_ui.testing import tiny_models as tiny


@pytest.fixture(scope="module")
def captioner() -> SeriesCaptioner:
    parts = tiny.debug_components()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = tiny.debug_captioner().eval()
    return SeriesCaptioner(model, parts["audio_encoder"], parts["feature_extractor"])


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 48_000)).astype(np.float32)


def test_each_word_has_its_probability_and_a_text_is_scored_the_same(captioner: SeriesCaptioner) -> None:
    sound = noise(2)
    caption = captioner.write(sound)
    assert 0 < len(caption.words) == len(caption.probabilities) < 8
    assert set(caption.words) <= set(captioner.model.ids)
    scored = captioner.score(sound, caption.text.upper() + ", .")
    assert scored.words == caption.words
    assert scored.probabilities == pytest.approx(caption.probabilities, abs=1e-5)


def test_greedy_takes_the_most_probable_word_and_draws_come_from_the_best(captioner: SeriesCaptioner) -> None:
    memory = captioner.memory(noise(2))
    first = captioner.model(torch.tensor([[START]]), memory)[0, -1]
    first[[0, START, UNKNOWN]] = -torch.inf
    names = [*captioner.model.ids]
    best = {names[int(i)] for i in first.topk(3).indices}
    greedy = captioner.model.write(memory)[0]
    assert greedy == captioner.model.write(memory)[0]
    assert (greedy.words or ("<end>",))[0] == names[int(first.argmax())]
    drawn = {(captioner.model.write(memory, 3, seed)[0].words or ("<end>",))[0] for seed in range(12)}
    assert len(drawn) > 1 and drawn <= best


def test_a_word_that_no_caption_has_is_not_probable_and_a_thousand_are_read(
    captioner: SeriesCaptioner,
) -> None:
    text = "rain violin " + "dog " * 1000
    scored = captioner.score(noise(1), text)
    assert len(scored.words) == 1002 and scored.probabilities[1] == 0.0
    assert scored.probabilities[0] > 0 and scored.probabilities[-1] == 0.0


def test_a_long_clip_is_read_in_few_windows(captioner: SeriesCaptioner) -> None:
    one, many = captioner.memory(noise(3)), captioner.memory(noise(45))
    assert many.shape[1] == MOST_WINDOWS * one.shape[1]


def test_it_can_learn_two_captions(captioner: SeriesCaptioner) -> None:
    torch.manual_seed(0)
    model = AudioCaptioner(
        ["rain", "dog", "a"], series_dim=4, timbre_dim=0, width=16, layers=1, heads=2, dropout=0
    )
    series, statistics = torch.randn(2, 1, 4, 4), torch.randn(2, 1, 3, 1024)
    words = torch.tensor([[START, 4, END], [START, 6, 5]])
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        memory = model.memory(series, statistics, statistics[..., :0])
        logits = model(words[:, :-1], memory)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), words[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    written = model.eval().write(model.memory(series, statistics, statistics[..., :0]))
    assert written[0].text == "rain" and written[1].words[:2] == ("a", "dog")
    assert min(written[0].probabilities) > 0.8


def test_another_encoder_is_refused(captioner: SeriesCaptioner, tmp_path: Path) -> None:
    AudioCaptioner(["rain"], series_dim=12, timbre_dim=0).save_pretrained(tmp_path)
    parts = tiny.debug_components()
    with pytest.raises(ValueError, match=r"widths \(12, 0\).*\(64, 0\)"):
        SeriesCaptioner.from_folder(tmp_path, parts["audio_encoder"], parts["feature_extractor"])


def test_words_of_a_caption() -> None:
    assert caption_words("A dog, then—rain! It’s <storm> 2") == [
        "a",
        "dog",
        "then",
        "rain",
        "it’s",
        "storm",
        "2",
    ]
