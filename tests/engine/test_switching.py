"""Engines are swapped when the new one stands, and never lost when it does not."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from sonic_ui.bundles import ROOT, Bundle
from sonic_ui.engine.events import Result
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.switching import Engines
from sonic_ui.requests import BadInput, ChangeEngineRequest, SoundToImageRequest
from tests.conftest import WriteSound
from tests.fakes import INFO, SOURCES, FakeBackend


class Named(FakeBackend):
    """A backend with a name; `memory` is what its weights are said to take."""

    def __init__(self, name: str, problem: BadInput | Exception | None = None, memory: int = 0) -> None:
        super().__init__()
        self.name, self.trouble, self.memory = name, problem, memory
        self.loading_message = f"fetching {name}"
        self.closed = False
        self.may_load = threading.Event()
        self.may_load.set()

    @property
    def bundle(self) -> Bundle:
        info = INFO.model_copy(update={"name": self.name, "title": self.name, "memory_bytes": self.memory})
        return Bundle(info, SOURCES, Path(self.name))

    def load(self) -> None:
        self.loads += 1
        self.may_load.wait(20)
        if self.trouble is not None:
            raise self.trouble

    def close(self) -> None:
        self.closed = True


class Shop:
    """Makes backends by name; `coming` are those to hand out first."""

    def __init__(self) -> None:
        self.coming: dict[str, list[Named]] = {}
        self.made: list[Named] = []

    def __call__(self, name: str) -> Named:
        waiting = self.coming.get(name)
        self.made.append(waiting.pop(0) if waiting else Named(name))
        return self.made[-1]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def started(shop: Shop, memory: int = 0) -> tuple[Studio, Named]:
    first = Named("miniature", memory=memory)
    studio = Studio(first, engines=Engines(shop, "miniature"))
    thread = studio.start()
    assert thread is not None
    thread.join(20)
    return studio, first


def change(studio: Studio, name: str) -> list[str]:
    return list(studio.change_engine(ChangeEngineRequest(engine=name)))


def paints(studio: Studio, sound: Path) -> str:
    (result,) = [e for e in studio.run(SoundToImageRequest(sound=str(sound))) if isinstance(e, Result)]
    return str(result.settings["bundle"])


def test_the_new_one_works_and_the_old_one_is_let_go(shop: Shop, write_sound: WriteSound) -> None:
    studio, first = started(shop)
    sound = write_sound()
    assert paints(studio, sound) == "miniature"
    told = change(studio, "sd14-landscape")
    assert set(told) == {"fetching sd14-landscape"}
    assert first.closed and not shop.made[0].closed
    assert (studio.status.title, studio.status.state) == ("sd14-landscape", "ready")
    assert paints(studio, sound) == "sd14-landscape"
    assert len(shop.made[0].heard) == 1, "what the old one heard is not given to the new one"
    assert [engine.name for engine in studio.engines.listed() if engine.current] == ["sd14-landscape"]
    assert change(studio, "sd14-landscape") == [], "it is in use already"


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (BadInput("No network.", "bundle"), "No network."),
        (BadInput("It needs 7 GB.", "memory"), "It needs 7 GB."),
        (TypeError("secret"), r"did not start \(TypeError\).*The current engine stays"),
    ],
)
def test_one_that_cannot_be_had_changes_nothing(
    shop: Shop, write_sound: WriteSound, problem: Exception, says: str
) -> None:
    studio, first = started(shop)
    shop.coming["sd14-landscape"] = [Named("sd14-landscape", problem)]
    with pytest.raises(BadInput, match=says):
        change(studio, "sd14-landscape")
    assert not first.closed
    assert paints(studio, write_sound()) == "miniature"
    assert change(studio, "sd14-landscape"), "the next try works"
    assert studio.info.name == "sd14-landscape"


def test_a_large_one_makes_room_for_another(shop: Shop) -> None:
    studio, first = started(shop, memory=7)
    full = Named("sd14-landscape", BadInput("It needs 7 GB.", "memory"))
    shop.coming["sd14-landscape"] = [full]
    assert "making room" in change(studio, "sd14-landscape")
    assert first.closed and studio.info.name == "sd14-landscape"


def test_a_large_one_comes_back_if_even_that_is_not_enough(shop: Shop, write_sound: WriteSound) -> None:
    studio, _ = started(shop, memory=7)
    full = [Named("sd14-landscape", BadInput("It needs 9 GB.", "memory")) for _ in range(2)]
    shop.coming["sd14-landscape"] = full
    with pytest.raises(BadInput, match="It needs 9 GB"):
        change(studio, "sd14-landscape")
    assert [backend.name for backend in shop.made][-1] == "miniature"
    assert paints(studio, write_sound()) == "miniature"


def test_a_picture_begun_on_another_engine_is_not_painted(shop: Shop, write_sound: WriteSound) -> None:
    studio, _ = started(shop)
    events = studio.run(SoundToImageRequest(sound=str(write_sound())))
    next(events)
    change(studio, "sd14-landscape")
    with pytest.raises(BadInput, match="changed meanwhile"):
        list(events)


def test_one_change_at_a_time_and_who_leaves_stops_it(shop: Shop) -> None:
    studio, first = started(shop)
    slow = Named("sd14-landscape")
    slow.may_load.clear()
    shop.coming["sd14-landscape"] = [slow]
    changing = studio.change_engine(ChangeEngineRequest(engine="sd14-landscape"))
    next(changing)
    with pytest.raises(BadInput, match="Another engine is being loaded"):
        change(studio, "sd14-greatest-hits")
    changing.close()  # type: ignore[attr-defined]
    assert slow.closed and not first.closed
    slow.may_load.set()
    assert change(studio, "sd14-greatest-hits")


def test_only_listed_engines_may_be_chosen(shop: Shop) -> None:
    studio, _ = started(shop)
    with pytest.raises(BadInput, match=r"no engine called '/etc'.*miniature, sd14-landscape") as caught:
        change(studio, "/etc")
    assert caught.value.field == "engine"
    fixed = Studio(Named("miniature"))
    assert fixed.engines.listed() == () and not fixed.engines.changeable
    with pytest.raises(BadInput, match="not to be changed here"):
        change(fixed, "sd14-landscape")


def test_lines_say_what_an_engine_takes(shop: Shop) -> None:
    studio, _ = started(shop)
    lines = {engine.name: engine.line for engine in studio.engines.listed()}
    assert "On this computer" in lines["miniature"] and "Licence MIT" in lines["miniature"]
    assert "5.2 GB to fetch once" in lines["sd14-landscape"]
    assert "3.5 GB of GPU memory or 7.0 GB of RAM" in lines["sd14-landscape"]
    assert "OpenRAIL" in lines["sd14-landscape"]


def test_a_folder_of_weights_is_named_without_its_path(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("bundle.json", "vocabulary.json"):
        shutil.copy(ROOT / "assets" / "miniature" / name, folder)
    studio = Studio(Named("mine"), engines=Engines(shop, str(folder)))
    assert studio.engines.listed()[0].name == "mine"
    change(studio, "sd14-landscape")
    change(studio, "mine")
    assert shop.made[-1].name == str(folder)
    with pytest.raises(BadInput, match="Known: mine, miniature") as refusal:
        change(studio, "nobody")
    assert str(tmp_path) not in refusal.value.message
