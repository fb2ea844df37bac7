"""Pictures while they are painted."""

from __future__ import annotations

from PIL import Image

from sonic_ui.engine.events import Notice, Preview, Progress
from sonic_ui.ui.components.result_view import ImageProgress


def test_progress_and_previews_are_shown_together() -> None:
    painting = ImageProgress(7, 2)
    first = painting.take(Preview((Image.new("RGB", (8, 8)),) * 2, (0, 1)))
    assert first is not None and len(first["previews"]) == 2 and first["message"] == "Starting"
    second = painting.take(Progress(3, 25, "Painting", 4.0))
    assert second is not None and second["previews"] == first["previews"]
    assert (second["run"], second["count"], second["step"], second["total"]) == (7, 2, 3, 25)
    assert painting.take(Notice("Words were cut.")) is None
