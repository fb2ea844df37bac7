"""Registry of bundles: their weights, folders and the pipelines that they serve.

A bundle is one folder: `bundle.json` (name, defaults), `vocabulary.json` (the sources the audio encoder
names, and the words its text encoder knows) and one diffusers pipeline folder a verb. Or it is put together
from parts, files of a model hub or of the folder, that the registry or `bundle.json` lists; its vocabulary is
optional. Reading a bundle and checking its files needs no torch: a missing or cut file is found in
milliseconds and named in a sentence.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sonic_ui.bundles.files import ROOT, damaged, missing, read_json
from sonic_ui.bundles.parts import (
    AUDIOLDM,
    BERT_TAGGER,
    CAPTIONING,
    FEW_STEPS,
    LCM_LORA,
    REAL_ESRGAN,
    SOUNDING,
    UPSCALING,
    WHISPER_CAPTIONER,
    Loader,
    Part,
    sonic_diffusion,
)
from sonic_ui.bundles.taught import WEIGHTS, edition_of, taught_home, taught_names
from sonic_ui.bundles.vocabulary import Vocabulary
from sonic_ui.requests import VERBS, BadInput
from sonic_ui.requests.aspects import ASPECTS, SQUARE, AspectName

PIPELINE_FOLDERS = {name: verb.pipeline for name, verb in VERBS.items()}
"""Verb -> pipeline folder inside a bundle."""


Side = Annotated[int, Field(ge=8, le=4096)]
"""Of a picture, in pixels."""

SD_SIZES: dict[AspectName, tuple[int, int]] = {
    "4:3": (704, 512),
    "3:2": (768, 512),
    "16:9": (896, 512),
    "3:4": (512, 704),
    "2:3": (512, 768),
    "9:16": (512, 896),
}
"""Of Stable Diffusion 1.4: the multiples of 64 px nearest to each aspect."""


class Source(BaseModel):
    """A kind of sound that the audio encoder can name; `indoors`: what makes it may stand in a room."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    label: str
    indoors: bool = True


class DraftDefaults(BaseModel):
    """Settings of pictures in few steps (`requests/quality.py`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(ge=1, le=100)
    guidance_scale: float = Field(default=1.0, ge=1, le=15)


class Defaults(BaseModel):
    """Settings that suit these weights; a request that leaves one open takes it from here."""

    model_config = ConfigDict(frozen=True, extra="allow")

    steps: int = Field(default=25, ge=1, le=100)
    guidance_scale: float = Field(default=4.0, ge=1, le=15)
    strength: float = Field(default=1.0, ge=0, le=2)
    draft: DraftDefaults | None = None
    """None: these weights have no drafts."""


class ImageLabels(BaseModel):
    """Calibration of an image encoder's labels, with "none of them" among them; see
    `evaluation/photographs.py`.

    scale      inverse temperature of the cosines
    none       cosine that "none of them" stands for
    least_fit  share of all labels together from which on the first is believed
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    scale: float = Field(gt=0, le=1000)
    none: float = Field(ge=-1, le=1)
    least_fit: float = Field(ge=0, le=1)


LATER = (*FEW_STEPS, *UPSCALING, *CAPTIONING)
"""Loaders whose files are fetched when they are first needed."""


class BundleInfo(BaseModel):
    """What `bundle.json` holds."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str
    title: str
    description: str = ""
    licence: str = ""
    picture_px: int = Field(default=128, ge=8, le=4096)
    sizes: dict[AspectName, tuple[Side, Side]] = {}
    """Width and height in pixels of the other aspects that these weights paint as well as the square."""
    memory_bytes: int = Field(default=0, ge=0)
    """Of the weights in float32 and the work, on a processor; 0: little. Half precision takes half."""
    defaults: Defaults = Defaults()
    vocabulary: Vocabulary | None = None
    """Of `vocabulary.json`; None: the text encoder was trained on everything that people write."""
    parts: tuple[Part, ...] = ()
    image_labels: ImageLabels | None = None
    base: str = ""
    """Of an engine that was taught (`bundles/taught.py`): the engine that it went on from."""
    edition: str = ""
    """Of that engine's weights; "" where it is not known."""
    taught: tuple[Source, ...] = ()
    """What it was taught."""

    @property
    def aspects(self) -> tuple[AspectName, ...]:
        """The aspects that are offered, the square first."""
        return tuple(one for one in ASPECTS if one == SQUARE or one in self.sizes)

    def size_of(self, aspect: AspectName) -> tuple[int, int]:
        """Width and height in pixels of pictures of an aspect. Raises `BadInput` if it is not offered."""
        if aspect == SQUARE:
            return self.picture_px, self.picture_px
        if aspect not in self.sizes:
            raise BadInput(
                f"{self.title} does not paint pictures of {aspect}; it paints {', '.join(self.aspects)}. "
                "Choose one of these.",
                "aspect",
            )
        return self.sizes[aspect]

    @property
    def size_bytes(self) -> int:
        """Of all files that come from a hub before the engine runs (`LATER` do not)."""
        now = (part for part in self.parts if not part.is_local and part.loader not in LATER)
        return sum(part.size_bytes for part in now)


@dataclass(frozen=True)
class BundleSpec:
    """One entry of the registry: a folder to read, or `info` that lists the parts."""

    name: str
    folder: Path
    serves: tuple[str, ...]
    info: BundleInfo | None = None


PAINTING = tuple(verb for verb, folder in PIPELINE_FOLDERS.items() if folder == "audio_to_image")
"""The verbs of an `AudioToImagePipeline`."""


def _sonic_diffusion(name: str, which: str, gates: str, projector: str) -> BundleSpec:
    info = BundleInfo(
        name=name,
        title=f"Stable Diffusion 1.4 + SonicDiffusion ({which})",
        description="Pictures of 512 px. Wants a GPU; a processor takes minutes for a picture.",
        licence="CreativeML OpenRAIL-M; SonicDiffusion's weights state none",
        picture_px=512,
        sizes=SD_SIZES,
        memory_bytes=7_000_000_000,
        defaults=Defaults(steps=50, guidance_scale=8.0, strength=1.0, draft=DraftDefaults(steps=4)),
        parts=(*sonic_diffusion(gates, projector), LCM_LORA, REAL_ESRGAN, WHISPER_CAPTIONER, BERT_TAGGER),
    )
    return BundleSpec(name, ROOT / "assets" / name, PAINTING, info)


MINIATURE = ROOT / "assets" / "miniature"


def _audioldm() -> BundleSpec:
    """The miniature for pictures and sounds' embeddings, with AudioLDM to make sounds."""
    info = BundleInfo(
        name="audioldm",
        title="AudioLDM",
        description="Ten seconds of sound for a picture, at full size; pictures are the miniature's",
        licence="CC BY-NC-SA 4.0 (AudioLDM), BSD 3-Clause (BLIP), MIT (miniature)",
        memory_bytes=4_500_000_000,
        defaults=Defaults.model_validate({"image_to_sound": {"length_s": 10.24}}),
        parts=AUDIOLDM,
    )
    return BundleSpec("audioldm", MINIATURE, tuple(PIPELINE_FOLDERS), info)


BUNDLES: dict[str, BundleSpec] = {
    spec.name: spec
    for spec in (
        BundleSpec("miniature", MINIATURE, tuple(PIPELINE_FOLDERS)),
        _sonic_diffusion("sd14-landscape", "landscape", "landscape.pt", "audio_projector_landscape.pth"),
        _sonic_diffusion("sd14-greatest-hits", "greatest hits", "greatest_hits.pt", "audio_projector_gh.pth"),
        _audioldm(),
    )
}
DEFAULT_BUNDLE = "miniature"


@dataclass(frozen=True)
class Bundle:
    """A bundle whose descriptions have been read."""

    info: BundleInfo
    sources: tuple[Source, ...]
    folder: Path
    taught_folder: Path | None = None
    """Of a taught engine: its own folder. `folder` is that of the engine that it went on from."""
    taught_parts: tuple[Part, ...] = ()
    """Of a taught engine: another encoder of sounds, if it listens with one."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it is put together from; empty for a bundle of pipeline folders."""
        return self.info.parts

    @property
    def painting_parts(self) -> tuple[Part, ...]:
        """Those that paint; empty if a pipeline folder does."""
        others = (*SOUNDING, *LATER)
        return tuple(part for part in self.parts if part.loader not in others)

    @property
    def upscaling_parts(self) -> tuple[Part, ...]:
        """Those that make pictures larger; empty if a folder of its own does, or nothing."""
        return tuple(part for part in self.parts if part.loader in UPSCALING)

    @property
    def sounding_parts(self) -> tuple[Part, ...]:
        """Those that let pictures sound; empty if a pipeline folder does, or nothing."""
        return tuple(part for part in self.parts if part.loader in SOUNDING)

    def part_of(self, loader: Loader) -> Part | None:
        """The first part of a loader; None where there is none."""
        return next((part for part in self.parts if part.loader == loader), None)

    @property
    def few_step_part(self) -> Part | None:
        """What paints in few steps; None where nothing does."""
        return next((part for part in self.parts if part.loader in FEW_STEPS), None)

    def serves(self, verb: str) -> bool:
        """Whether there is a pipeline for `verb`."""
        if self.sounding_parts and verb == "image_to_sound":
            return True
        if self.upscaling_parts and verb == "upscale_image":
            return True
        if self.painting_parts:
            return verb in PAINTING
        return (self.folder / PIPELINE_FOLDERS.get(verb, verb)).is_dir()

    def pipeline_folder(self, verb: str) -> Path:
        """The folder of the pipeline that serves `verb`. Raises `BadInput` if there is none."""
        folder = self.folder / PIPELINE_FOLDERS.get(verb, verb)
        if not folder.is_dir():
            raise missing(folder)
        return folder


PHRASES = "phrases"
"""Folder of a bundle: a small picture of what a phrase of its vocabulary makes, "at-dusk.webp"."""


def phrase_pictures(info: BundleInfo) -> dict[str, Path]:
    """Pictures of the phrases of a registered bundle's vocabulary, by phrase; those that there are."""
    spec, phrases = (
        BUNDLES.get(info.base or info.name),
        info.vocabulary.groups.values() if info.vocabulary else (),
    )
    if spec is None:
        return {}
    paths = {
        phrase: spec.folder / PHRASES / f"{phrase.replace(' ', '-')}.webp"
        for group in phrases
        for phrase in group
    }
    return {phrase: path for phrase, path in paths.items() if path.is_file()}


def find_bundle(name_or_folder: str | Path) -> BundleSpec:
    """A registered bundle or a taught one by name, or the folder given. Raises `BadInput` for none of
    them.
    """
    if str(name_or_folder) in BUNDLES:
        return BUNDLES[str(name_or_folder)]
    taught = taught_names()
    folder = Path(name_or_folder).expanduser()
    if str(name_or_folder) in taught:
        folder = taught_home() / name_or_folder
    if not folder.is_dir():
        known = ", ".join([*BUNDLES, *taught])
        raise BadInput(
            f"There is no bundle called {str(name_or_folder)!r} and no such folder. Known: {known}."
        )
    serves = tuple(verb for verb, name in PIPELINE_FOLDERS.items() if (folder / name).is_dir()) or PAINTING
    return BundleSpec(folder.name, folder, serves)


def read_bundle(name_or_folder: str | Path = DEFAULT_BUNDLE) -> Bundle:
    """Read a bundle's descriptions. Raises `BadInput` naming the file that is missing or damaged."""
    spec = find_bundle(name_or_folder)
    info, words_file = spec.info or _read_info(spec.folder), spec.folder / "vocabulary.json"
    if info.base:
        return _read_taught(info, spec.folder)
    if info.parts and not words_file.exists():
        return Bundle(info, (), spec.folder)
    words = read_json(words_file)
    try:
        sources = tuple(Source.model_validate(item) for item in words["sources"])
        vocabulary = Vocabulary.model_validate(words) if "words" in words else None
    except (ValidationError, KeyError, TypeError):
        raise damaged(words_file, 'it should hold {"sources": [{"id", "label"}, ...]}') from None
    return Bundle(info.model_copy(update={"vocabulary": vocabulary}), sources, spec.folder)


def _read_taught(info: BundleInfo, folder: Path) -> Bundle:
    """A taught engine: the one that it went on from, under its own name. Raises `BadInput`."""
    base = find_bundle(info.base)
    if (base.info or _read_info(base.folder)).base:
        raise damaged(folder / "bundle.json", "it goes on from an engine that was taught itself")
    if not (folder / WEIGHTS).is_dir():
        raise missing(folder / WEIGHTS)
    found = read_bundle(info.base)
    if info.edition and info.edition != edition_of(found.folder):
        raise BadInput(OTHER_EDITION.format(title=info.title, base=found.info.title), "bundle")
    own = ("name", "title", "description", "licence", "base", "edition", "taught")
    return Bundle(
        found.info.model_copy(update={name: getattr(info, name) for name in own}),
        found.sources,
        found.folder,
        folder,
        info.parts,
    )


def describe_taught(bundle: Bundle, word: str) -> dict[str, object]:
    """`bundle.json` of what is taught a word, going on from a bundle."""
    info, registered = bundle.info, BUNDLES.get(bundle.info.name)
    own = info.name if registered and registered.folder == bundle.folder else str(bundle.folder.resolve())
    return {
        "name": word,
        "title": f"{info.title} + {word}",
        "description": f"{info.title}, taught to paint “{word}” from recordings and pictures.",
        "licence": info.licence,
        "base": info.base or own,
        "edition": edition_of(bundle.folder),
        "taught": [*(one.model_dump() for one in info.taught), {"id": word, "label": word}],
    }


def taken_words(bundle: Bundle) -> tuple[str, ...]:
    """Names of engines, and of sounds that a bundle knows: none of them may be taught anew."""
    sources = (*bundle.sources, *bundle.info.taught)
    labels = [word for one in sources for word in (one.id, one.label, one.label.removeprefix("a "))]
    return (*BUNDLES, bundle.info.name, *labels)


OTHER_EDITION = (
    "{title} was taught from another edition of {base}, and its weights fit that one alone. Teach it again, "
    "or choose another engine."
)


def _read_info(folder: Path) -> BundleInfo:
    if not folder.is_dir():
        raise missing(folder)
    values = read_json(folder / "bundle.json")
    try:
        return BundleInfo.model_validate(values)
    except ValidationError as error:
        raise damaged(folder / "bundle.json", _first_problem(error)) from None


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg'].lower()}"
