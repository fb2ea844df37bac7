"""The measures of edits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonic_ui.evaluation import image_metrics as edits
from sonic_ui.evaluation.held_out import synthetic_clips


def square(left: int, colour: str = "white") -> Image.Image:
    picture = Image.new("RGB", (64, 64), "black")
    picture.paste(Image.new("RGB", (20, 20), colour), (left, 20))
    return picture


def test_distance_is_of_contours_and_not_of_colours() -> None:
    assert edits.structure_distance(square(10), square(10)) == pytest.approx(0, abs=1e-6)
    assert edits.structure_distance(square(10), square(10, "green")) < 0.05
    assert edits.structure_distance(square(4), square(40)) > 0.9
    assert edits.structure_distance(square(4), Image.new("RGB", (64, 64))) == 1.0


def test_pairs_are_a_render_and_a_sound_of_another_source() -> None:
    pairs = edits.edit_pairs(synthetic_clips(1, 16), 20)
    assert len(pairs) == 20
    assert all(picture.size == (16, 16) and clip.samples.size for picture, clip in pairs)


def test_an_edit_that_asks_for_something_is_no_reconstruction() -> None:
    from sonic_ui.testing.tiny_bundle import debug_pipeline

    editor = edits.load_editor(debug_pipeline(), {"steps": 4, "guidance_scale": 3.0, "strength": 1.0})
    assert edits.exactness_db(editor.edit, square(10), 4) > 40
    asking = {**edits.NOTHING, "variation": 1.0, "tau_attn": 0.0, "tau_feature": 0.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edits, "NOTHING", asking)
        assert edits.exactness_db(editor.edit, square(10), 4) < 40


def test_photographs_are_spread_over_their_names(tmp_path: Path) -> None:
    for name in "abcdef":
        square(ord(name) - 97).save(tmp_path / f"{name}.jpg")
    assert len(edits.photographs(tmp_path, 3)) == 3 and edits.photographs(tmp_path / "none", 3) == []


def test_costs_are_counted_on_real_networks(tmp_path: Path) -> None:
    from sonic_ui.testing.tiny_bundle import debug_pipeline

    pipeline = debug_pipeline()
    editor = edits.load_editor(pipeline, {"steps": 4, "guidance_scale": 3.0, "strength": 1.0})
    embed = pipeline.embed_audio(np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32))[0]
    metrics = edits.cost_metrics(editor, square(10), embed, steps=4)
    by_name = {metric.name: metric.value for metric in metrics}
    assert by_name["edit: passes of the first over plain"] == pytest.approx((5 + 8) / (8 + 12))
    assert by_name["edit: passes of later ones over plain"] == pytest.approx(8 / 20)
    exact = edits.exactness_metrics(editor, {"renders": [square(10), square(30)], "photographs": []}, steps=4)
    assert [metric.name for metric in exact] == ["edit: PSNR in dB of one that asks for nothing, renders"]
    assert exact[0].reached and exact[0].value > 40 and exact[0].note == "worst of 2 renders, 4 steps"
    rows = [{"tau": tau, "aic": tau, "distance": 1 - tau} for tau in edits.TAUS]
    assert Image.open(edits.plot_trade_off(rows, tmp_path / "plot.png")).width > 400
