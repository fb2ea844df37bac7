"""Frames of a film: blends, kicks, and nothing that flickers."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sonic_ui.media.film_frames import FrameMaker, Kicks, frame_size, zoomed

BLACK, WHITE = Image.new("RGB", (16, 16), "black"), Image.new("RGB", (16, 16), "white")
NOISE = Image.effect_noise((64, 64), 90).convert("RGB")


def maker(pictures: list[Image.Image], times: list[float], **more: object) -> FrameMaker:
    return FrameMaker(times, lambda number: pictures[number], 0.0, 10, pictures[0].size, **more)  # type: ignore[arg-type]


def test_frames_blend_between_their_pictures_and_can_come_in_parts() -> None:
    film = maker([BLACK, WHITE, BLACK], [0.0, 1.0, 2.0])
    first = [int(pixels.mean()) for pixels in film.until(1.0)]
    rest = [int(pixels.mean()) for pixels in film.until(2.0)]
    assert len(first) == len(rest) == 10 and film.number == 20
    assert first[0] == 0 and first == sorted(first) and rest[0] == 255
    assert 170 < first[5] < 200  # half of the light, not half of the number


def test_a_picture_that_stays_gives_the_same_bytes() -> None:
    frames = [pixels.tobytes() for pixels in maker([NOISE, NOISE.copy()], [0.0, 2.0]).until(2.0)]
    assert len(set(frames)) == 1


def test_a_zoom_kick_pushes_and_falls() -> None:
    film = maker([NOISE], [0.0], zoom=Kicks((0.5,), (1.0,)))
    frames = [pixels.astype(float) for pixels in film.until(2.0)]
    apart = [float(np.abs(frame - frames[0]).mean()) for frame in frames]
    assert apart[4] == 0.0 and apart[5] > 10 and apart[5] > apart[7] > apart[19]


def test_a_painted_kick_shines_through() -> None:
    film = maker([BLACK], [0.0], flashes=Kicks((0.5,), (1.0,)), flash=lambda number: WHITE)
    light = [int(pixels.mean()) for pixels in film.until(1.5)]
    assert light[4] == 0 and light[5] == 255 and light[5] > light[7] > light[12]


def test_frames_have_even_sides() -> None:
    assert frame_size((256, 256), 512) == (512, 512)
    assert frame_size((448, 256), 301) == (526, 300)
    assert zoomed(NOISE, (128, 130), 1.1).size == (128, 130)
