"""A test of whether a curve was still moving when its run ended: the slope at the end against its noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal

from provbench.registry.base import merit

if TYPE_CHECKING:
    import numpy as np

FEWEST = 6
"""Values at the end of a curve without which nothing can be said."""

LEVEL = 0.05
"""Significance level of the one-sided test of improvement."""

SHARE = 0.2
"""The end of a run: its last fifth."""

WIDEST = 0.5
"""The share of a run that the end is widened to where its last fifth has fewer than `FEWEST` values."""

MOST_ALIKE = 0.9
"""The largest correlation of neighbouring values that is reckoned with."""

State = Literal["improving", "settled", "unknown"]


@dataclass(frozen=True)
class Ending:
    """The state of a curve at its end.

    state: `unknown` where the values are too few to tell. gain: by how much a fifth of the run improved the values at
    the slope of the end, in their unit; negative where they got worse; 0 where unknown. p: of the one-sided test of
    improvement. values: how many the end has.
    """

    state: State
    gain: float = 0.0
    p: float | None = None
    values: int = 0


def ending(
    places: Sequence[float], values: Sequence[float], *, higher_is_better: bool = True, relevant: float | None = None
) -> Ending:
    """Returns whether a curve was still improving in the last fifth of its run.

    places: ascending, from 0 the start of the run to its end: epochs or steps. relevant: the smallest gain in a fifth
    of the run that counts; default: 1 % of the range of all values.

    The rule: the slope of the least-squares line through the values of the last fifth, with a standard error that
    takes neighbouring values for correlated as those of an autoregressive process are, the correlation estimated from
    the residuals and corrected for its bias. A run is improving where the one-sided t-test of no improvement has
    p < 0.05 and the gain is at least the relevant one. Where the last fifth has fewer than 6 values, the last 6 are
    taken, as far as the last half of the run has them; else the state is unknown. The wider end of a run with few
    validations holds against it that it improved in the middle.

    Errors, by simulation with 6 to 50 values: of runs that have settled, at most 5 % are called improving where the
    noise is independent, and at most 10 % where neighbouring values correlate by up to 0.5. Of runs with independent
    noise that rise over the end by 8 standard deviations of it, at most 15 % are missed with 6 values, and by 4
    standard deviations, at most 5 % with 20. A learning rate that has gone down to zero flattens a curve, too: that a
    run has settled says nothing about a longer schedule.
    """
    pairs = [pair for pair in zip(places, values, strict=True) if all(map(isfinite, pair))]
    kept = [place for place, _ in pairs]
    (found,) = endings(kept, [[value for _, value in pairs]], higher_is_better=higher_is_better, relevant=relevant)
    return found


def endings(
    places: Sequence[float],
    curves: Sequence[Sequence[float]],
    *,
    higher_is_better: bool = True,
    relevant: float | None = None,
) -> list[Ending]:
    """Returns what `ending` says of each of several curves, which have finite values at the same places."""
    end = _end(places)
    if len(end) < FEWEST:
        return [Ending("unknown", values=len(end))] * len(curves)
    import numpy as np

    values = np.array(curves, dtype=float)
    slopes, p_values = _tests(np.array(end, dtype=float), values[:, -len(end) :] * merit(1.0, higher_is_better))
    gains = slopes * places[-1] * SHARE
    least = np.full(len(values), relevant) if relevant is not None else 0.01 * np.ptp(values, axis=1)
    improving = (p_values < LEVEL) & (gains >= least) & (gains > 0)
    return [
        Ending("improving" if is_so else "settled", gain, p, len(end))
        for is_so, gain, p in zip(improving.tolist(), gains.tolist(), p_values.tolist(), strict=True)
    ]


def _end(places: Sequence[float]) -> Sequence[float]:
    """Returns the places of the last fifth of a curve, or the last few of its last half."""
    if not places:
        return ()
    last = places[-1]
    fifth = [place for place in places if place > (1 - SHARE) * last]
    return fifth if len(fifth) >= FEWEST else [place for place in places[-FEWEST:] if place >= (1 - WIDEST) * last]


def _tests(x: np.ndarray, curves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the slopes of the least-squares lines through curves (R, n) over x (n,), and the p-values of no rise."""
    import numpy as np
    from scipy.special import stdtr

    x, n = x - x.mean(), len(x)
    spread = float(x @ x)
    slopes = curves @ x / spread
    residuals = curves - curves.mean(axis=1, keepdims=True) - slopes[:, None] * x
    squares = (residuals**2).sum(axis=1)
    straight = squares <= 1e-20 * np.maximum((curves**2).sum(axis=1), 1e-300)  # on a line but for rounding
    squares[straight] = 1.0
    found = (residuals[:, 1:] * residuals[:, :-1]).sum(axis=1) / squares
    alike = ((n * found + 2) / (n - 4)).clip(0.0, MOST_ALIKE)  # a line takes (2 + 4 alike) / n off, on the average
    between = alike[:, None, None] ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    line = np.stack([np.full(n, n**-0.5), x / spread**0.5])
    left = n - np.einsum("ai,rij,aj->r", line, between, line)  # the mean of `squares` where the noise has variance 1
    errors = np.sqrt(squares / left * np.einsum("i,rij,j->r", x, between, x)) / spread
    p_values = 1 - stdtr(n - 2, slopes / errors)
    return slopes, np.where(straight, np.where(slopes > 0, 0.0, 1.0), p_values)


@dataclass(frozen=True)
class Contender:
    """A row's result in a column, and what its runs might have gained. potential: not negative, in the same unit."""

    name: str
    mean: float
    potential: float = 0.0


def could_change(
    contenders: Sequence[Contender], *, higher_is_better: bool = True
) -> list[tuple[Contender, Contender]]:
    """Returns the pairs (lower, higher) whose order could change with more training.

    A pair is one where the lower has a potential that would bring it level with the higher or above it, which is taken
    to stay where it is.
    """
    ranked = sorted(contenders, key=lambda one: merit(one.mean, higher_is_better))
    return [
        (low, high)
        for place, low in enumerate(ranked)
        for high in ranked[place + 1 :]
        if low.potential > 0 and merit(low.mean, higher_is_better) + low.potential >= merit(high.mean, higher_is_better)
    ]
