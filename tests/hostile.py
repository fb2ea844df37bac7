"""Values that strangers may send for a setting: strategies of hypothesis, and what a sentence for them is."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from sonic_ui.requests import VERBS, BadInput

SENTENCE = 400
"""Characters of the longest refusal that a person reads; a list of settings may be as long."""

EVERYTHING = st.characters(exclude_categories=())
"""Lone surrogates and control characters too."""

NUMBERS = (
    st.integers(-3, 200)
    | st.floats(-60, 60)
    | st.sampled_from([float("nan"), float("inf"), -float("inf"), 10**400, -(10**400), 2**63, 1e308, -0.0])
)
TEXTS = st.text(EVERYTHING, max_size=12) | st.sampled_from(
    ["\ud83c\udf0a", "\udc00", "a\0b", "x" * 3000, "1e999", "nan", "../..", "example:../x", "{given}", "٣"]
)
PLAIN = st.none() | st.booleans() | NUMBERS | TEXTS


def nested(depth: int) -> Any:
    """A list in a list in a list, ..."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


VALUES = (
    PLAIN
    | st.recursive(
        PLAIN,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
        max_leaves=6,
    )
    | st.lists(NUMBERS | st.booleans(), max_size=60)
    | st.builds(nested, st.integers(2, 300))
)

FILES = ("sound", "sound_a", "sound_b", "picture")


def hostile_values(verb: str) -> st.SearchStrategy[dict[str, Any]]:
    """The values of a request of a verb, one to four of them anything, some under other names."""
    model = VERBS[verb].request
    usual: dict[str, Any] = {name: f"{name}.bin" for name in FILES if name in model.model_fields}
    usual |= {name: [f"{name}.bin"] for name in model.FILE_LISTS}
    if verb == "teach_sound":
        usual["name"] = "foghorn"
    names = st.sampled_from([*model.model_fields, *model.model_fields]) | TEXTS
    wrong = st.dictionaries(names, VALUES, min_size=1, max_size=4)
    return wrong.map(lambda values: {"verb": verb, **usual, **values})


def check_sentence(problem: BadInput | str) -> None:
    """A refusal is a sentence that can be written anywhere."""
    words = problem.message if isinstance(problem, BadInput) else problem
    assert words and len(words) <= SENTENCE
    assert (words[0].isupper() or words[0] == "“") and words.endswith((".", "!"))
    words.encode("utf-8")
    if isinstance(problem, BadInput):
        problem.field.encode("utf-8")


def examples(count: int) -> settings:
    """So many examples, the same ones each time."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
