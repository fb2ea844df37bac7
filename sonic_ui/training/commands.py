"""Commands of `python -m sonic_ui.training` besides the stages: `pairs` from a folder of one's own, `sonify`
pictures, and `teach` an engine what came of either.

They know no recipe: what they need is on their own command line. A refusal is a sentence.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sonic_ui.bundles import Bundle, Part
from sonic_ui.requests import BadInput


def run_command(arguments: Sequence[str]) -> None:
    """Run the command that the first argument names. Raises SystemExit with the sentence of a refusal."""
    name, *rest = arguments
    parser = argparse.ArgumentParser(
        prog=f"python -m sonic_ui.training {name}", description=COMMANDS[name].__doc__
    )
    try:
        COMMANDS[name](parser, rest)
    except BadInput as problem:
        raise SystemExit(problem.message) from None


def pairs(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Pairs of sounds and pictures from a folder of videos, or of sounds with pictures and captions."""
    from sonic_ui.training.data.pairs import MOST_PAIRS, write_pairs

    parser.add_argument("folder", type=Path, help="of videos, or of sounds with pictures and .txt files")
    parser.add_argument("--out", type=Path, default=Path("runs/pairs"), help="where the pairs go")
    parser.add_argument("--caption", default="", help="words for all pictures that have none of their own")
    parser.add_argument(
        "--bundle", default="", help="name of an engine whose captioner (BLIP) says what is seen"
    )
    parser.add_argument("--most", type=int, default=MOST_PAIRS, help="pairs")
    options = parser.parse_args(arguments)
    found = write_pairs(
        options.folder.expanduser(),
        options.out,
        caption=_captioner(options.bundle) if options.bundle else None,
        typed=options.caption,
        most=max(1, options.most),
    )
    for name, reason in [*found.refused.items()][:SHOWN]:
        print(f"left out: {name}: {reason}")
    more = f", {len(found.refused) - SHOWN} more in refused.json" if len(found.refused) > SHOWN else ""
    print(f"{len(found.pairs):,} pairs in {options.out}; {len(found.refused):,} files left out{more}")


SHOWN = 20
"""Files that were left out and are named on the terminal."""


def _captioner(name: str) -> Callable[[Any], str]:
    """The captioner of an engine. Raises BadInput where it has none."""
    from sonic_ui.bundles import read_bundle
    from sonic_ui.bundles.fetching import fetch_parts

    bundle = read_bundle(name)
    part = next((part for part in bundle.parts if part.loader == "blip"), None)
    if part is None:
        raise BadInput(
            f"{bundle.info.title} has no captioner. Type --caption, or use --bundle audioldm.", "bundle"
        )
    from sonic_ui.pipelines.audioldm import load_captioner

    return load_captioner(fetch_parts([part], bundle.folder)[0][0].parent)


def sonify(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Sounds for pictures out of a folder of recordings (Seeing Sound, Algorithm 1), as pairs."""
    import json

    parser.add_argument("pictures", type=Path, help="folder; a .txt beside a picture names what sounds in it")
    parser.add_argument("sounds", type=Path, help="folder of recordings")
    parser.add_argument("--out", type=Path, default=Path("runs/pairs"), help="where the pairs go")
    parser.add_argument("--bundle", default="miniature", help="engine whose encoders match names and sounds")
    parser.add_argument("--most", type=int, default=2000, help="pairs")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)

    from sonic_ui.models.encoders import embed_labels, encode_sound
    from sonic_ui.retrieval.library import RecordingIndexer, fingerprint, store_for
    from sonic_ui.training.data import sonify as making

    bundle, pipeline = _pipeline(options.bundle)
    if pipeline.audio_tokenizer is None:
        raise BadInput(
            f"The sound encoder of {bundle.info.title} reads no words. Use --bundle miniature.", "bundle"
        )

    def embed(clips: list[Any]) -> Any:
        return encode_sound(pipeline.audio_encoder, pipeline.feature_extractor, clips).cpu().numpy()

    def embed_words(names: Sequence[str]) -> Any:
        return embed_labels(pipeline.audio_encoder, pipeline.audio_tokenizer, list(names)).cpu().numpy()

    indexer = RecordingIndexer(embed, store_for(fingerprint(embed)))
    library = indexer.index(options.sounds.expanduser())
    found = making.sonify(
        options.pictures.expanduser(),
        library,
        embed_words,
        options.out,
        concepts=_concepts(bundle),
        most=max(1, options.most),
        seed=options.seed,
    )
    (options.out / "refused.json").write_text(json.dumps(found.refused, indent=2, ensure_ascii=False) + "\n")
    print(f"{len(found.pairs):,} pairs in {options.out}; {len(found.refused):,} pictures left out")


def _concepts(bundle: Bundle) -> Callable[[Any], Sequence[str]] | None:
    """What a bundle's image encoder is sure to see of what it knows; None where it has none."""
    if not (bundle.folder / "clip").is_dir():
        return None
    from sonic_ui.models.encoders import ImageEncoder, calibrated_shares

    labels = [source.label for source in bundle.sources]
    encoder = ImageEncoder.from_folder(bundle.folder / "clip")
    words, calibration = encoder.encode_words(labels), bundle.info.image_labels

    def name(picture: Any) -> Sequence[str]:
        if calibration is None:
            return [labels[int(encoder.probabilities(picture, words).argmax())]]
        cosines = encoder.cosines(picture, words).cpu().numpy()
        shares, fit = calibrated_shares(cosines, calibration.scale, calibration.none)
        return [labels[int(shares.argmax())]] if fit >= calibration.least_fit else []

    return name


def teach(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Teach an engine the sounds of a folder of pairs, as the tab Teach does; it resumes."""
    from sonic_ui.training.data.pairs import MOST_TAUGHT

    parser.add_argument("pairs", type=Path, help="folder that `pairs` or `sonify` wrote")
    parser.add_argument("--name", required=True, help="one word for what is taught")
    parser.add_argument("--bundle", default="miniature", help="engine that it goes on from")
    parser.add_argument("--out", type=Path, default=Path("runs/teach"), help="for checkpoints and sheets")
    parser.add_argument("--known", type=Path, default=Path("assets/examples/sounds"), help="rehearsed sounds")
    parser.add_argument("--steps", type=int, default=240, help="of training, at most")
    parser.add_argument("--most", type=int, default=MOST_TAUGHT, help="pairs that are read")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--encoder", default="", help=ENCODER_HELP)
    options = parser.parse_args(arguments)

    from sonic_ui.requests.teach_sound import TaughtName
    from sonic_ui.training.teach import teach_pairs

    name = TaughtName().check(options.name, "name", str)
    bundle, pipeline = _pipeline(options.bundle)
    print(
        teach_pairs(
            bundle,
            pipeline,
            options.pairs.expanduser(),
            name,
            options.out / name,
            options.known,
            steps=max(1, options.steps),
            most=max(1, options.most),
            seed=options.seed,
            encoder=encoder_part(options.encoder) if options.encoder else None,
        )
    )


ENCODER_HELP = (
    "another encoder of sounds: a ClapModel of the hub (laion/clap-htsat-unfused), its folder, or one of "
    "LAION's own .pt files (requirements-laion-clap.txt)"
)
CLAP_FILES = (
    *("config.json", "model.safetensors", "preprocessor_config.json", "tokenizer_config.json"),
    *("tokenizer.json", "vocab.json", "merges.txt", "special_tokens_map.json"),
)


def encoder_part(given: str) -> tuple[Part, Path]:
    """The part of an encoder that is named by a repository, a folder or a file, and where its files lie.

    Raises BadInput for a folder that holds no ClapModel, and for a name that is none.
    """
    from pydantic import ValidationError

    path = Path(given).expanduser()
    try:
        if path.is_dir():
            files = tuple(
                name.name
                for name in sorted(path.iterdir())
                if name.suffix in (".json", ".txt", ".safetensors")
            )
            if "config.json" not in files:
                raise BadInput(f"“{path.name}” holds no ClapModel: there is no config.json in it.", "encoder")
            return Part(
                loader="clap", repository=f"./{path.resolve().name}", files=files
            ), path.resolve().parent
        if path.is_file():
            here = path.resolve().parent
            return Part(loader="laion_clap", repository=f"./{here.name}", files=(path.name,)), here.parent
        return Part(loader="clap", repository=given, files=CLAP_FILES), Path()
    except ValidationError:
        raise BadInput(
            f"{given!r} names no encoder: give owner/name, a folder or a .pt file.", "encoder"
        ) from None


def _pipeline(name: str) -> tuple[Bundle, Any]:
    """An engine's description and its painting pipeline, where it runs. Raises BadInput."""
    from sonic_ui.bundles import read_bundle
    from sonic_ui.bundles.fetching import fetch_parts
    from sonic_ui.models.devices import pick_placement
    from sonic_ui.pipelines.assemble import read_painting_pipeline
    from sonic_ui.pipelines.audio_conditioned import move_to_device

    bundle = read_bundle(name)
    placement = pick_placement(needed_bytes=bundle.info.memory_bytes)
    files = fetch_parts(bundle.painting_parts, bundle.folder) if bundle.painting_parts else ()
    pipeline = read_painting_pipeline(bundle, files, placement.dtype)
    move_to_device(pipeline, placement)
    return bundle, pipeline


COMMANDS: dict[str, Callable[[argparse.ArgumentParser, Sequence[str]], None]] = {
    "pairs": pairs,
    "sonify": sonify,
    "teach": teach,
}
