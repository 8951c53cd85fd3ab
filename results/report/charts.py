"""Small charts as SVG that takes its colours from the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from math import isfinite, log10
from typing import Literal

from markupsafe import Markup, escape

WIDTH, HEIGHT = 360, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 34
"""Margins of the plot."""

TONES = 8
"""Colours that the style sheet has for series."""

MOST_MARKED = 40
"""Points of a line that still have marks on them."""

MOST_LINES = 20
"""Lines of a chart whose points still have marks on them."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """Points (x, y) with a name. Where y is not finite a line is broken.

    tone: number of its colour. kind: a line through the points, the points alone, or steps.
    """

    name: str
    points: Sequence[Point]
    tone: int = 0
    kind: Literal["line", "dots", "steps"] = "line"


@dataclass(frozen=True)
class Chart:
    """A title, the axes, and series with at least one point between them that can be drawn."""

    title: str
    x: str
    series: Sequence[Series]
    log_x: bool = False
    whole_x: bool = False
    """True if the x values are whole numbers."""

    @property
    def empty(self) -> bool:
        return not any(self._drawn())

    def svg(self) -> Markup:
        """The chart as an `svg` element; "" where it is empty."""
        if self.empty:
            return Markup("")
        scale = _Scale([point for series in self.series for point in _finite(series, self.log_x)], self)
        names = ", ".join(series.name for series in self.series if series.name)
        label = f"{self.title} over {self.x}{f': {names}' if names else ''}"
        marked = len(self.series) <= MOST_LINES
        inner = [*scale.axes(self.x), *(part for series in self.series for part in _draw(series, scale, marked))]
        head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        return Markup("".join([head, *inner, "</svg>"]))

    def _drawn(self) -> Iterator[bool]:
        return (bool(_finite(series, self.log_x)) for series in self.series)


class _Scale:
    """Maps values to positions in the picture."""

    def __init__(self, points: Sequence[Point], chart: Chart) -> None:
        self.log_x = chart.log_x
        xs, ys = ([self._x(x) for x, _ in points], [y for _, y in points])
        self.x_ticks = _log_ticks(min(xs), max(xs)) if chart.log_x else _ticks(min(xs), max(xs), chart.whole_x)
        pad = 0.06 * (max(ys) - min(ys)) or 0.02 * abs(ys[0]) or 1.0
        self.x_range, self.y_range = _spread(min(xs), max(xs)), (min(ys) - pad, max(ys) + pad)
        self.y_ticks = _ticks(*self.y_range, False)

    def place(self, x: float, y: float) -> tuple[float, float]:
        return self._horizontal(self._x(x)), self._vertical(y)

    def axes(self, title: str) -> Iterator[str]:
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        for value in self.y_ticks:
            if self.y_range[0] <= value <= self.y_range[1]:
                y = self._vertical(value)
                yield f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>'
                yield f'<text class="tick end" x="{LEFT - 6}" y="{y + 3.5:.1f}">{value:g}</text>'
        for value in self.x_ticks:
            if self.x_range[0] <= value <= self.x_range[1]:
                x, text = self._horizontal(value), 10**value if self.log_x else value
                yield f'<text class="tick middle" x="{x:.1f}" y="{bottom + 14}">{text:g}</text>'
        yield f'<path class="axis" d="M{LEFT} {bottom}H{right}"/>'
        middle = (LEFT + right) / 2
        yield f'<text class="tick middle" x="{middle:.1f}" y="{HEIGHT - 6}">{escape(title)}</text>'

    def _x(self, x: float) -> float:
        return log10(x) if self.log_x else x

    def _horizontal(self, x: float) -> float:
        low, high = self.x_range
        return LEFT + (x - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def _vertical(self, y: float) -> float:
        low, high = self.y_range
        return HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _draw(series: Series, scale: _Scale, marked: bool) -> Iterator[str]:
    """The parts of a series as text: there are a hundred thousand of them, and `Markup.format` is slow."""
    tone = series.tone % TONES
    if series.kind != "dots":
        for ok, run in groupby(series.points, key=lambda point: _can(point, scale.log_x)):
            places = [scale.place(*point) for point in run] if ok else []
            if len(places) > 1:
                yield f'<path class="line tone-{tone}" d="{_path(places, series.kind == "steps")}"/>'
    shown = _finite(series, scale.log_x)
    if series.kind == "dots" or (series.kind == "line" and marked and len(shown) <= MOST_MARKED):
        name = f"{escape(series.name)}: " if series.name else ""
        for point in shown:
            x, y = scale.place(*point)
            circle = f'<circle class="dot tone-{tone}" cx="{x:.1f}" cy="{y:.1f}" r="2.6">'
            yield f"{circle}<title>{name}{point[0]:g}, {point[1]:.6g}</title></circle>"


def _path(places: Sequence[tuple[float, float]], steps: bool) -> str:
    first, *others = places
    if steps:
        return f"M{first[0]:.1f} {first[1]:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in others)
    return f"M{first[0]:.1f} {first[1]:.1f}" + "".join(f"L{x:.1f} {y:.1f}" for x, y in others)


def _finite(series: Series, log_x: bool) -> list[Point]:
    return [point for point in series.points if _can(point, log_x)]


def _can(point: Point, log_x: bool) -> bool:
    """Returns whether a point can be drawn."""
    return isfinite(point[0]) and isfinite(point[1]) and (point[0] > 0 or not log_x)


def _spread(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low - 0.5, high + 0.5)


@lru_cache(maxsize=4096)
def _ticks(low: float, high: float, whole: bool) -> tuple[float, ...]:
    from matplotlib.ticker import MaxNLocator

    locator = MaxNLocator(nbins=5, integer=whole, steps=[1, 2, 2.5, 5, 10] if not whole else [1, 2, 5, 10])
    return tuple(float(f"{value:.10g}") for value in locator.tick_values(*_spread(low, high)))


@lru_cache(maxsize=4096)
def _log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Logarithms: of powers of ten, with 3 times these where they are few, or of round numbers in a small range."""

    def inside(values: Sequence[float]) -> tuple[float, ...]:
        return tuple(value for value in values if low <= value <= high)

    tens = [float(power) for power in range(int(low // 1), int(high // 1) + 2)]
    for values in (tens, sorted([*tens, *(value + log10(3) for value in tens)])):
        if len(inside(values)) > 1:
            return inside(values)
    return inside([log10(value) for value in _ticks(10**low, 10**high, False) if value > 0])
