"""An interpolation as a strip: captions, words for who cannot see, and files to take along."""

from pathlib import Path

from sonic_ui.engine.events import CancelToken, FrameInfo, Result
from sonic_ui.engine.inputs import SAMPLE_RATE
from sonic_ui.requests import InterpolateRequest
from sonic_ui.ui.components.strip_player import Frame, Slot, Strip
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.reuse import Record, request_from_settings
from sonic_ui.ui.widgets.fields import detail_line, label_sentence
from sonic_ui.ui.widgets.strips import FilmFiles, film_files, strip_answer


def slots_of(request: InterpolateRequest) -> list[Slot]:
    """Where the frames of a request will be, as far as it is known before they are painted."""
    return [Slot(at, caption(at)) for at in request.known_positions]


def slot_of(info: FrameInfo) -> Slot:
    """Where a frame will be that is added on the way."""
    at = info.position or 0.0
    return Slot(at, caption(at))


def strip_of(run: int, result: Result, files: tuple[Path, ...]) -> Strip:
    """The strip of a finished request; its film is still to come."""
    request = interpolation_request(result)
    positions = positions_of(result)
    note = ""
    if result.stopped:
        note = f"Stopped: {len(positions)} of {request.outputs} pictures were finished."
    return Strip(
        id=f"result-{run}",
        title="From {} to {}".format(*_ends(result)),
        detail=detail_line(result),
        frames=tuple(frame_at(at, result, path) for at, path in zip(positions, files, strict=True)),
        ends=_ends(result),
        seconds=request.film_s,
        loop=request.loop,
        note=note,
        filming=True,
    )


def first_strip(context: AppContext, first: int, second: int) -> Strip | None:
    """What is there when the page opens: the pictures of two examples, with nothing between them yet."""
    if not context.examples:
        return None
    a, b = context.examples[first], context.examples[second]
    if a.picture is None or b.picture is None or first == second:
        return None
    words = "Picture painted from the example sound “{}”."
    return Strip(
        id="examples",
        title=f"{a.title} and {b.title}",
        detail="Two examples. Generate paints what lies between them.",
        frames=(
            Frame(0.0, caption(0.0), words.format(a.title), a.picture),
            Frame(1.0, caption(1.0), words.format(b.title), b.picture),
        ),
        ends=(a.title, b.title),
        reusable=False,
        refinable=False,
    )


def frame_at(at: float, result: Result, path: Path) -> Frame:
    """The frame at a position between the sounds."""
    left, right = _ends(result)
    prompt = result.request.prompt
    words = f", with the words “{prompt}”" if prompt else ""
    way = f"{caption(at)} of the way from {left} to {right}"
    return Frame(at, caption(at), f"Picture painted {way}{words}.", path)


def request_at(record: Record, at: float, knob: str) -> InterpolateRequest:
    """The request for the one picture at a position of a result; there is one knob. Raises `BadInput`."""
    return request_from_settings(record["settings"], record["files"], InterpolateRequest).changed(
        positions=(at,)
    )


def write_files(context: AppContext, result: Result, cancel: CancelToken) -> FilmFiles:
    """The film, in which one sound fades into the other with the picture, and the rest to take along."""
    from sonic_ui.audio.mixing import crossfade_along

    request, positions = interpolation_request(result), positions_of(result)
    load, room = context.studio.load_sound, request.room
    a = load(request.sound_a, request.start_a_s, request.end_a_s, 0.0, room).clip.samples
    b = load(request.sound_b, request.start_b_s, request.end_b_s, 0.0, room).clip.samples
    loudness = (request.lufs_a, request.lufs_b)
    return film_files(
        context.pictures.new(),
        result.images,
        positions,
        [caption(at) for at in positions],
        request,
        result.settings,
        lambda line: crossfade_along(a, b, SAMPLE_RATE, line.positions, line.duration_s, *loudness),
        cancel,
    )


def interpolation_request(result: Result) -> InterpolateRequest:
    """The request of an interpolation's result."""
    if not isinstance(result.request, InterpolateRequest):
        raise TypeError(f"an interpolation is shown here, not a {type(result.request).__name__}")
    return result.request


def positions_of(result: Result) -> list[float]:
    """The position of every picture of a result."""
    return [info.position or 0.0 for info in result.frames]


def caption(at: float) -> str:
    """A position between the sounds as people read it: in percent, halves where a frame stands on one."""
    percent = 100 * at
    halves = round(2 * percent) / 2
    return f"{halves:g} %" if abs(percent - halves) < 1e-6 else f"{percent:.0f} %"


def _ends(result: Result) -> tuple[str, str]:
    second = label_sentence(result.labels_b, result.is_unknown_b)
    return label_sentence(result.labels, result.is_unknown), second


ANSWER = strip_answer(write_files)
