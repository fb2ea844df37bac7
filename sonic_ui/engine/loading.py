"""From a bundle to a pipeline on its device."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sonic_ui.bundles import PIPELINE_FOLDERS, Bundle, Part, check_pipeline
from sonic_ui.bundles.fetching import fetch_parts, gigabytes
from sonic_ui.bundles.files import check_component
from sonic_ui.bundles.manifest import check_sums
from sonic_ui.engine.events import CancelToken
from sonic_ui.requests import BadInput

if TYPE_CHECKING:
    from sonic_ui.models.devices import Placement

log = logging.getLogger(__name__)

CAPTIONER = "captioner"
"""Folder of a bundle that writes captions of sounds."""

Report = Callable[[str], None]

DESCRIPTIONS = ("bundle.json", "vocabulary.json")
"""What a bundle's folder says of itself."""


def load_painting_pipeline(bundle: Bundle, report: Report, cancel: CancelToken) -> tuple[Any, Placement]:
    """An `AudioToImagePipeline` with a bundle's weights, and where it was placed.

    report   is called with what is being done, as words that go on from the engine's name; "" at the end

    Raises `BadInput` for weights that cannot be had, do not fit or have no room, and `Cancelled`.
    """
    if not bundle.painting_parts:
        check_pipeline(bundle.pipeline_folder("sound_to_image"))
    check_sums(bundle.folder, [*DESCRIPTIONS, *_own_files(bundle, bundle.painting_parts, "sound_to_image")])
    if bundle.taught_folder is not None:
        check_sums(bundle.taught_folder)
    files: Any = None
    parts = (*bundle.painting_parts, *bundle.sounding_parts)
    if parts:
        report("looking for its files")

        def on_bytes(here: int, whole: int) -> None:
            cancel.check()
            report(f"fetching {gigabytes(here)} of {gigabytes(whole)}")

        files = fetch_parts(parts, bundle.folder, on_bytes)
    cancel.check()
    report("")

    from sonic_ui.models.devices import is_out_of_memory, pick_placement, release_memory

    placement = pick_placement(needed_bytes=bundle.info.memory_bytes)
    title = bundle.info.title
    problem = f"The weights of {title} did not load: {{line}}. Fetch them again, then try again."
    try:
        with damaged_weights(bundle.info.name, problem):
            return _placed(bundle, files, placement), placement
    except Exception as error:
        if not is_out_of_memory(error.__cause__ or error):
            raise
        release_memory()
        raise BadInput(
            f"{title} does not fit into memory. Close other programs, or choose a smaller engine.", "memory"
        ) from error


def load_upscaler(bundle: Bundle, device: Any) -> Any:
    """The `Upscaler` of a bundle on a device. Raises `BadInput`."""
    from sonic_ui.models.upscaler import FOLDER, load_network, load_released

    problem = f"The upscaler of {bundle.info.title} did not load: {{line}}. Fetch it again."
    check_sums(bundle.folder, [FOLDER])
    if not bundle.upscaling_parts:
        check_component(bundle.folder / FOLDER)
        with damaged_weights(bundle.info.name, problem):
            return load_network(bundle.folder / FOLDER, device)
    ((path,),) = fetch_parts(bundle.upscaling_parts[:1], bundle.folder)
    with damaged_weights(bundle.info.name, problem):
        return load_released(path, device)


def load_captioner(bundle: Bundle, pipeline: Any) -> Any:
    """The `Captioner` of a bundle that listens with a painting pipeline's encoder; None where there is none;
    that of its part where it lists one, whose files are fetched if they are not here. Raises `BadInput`.
    """
    problem = f"The captioner of {bundle.info.title} did not load: {{line}}. Fetch it again."
    if (part := bundle.part_of("audio_captioner")) is not None:
        files = fetch_parts([part], bundle.folder)[0]

        from sonic_ui.models.whisper_captioner import WhisperCaptioner

        with damaged_weights(bundle.info.name, problem):
            return WhisperCaptioner.from_folder(files[0].parent, pipeline.device, **part.options)
    if not (bundle.folder / CAPTIONER).is_dir():
        return None
    check_sums(bundle.folder, [CAPTIONER])
    check_component(bundle.folder / CAPTIONER)

    from sonic_ui.models.audio_captioner import SeriesCaptioner
    from sonic_ui.models.room_head import RoomCaptioner, load_room_head

    hears = (pipeline.audio_encoder, pipeline.feature_extractor)
    with damaged_weights(bundle.info.name, problem):
        captioner = SeriesCaptioner.from_folder(bundle.folder / CAPTIONER, *hears)
        head = load_room_head(bundle.folder)
        return captioner if head is None else RoomCaptioner(captioner, head, *hears)


def load_noun_tagger(bundle: Bundle) -> Any:
    """The `NounTagger` of a bundle's part; else the table of its vocabulary. Raises `BadInput`."""
    from sonic_ui.pipelines.caption_attention import read_tagger, table_tagger

    if (part := bundle.part_of("noun_tagger")) is not None:
        files = fetch_parts([part], bundle.folder)[0]
        problem = f"The tagger of {bundle.info.title} did not load: {{line}}. Fetch it again."
        with damaged_weights(bundle.info.name, problem):
            return read_tagger(files[0].parent)
    known = bundle.info.vocabulary
    return table_tagger(*((known.nouns, known.words) if known is not None and known.nouns else ((), ())))


def _own_files(bundle: Bundle, parts: Sequence[Part], verb: str) -> list[str]:
    """Files in a bundle's folder that the pipeline of a verb is read from: its parts', or its own folder."""
    if not parts:
        return [PIPELINE_FOLDERS[verb]]
    return [f"{part.repository[2:]}/{file}" for part in parts if part.is_local for file in part.files]


def load_sound_pipeline(bundle: Bundle, dtype: Any) -> Any:
    """An `ImageToAudioPipeline` with a bundle's weights, its denoiser in `dtype`. Raises `BadInput`."""
    check_sums(bundle.folder, _own_files(bundle, bundle.sounding_parts, "image_to_sound"))
    if not bundle.sounding_parts:
        from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline

        folder = bundle.pipeline_folder("image_to_sound")
        check_pipeline(folder)
        return ImageToAudioPipeline.from_pretrained(folder, dtype=dtype)
    files = fetch_parts(bundle.sounding_parts, bundle.folder)

    from sonic_ui.pipelines.assemble import assemble_sound

    problem = f"The weights of {bundle.info.title} did not load: {{line}}. Fetch them again."
    with damaged_weights(bundle.info.name, problem):
        return assemble_sound(bundle.sounding_parts, files, dtype)


def load_draft_pipeline(bundle: Bundle, pipeline: Any) -> Any:
    """An `AudioToImagePipeline` that paints in few steps, made of the painting one; its files are fetched if
    they are not here. Raises `BadInput` where the bundle has none, or files that do not fit."""
    part = bundle.few_step_part
    if part is None:
        raise BadInput(
            f"{bundle.info.title} has no weights for drafts. Choose the quality “fine”.", "quality"
        )
    check_sums(bundle.folder, _own_files(bundle, [part], "sound_to_image"))
    files = fetch_parts([part], bundle.folder)[0]

    from sonic_ui.pipelines.few_steps import few_step_pipeline

    problem = f"The weights for drafts of {bundle.info.title} did not load: {{line}}. Choose “fine”."
    source = {"updates": files[0]} if part.loader == "low_rank" else {"denoiser": files[0].parent}
    with damaged_weights(bundle.info.name, problem):
        return few_step_pipeline(pipeline, **source, scheduler=str(part.options.get("scheduler", "")))


@contextmanager
def damaged_weights(name: str, problem: str) -> Iterator[None]:
    """Raises `BadInput` for files that are damaged, missing or of another shape; other errors go on.

    problem   the sentence; it may hold {line}, the first of the error's message, and {kind}, its class
    """
    from pickle import UnpicklingError

    from safetensors import SafetensorError

    try:
        yield
    except BadInput:
        raise
    except (OSError, EOFError, ValueError, RuntimeError, KeyError, UnpicklingError, SafetensorError) as error:
        log.exception("The weights in %s did not load", name)
        kind, lines = type(error).__name__, str(error).strip().splitlines()
        line = (lines[0][:200] if lines else kind).rstrip(".")
        raise BadInput(problem.replace("{line}", line).replace("{kind}", kind), "bundle") from error


def _placed(bundle: Bundle, files: Any, placement: Placement) -> Any:
    from sonic_ui.pipelines.assemble import read_painting_pipeline
    from sonic_ui.pipelines.audio_conditioned import move_to_device

    pipeline = read_painting_pipeline(bundle, files or (), placement.dtype)
    move_to_device(pipeline, placement)
    return pipeline
