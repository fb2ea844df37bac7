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
DARK: Colour = (22, 18, 22)
WHITE: Colour = (252, 248, 240)
GLASS: Colour = (178, 220, 242)


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


def points_of(xs: np.ndarray, ys: np.ndarray) -> list[Point]:
    """The points of two arrays of coordinates."""
    return [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


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

    def finish(self, *, shade: float = 0.35, outline: float = 0.0, halo: float = 0.0) -> None:
        """Light the figure from the upper left and put it on the canvas.

        `outline` is the opacity of a dark contour, `halo` that of the pale mist behind it: with both the
        figure stands out from any backdrop, by day and by night.
        """
        box = self.layer.getchannel("A").getbbox()
        if box is None:
            return
        px = self.canvas.px
        pad = int(px * (0.075 if halo > 0 else 0.02)) + 1
        x0, y0 = max(0, box[0] - pad), max(0, box[1] - pad)
        x1, y1 = min(px, box[2] + pad), min(px, box[3] + pad)
        part = self.layer.crop((x0, y0, x1, y1))
        alpha = part.getchannel("A")
        if halo > 0:
            mist = mix(scale((255, 250, 240), self.canvas.ambient), (255, 250, 240), 0.10)
            mask = _soft(alpha, px * 0.022).point([int(min(255, v * 1.5) * halo) for v in range(256)])
            self.canvas.image.paste(_bytes(mist), (x0, y0), mask)
        if outline > 0:
            radius = px * (0.0030 + 0.0020 * min(1.0, self.size))
            grown = alpha.filter(ImageFilter.GaussianBlur(radius))
            mask = grown.point([int(min(255, max(0, v - 14) * 5) * outline) for v in range(256)])
            self.canvas.image.paste((26, 20, 30), (x0, y0), mask)
        if shade > 0:
            part = _shaded(part, shade, max(2.0, self.size * px * 0.035), self.canvas.ambient)
        self.canvas.image.paste(part, (x0, y0), part)

    def stand_out(self, shade: float = 0.5) -> None:
        """Finish a subject: shaded, with a dark contour and a pale mist behind it."""
        self.finish(shade=shade, outline=0.92, halo=0.5)


def _byte(value: float) -> int:
    return int(min(255, max(0, value)))


def _bytes(colour: Colour) -> tuple[int, int, int]:
    return (_byte(colour[0]), _byte(colour[1]), _byte(colour[2]))


def _soft(alpha: Image.Image, radius: float) -> Image.Image:
    """A blurred mask, worked out at a quarter of its size."""
    small = alpha.resize((max(1, alpha.width // 4), max(1, alpha.height // 4)), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(radius / 4))
    return small.resize(alpha.size, Image.Resampling.BILINEAR)


def _shaded(part: Image.Image, strength: float, radius: float, ambient: Colour) -> Image.Image:
    """The layer with light on the edges towards the upper left and shade on those away from it."""
    alpha = part.getchannel("A")
    small = alpha.resize((max(1, part.width // 4), max(1, part.height // 4)), Image.Resampling.BOX)
    soft = np.asarray(small.filter(ImageFilter.GaussianBlur(radius / 4)), np.float32)
    k = max(1, round(radius / 4))
    wide = np.pad(soft, k, mode="edge")
    relief = (wide[2 * k :, 2 * k :] - wide[: -2 * k, : -2 * k]) * strength
    out = part.copy()
    for sign, colour, share in ((1, scale((255, 246, 226), ambient), 0.55), (-1, (14, 10, 34), 0.75)):
        mask = np.clip(relief * sign * share, 0, 255).astype(np.uint8)
        shade = Image.fromarray(mask).resize(part.size, Image.Resampling.BILINEAR)
        out.paste(_bytes(colour), (0, 0), shade)
    out.putalpha(alpha)
    return out


class Canvas:
    """The picture being painted, `SUPERSAMPLING` times larger than asked for.

    `ambient` is the light of the time of day by which every figure's colours are multiplied; `room` in
    (0, 1] is how much of its usual size a thing may take: less where several share the picture, which
    `shared` says. `indoors` tells a room from the open; feet on the ground stay below `shore`. `lamp` is
    where the sun or moon stands from left to right, and its colour. `flips` are those of the figures that
    were asked to face one way or the other, in order.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size = size
        self.px = size * SUPERSAMPLING
        self.rng = rng
        self.ambient: Colour = (1.0, 1.0, 1.0)
        self.room = 1.0
        self.shared = False
        self.indoors = False
        self.shore = 0.0
        self.lamp: tuple[float, Colour] | None = None
        self.flips: list[bool] = []
        self.image = Image.new("RGB", (self.px, self.px))

    def figure(
        self, at: Point = (0, 0), size: float = 1.0, *, flip: bool | None = None, turn: float = 0.0
    ) -> Figure:
        """Start a layer; call its `finish` to put it down."""
        if flip is not None:
            self.flips.append(flip)
        return Figure(self, at, size, bool(flip), turn)

    @contextmanager
    def lit(self, ambient: Colour = (1.0, 1.0, 1.0)) -> Iterator[Colour]:
        """Another light while something is painted, such as what shines by itself; gives the one outside."""
        outside, self.ambient = self.ambient, ambient
        try:
            yield outside
        finally:
            self.ambient = outside

    def inside(self, x: float, half: float) -> float:
        """Position nearest to `x` where a thing `half` wide to both sides stays in the picture."""
        return float(min(max(x, half + 0.03), 0.97 - half)) if half < 0.47 else 0.5

    def sized(self, level: float, small: float, large: float) -> float:
        """Size of a thing at its level: the louder, the larger; smaller where it shares the picture."""
        least = small * (0.5 + 0.5 * self.room)
        return least + (large * self.room - least) * level

    def paint_soft(self, pixels: np.ndarray) -> None:
        """Replace the picture by soft pixels [size, size, 3] in [0, 255], without fine detail."""
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB")
        self.image = image.resize((self.px, self.px), Image.Resampling.BICUBIC)

    def soft_grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit coordinates of `paint_soft`: x [1, size], y [size, 1]."""
        line = (np.arange(self.size, dtype=np.float32) + 0.5) / self.size
        return line[None, :], line[:, None]

    def glow(self, at: Point, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Add soft light around a point (screen-like addition)."""
        r = int(radius * self.px * 2.2)
        cx, cy = int(at[0] * self.px), int(at[1] * self.px)
        x0, x1, y0, y1 = max(0, cx - r), min(self.px, cx + r), max(0, cy - r), min(self.px, cy + r)
        if x1 - x0 < 8 or y1 - y0 < 8:
            return
        xx = np.linspace(x0, x1, (x1 - x0) // 4, dtype=np.float32)[None, :] - cx
        yy = np.linspace(y0, y1, (y1 - y0) // 4, dtype=np.float32)[:, None] - cy
        d2 = (xx**2 + yy**2) / (radius * self.px) ** 2
        fall = strength * (np.exp(-d2 * 1.4) - np.exp(-1.4 * 4.8)).clip(0)
        light = np.clip(fall[..., None] * np.asarray(colour, np.float32), 0, 255).astype(np.uint8)
        lamp = Image.fromarray(light, "RGB").resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR)
        part = self.image.crop((x0, y0, x1, y1))
        self.image.paste(ImageChops.screen(part, lamp), (x0, y0))

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
    return canvas.downsampled()


def _blurred(image: Image.Image, share: float) -> np.ndarray:
    """The picture in [0, 1], blurred by a share of its side."""
    soft = image.filter(ImageFilter.GaussianBlur(image.width * share))
    return np.asarray(soft, np.float32) / 255.0


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8), "RGB")


def _watercolour(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    """Pale washes that pool at their edges, with a bare rim of paper."""
    image = canvas.downsampled()
    pixels = np.asarray(image, np.float32) / 255.0
    edge = np.clip((_blurred(image, 0.014) - pixels).mean(-1, keepdims=True) * 2.2, 0, 0.35)
    wash = value_noise(rng, canvas.size, (3, 6))[..., None]
    out = 1.0 - (1.0 - pixels) * (0.66 + 0.30 * wash)
    out = out * (1 - edge) * np.array([1.0, 0.99, 0.965], np.float32)
    x, y = canvas.soft_grid()
    rim = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    rim = rim + 0.006 * (np.sin(17 * x + 2 * y) + np.sin(15 * y + 3 * x))
    bare = np.clip(1 - (rim - 0.022) * 70, 0, 1)[..., None]
    return _image(out * (1 - bare) + np.array([0.97, 0.955, 0.92], np.float32) * bare)


def _ink_drawing(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    """Dark lines on the dark side of every edge, over pale washes on cream paper."""
    image = canvas.downsampled()
    grey = image.convert("L")
    fine, coarse = _blurred(grey, 0.0025), _blurred(grey, 0.0085)
    line = np.clip(((coarse - fine) - 0.018) * 16, 0, 1)[..., None]
    pixels = np.asarray(image, np.float32) / 255.0
    tone = pixels.mean(-1, keepdims=True)
    wash = np.clip(0.88 * pixels + 0.12 * tone, 0, 1) ** 0.8
    out = np.array([0.97, 0.94, 0.87], np.float32) * (0.24 + 0.81 * wash)
    ink = np.array([0.10, 0.09, 0.14], np.float32)
    return _image(out * (1 - line) + ink * line)


STYLE_FILTERS: dict[str, Callable[[Canvas, np.random.Generator], Image.Image]] = {
    "painting": _painting,
    "watercolour": _watercolour,
    "ink drawing": _ink_drawing,
}
