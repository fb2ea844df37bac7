"""Candidates of a sound, ranked: by likeness to what the picture sounds like and by agreement with the curve.

Source: AudioLDM (arXiv 2301.12503) makes several sounds and keeps the one that CLAP finds nearest to the
words. Free of torch, so that a choice can be sent to where it is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """The candidate that was kept.

    count       candidates that there were
    seed        what it started from: a run with that seed and one candidate makes it again
    similarity  cosine of its embedding with that of the picture's sound; None if they were not compared
    agreement   Pearson's r of its energy with the curve; None if no curve was imposed
    """

    count: int
    seed: int
    similarity: float | None
    agreement: float | None

    @property
    def score(self) -> float:
        """The mean of what is known, in [-1, 1]; 0 where nothing is."""
        known = [value for value in (self.similarity, self.agreement) if value is not None]
        return sum(known) / len(known) if known else 0.0


def best_of(choices: Sequence[Choice]) -> int:
    """The candidate of the highest score, the first of equals: an index."""
    return max(range(len(choices)), key=lambda index: choices[index].score)


def candidate_seeds(seed: int, takes: int, candidates: int) -> list[list[int]]:
    """Seeds by take and candidate, all different; those of the first candidates are as without ranking."""
    return [[seed + take + takes * nth for nth in range(candidates)] for take in range(takes)]
