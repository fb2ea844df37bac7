"""A recording is split into stems, for the mixer of the page and for programs (`/split_sound`)."""

from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.media.metadata import safe_stem
from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput
from sonic_ui.requests.split_sound import LONGEST_SPLIT_S, SplitSoundRequest
from sonic_ui.ui import api
from sonic_ui.ui.session.context import AppContext

SAMPLE_RATE = 48_000
NOT_SPLIT = "“{name}” has one part only: nothing could be split off. Mix it as it is, or choose another way."
CUT = "“{name}” is {total:.0f} s long: its loudest {most:g} s were split."
RETURNS = (
    "Returns the stems as WAV files, the loudest first, and as JSON what each is called and how loud it is."
)


def split_files(
    context: AppContext, request: SplitSoundRequest, longest_s: float = LONGEST_SPLIT_S
) -> tuple[list[Path], dict[str, Any]]:
    """The stems of a recording as WAV files, the loudest first, and what is known of each. Raises `BadInput`.

    longest_s   of the part that is split
    """
    import soundfile

    from sonic_ui.audio.clips import load_clip
    from sonic_ui.audio.loudness import integrated_lufs
    from sonic_ui.audio.separation import separate

    name = Path(request.sound).name
    start_s, end_s = request.start_s, request.end_s
    clip = load_clip(request.sound, SAMPLE_RATE, start_s=start_s, end_s=end_s, max_duration_s=longest_s)
    stems = separate(clip.samples, SAMPLE_RATE, request.way)
    if len(stems) < 2:
        raise BadInput(NOT_SPLIT.format(name=name), "way")
    folder, files, listed = context.pictures.new(), [], []
    for stem in stems:
        path, content = folder / f"{safe_stem(name)} ({stem.name}).wav", BytesIO()
        soundfile.write(content, stem.samples, SAMPLE_RATE, subtype="PCM_24", format="WAV")
        with writing(path):
            path.write_bytes(content.getvalue())
        files.append(path)
        listed.append({"name": stem.name, "lufs": round(integrated_lufs(stem.samples, SAMPLE_RATE), 1)})
    notices = []
    if request.end_s is None and clip.source_duration_s > longest_s + 1.0:
        notices = [CUT.format(name=name, total=clip.source_duration_s, most=longest_s)]
    part_s = [clip.start_s, clip.start_s + clip.duration_s]
    return files, {"stems": listed, "part_s": part_s, "notices": notices}


def add_endpoint(context: AppContext) -> None:
    """Add `/split_sound`."""

    def split(request: SplitSoundRequest, caller: api.Caller) -> tuple[Any, ...]:
        files, about = split_files(context, request)
        return [str(path) for path in files], about

    outputs: dict[str, api.Component] = {"stems": api.FILES, "about": gr.JSON}
    api.add_endpoint(
        "split_sound", SplitSoundRequest, split, outputs, api.describe(SplitSoundRequest, RETURNS)
    )
