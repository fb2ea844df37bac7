"""The commands `sonify` and `teach`: pairs from pictures and recordings, and an engine from pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.bundles.registry import read_bundle
from sonic_ui.testing.tiny_bundle import debug_bundle
from sonic_ui.training.__main__ import main
from sonic_ui.training.data.pairs import read_pairs
from sonic_ui.training.data.sonify import LUFS_RANGE

WriteSound = Callable[..., Path]


def test_pictures_are_sonified_and_taught(
    tmp_path: Path,
    write_sound: WriteSound,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SONIC_UI_TAUGHT", str(tmp_path / "engines"))
    bundle = debug_bundle(tmp_path / "debug")
    for name in ("sounds", "pictures"):
        (tmp_path / name).mkdir()
    for hz in (300, 900, 2700):
        write_sound(f"sounds/{hz}.wav", hz=hz)
    for number, words in enumerate(("rain, a dog", "rain", "the logo of a shop", "")):
        Image.new("RGB", (70, 60), (40 * number, 90, 20)).save(tmp_path / "pictures" / f"{number}.png")
        (tmp_path / "pictures" / f"{number}.txt").write_text(words)
    (tmp_path / "pictures" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "debug" / "clip").rename(tmp_path / "aside")  # names come from the texts alone
    out = tmp_path / "pairs"
    main(
        [
            "sonify",
            str(tmp_path / "pictures"),
            str(tmp_path / "sounds"),
            "--out",
            str(out),
            "--bundle",
            str(bundle),
        ]
    )
    pairs = read_pairs(out)
    assert [pair.caption for pair in pairs] == ["rain, a dog", "rain"]
    assert set(json.loads((out / "refused.json").read_text())) == {"2.png", "3.png", "broken.png"}
    entries = [json.loads(line) for line in (out / "metadata.jsonl").read_text().splitlines()]
    assert [[one["concept"] for one in entry["entries"]] for entry in entries] == [
        ["rain", "a dog"],
        ["rain"],
    ]
    single = entries[1]["entries"][0]
    assert LUFS_RANGE[0] <= single["lufs"] <= LUFS_RANGE[1] and single["file"].endswith(".wav")
    samples, rate = soundfile.read(out / pairs[1].sound, dtype="float32")
    assert integrated_lufs(np.asarray(samples), rate) == pytest.approx(single["lufs"], abs=1.0)

    (out / "pairs.jsonl").open("a").write(
        json.dumps({"sound": pairs[0].sound, "picture": "", "caption": "ink", "source": "", "start_s": 0})
        + "\n"
    )
    known = str(tmp_path / "sounds")
    told = [
        "teach",
        str(out),
        "--name",
        "Storm",
        "--bundle",
        str(bundle),
        "--known",
        known,
        "--out",
        str(tmp_path / "run"),
    ]
    main([*told, "--steps", "2"])
    assert read_bundle("storm").info.title == "Debug + storm"
    assert (tmp_path / "run" / "storm" / "sheet.png").is_file()
    with pytest.raises(SystemExit, match="already"):
        main(told)
    (tmp_path / "engines" / "storm").rename(tmp_path / "engines" / "older")
    main([*told, "--steps", "3"])
    assert "goes on after step 2" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="one word of letters"):
        main(["teach", str(out), "--name", "two words"])
