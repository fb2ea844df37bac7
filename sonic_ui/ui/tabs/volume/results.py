"""A sweep as a strip: captions, words for who cannot see, and files to take along."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sonic_ui.engine.events import CancelToken, FrameInfo, Result
from sonic_ui.requests import VolumeSweepRequest
from sonic_ui.ui.components.strip_player import Frame, Slot, Strip
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.reuse import Record, request_from_settings
from sonic_ui.ui.tabs.volume.knobs import KnobName, frame_lists, knob_of, position_of
from sonic_ui.ui.widgets.fields import ROOM_WORDS, detail_line, label_sentence
from sonic_ui.ui.widgets.strips import FilmFiles, film_files, strip_answer

ENDS: dict[KnobName, tuple[str, str]] = {
    "gain": ("quieter", "louder"),
    "scale": ("listens less", "listens more"),
    "both": ("quieter", "louder"),
}


def example_strip(context: AppContext, index: int) -> Strip | None:
    """An example's picture, as loud as it is: a strip of one; None if it has no picture."""
    example = context.examples[index] if index < len(context.examples) else None
    if example is None or example.picture is None:
        return None
    words = f"Picture painted from the example sound “{example.title}”, as loud as it is."
    return Strip(
        id=f"example-{index}",
        title=f"{example.title}, as loud as it is",
        detail="Press Generate, then turn it up and down.",
        frames=(Frame(0.0, "0 dB", words, example.picture),),
        reusable=False,
        refinable=False,
        knob="gain",
    )


def slots_of(request: VolumeSweepRequest) -> tuple[Slot, ...]:
    """Where the pictures of a request will stand, before they are there."""
    knob, _ = knob_of(request)
    return tuple(
        Slot(position_of(knob, gain_db, scale), caption(knob, FrameInfo(gain_db=gain_db, scale=scale)))
        for gain_db, scale in request.turns
    )


def strip_of(context: AppContext, run: int, result: Result) -> Strip:
    """The strip of a finished request, whose film is still to be made; its pictures are saved."""
    request = sweep_request(result)
    knob, _ = knob_of(request)
    labels = label_sentence(result.labels, result.is_unknown)
    files = context.pictures.write(result.images, result.settings)
    room = "" if request.room == "dry" else f"{ROOM_WORDS[request.room]} · "
    pairs = zip(result.frames, files, strict=True)
    note = ""
    if result.stopped:
        note = f"Stopped: {len(files)} of {len(request.turns)} pictures were finished."
    return Strip(
        id=f"result-{run}",
        title=f"Heard {labels}, {_span(knob, result.frames)}",
        detail=f"{room}{detail_line(result)}",
        frames=tuple(
            _frame(position_of(knob, info.gain_db, info.scale), knob, info, labels, path)
            for info, path in pairs
        ),
        ends=ENDS[knob],
        seconds=request.film_s,
        loop=request.loop,
        note=note,
        filming=True,
        knob=knob,
    )


def frame_at(at: float, result: Result, path: Path) -> Frame:
    """The one picture of a request, which stands at `at` on the slider."""
    knob, _ = knob_of(sweep_request(result))
    labels = label_sentence(result.labels, result.is_unknown)
    return _frame(at, knob, result.frames[0], labels, path)


def _frame(at: float, knob: KnobName, info: FrameInfo, labels: str, path: Path) -> Frame:
    level = "" if info.level is None else f" Its judged level is {info.level:.2f}."
    words = f"Picture painted from a sound heard as {labels}, at {caption(knob, info, ', ')}.{level}"
    return Frame(at, caption(knob, info, "\n"), words, path, info.level)


def request_at(record: Record, at: float, knob: str) -> VolumeSweepRequest:
    """The request for the one picture at a position of a result. Raises `BadInput`."""
    lists = frame_lists(knob, at)
    request = request_from_settings(record["settings"], record["files"], VolumeSweepRequest)
    return request.changed(gains_db=lists.gains_db, scales=lists.scales)


def write_files(context: AppContext, result: Result, cancel: CancelToken) -> FilmFiles:
    """The film in which the sound grows louder in step with its pictures, a GIF and one long picture."""
    from sonic_ui.audio.mixing import apply_gain_envelope

    request = sweep_request(result)
    knob, _ = knob_of(request)
    clip = context.studio.load_sound(request.sound, request.start_s, request.end_s, 0.0, request.room).clip
    return film_files(
        context.pictures.new(),
        result.images,
        [info.gain_db or 0.0 for info in result.frames],
        [caption(knob, info) for info in result.frames],
        request,
        result.settings,
        lambda line: apply_gain_envelope(clip.samples, clip.sample_rate, line.positions, line.duration_s),
        cancel,
    )


def sweep_request(result: Result) -> VolumeSweepRequest:
    """The request of a sweep's result."""
    if not isinstance(result.request, VolumeSweepRequest):
        raise TypeError(f"a volume sweep is shown here, not a {type(result.request).__name__}")
    return result.request


def caption(knob: KnobName, info: FrameInfo, separator: str = " · ") -> str:
    """What a picture was turned to, and how loud that is: "−12 dB · −33 LUFS"."""
    gain = "0 dB" if not info.gain_db else f"{info.gain_db:+g} dB"
    scale = f"×{1.0 if info.scale is None else info.scale:.3g}"
    setting = {"gain": gain, "scale": scale, "both": f"{gain} {scale}"}[knob]
    words = setting if info.lufs is None else f"{setting}{separator}{info.lufs:.0f} LUFS"
    return words.replace("-", "−")


def _span(knob: KnobName, frames: Sequence[FrameInfo]) -> str:
    """From where to where a sweep goes, in words."""
    first, last = (caption(knob, replace(info, lufs=None)) for info in (frames[0], frames[-1]))
    return f"at {first}" if len(frames) == 1 else f"from {first} to {last}"


ANSWER = strip_answer(write_files)
