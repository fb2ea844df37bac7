"""The endpoints of engines, and the panel that calls them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gradio_client.exceptions import AppError

from sonic_ui.bundles import Bundle, Vocabulary
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.switching import Engines
from sonic_ui.ui.page import build_page
from tests.fakes import INFO, SOURCES, FakeBackend


def make(name: str) -> FakeBackend:
    if name == "sd14-greatest-hits":
        return FakeBackend(problem="There is no network.")
    return FakeBackend()


@pytest.fixture(scope="module")
def studio() -> Studio:
    studio = Studio(FakeBackend(), engines=Engines(make, "miniature"))
    thread = studio.start()
    assert thread is not None
    thread.join(20)
    return studio


def test_programs_list_and_change_engines(client: Any) -> None:
    listed = client.predict(api_name="/engines")
    assert [(engine["name"], engine["current"]) for engine in listed][:2] == [
        ("miniature", True),
        ("sd14-landscape", False),
    ]
    answer = client.predict("sd14-landscape", api_name="/change_engine")
    assert answer == {"engine": "fake", "title": "Fake", "place": "nowhere"}
    current = [engine["name"] for engine in client.predict(api_name="/engines") if engine["current"]]
    assert current == ["sd14-landscape"]


@pytest.mark.parametrize(
    ("name", "says"), [("sd14-greatest-hits", "There is no network"), ("../secret", "no engine called")]
)
def test_what_cannot_be_had_is_a_sentence(client: Any, name: str, says: str) -> None:
    with pytest.raises(AppError, match=says):
        client.predict(name, api_name="/change_engine")


def test_a_page_without_a_choice_has_no_panel(tmp_path: Any) -> None:
    page = build_page(Studio(FakeBackend()), tmp_path)
    ids = {getattr(block, "elem_id", None) for block in page.blocks.values()}
    assert "su-engines" not in ids


def test_the_page_offers_the_phrases_that_the_engine_knows(tmp_path: Path) -> None:
    class Small(FakeBackend):
        @property
        def bundle(self) -> Bundle:
            vocabulary = Vocabulary(times=("at dusk", "by day"), words=("at", "dusk", "by", "day"))
            return Bundle(INFO.model_copy(update={"vocabulary": vocabulary}), SOURCES, Path("fake"))

    def chips(backend: FakeBackend) -> list[Any]:
        blocks = build_page(Studio(backend), tmp_path).blocks.values()
        return [block.value["groups"] for block in blocks if str(block.elem_id).endswith("-chips")]

    phrases = [{"text": text, "cell": None} for text in ("at dusk", "by day")]
    assert chips(Small()) == [[{"title": "Time of day", "phrases": phrases}]] * 6
    assert chips(FakeBackend()) == [[]] * 6


def test_phrases_and_strength_follow_the_engine_wherever_they_are(studio: Studio, tmp_path: Path) -> None:
    page = build_page(studio, tmp_path)
    use = next(key for key, block in page.blocks.items() if block.elem_id == "su-engines-use")
    (change,) = (fn for fn in page.fns.values() if (use, "click") in fn.targets)
    chips = {block.elem_id for block in page.blocks.values() if str(block.elem_id).endswith("-chips")}
    assert "film-live-chips" in chips <= {one.elem_id for one in change.outputs}
    radios = [block for block in page.blocks.values() if block.get_block_name() == "radio"]
    assert all(block.elem_id for block in radios)  # an update is no component of the page
    strengths = [
        block for block in page.blocks.values() if getattr(block, "label", "") == "Strength of the sound"
    ]
    assert len(strengths) == 6 and {*strengths} <= {*change.outputs}
