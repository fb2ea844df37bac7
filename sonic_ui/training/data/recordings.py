"""Real recordings: which file is of which source, what it may be used for, and who made it.

A label of the table is of a source of the world, of another kind, or of neither: where a stranger could call
it either way it serves nowhere as the one or the other.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TABLE = "sounds.csv"
TRAIN, TUNE, REPORT = "train", "tune", "report"

CALIBRATION_GROUPS = frozenset(
    {
        "fmirus/torcs-1.3.7",
        "bdoin/GCompris",
        "rioforce/Church-Carillon-Bells",
        "FGMEMBERS/UH-60",
        "FGMEMBERS/ch53e",
    }
)
"""Of the tuning set: what the open-set head is calibrated on; the others measure it."""

SOURCE_OF_LABEL: dict[str, str] = {
    "rain": "rain",
    "sea_waves": "sea_waves",
    "crackling_fire": "crackling_fire",
    "dog_bark": "dog",
    "rooster": "rooster",
    "clock_tick": "clock",
    "helicopter": "helicopter",
    "chainsaw": "chainsaw",
    "thunderstorm": "thunder",
    "wind": "wind",
    "water": "stream",  # brooks, a river, fountains
    "chirping_birds": "birds",
    "crickets": "crickets",  # cicadas and grasshoppers with them: one sound to most people
    "church_bells": "church_bell",
    "car_engine": "car",
    "train": "train",
}
"""Label of the table -> source of the world."""

AMBIGUOUS_LABELS: dict[str, str] = {
    "outdoor_ambience": "birds, insects and wind are in it at times",
    "outdoor_night_ambience": "mostly crickets, not always",
    "bird_call": "single calls of a crane, an eagle, a loon: birds, though not chirping ones",
    "hail": "falls like rain and sounds like it",
    "street_traffic": "cars driving past among other things",
    "road_noise": "the tyres of a car",
    "engine_other": "a truck and a snowmobile: a car's engine by ear",
    "bell_other": "a ship's bell and a bowl: neither is a church's",
    "water_bubbling": "hot springs: water, no stream",
    "noise": "steady pink and brown noise, sold as rain and surf",
}
"""Label -> why it is neither a known sound nor one of another kind."""

SOURCE_OF_FILE: dict[str, str] = {"modsounds_train_whistle.ogg": "train"}
"""Files under a wrong label (rain), and their source."""
OTHER_KIND_FILES = frozenset({"modsounds_balloon_inflate.ogg", "modsounds_balloon_pop.ogg"})
"""Files under a wrong label (chirping birds) that are of no source."""
AMBIGUOUS_FILES = ("ccsounds_walk_t_water", "ccsounds_walk_water", "modsounds_node_step_water")
"""Beginnings of names: steps in water, which the table has under water."""


@dataclass(frozen=True)
class Recording:
    """A file of the table.

    source   of the world; None for another kind, and for an ambiguous one
    group    the repository it is from; of ESC-10, which is one, its fold: clips of one recording share it
    """

    path: Path
    label: str
    source: str | None
    is_ambiguous: bool
    use: str
    group: str
    licence: str
    author: str

    @property
    def is_other_kind(self) -> bool:
        """Whether it is surely of no source."""
        return self.source is None and not self.is_ambiguous


def read_recordings(data: Path, uses: Iterable[str] = (TRAIN,)) -> list[Recording]:
    """Recordings of the folder `data` that are for one of `uses`; none where the folder is absent."""
    table, wanted = data / TABLE, set(uses)
    if not table.exists():
        return []
    with table.open() as file:
        rows = [row for row in csv.DictReader(file) if row["use"] in wanted]
    return [_recording(data, row) for row in rows]


def _recording(data: Path, row: dict[str, str]) -> Recording:
    path = data / row["file"]
    source = SOURCE_OF_FILE.get(path.name, SOURCE_OF_LABEL.get(row["label"]))
    source = None if path.name in OTHER_KIND_FILES else source
    ambiguous = row["label"] in AMBIGUOUS_LABELS or path.name.startswith(AMBIGUOUS_FILES)
    group = row["source"].split(" ")[0] + (f" fold {row['fold']}" if row["fold"] else "")
    return Recording(
        path,
        row["label"],
        None if ambiguous else source,
        ambiguous,
        row["use"],
        group,
        row["licence"],
        row["author"],
    )


def write_credits(recordings: Iterable[Recording], path: Path) -> None:
    """Write the files that something is trained on, each with its licence and author, as a table."""
    rows = sorted(recordings, key=lambda r: (r.label, r.path.name))
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "label", "licence", "author", "source"))
        writer.writerows(
            (r.path.name, r.label, r.licence, r.author, r.group.split(" fold ")[0]) for r in rows
        )
