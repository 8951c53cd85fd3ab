"""Procedural birds over procedural backgrounds, for the data sets that are generated on the spot.

Species differ by fine parts (head, wing patch, beak); body tones, poses, sizes and places are shared, so that a
classifier has to find the bird and look closely. Every random choice comes from the numpy generator that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi

import cv2
import numpy as np
from PIL import Image, ImageDraw

from .bird_shapes import Colour, Shape, beak, ellipse, jitter, polygon, scaled, turn, wing_marks

Size = int | tuple[int, int]
"""Side of a square in pixels, or (height, width)."""

LAND = ("forest", "bamboo", "meadow", "sand", "rocks", "snow")
WATER = ("lake", "ocean", "river", "pond")
BACKGROUNDS = LAND + WATER

SUPERSAMPLING = 3
"""Birds are drawn so many times larger than they come out: PIL's polygons have no antialiasing."""

PART_COLOURS: tuple[Colour, ...] = (
    (205, 45, 40),
    (240, 195, 40),
    (45, 95, 200),
    (245, 245, 240),
    (35, 35, 40),
    (70, 165, 80),
    (235, 125, 30),
)
BEAK_COLOURS: tuple[Colour, ...] = ((245, 170, 40), (50, 45, 45), (200, 70, 50))
BODY_TONES: tuple[Colour, ...] = ((125, 105, 85), (150, 140, 130), (105, 110, 105), (165, 145, 110))

BEAKS = ("cone", "spear", "hook")
WINGS = ("patch", "bars", "tip")


@dataclass(frozen=True)
class Traits:
    """The visible traits that distinguish a species."""

    head: Colour
    wing: Colour
    wing_shape: str
    beak: Colour
    beak_shape: str


def species_traits(species: int) -> Traits:
    """The parts of a species. Distinct for the first 441 species; neighbours share at most some of their parts."""
    colours, round_ = len(PART_COLOURS), species // len(PART_COLOURS)
    return Traits(
        head=PART_COLOURS[species % colours],
        wing=PART_COLOURS[(3 * species + 2 + round_) % colours],
        wing_shape=WINGS[(species + round_ // colours) % 3],
        beak=BEAK_COLOURS[(species // 2 + round_ // (3 * colours)) % 3],
        beak_shape=BEAKS[species // 3 % 3],
    )


def draw_bird(
    rng: np.random.Generator, species: int, num_species: int, size: Size, *, scale: float = 1.0, plump: float = 1.0
) -> np.ndarray:
    """(H, W, 4) uint8 RGBA: one bird of the species, transparent around it, wholly inside the picture.

    Its body tone, pose, direction, size (about 40 to 75 % of the shorter side, times `scale`) and place are random.
    plump: height of the bird in units of the usual one, which is about half its length.
    Raises `ValueError` where 0 <= species < num_species does not hold.
    """
    if not 0 <= species < num_species:
        raise ValueError(f"species must be in 0..{num_species - 1} (got {species})")
    height, width = _shape(size)
    traits = species_traits(species)
    body = jitter(rng, BODY_TONES[rng.integers(len(BODY_TONES))], 18)
    parts = _bird_parts(rng, traits, body)
    parts = place(rng, [(points * (1, plump), colour) for points, colour in parts], height, width, scale)
    return paint(parts, body, size)


def paint(parts: list[Shape], body: Colour, size: Size) -> np.ndarray:
    """Returns (H, W, 4) uint8 RGBA: the polygons, in pixels, one over the other, transparent `body` around them."""
    height, width = _shape(size)
    canvas = Image.new("RGBA", (width * SUPERSAMPLING, height * SUPERSAMPLING), (*body, 0))
    draw = ImageDraw.Draw(canvas)
    for points, colour in parts:
        draw.polygon([(x, y) for x, y in (points * SUPERSAMPLING).tolist()], fill=(*colour, 255))
    return np.asarray(canvas.reduce(SUPERSAMPLING))


def draw_background(rng: np.random.Generator, kind: str | int, size: Size) -> np.ndarray:
    """(H, W, 3) uint8 RGB: a texture of the kind, one of `BACKGROUNDS` or its index, different every time.

    Colours, scale, layout and light vary strongly from sample to sample. Raises `ValueError` for an unknown kind.
    """
    name = BACKGROUNDS[kind] if isinstance(kind, int) and 0 <= kind < len(BACKGROUNDS) else kind
    if name not in _PAINTERS:
        raise ValueError(f"unknown background {kind!r}: one of {', '.join(BACKGROUNDS)}, or its index")
    height, width = _shape(size)
    texture = _PAINTERS[str(name)](rng, height, width)
    light = rng.uniform(0.7, 1.15) * (1 + rng.normal(0, 0.05, 3))
    shade = 1 + rng.uniform(-0.25, 0.25) * np.linspace(-1, 1, width)[None, :, None]
    grain = rng.normal(0, 4, (height, width, 1))
    return np.clip(texture * light * shade + grain, 0, 255).astype(np.uint8)


def compose(background: np.ndarray, bird: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bird over the background: (H, W, 3) uint8 RGB, and (H, W) bool, True where the bird covers half a pixel.

    background: (H, W, 3) uint8; bird: (H, W, 4) uint8 RGBA, as `draw_bird` makes it.
    """
    alpha = bird[..., 3:].astype(np.float32) / 255
    image = background * (1 - alpha) + bird[..., :3] * alpha
    return np.rint(image).astype(np.uint8), bird[..., 3] >= 128


def bounding_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the True pixels of (H, W) bool, all inclusive. Raises `ValueError` where there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise ValueError("the mask is empty")
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def _bird_parts(rng: np.random.Generator, traits: Traits, body: Colour) -> list[Shape]:
    plump = rng.uniform(0.85, 1.15)
    neck = rng.uniform(-0.25, 0.35)
    head_x, head_y = 0.36 + 0.05 * cos(neck), -0.12 - 0.3 * neck
    darker = scaled(body, 0.75)
    wing_tilt = rng.uniform(-0.3, 0.45)
    wing = jitter(rng, traits.wing, 12)
    drop = rng.uniform(-0.2, 0.15)
    tail = np.array([(-0.3, -0.06), (-0.72, drop), (-0.66, drop + rng.uniform(0.08, 0.2)), (-0.28, 0.08)])
    tail_tip = np.stack([0.45 * tail[0] + 0.55 * tail[1], tail[1], tail[2], 0.45 * tail[3] + 0.55 * tail[2]])
    parts = [
        (tail, darker),
        (tail_tip, wing),
        (ellipse(0, 0, 0.4, 0.22 * plump, 0.1), body),
        (ellipse(0.05, 0.08, 0.28, 0.13 * plump, 0.1), scaled(body, 1.2)),
        (polygon([(0.15, -0.15), (head_x, head_y - 0.12), (head_x + 0.05, head_y + 0.12), (0.2, 0.16)]), body),
        (beak(traits.beak_shape, head_x, head_y), jitter(rng, traits.beak, 10)),
        (ellipse(head_x, head_y, 0.155, 0.14, 0), jitter(rng, traits.head, 12)),
        (ellipse(head_x + 0.06, head_y - 0.03, 0.03, 0.03, 0), (15, 15, 15)),
        (ellipse(-0.08, -0.03, 0.27, 0.125, wing_tilt), darker),
    ]
    return parts + [(turn(shape, wing_tilt, (-0.08, -0.03)), wing) for shape in wing_marks(traits.wing_shape)]


def place(
    rng: np.random.Generator, parts: list[Shape], height: int, width: int, scale: float, *, tilt: float = 0.5
) -> list[Shape]:
    """Mirror, tilt (by up to `tilt` radians), scale and shift the parts so that they lie inside the picture."""
    angle, mirrored = rng.uniform(-tilt, tilt), rng.random() < 0.5
    length = rng.uniform(0.42, 0.72) * scale * min(height, width)
    across, down = rng.random(2)
    turned = [turn(points, angle) * ((-1, 1) if mirrored else (1, 1)) for points, _ in parts]
    outline = np.concatenate(turned)
    low, high = outline.min(axis=0), outline.max(axis=0)
    unit = min(length / (high - low).max(), (width - 2) / (high - low)[0], (height - 2) / (high - low)[1])
    room = np.array([width - 2, height - 2]) - unit * (high - low)
    shift = 1 + room * (across, down) - unit * low
    return [(points * unit + shift, colour) for points, (_, colour) in zip(turned, parts, strict=True)]


# Backgrounds: each painter returns (H, W, 3) float in about 0..255.


def _forest(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    leaves = _blend(_noise(rng, height, width, 6), (20, 45, 22), (70, 115, 50))
    leaves += 30 * (_noise(rng, height, width, 20)[..., None] - 0.5)
    for _ in range(rng.integers(2, 6)):
        trunk = _band(rng, height, width, thickness=rng.uniform(0.03, 0.12), tilt=0.15)
        leaves[trunk] = _near(rng, (75, 52, 35), 15)
    return leaves


def _bamboo(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    stems = _blend(_noise(rng, height, width, 4), (60, 95, 40), (120, 150, 70))
    for _ in range(rng.integers(5, 11)):
        stem = _band(rng, height, width, thickness=rng.uniform(0.03, 0.07), tilt=0.08)
        stems[stem] = _near(rng, (150, 180, 80), 25)
        nodes = np.arange(height) % rng.integers(9, 20) == 0
        stems[stem & nodes[:, None]] = _near(rng, (85, 105, 45), 10)
    return stems


def _meadow(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    grass = _blend(_noise(rng, height, width, 5), (80, 140, 45), (150, 190, 80))
    grass += 45 * (_noise(rng, 1, width, 40)[..., None] - 0.5)
    flowers = rng.random((height, width)) < rng.uniform(0.005, 0.04)
    flowers = cv2.dilate(flowers.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
    grass[flowers] = _near(rng, PART_COLOURS[rng.integers(len(PART_COLOURS))], 20)
    return grass


def _sand(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    ripples = _waves(rng, height, width, cycles=rng.uniform(4, 14), tilt=rng.uniform(-1, 1), warp=4)
    return _blend(ripples, (170, 140, 95), (225, 200, 150)) + 20 * (_noise(rng, height, width, 3)[..., None] - 0.5)


def _rocks(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    count = int(rng.integers(10, 40))
    centres = rng.random((count, 2)) * (height, width)
    rows, columns = np.mgrid[:height, :width]
    distance = np.square(rows - centres[:, 0, None, None]) + np.square(columns - centres[:, 1, None, None])
    tones = _near(rng, (120, 115, 110), 12) + rng.uniform(-45, 45, (count, 1))
    stones = tones[distance.argmin(axis=0)]
    nearest = np.partition(distance, 1, axis=0)
    stones[np.sqrt(nearest[1]) - np.sqrt(nearest[0]) < 1.5] = (45, 42, 40)
    return stones + 25 * (_noise(rng, height, width, 16)[..., None] - 0.5)


def _snow(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    drifts = _blend(_noise(rng, height, width, 3), (185, 200, 220), (250, 250, 252))
    twigs = rng.integers(0, 5)
    for _ in range(twigs):
        drifts[_band(rng, height, width, thickness=0.02, tilt=1.2)] = _near(rng, (90, 75, 70), 15)
    return drifts


def _lake(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    shore = int(height * rng.uniform(0.25, 0.6))
    ridge = shore - height * rng.uniform(0.08, 0.3) * _noise(rng, 1, width, 5)[0]
    rows = np.arange(height)[:, None]
    ripples = _waves(rng, height, width, cycles=rng.uniform(6, 14), tilt=0.05, warp=1)
    view = _blend(ripples, (70, 120, 160), (110, 160, 190))
    view[:shore] = _near(rng, (180, 205, 230), 15)
    view[(rows >= ridge) & (rows < shore)] = _near(rng, (90, 105, 120), 20)
    return view


def _ocean(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    waves = _waves(rng, height, width, cycles=rng.uniform(3, 9), tilt=rng.uniform(-0.2, 0.2), warp=3)
    sea = _blend(waves, (10, 45, 95), (45, 105, 160))
    sea[waves > rng.uniform(0.93, 0.99)] = (225, 235, 240)
    return sea


def _river(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    bank = _blend(_noise(rng, height, width, 8), (95, 105, 55), (150, 130, 85))
    ripples = _waves(rng, height, width, cycles=rng.uniform(5, 10), tilt=rng.uniform(-2, 2), warp=2)
    stream = _band(rng, height, width, thickness=rng.uniform(0.4, 0.7), tilt=1.5)
    bank[stream] = _blend(ripples, (65, 115, 125), (130, 175, 175))[stream]
    return bank


def _pond(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    water = _blend(_noise(rng, height, width, 4), (30, 70, 65), (75, 120, 105))
    pads = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(4, 14)):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        radius = max(2, int(rng.uniform(0.04, 0.12) * height))
        cv2.ellipse(pads, centre, (radius, max(1, radius // 2)), 0, 0, 360, (1,), -1)
    water[pads > 0] = _near(rng, (95, 150, 60), 20)
    return water


_PAINTERS: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "forest": _forest,
    "bamboo": _bamboo,
    "meadow": _meadow,
    "sand": _sand,
    "rocks": _rocks,
    "snow": _snow,
    "lake": _lake,
    "ocean": _ocean,
    "river": _river,
    "pond": _pond,
}


def _noise(rng: np.random.Generator, height: int, width: int, cells: int) -> np.ndarray:
    """(H, W) float, smooth, about 0..1, with some `cells` bumps across."""
    rows = max(2, round(cells * height / max(height, width)))
    columns = max(2, round(cells * width / max(height, width)))
    return cv2.resize(rng.random((rows, columns)), (width, height), interpolation=cv2.INTER_CUBIC)


def _waves(rng: np.random.Generator, height: int, width: int, *, cycles: float, tilt: float, warp: float) -> np.ndarray:
    """(H, W) float in 0..1: crests `cycles` times from top to bottom, leaning by `tilt`, bent by noise."""
    rows, columns = np.mgrid[:height, :width] / max(height, width)
    phase = rng.uniform(0, 2 * pi) + 2 * pi * cycles * (rows + tilt * columns) + warp * _noise(rng, height, width, 5)
    return (1 + np.sin(phase)) / 2


def _band(rng: np.random.Generator, height: int, width: int, *, thickness: float, tilt: float) -> np.ndarray:
    """(H, W) bool: a straight band from top to bottom, `thickness` x the width wide, leaning by up to `tilt`."""
    rows, columns = np.mgrid[:height, :width]
    middle = rng.uniform(0, width) + rng.uniform(-tilt, tilt) * (rows - height / 2)
    return np.abs(columns - middle) <= max(0.5, thickness * width / 2)


def _blend(weight: np.ndarray, low: Colour, high: Colour) -> np.ndarray:
    """(H, W, 3): from `low` where weight (H, W) is 0 to `high` where it is 1."""
    return np.array(low, float) + weight[..., None] * (np.array(high, float) - np.array(low, float))


def _near(rng: np.random.Generator, colour: Colour, spread: float) -> np.ndarray:
    return np.array(colour, float) + rng.uniform(-spread, spread, 3)


def _shape(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size
