"""Variations: pairs of a seed and an amount, in requests, links and text."""

from __future__ import annotations

from typing import Any

import pytest

from sonic_ui.requests import BadInput, EditImageRequest, SoundToImageRequest
from sonic_ui.requests.links import read_link, write_link
from sonic_ui.requests.variations import as_text


def request(**values: Any) -> SoundToImageRequest:
    return SoundToImageRequest.from_values({"sound": "rain.wav", "seed": 5, **values})


def test_pairs_may_be_lists_or_text() -> None:
    assert request().variations == () == request(variations="").variations
    pairs = ((7, 0.3), (9, 0.5))
    assert request(variations=[[7, 0.3], [9, 0.5]]).variations == pairs
    assert request(variations=as_text(pairs)).variations == pairs
    assert EditImageRequest(picture="a.png", sound="b.wav", variations=pairs).variations == pairs


def test_pictures_of_a_variation_share_their_seed_and_count_up_the_last_ones() -> None:
    varied = request(variations=[[7, 0.3], [2**32 - 1, 0.5]], count=2)
    assert [varied.seed_of(number) for number in (0, 1)] == [5, 5]
    assert varied.variations_of(0) == ((7, 0.3), (2**32 - 1, 0.5))
    assert varied.variations_of(1) == ((7, 0.3), (0, 0.5))
    assert request(count=2).variations_of(1) == () and request(count=2).seed_of(1) == 6


def test_variations_go_along_in_links() -> None:
    one = request(variations="7:0.3")
    assert read_link(write_link(one, {})).values["variations"] == [[7, 0.3]]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([[7, 1.5]], "Amount of a variation is 1.5; it takes a number from 0 to 1"),
        ("-1:0.3", "whole number from 0 to 4294967295"),
        ("7", "seed:amount"),
        (7, "are 7; they take pairs"),
        ([[1, 0.1]] * 17, "There are 17 variations; at most 16"),
    ],
)
def test_refusals(value: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refusal:
        request(variations=value)
    assert refusal.value.field == "variations"
