"""Candidates of a sound: what their score is, and from which seeds they start."""

from __future__ import annotations

import pytest

from sonic_ui.pipelines.candidate_ranking import Choice, best_of, candidate_seeds


@pytest.mark.parametrize(
    ("similarity", "agreement", "score"),
    [(0.4, 0.8, 0.6), (0.4, None, 0.4), (None, 0.8, 0.8), (None, None, 0.0), (-0.2, -1.0, -0.6)],
)
def test_the_score_is_the_mean_of_what_is_known(
    similarity: float | None, agreement: float | None, score: float
) -> None:
    assert Choice(2, 0, similarity, agreement).score == pytest.approx(score)


def test_the_best_is_kept_and_of_equals_the_first() -> None:
    assert best_of([Choice(3, 0, 0.1, 0.9), Choice(3, 1, 0.4, 0.9), Choice(3, 2, 0.4, 0.9)]) == 1


def test_seeds_differ_and_begin_as_without_ranking() -> None:
    assert candidate_seeds(7, 3, 1) == [[7], [8], [9]]
    seeds = candidate_seeds(7, 3, 4)
    assert [own[0] for own in seeds] == [7, 8, 9] and len({seed for own in seeds for seed in own}) == 12
