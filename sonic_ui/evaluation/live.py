"""Live on the running app, by its real route: from a chunk of sound to the frame that shows it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from sonic_ui.evaluation.app_process import app_command, free_port, running_app
from sonic_ui.evaluation.live_client import RATE_HZ, LiveClient, Record
from sonic_ui.evaluation.metrics import Metric, timed

WARM_UP_S = 6.0
EACH_S = 6.0
SETTLED_S = 3.0
"""Of each sound so much is left out before its frames are looked at: the window and the smoothing."""


def chunk_delays(frames: Sequence[Record], sent: Mapping[int, float]) -> list[float]:
    """Seconds from sending each chunk to the first frame that was painted after it came.

    Chunks after the last frame's are left out.
    """
    delays, following = [], iter(frames)
    frame = next(following, None)
    for chunk in sorted(sent):
        while frame is not None and frame.header["chunk"] < chunk:
            frame = next(following, None)
        if frame is None:
            break
        delays.append(frame.time_s - sent[chunk])
    return delays


def named_rightly(
    frames: Sequence[Record],
    sent: Mapping[int, float],
    played: Sequence[tuple[str, float, float]],
    name: Callable[[Record], str],
) -> list[bool]:
    """Of every frame whose newest chunk was sent while a sound was played, whether it is named that.

    played   label, begin and end of each sound, by the clock of `sent`
    """
    return [
        name(frame) == label
        for label, begin, end in played
        for frame in frames
        if begin <= sent.get(frame.header["chunk"], -1.0) < end
    ]


def first_label(frame: Record) -> str:
    """The label that the app gives a frame's sound."""
    return str(frame.header["labels"][0][0])


def live_metrics(
    bundle: Path,
    pipeline: Any,
    steps: int,
    guidance_scale: float,
    sounds: Sequence[tuple[str, np.ndarray]],
    judge: Callable[[Image.Image], str],
) -> list[Metric]:
    """Delays over one picture of `steps` steps, painted in turns with it by `pipeline` here.

    sounds   label and samples [T] at 48 kHz, played one after the other
    judge    the label of what a picture shows, by a classifier that has no part in painting it
    """
    embedding = pipeline.embed_audio(sounds[0][1])

    def picture_s() -> float:
        settings = {"guidance_scale": guidance_scale, "num_inference_steps": steps}
        return timed(lambda: pipeline(audio_embeds=embedding, **settings))[1]

    port = free_port()
    with running_app(app_command(port, bundle), port):
        pictures = [picture_s()]
        session = play_sounds(f"http://127.0.0.1:{port}", sounds)
        pictures += [picture_s(), picture_s()]
    return session_metrics(session, median(pictures), judge)


@dataclass(frozen=True)
class Session:
    """Sounds that were played one after the other, and what came back.

    frames   all of them; warm: how many came before the first sound
    sent     when each chunk of these sounds was sent; played: label, begin and end of each sound
    """

    frames: Sequence[Record]
    warm: int
    sent: Mapping[int, float]
    played: Sequence[tuple[str, float, float]]
    seconds: float


def play_sounds(address: str, sounds: Sequence[tuple[str, np.ndarray]]) -> Session:
    """Be live on a running app: play sounds, each for EACH_S, once its models are warm."""
    client = LiveClient(address, seed=1)
    while not client.frames:  # the models wake up
        client.play(np.resize(sounds[0][1], round(RATE_HZ)))
    client.play(np.resize(sounds[0][1], round(WARM_UP_S * RATE_HZ)))
    first, warm, played, began = len(client.sent), len(client.frames), [], time.perf_counter()
    for label, samples in sounds:
        begin = time.perf_counter()
        client.play(np.resize(samples, round(EACH_S * RATE_HZ)))
        played.append((label, begin + SETTLED_S, time.perf_counter()))
    seconds, last = time.perf_counter() - began, len(client.sent) - 1
    while client.frames[-1].header["chunk"] < last:  # of a crowded machine
        client.play(sounds[-1][1][: round(RATE_HZ)])
    sent = {chunk: at for chunk, at in client.sent.items() if first <= chunk <= last}
    session = Session(client.frames, warm, sent, played, seconds)
    client.leave()
    return session


def session_metrics(session: Session, picture_s: float, judge: Callable[[Image.Image], str]) -> list[Metric]:
    """Figures of a session beside a picture that takes `picture_s`."""
    frames, sent, count = session.frames, session.sent, len(session.frames) - session.warm
    delays = chunk_delays(frames, sent)
    heard = named_rightly(frames, sent, session.played, first_label)
    shown = named_rightly(
        frames, sent, session.played, lambda frame: judge(Image.open(BytesIO(frame.parts[0])))
    )
    late = [
        Metric(
            f"live: chunk in to frame, {name}, over a picture",
            float(np.quantile(delays, share)) / picture_s,
            reach,
            at_least=False,
            note=f"{len(delays)} chunks, {count} frames",
        )
        for name, share, reach in (("median", 0.5, 0.35), ("95 %", 0.95, 0.6))
    ]
    named = [
        Metric(f"live: frames {what}, 3 s after a change", float(np.mean(right)), note=f"{len(right)} frames")
        for what, right in (
            ("whose sound is named rightly", heard),
            ("that show what is played, by the judge", shown),
        )
    ]
    return [
        *late,
        Metric("live: frames in the time of a picture", count * picture_s / session.seconds),
        *named,
    ]
