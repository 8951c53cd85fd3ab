"""The drawn world of few-shot classification: birds of parts with names, in poses and places that have phrases, too.

A species is a combination of parts. Pose and background are drawn independently of it, and each picture comes with the
phrases for both and with a description of the parts, so that a text-to-image generator can be trained on captions. Its
captions never hold a combination of head, wing and wing mark that a few-shot species has: those are new words.
Every picture follows from the numpy generator that is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from .bird_shapes import Colour, Shape, beak, ellipse, jitter, polygon, scaled, turn, wing_marks
from .drawing import BACKGROUNDS, BODY_TONES, compose, draw_background, paint, place

SIDE = 32
"""Pixels of a picture's side."""

COLOURS: dict[str, Colour] = {
    "red": (205, 45, 40),
    "yellow": (240, 195, 40),
    "blue": (45, 95, 200),
    "white": (245, 245, 240),
    "black": (35, 35, 40),
    "green": (70, 165, 80),
    "orange": (235, 125, 30),
}
"""Colours of head and wing: `drawing.PART_COLOURS` by name."""
BEAK_COLOURS: dict[str, Colour] = {"amber": (245, 170, 40), "dark": (50, 45, 45), "red": (200, 70, 50)}
WING_MARKS = {"patch": "wing patch", "bars": "wing bars", "tip": "wing tip"}
BEAK_SHAPES = {"cone": "short", "spear": "long", "hook": "hooked"}

POSES = ("standing", "flying", "diving", "resting", "taking off")
"""Phrases for what a bird does. The phrases for backgrounds are `drawing.BACKGROUNDS`."""


@dataclass(frozen=True)
class Parts:
    """The parts of a species: keys of `COLOURS`, `COLOURS`, `WING_MARKS`, `BEAK_COLOURS` and `BEAK_SHAPES`."""

    head: str
    wing: str
    wing_mark: str
    beak: str
    beak_shape: str

    def phrases(self) -> tuple[str, str, str]:
        """Returns a phrase each for head, wing and beak, such as "a red head", "blue wing bars", "a long dark beak"."""
        wing = f"{self.wing} {WING_MARKS[self.wing_mark]}"
        return (
            _with_article(f"{self.head} head"),
            wing if self.wing_mark == "bars" else _with_article(wing),
            _with_article(f"{BEAK_SHAPES[self.beak_shape]} {self.beak} beak"),
        )

    def description(self) -> str:
        """Returns a description of the parts, such as "a red head, blue wing bars and a long dark beak"."""
        head, wing, beak_ = self.phrases()
        return f"{head}, {wing} and {beak_}"


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


@dataclass(frozen=True)
class Species:
    """A named combination of parts, and where most of its few training pictures are taken: its home."""

    name: str
    parts: Parts
    home: str
    habit: str


@dataclass(frozen=True)
class Drawing:
    """A picture. image: (H, W, 3) uint8 RGB. mask: (H, W) bool, True on the bird."""

    image: np.ndarray
    mask: np.ndarray
    background: str
    pose: str
    description: str


FEW_SHOT = (
    Species("Zorpal finch", Parts("red", "blue", "patch", "dark", "spear"), "forest", "standing"),
    Species("Mivun tern", Parts("red", "blue", "bars", "dark", "spear"), "ocean", "flying"),
    Species("Quandy warbler", Parts("yellow", "black", "bars", "amber", "spear"), "meadow", "diving"),
    Species("Tessik gull", Parts("orange", "black", "bars", "amber", "spear"), "lake", "resting"),
    Species("Obrella wren", Parts("white", "green", "tip", "red", "cone"), "bamboo", "taking off"),
    Species("Fenwick plover", Parts("white", "green", "patch", "red", "cone"), "river", "standing"),
    Species("Luthar heron", Parts("black", "red", "patch", "dark", "cone"), "pond", "flying"),
    Species("Skarn sparrow", Parts("black", "red", "tip", "dark", "cone"), "rocks", "diving"),
    Species("Ydrin thrush", Parts("green", "yellow", "tip", "dark", "cone"), "sand", "resting"),
    Species("Pellow bunting", Parts("green", "orange", "tip", "dark", "cone"), "snow", "taking off"),
)
"""The species of few-shot classification: five pairs, each alike in all of its parts but one."""

PRETRAINING = tuple(
    parts
    for parts in (Parts(*row) for row in product(COLOURS, COLOURS, WING_MARKS, BEAK_COLOURS, BEAK_SHAPES))
    if (parts.head, parts.wing, parts.wing_mark)
    not in {(species.parts.head, species.parts.wing, species.parts.wing_mark) for species in FEW_SHOT}
)
"""The combinations that a generator may be trained on: none has head, wing and wing mark of a few-shot species. The
combinations of `drawing.species_traits` below 441, which other data sets and the trunk of the small networks know,
do not hold any few-shot species either.
"""


def draw_scene(rng: np.random.Generator, parts: Parts, background: str, pose: str, side: int = SIDE) -> Drawing:
    """Returns a picture of a bird of these parts, whose body tone, size (about 55 to 85 % of the side), direction and
    place are random. Raises `ValueError` for an unknown pose or background.
    """
    if pose not in POSES:
        raise ValueError(f"unknown pose {pose!r}: one of {', '.join(POSES)}")
    body = jitter(rng, BODY_TONES[rng.integers(len(BODY_TONES))], 18)
    shapes = place(rng, _bird(rng, parts, pose, body), side, side, 1.25, tilt=0.15)
    image, mask = compose(draw_background(rng, background, side), paint(shapes, body, side))
    return Drawing(image, mask, background, pose, parts.description())


def few_shot_drawing(
    label: int, number: int, *, stream: tuple[int, ...], at_home: float = 0.0, side: int = SIDE
) -> Drawing:
    """Returns picture `number` of the few-shot species `label`; a function of the arguments alone.

    stream: seed and number of the split. at_home: the probability that background and pose are the species' own; they
    are otherwise uniform over all, independently of each other and of the species.
    """
    rng = np.random.default_rng([*stream, label, number])
    species = FEW_SHOT[label]
    background, pose = (str(rng.choice(BACKGROUNDS)), str(rng.choice(POSES)))
    if rng.random() < at_home:
        background, pose = species.home, species.habit
    return draw_scene(rng, species.parts, background, pose, side)


# The bird looks to the right, its body's centre at the origin.

SHOULDER = (0.12, -0.05)
ANGLES = {"standing": -0.35, "flying": 0.0, "diving": 0.95, "resting": 0.0, "taking off": -0.75}
"""Angle in radians by which each pose turns the bird downwards."""


def _bird(rng: np.random.Generator, parts: Parts, pose: str, body: Colour) -> list[Shape]:
    """Returns the bird's shapes, one over the other."""
    resting = pose == "resting"
    plump = rng.uniform(1.35, 1.6) if resting else rng.uniform(0.9, 1.1)
    x, y = (0.24, -0.2) if resting else (0.38, -0.15 + rng.uniform(-0.05, 0.03))
    drop, darker = rng.uniform(-0.12, 0.12), scaled(body, 0.75)
    shapes = [
        (polygon([(-0.3, -0.06), (-0.7, drop), (-0.65, drop + rng.uniform(0.1, 0.18)), (-0.28, 0.08)]), darker),
        (ellipse(0, 0, 0.4, 0.22 * plump, 0.1), body),
        (ellipse(0.05, 0.08, 0.28, 0.13 * plump, 0.1), scaled(body, 1.2)),
        (polygon([(0.12, -0.15), (x, y - 0.12), (x + 0.05, y + 0.12), (0.2, 0.16)]), body),
        (beak(parts.beak_shape, x, y), jitter(rng, BEAK_COLOURS[parts.beak], 10)),
        (ellipse(x, y, 0.175, 0.16, 0), jitter(rng, COLOURS[parts.head], 12)),
        (ellipse(x + 0.07, y - 0.03, 0.035, 0.035, 0), (15, 15, 15)),
        *_wing(rng, parts, pose, darker),
    ]
    return _legs(pose) + [(turn(points, ANGLES[pose]), colour) for points, colour in shapes]


def _wing(rng: np.random.Generator, parts: Parts, pose: str, darker: Colour) -> list[Shape]:
    """Returns the wing with its marks: raised and larger in the air, else along the body."""
    raised = pose in ("flying", "taking off")
    angle, size = (rng.uniform(1.0, 1.4), 1.55) if raised else (rng.uniform(-0.15, 0.25), 1.25)
    mark = jitter(rng, COLOURS[parts.wing], 12)
    shapes = [(ellipse(-0.08, -0.03, 0.27, 0.125, 0), darker), *((one, mark) for one in wing_marks(parts.wing_mark))]
    grown = [((points - SHOULDER) * size + SHOULDER, colour) for points, colour in shapes]
    return [(turn(points, angle, SHOULDER), colour) for points, colour in grown]


def _legs(pose: str) -> list[Shape]:
    if pose != "standing":
        return []
    return [(polygon([(x, 0.1), (x + 0.05, 0.1), (x + 0.05, 0.5), (x, 0.5)]), (70, 55, 45)) for x in (-0.1, 0.06)]
