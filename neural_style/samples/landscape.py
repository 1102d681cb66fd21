"""Paintings for trying out styles: original landscapes in thick oil strokes, generated from a seed.

A scene assigns every pixel a colour, a brush direction and a body (sky, hill, water, ...). Strokes then follow the
directions in passes from broad to fine. Each stroke is opaque, carries two colours in its bristles, and leaves a relief
of paint, which is lit at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from neural_style.images import to_uint8

Array = NDArray[np.floating[Any]]

REFERENCE_HEIGHT = 512
# At that height: width and length of a stroke in pixels, and how often the pass covers the canvas.
PASSES = ((15.0, 44.0, 3.0), (9.0, 30.0, 2.0), (5.5, 21.0, 1.1), (3.6, 14.0, 1.0))
SUPERSAMPLING = 2  # strokes are drawn without antialiasing, on a canvas this much larger
TRACE_STEPS = 8  # straight pieces of a stroke: few enough to be fast, enough to curve around a star
SAMPLES_AT_ONCE = 2_000_000  # limits the memory for positions of samples


def ramp(colours: str, position: Array) -> Array:
    """Interpolate between hexadecimal `colours`, evenly spaced over positions 0 to 1."""
    stops = np.array([list(bytes.fromhex(colour)) for colour in colours.split()]) / 255
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(position, at, channel) for channel in stops.T], -1).astype(np.float32)


def mix(below: Array, above: Array, share: Array) -> Array:
    return below + (above - below) * np.clip(share, 0, 1)[..., None]


class Scene:
    """Bodies, laid from back to front; `down` runs from 0 to 1, and `across` has the same unit."""

    def __init__(self, height: int, width: int, random: np.random.Generator) -> None:
        self.aspect, self.random = width / height, random
        self.down, self.across = (np.indices((height, width), np.float32) + 0.5) / np.float32(height)
        self.colour = np.zeros((height, width, 3), np.float32)
        self.direction = np.zeros((height, width, 2), np.float32)
        self.body = np.zeros((height, width), np.int32)

    def noise(self, rows: int, columns: int) -> Array:
        """Smooth noise of about -1 to 1 with this many humps, independent of the picture's size."""
        values = Image.fromarray(self.random.uniform(-1.2, 1.2, (rows + 3, columns + 3)).astype(np.float32))
        size, box = self.body.shape[::-1], (1, 1, columns + 2, rows + 2)
        return np.array(values.resize(size, Image.Resampling.BICUBIC, box), np.float32)

    def ridge(self, base: float, swing: float, humps: int) -> Array:
        return base + swing * np.broadcast_to(self.noise(1, humps)[:1], self.body.shape)

    def distance(self, down: float, across: float) -> Array:
        distance: Array = np.hypot(self.down - down, self.across - across * self.aspect)
        return distance

    def lay(self, where: NDArray[np.bool_], colour: Array, stream: Array) -> None:
        """Lay a body whose strokes run along the contours of `stream`."""
        slope_down, slope_across = np.gradient(stream)
        direction = np.stack([-slope_across, slope_down], -1)
        direction /= np.hypot(slope_down, slope_across)[..., None] + 1e-12
        self.colour[where], self.direction[where] = colour[where], direction[where]
        self.body[where] = self.body.max() + 1


def lay_sky(scene: Scene, discs: list[Any], air: str, light: str) -> None:
    """Streams with two eddies, curving around every disc; the colours of `air` form bands along them."""
    random, down = scene.random, scene.down
    stream, shine = down + 0.05 * scene.noise(4, 5) + 0.02 * np.sin(9 * scene.across + 5 * down), 0 * down
    for turn in (0.15, -0.13):
        stream += turn * np.exp(-((scene.distance(*random.uniform((0.12, 0.1), (0.4, 0.9))) / 0.11) ** 2))
    for y, x, radius in discs:
        gap = scene.distance(y, x) / radius
        vortex = y + random.choice((-4, 4)) * radius * np.exp(-gap / 2.5)
        stream += (vortex - stream) * np.exp(-((gap / 3.2) ** 4))
        halo = np.exp(-gap / 2) + 0.13 * np.cos(gap * 4.5) * np.exp(-gap / 4)
        shine = np.maximum(shine, np.where(gap < 1, 1 - 0.1 * gap, halo))
    bands = (0.22 + 0.12 * scene.noise(5, 4)) * np.sin(50 * stream + 2.5 * scene.noise(4, 5))
    sky = ramp(air, 0.3 + 0.4 * down + bands + 0.15 * scene.noise(9, 9))
    scene.lay(down > -1, mix(sky, ramp(light, shine), shine * 7 - 0.8), stream)


def lay_hill(scene: Scene, ridge: Array, colours: str) -> None:
    stream = scene.down - ridge + 0.01 * scene.noise(8, 14)
    position = 0.45 + 0.38 * np.sin(65 * stream) + 0.35 * scene.noise(16, 24)
    scene.lay(scene.down > ridge, ramp(colours, position), stream)


def lay_pine(scene: Scene, foot: float, across: float, height: float, colours: str) -> None:
    beside, rise = scene.across - across * scene.aspect, (foot - scene.down) / height
    reach = height * (0.3 * (1 - rise) * (0.55 + 0.45 * ((-5.5 * rise) % 1)) + 0.012)
    position = 0.35 + 1.6 * beside / height + 0.4 * scene.noise(24, 30)
    stream = scene.down - 0.55 * np.abs(beside) + 0.3 * beside * scene.noise(9, 9)
    scene.lay((rise > 0) & (rise < 1) & (np.abs(beside) < reach), ramp(colours, position), stream)


def compose_night(scene: Scene) -> None:
    """A low moon and stars in a swirling sky, reflected in a lake with a village's lights; pines on the near bank."""
    random, down, across, shore = scene.random, scene.down, scene.across, 0.63
    discs = [(random.uniform(0.3, 0.36), random.uniform(0.6, 0.72), 0.065)]
    for _ in range(9):  # each star is the most distant one of twelve random places
        throws = random.uniform((0.05, 0.04), (0.44, 0.96), (12, 2))
        gaps = [min(np.hypot(y - d[0], (x - d[1]) * scene.aspect) - 3 * d[2] for d in discs) for y, x in throws]
        discs.append((*throws[int(np.argmax(gaps))], random.uniform(0.01, 0.022)))
    light = "1f5fc0 2f9ad0 7accc8 f0ec80 f9b52f f98a1a fcd34a fff6d0"
    lay_sky(scene, discs, "0a0e36 141f72 1f3fae 2f6fc9 5aa7d6 a9dcd6", light)
    lay_hill(scene, scene.ridge(0.54, 0.06, 4), "1c2260 34499a 5a7fc0 9a86c4")
    lay_hill(scene, scene.ridge(0.59, 0.04, 5), "0a1636 113450 1a6468 4d9a72")
    lamps = [(shore - 0.014, x, 0.009) for x in random.uniform(0.3, 0.98, 6)]
    for y, x, radius in lamps:
        gap = scene.distance(y, x) / radius
        scene.lay(gap < 1, ramp("fff0b0 ff9a1f", gap), gap)

    ripple = down + 0.005 * np.sin(40 * across + 60 * down) + 0.006 * scene.noise(12, 8)
    water = ramp("0a1140 14307c 1f57a8 2f8fb0 7cc4c0", 0.4 + 0.25 * np.sin(120 * ripple) + 0.35 * scene.noise(30, 7))
    glitter = np.sin(150 * ripple) + 0.6 * scene.noise(50, 16)
    for _, x, radius in discs + lamps:
        spread = 0.01 + radius * (0.5 + 2.2 * (down - shore))
        gap = (across - x * scene.aspect + 0.012 * scene.noise(40, 3)) / spread
        share = np.exp(-(gap**2)) * (1.1 + 0.7 * glitter) * np.exp(-(down - shore) * 0.05 / radius)
        water = mix(water, ramp("c9571e f08a2a fbc84a fff3c4", 0.55 + 0.35 * glitter - 0.2 * np.abs(gap)), share)
    scene.lay(down > shore, water, ripple)
    bank = scene.ridge(0.97, 0.02, 5) - 0.25 * np.exp(-((across / scene.aspect / 0.42) ** 2))
    lay_hill(scene, bank, "0a1536 10344e 1d6a5a 5a9a45 d9a83a")
    for x, height in ((0.07, 0.36), (0.27, 0.25), (0.165, 0.47)):
        foot, x = random.uniform((0.81, x - 0.015), (0.87, x + 0.015))
        lay_pine(scene, foot, x, height, "080c28 0c2440 0f4a50 2a8a6a e0a040")


def compose_harvest(scene: Scene) -> None:
    """A sun over violet hills; furrows run towards it through a golden field with hayricks."""
    random, down, across, horizon = scene.random, scene.down, scene.across, 0.5
    sun = (random.uniform(0.25, 0.3), random.uniform(0.26, 0.4), 0.07)
    light = "f0d090 f6c070 f9a03a e8502a f9b52f fcdc5a fff6cf"
    lay_sky(scene, [sun], "0d3f78 14708f 2f9aa8 6abcb8 b8d4a8 f0d090 f9a850 ee703a c04a6a", light)
    lay_hill(scene, scene.ridge(0.44, 0.06, 3), "2f2f86 5a5ab4 8a78c8 d890b0")
    lay_hill(scene, scene.ridge(0.48, 0.04, 5), "142461 1f5a7a 2f8a7a 9ab05a")
    furrow = (across - sun[1] * scene.aspect) / (down - horizon + 0.16) + 0.1 * scene.noise(5, 5)
    field = ramp("b8482a dc7a2a f0a52a f9c83f fbe58a", 0.5 + 0.2 * np.sin(34 * furrow) + 0.45 * scene.noise(20, 20))
    trench = np.sin(17 * furrow) + 0.35 * scene.noise(30, 12) - 0.55
    field = mix(field, ramp("3a2f7a 6a3f8a 2f7a7a 4f9a6a", 0.5 + 0.6 * scene.noise(8, 12)), 2.4 * trench)
    scene.lay(down > scene.ridge(horizon, 0.015, 4), field, furrow)
    for y, x, size in ((0.6, 0.62, 0.07), (0.68, 0.15, 0.11), (0.82, 0.74, 0.2)):
        rise, beside = (y - down) / size, (across - (x + random.uniform(-0.05, 0.05)) * scene.aspect) / size
        shadow = (beside - 0.9) ** 2 / 2.2 + (rise * 3.6 + 0.3) ** 2 < 1
        scene.lay(shadow, ramp("20205e 3a3a92 5a5ab4 a0508a", 0.4 + 0.5 * scene.noise(30, 12)), down + 0.1 * across)
        rick = (np.abs(beside) < np.minimum(0.8 + 0.25 * rise, 1.5 - 1.05 * rise)) & (rise > -0.12 + 0.1 * beside**2)
        shade = 0.52 + 0.6 * np.tanh(1.7 * (-0.1 - beside)) + 0.35 * scene.noise(40, 40)
        straw = ramp("1f2266 3a3a8a 8a3a6a d9602a f9b23f fff0a8", shade)
        scene.lay(rick, straw, beside + 0.5 * beside * rise + 0.1 * scene.noise(12, 12))


def trace(scene: Scene, start: Array, length: float) -> tuple[Array, NDArray[np.bool_]]:
    """Follow the directions both ways from every start; also returns where strokes are inside their body."""
    limit = np.array(scene.body.shape) - 1
    step = np.array([[[-1]], [[1]]], np.float32) * length / TRACE_STEPS
    points, bodies = [np.stack([start, start])], []
    for _ in range(TRACE_STEPS // 2 + 1):
        rows, columns = np.moveaxis(np.clip(points[-1].astype(int), 0, limit), -1, 0)
        bodies.append(scene.body[rows, columns])
        points.append(points[-1] + scene.direction[rows, columns] * step)
    path, body = np.stack(points[:-1], 2), np.stack(bodies, 2)
    inside = np.logical_and.accumulate(body == body[..., :1], axis=2)
    return np.concatenate([path[0, :, :0:-1], path[1]], 1), np.concatenate([inside[0, :, :0:-1], inside[1]], 1)


def brush(scene: Scene, canvas: Array, relief: Array, width: float, length: float, start: Array) -> None:
    """Draw one opaque stroke of paint through each start, later strokes over earlier ones."""
    random, count, limit = scene.random, len(start), np.array(scene.body.shape) - 1
    path, inside = trace(scene, start, length)
    normal = np.gradient(path, axis=1)[..., ::-1] * np.array([1, -1], np.float32)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-6
    # A third more samples than canvas pixels, so that curved strokes have no holes.
    along = np.linspace(0, 1, int(length * SUPERSAMPLING * 1.35) + 2, dtype=np.float32)
    side = np.linspace(-1, 1, int(width * SUPERSAMPLING * 1.35) + 2, dtype=np.float32)
    node = np.minimum((along * TRACE_STEPS).astype(int), TRACE_STEPS - 1)
    part = (along * TRACE_STEPS - node)[:, None].astype(np.float32)
    half = 0.5 * width * random.uniform(0.6, 1.15, (count, 1)) * np.sqrt(1 - np.abs(2 * along - 1) ** 6)
    centre = path[:, node] * (1 - part) + path[:, node + 1] * part
    spread = (normal[:, node] * (1 - part) + normal[:, node + 1] * part) * half[..., None].astype(np.float32)
    bristle = ndimage.gaussian_filter1d(random.normal(size=(count, len(side))), 0.9, axis=1)
    bristle /= bristle.std()
    lift = 0.97 - 0.16 * np.abs(bristle) * random.random((count, 1))  # where along the stroke a bristle lifts off

    owner = np.full(relief.size, -1)
    chunk = max(1, SAMPLES_AT_ONCE // (len(along) * len(side)))
    for begin in range(0, count, chunk):
        some = slice(begin, begin + chunk)
        at = centre[some, :, None] + spread[some, :, None] * side[:, None]
        y, x = np.moveaxis(np.floor(at * SUPERSAMPLING).astype(np.int32), -1, 0)
        keep = inside[some][:, node, None] & (along[:, None] < lift[some, None])
        keep &= (y >= 0) & (y < relief.shape[0]) & (x >= 0) & (x < relief.shape[1])
        # NumPy keeps the last of several values for a pixel: a later stroke covers an earlier one.
        owner[(y * relief.shape[1] + x)[keep]] = np.flatnonzero(keep) + begin * len(along) * len(side)

    painted = (owner >= 0).reshape(relief.shape)
    stroke, step, hair = np.unravel_index(owner[owner >= 0], (count, len(along), len(side)))
    colours = []
    for reach, brightness, tint in ((0.0, 0.17, 0.025), (0.5, 0.36, 0.04)):
        rows, columns = np.clip(start + reach * width * random.normal(size=start.shape), 0, limit).astype(int).T
        colour = scene.colour[rows, columns] * random.uniform(1 - brightness, 1 + brightness, (count, 1))
        colours.append((colour + random.normal(0, tint, (count, 3)))[stroke])
    streak = bristle[stroke, hair]
    canvas[painted] = mix(colours[0], colours[1], 0.5 + 0.5 * np.tanh(1.3 * streak - 0.5))
    load = 1 - 0.5 * along + 0.6 * np.exp(-10 * along)  # the brush leaves most paint at the start
    paint = (0.55 + 0.3 * np.abs(side[hair]) ** 3 + 0.16 * streak) * load[step] * width
    relief[painted] = paint + 0.3 * relief[painted]


MOTIFS: dict[str, Callable[[Scene], None]] = {"night": compose_night, "harvest": compose_harvest}


def paint_landscape(height: int, width: int, *, motif: str = "night", seed: int = 0) -> NDArray[np.uint8]:
    """A landscape as uint8 (height, width, 3), RGB: `night`, blue swirls and lights, or `harvest`, gold and violet."""
    scene, scale = Scene(height, width, np.random.default_rng(seed)), height / REFERENCE_HEIGHT
    MOTIFS[motif](scene)
    canvas = scene.colour.repeat(SUPERSAMPLING, 0).repeat(SUPERSAMPLING, 1)
    relief = np.zeros(canvas.shape[:2], np.float32)
    detail = ndimage.gaussian_gradient_magnitude(scene.colour.mean(-1), 2 * scale) * scale
    for stroke_width, stroke_length, coverage in PASSES:
        count = int(coverage * scene.body.size / (stroke_width * stroke_length * scale**2))
        start = (scene.random.uniform(-0.03, 1.03, (count, 2)) * scene.body.shape).astype(np.float32)
        if stroke_width == PASSES[-1][0]:  # the finest brush draws mostly where there is detail
            rows, columns = np.clip(start.astype(int), 0, np.array(scene.body.shape) - 1).T
            start = start[scene.random.random(count) < 0.15 + 12 * detail[rows, columns]]
        brush(scene, canvas, relief, stroke_width * scale, stroke_length * scale, start)

    slope_down, slope_across = np.gradient(ndimage.gaussian_filter(relief, 0.7 * scale))
    slope = np.tanh(0.16 * (slope_down + slope_across))[..., None]  # lit from the upper left
    lit = canvas * (1 + 0.3 * slope) + 0.22 * np.clip(slope, 0, 1) ** 2
    picture = lit.reshape(height, SUPERSAMPLING, width, SUPERSAMPLING, 3).mean((1, 3))
    return to_uint8(255 * picture)
