"""A small supersampled canvas over Pillow: smooth shapes, graded fills, soft light. Last, the styles of
pictures: what a painting, a watercolour and an ink drawing make of the canvas.

Coordinates are unit squares, x to the right, y down; angles in radians. Colours are RGB in [0, 255]. Points
are pairs, or a text as SVG has it: "-.42,0 -.36,-.19 0,-.18".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[float, float, float]
Point = tuple[float, float]
Points = Sequence[Point] | np.ndarray | str

SUPERSAMPLING = 3


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` of the way from `a` to `b`."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def scale(a: Colour, factor: float | Colour) -> Colour:
    """The colour times a number or, channel by channel, times a light."""
    f = (factor, factor, factor) if isinstance(factor, (int, float)) else factor
    return (a[0] * f[0], a[1] * f[1], a[2] * f[2])


def coordinates(points: Points) -> np.ndarray:
    """The points as an array, float [N, 2]."""
    return np.array([p.split(",") for p in points.split()] if isinstance(points, str) else points, float)


def smooth_closed(points: Points, steps: int = 8) -> np.ndarray:
    """Closed Catmull-Rom spline through the points, float [N * steps, 2]."""
    p = coordinates(points)
    a, b, c, d = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    return _catmull_rom(a, b, c, d, steps)


def smooth_open(points: Points, steps: int = 8) -> np.ndarray:
    """Open Catmull-Rom spline through the points, float [(N - 1) * steps + 1, 2]."""
    p = coordinates(points)
    q = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    return np.concatenate([_catmull_rom(q[:-3], q[1:-2], q[2:-1], q[3:], steps), p[-1:]])


def _catmull_rom(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, steps: int) -> np.ndarray:
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (v[:, None, :] for v in (a, b, c, d))
    out = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return out.reshape(-1, 2)


def value_noise(
    rng: np.random.Generator, size: int, cells: Sequence[int], *, aspect: float = 1.0
) -> np.ndarray:
    """Fractal value noise in about [0, 1], float32 [size, size]; `aspect` > 1 stretches it sideways."""
    out = np.zeros((size, size), np.float32)
    total = 0.0
    for i, n in enumerate(cells):
        grid = rng.random((max(2, n), max(2, round(n / aspect)))).astype(np.float32)
        layer = Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC)
        weight = 0.5**i
        out += weight * np.asarray(layer)
        total += weight
    return out / total


@dataclass
class Figure:
    """A transparent layer with its own position, size and facing, drawn in local coordinates.

    Local (0, 0) lands on `at`; one local unit is `size` of the picture's side; `flip` mirrors x.
    """

    canvas: Canvas
    at: Point
    size: float
    flip: bool = False
    turn: float = 0.0
    layer: Image.Image = field(init=False)
    pen: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.layer = Image.new("RGBA", (self.canvas.px, self.canvas.px), (0, 0, 0, 0))
        self.pen = ImageDraw.Draw(self.layer)

    def to_pixels(self, points: Points) -> list[Point]:
        """Pixels at which local points lie."""
        p = coordinates(points)
        if self.flip:
            p = p * np.array([-1.0, 1.0])
        if self.turn:
            c, s = np.cos(self.turn), np.sin(self.turn)
            p = p @ np.array([[c, s], [-s, c]])
        p = (p * self.size + np.asarray(self.at)) * self.canvas.px
        return [(float(x), float(y)) for x, y in p]

    def _paint(self, colour: Colour, alpha: float) -> tuple[int, int, int, int]:
        r, g, b = scale(colour, self.canvas.ambient)
        return (_byte(r), _byte(g), _byte(b), _byte(alpha * 255))

    def blob(self, points: Points, colour: Colour, alpha: float = 1.0) -> None:
        """A smooth closed shape through the points."""
        self.pen.polygon(self.to_pixels(smooth_closed(points)), fill=self._paint(colour, alpha))

    def poly(self, points: Points, colour: Colour, alpha: float = 1.0) -> None:
        """A shape with straight sides."""
        self.pen.polygon(self.to_pixels(points), fill=self._paint(colour, alpha))

    def rect(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, alpha: float = 1.0) -> None:
        """A rectangle between two opposite corners."""
        self.poly([(x0, y0), (x0, y1), (x1, y1), (x1, y0)], colour, alpha)

    def disc(
        self, centre: Point, radius: float, colour: Colour, alpha: float = 1.0, squash: float = 1.0
    ) -> None:
        """A filled ellipse; `squash` is its height over its width."""
        t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        ring = np.stack([centre[0] + radius * np.cos(t), centre[1] + radius * squash * np.sin(t)], 1)
        self.pen.polygon(self.to_pixels(ring), fill=self._paint(colour, alpha))

    def stroke(
        self, points: Points, width: float, colour: Colour, alpha: float = 1.0, *, curved: bool = True
    ) -> None:
        """A line of the given width (local units) with round ends."""
        knots = coordinates(points)
        path = self.to_pixels(smooth_open(knots) if curved and len(knots) > 2 else knots)
        px = max(1, round(width * self.size * self.canvas.px))
        fill = self._paint(colour, alpha)
        self.pen.line(path, fill=fill, width=px, joint="curve")
        if px > 2:
            for x, y in (path[0], path[-1]):
                self.pen.ellipse((x - px / 2, y - px / 2, x + px / 2, y + px / 2), fill=fill)

    def finish(self, *, shade: float = 0.35, outline: float = 0.0) -> None:
        """Light the figure from the upper left and put it on the canvas."""
        if shade > 0:
            self.layer = _shaded(self.layer, shade, max(2.0, self.size * self.canvas.px * 0.035))
        if outline > 0:
            alpha = self.layer.getchannel("A")
            grown = alpha.filter(ImageFilter.MaxFilter(5))
            dark = Image.new("RGBA", self.layer.size, (20, 16, 24, 255))
            dark.putalpha(grown.point(lambda v: int(v * outline)))
            self.canvas.image.paste(dark, (0, 0), dark)
        self.canvas.image.paste(self.layer, (0, 0), self.layer)


def _byte(value: float) -> int:
    return int(min(255, max(0, value)))


def _shaded(layer: Image.Image, strength: float, radius: float) -> Image.Image:
    alpha = layer.getchannel("A")
    box = alpha.getbbox()
    if box is None:
        return layer
    pad = int(radius * 3)
    box = (
        max(0, box[0] - pad),
        max(0, box[1] - pad),
        min(layer.width, box[2] + pad),
        min(layer.height, box[3] + pad),
    )
    part = layer.crop(box)
    soft = part.getchannel("A").filter(ImageFilter.GaussianBlur(radius))
    offset = int(radius)
    light = np.asarray(ImageChops.offset(soft, offset, offset), np.float32)
    dark = np.asarray(ImageChops.offset(soft, -offset, -offset), np.float32)
    relief = (dark - light) / 255.0 * strength
    rgba = np.asarray(part, np.float32).copy()
    rgba[..., :3] = np.clip(
        rgba[..., :3] * (1 + relief[..., None]) + 25 * np.maximum(relief, 0)[..., None], 0, 255
    )
    out = layer.copy()
    out.paste(Image.fromarray(rgba.astype(np.uint8), "RGBA"), box[:2])
    return out


class Canvas:
    """The picture being painted, `SUPERSAMPLING` times larger than asked for.

    `ambient` is the light of the time of day by which every figure's colours are multiplied.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size = size
        self.px = size * SUPERSAMPLING
        self.rng = rng
        self.ambient: Colour = (1.0, 1.0, 1.0)
        self.image = Image.new("RGB", (self.px, self.px))

    def figure(
        self, at: Point = (0, 0), size: float = 1.0, *, flip: bool = False, turn: float = 0.0
    ) -> Figure:
        """Start a layer; call its `finish` to put it down."""
        return Figure(self, at, size, flip, turn)

    @contextmanager
    def lit(self, ambient: Colour = (1.0, 1.0, 1.0)) -> Iterator[Colour]:
        """Another light while something is painted, such as what shines by itself; gives the one outside."""
        outside, self.ambient = self.ambient, ambient
        try:
            yield outside
        finally:
            self.ambient = outside

    def pixels(self) -> np.ndarray:
        """The picture as float32 [px, px, 3] in [0, 255]."""
        return np.asarray(self.image, np.float32).copy()

    def put(self, pixels: np.ndarray) -> None:
        """Replace the picture by float pixels [px, px, 3] in [0, 255]."""
        self.image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB")

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit coordinates of the pixels: x [1, px], y [px, 1]."""
        line = (np.arange(self.px, dtype=np.float32) + 0.5) / self.px
        return line[None, :], line[:, None]

    def glow(self, at: Point, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Add soft light around a point (screen-like addition)."""
        r = int(radius * self.px * 2.2)
        cx, cy = int(at[0] * self.px), int(at[1] * self.px)
        x0, x1, y0, y1 = max(0, cx - r), min(self.px, cx + r), max(0, cy - r), min(self.px, cy + r)
        if x1 <= x0 or y1 <= y0:
            return
        yy, xx = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        d2 = ((xx - cx) ** 2 + (yy - cy) ** 2) / (radius * self.px) ** 2
        fall = strength * (np.exp(-d2 * 1.4) - np.exp(-1.4 * 4.8)).clip(0)
        part = np.asarray(self.image.crop((x0, y0, x1, y1)), np.float32)
        lit = part + (255 - part) * (np.asarray(colour, np.float32) / 255.0) * fall[..., None]
        self.image.paste(Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8), "RGB"), (x0, y0))

    def shadow(self, at: Point, width: float, strength: float = 0.4) -> None:
        """A soft dark ellipse on the ground."""
        w, h = int(width * self.px), max(2, int(width * self.px * 0.18))
        cx, cy = int(at[0] * self.px), int(at[1] * self.px)
        layer = Image.new("L", (w * 2 + 1, h * 4 + 1), 0)
        ImageDraw.Draw(layer).ellipse((w // 2, h, w * 3 // 2, h * 3), fill=int(255 * strength))
        layer = layer.filter(ImageFilter.GaussianBlur(h * 0.6))
        self.image.paste((8, 8, 16), (cx - w, cy - 2 * h), layer)

    def downsampled(self) -> Image.Image:
        """The finished picture at the size asked for."""
        return self.image.resize((self.size, self.size), Image.Resampling.LANCZOS)


def _painting(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    pixels = canvas.pixels()
    pixels *= 1 + 0.05 * (value_noise(rng, canvas.px, (40, 90))[..., None] - 0.5)
    canvas.put(pixels)
    return canvas.downsampled()


def _watercolour(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    """Flat washes with darker edges on grained paper."""
    px = canvas.px
    flat = canvas.image.resize((px // 2, px // 2), Image.Resampling.BILINEAR).filter(
        ImageFilter.MedianFilter(3)
    )
    flat = flat.resize((px, px), Image.Resampling.BILINEAR)
    pixels = np.asarray(flat, np.float32) / 255.0
    soft = np.asarray(flat.filter(ImageFilter.GaussianBlur(px * 0.012)), np.float32) / 255.0
    edge = np.clip(np.abs(pixels - soft).mean(-1, keepdims=True) * 4, 0, 1)
    wash = value_noise(rng, px, (4, 9, 19))[..., None]
    paper = 1.0 - 0.07 * value_noise(rng, px, (70, 120))[..., None]
    out = 1.0 - (1.0 - pixels) * (0.72 + 0.34 * wash)
    out = out * (1 - 0.55 * edge) * paper
    margin = value_noise(rng, px, (9, 20))
    x, y = canvas.grid()
    rim = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + 0.05 * (margin - 0.5)
    bare = np.clip(1 - (rim - 0.015) * 60, 0, 1)[..., None]
    out = out * (1 - bare) + np.array([0.97, 0.955, 0.92], np.float32) * bare
    canvas.put(out * 255)
    return canvas.downsampled()


def _ink_drawing(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    """Dark contours over pale washes on cream paper."""
    px = canvas.px
    pixels = canvas.pixels() / 255.0
    grey = canvas.image.convert("L").filter(ImageFilter.GaussianBlur(px * 0.004))
    g = np.asarray(grey, np.float32) / 255.0
    gx, gy = np.gradient(g)
    line = np.clip((np.hypot(gx, gy) * px * 0.11 - 0.60) * 1.4, 0, 1)
    line_image = Image.fromarray((line * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.0))
    line = np.clip(np.asarray(line_image, np.float32) / 255.0 * 1.5, 0, 1)[..., None]
    paper = np.array([0.96, 0.93, 0.86], np.float32) * (1 - 0.05 * value_noise(rng, px, (60, 110))[..., None])
    tone = pixels.mean(-1, keepdims=True)
    wash = 0.7 * pixels + 0.3 * tone
    out = paper * (0.40 + 0.64 * wash)
    ink = np.array([0.10, 0.09, 0.14], np.float32)
    canvas.put((out * (1 - line) + ink * line) * 255)
    return canvas.downsampled()


STYLE_FILTERS: dict[str, Callable[[Canvas, np.random.Generator], Image.Image]] = {
    "painting": _painting,
    "watercolour": _watercolour,
    "ink drawing": _ink_drawing,
}
