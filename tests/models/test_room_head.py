"""The head that hears rooms, and captions that name them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sonic_ui.media.captions import Caption, in_room
from sonic_ui.models.encoders import SoundWindows
from sonic_ui.models.room_head import FOLDER, RoomCaptioner, RoomHead, load_room_head
from sonic_ui.models.yamnet import FEATURES


def windows(features: torch.Tensor | None, counts: list[int]) -> SoundWindows:
    count = sum(counts)
    return SoundWindows(torch.zeros(count, 1, 8, 64), torch.ones(count, 4), None, features, counts)


def test_a_room_is_believed_where_it_is_sure() -> None:
    head = RoomHead(indoors_from=0.9)
    assert head.room_of([0.05, 0.05, 0.3, 0.6]) == ("church", pytest.approx(0.6))
    assert head.room_of([0.2, 0.0, 0.8, 0.0]) == ("dry", pytest.approx(0.2))


def test_a_clip_is_heard_over_all_its_windows() -> None:
    torch.manual_seed(0)
    head, features = RoomHead().eval(), 20 * torch.randn(3, FEATURES)
    (one, _), (two, _) = head.rooms(windows(features, [1, 2])), head.rooms(windows(features[:2], [1, 1]))
    assert one[0] == two[0]
    _, second = head.rooms(windows(features, [1, 2]))
    logits = head(features).detach().float()
    assert second == head.room_of(logits[1:].mean(0).softmax(-1).tolist())
    with pytest.raises(ValueError, match="reads YAMNet's features"):
        head.rooms(windows(None, [1]))


def test_a_bundle_may_have_none(tmp_path: Path) -> None:
    assert load_room_head(tmp_path) is None
    RoomHead(width=8).half().save_pretrained(tmp_path / FOLDER)
    loaded = load_room_head(tmp_path)
    assert loaded is not None and not loaded.training and loaded.config["width"] == 8


def test_a_caption_ends_with_another_room() -> None:
    caption = Caption(("rain", "in", "a", "hall"), (0.9, 0.5, 0.5, 0.5))
    assert in_room(caption, "in a church", 0.8) == Caption(
        ("rain", "in", "a", "church"), (0.9, 0.8, 0.8, 0.8)
    )
    assert in_room(caption, "", 0.8) == Caption(("rain",), (0.9,))
    assert in_room(Caption(("rain",), (0.9,)), "in a room", 0.7).text == "rain in a room"


def test_captions_name_the_room_that_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    class Writer:
        def write(self, samples: np.ndarray, top_k: int = 1, seed: int = 0) -> Caption:
            return Caption(("a", "dog", "in", "a", "hall"), (0.5,) * 5)

        def score(self, samples: np.ndarray, text: str) -> Caption:
            return Caption(tuple(text.split()), (0.25,) * len(text.split()))

    head = RoomHead()
    monkeypatch.setattr(head, "rooms", lambda sounds: [("church", 0.9)])
    monkeypatch.setattr("sonic_ui.models.room_head.read_sounds", lambda *_: windows(None, [1]))
    captioner = RoomCaptioner(Writer(), head, torch.nn.Identity(), None)
    samples = np.zeros(100, np.float32)
    assert captioner.write(samples).text == "a dog in a church"
    assert captioner.score(samples, "a dog in a hall").text == "a dog in a hall"
