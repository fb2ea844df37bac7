"""Figures as a table and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sonic_ui.evaluation.metrics import Metric, table, write_into_card, write_json


def test_reached_knows_which_side_is_good() -> None:
    assert Metric("accuracy", 0.9, 0.85).reached is True
    assert Metric("accuracy", 0.8, 0.85).reached is False
    assert Metric("seconds", 3.0, 4.0, at_least=False).reached is True
    assert Metric("seconds", 5.0, 4.0, at_least=False).reached is False
    assert Metric("memory", 1.0).reached is None


def test_the_table_has_a_row_a_figure() -> None:
    text = table(
        [Metric("accuracy", 0.9, 0.85, note="10 sounds"), Metric("seconds", 5.0, 4.0, at_least=False)]
    )
    assert text.splitlines()[2] == "| accuracy (10 sounds) | 0.900 | >= 0.85 | yes |"
    assert text.splitlines()[3] == "| seconds | 5.000 | <= 4 | no |"


def test_json_holds_figures_and_details(tmp_path: Path) -> None:
    write_json([Metric("accuracy", 0.9, 0.85)], tmp_path / "a" / "figures.json", settings={"steps": 25})
    data = json.loads((tmp_path / "a" / "figures.json").read_text())
    assert data["figures"][0]["reached"] is True and data["settings"] == {"steps": 25}


def test_the_card_takes_the_table_between_its_marks(tmp_path: Path) -> None:
    card = tmp_path / "MODEL_CARD.md"
    card.write_text("# Card\n<!-- figures -->\nold\n<!-- /figures -->\nLimits\n")
    write_into_card([Metric("accuracy", 0.9, 0.85, note="8 sounds"), Metric("memory", 1.0)], card)
    assert "| accuracy (8 sounds) | 0.900 |" in card.read_text() and "old" not in card.read_text()
    write_into_card([Metric("accuracy", 0.95, 0.85, note="16 sounds"), Metric("speed", 2.0)], card)
    rows = card.read_text().splitlines()[4:7]
    assert [row.split(" | ")[0] for row in rows] == ["| accuracy (16 sounds)", "| memory", "| speed"]
    assert card.read_text().count("| figure |") == 1
    assert card.read_text().endswith("Limits\n")
    card.write_text("# Card\n")
    with pytest.raises(ValueError, match="has no"):
        write_into_card([], card)
