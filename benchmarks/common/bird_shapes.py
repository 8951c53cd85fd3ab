"""Outlines and colours of a drawn bird's parts: about one unit long, looking to the right, y pointing down."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

Colour = tuple[int, int, int]
Shape = tuple[np.ndarray, Colour]
"""Corners (N, 2) of a polygon, and its colour."""


def beak(shape: str, x: float, y: float) -> np.ndarray:
    outline = {
        "cone": [(0.11, -0.07), (0.25, 0.02), (0.11, 0.08)],
        "spear": [(0.12, -0.03), (0.42, 0.02), (0.12, 0.05)],
        "hook": [(0.1, -0.07), (0.24, -0.05), (0.27, 0.1), (0.2, 0.04), (0.11, 0.06)],
    }[shape]
    return polygon([(x + dx, y + dy) for dx, dy in outline])


def wing_marks(shape: str) -> list[np.ndarray]:
    """The coloured marks on a wing whose centre is (-0.08, -0.03), before it is tilted."""
    if shape == "patch":
        return [ellipse(-0.02, -0.03, 0.14, 0.075, 0)]
    if shape == "tip":
        return [polygon([(-0.16, -0.13), (-0.36, -0.04), (-0.16, 0.09)])]
    return [polygon([(x, -0.12), (x + 0.06, -0.12), (x + 0.02, 0.07), (x - 0.04, 0.07)]) for x in (-0.2, -0.08, 0.04)]


def ellipse(x: float, y: float, a: float, b: float, angle: float) -> np.ndarray:
    steps = np.linspace(0, 2 * pi, 24, endpoint=False)
    return turn(np.stack([a * np.cos(steps), b * np.sin(steps)], axis=1), angle) + np.array((x, y))


def polygon(points: list[tuple[float, float]]) -> np.ndarray:
    return np.array(points, dtype=np.float64)


def turn(points: np.ndarray, angle: float, centre: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    rotation = np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])
    return (points - centre) @ rotation + centre


def jitter(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    red, green, blue = np.clip(np.array(colour) + rng.uniform(-spread, spread, 3), 0, 255).astype(int).tolist()
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, int(value * factor)) for value in colour)
    return red, green, blue
