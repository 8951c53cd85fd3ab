"""Compares two states of results: which numbers moved, by how much, and whether beyond noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import comb, inf, isclose
from statistics import fmean
from typing import Any, Literal, NamedTuple, get_args

from provbench.registry.base import improves

from ..statistics import Summary, all_alike, check_level, holm, paired_differences, paired_t_test

Movement = Literal[
    "regressed",
    "moved",
    "improved",
    "gone",
    "within noise",
    "within tolerance",
    "not comparable",
    "new",
    "reproduced",
]
"""`improved`, `regressed`: beyond noise. `moved`: beyond noise, where nothing says which way is better, and beyond the
tolerance, where no test could be made. `reproduced`: on all seeds that both states have, the
same runs with the same values."""

MOVED = ("regressed", "moved", "improved")
_ORDER = get_args(Movement)
BARRIERS = ("task.version", "fingerprint")
"""Parts of a run's identity without which two numbers measure two things: the protocol's version, and the data."""


class Name(NamedTuple):
    """Name of a number. It is compared with the number of the same name in the other state."""

    variant: str
    task: str
    method: str
    metric: str
    group: str = ""
    """The heading over a table's rows, or what tells two configurations of a method apart."""
    selection: str = ""
    over: str = ""
    table: str = ""
    number: int = 0
    """Counter of numbers in one table that are otherwise named the same."""


@dataclass(frozen=True)
class SeedValues:
    """A metric by seed, in one state of the results. Without values it is a gap."""

    values: Mapping[int, float] = field(default_factory=dict)
    """Values of the runs that are done and have a finite one."""
    keys: Mapping[int, str] = field(default_factory=dict)
    """The run of each seed that has one, failed ones too; none of a mean of other numbers."""
    missing: int = 0
    """Seeds that were to be run, and were not."""
    unit: str = ""
    higher_is_better: bool | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    """Content of the keys, apart from the seed: JSON values by part, as far as they are known."""

    @property
    def summary(self) -> Summary | None:
        return Summary.of(list(self.values.values())) if self.values else None

    def at(self, seed: int) -> tuple[str | None, float | None]:
        """The run of a seed, and its value."""
        return self.keys.get(seed), self.values.get(seed)


State = Mapping[Name, SeedValues]
Direction = Callable[[str, str], bool | None]
"""Function of (task, metric) that returns whether higher is better; None if it is not known."""


@dataclass(frozen=True)
class Change:
    """A number in two states.

    difference: new less old, in the metric's unit, on the seeds that both have where these were compared, else of the
    means; p_value: of `test`, two-sided; p_adjusted: by Holm's method over all comparisons; lost: seeds with a value in
    the old state, and with a run that gave none, or that was to be, in the new one.
    """

    name: Name
    old: SeedValues
    new: SeedValues
    verdict: Movement
    difference: float | None = None
    test: Literal["paired t", "Welch's t", ""] = ""
    p_value: float | None = None
    p_adjusted: float | None = None
    lost: tuple[int, ...] = ()

    @property
    def untested(self) -> bool:
        """Returns whether it was compared, but with too few seeds for any test."""
        return self.difference is not None and self.p_value is None and self.verdict != "reproduced"

    @property
    def counts(self) -> bool:
        """Returns whether it moved, or a result went missing."""
        return self.verdict in (*MOVED, "gone") or bool(self.lost)

    @property
    def why(self) -> dict[str, tuple[str | None, str | None]]:
        """The parts of the runs' identity that differ, as (old, new), None for one that is not there; {} where nothing
        is known of one of the two."""
        old, new = self.old.identity, self.new.identity
        parts = {**old, **new} if old and new else {}
        return {part: (old.get(part), new.get(part)) for part in parts if old.get(part) != new.get(part)}


@dataclass(frozen=True)
class Comparison:
    """changes: the most significant first."""

    changes: tuple[Change, ...]
    alpha: float
    tolerance: float

    @property
    def moved(self) -> bool:
        """Returns whether any number moved beyond noise, or a result went missing."""
        return any(change.counts for change in self.changes)

    def count(self) -> Counter[Movement]:
        return Counter(change.verdict for change in self.changes)


def compare(
    old: State,
    new: State,
    *,
    alpha: float = 0.05,
    tolerance: float = 0.0,
    direction: Direction = lambda task, metric: None,
) -> Comparison:
    """Compare the numbers of two states, name by name.

    A number is tested by the paired t-test on the seeds that both states have; where these are fewer than two, by
    Welch's t-test, made more cautious where one state has many seeds more; where a state has a single seed, not at all.
    It moved if p, adjusted by Holm's method over all that was tested, is at most `alpha` (or nothing could be tested),
    and the difference is more than `tolerance`, in the metric's unit. So where nothing changed but the draw, anything
    moves in at most `alpha` of all comparisons, as far as there are two seeds or more. What was reproduced to the last
    bit is no draw, and does not count among the tests.

    direction: for numbers that do not say which way is better.
    Raises `ValueError` for an `alpha` that is not between 0 and 1, or a tolerance that is negative or not finite.
    """
    check_level(alpha)
    if not 0 <= tolerance < inf:
        raise ValueError(f"a tolerance is finite, and not negative, got {tolerance}")
    pairs = {name: (old.get(name, SeedValues()), new.get(name, SeedValues())) for name in {**old, **new}}
    changes = [_measured(name, *pair) for name, pair in pairs.items() if pair[0].values or pair[1].values]
    barred = {_row(change.name) for change in changes if change.verdict == "not comparable"}
    changes = [
        Change(change.name, change.old, change.new, "not comparable") if _is_mean(change, barred) else change
        for change in changes
    ]
    adjusted = holm([change.p_value for change in changes])
    judged = [
        _judged(replace(change, p_adjusted=p), alpha, tolerance, direction)
        for change, p in zip(changes, adjusted, strict=True)
    ]
    return Comparison(tuple(sorted(judged, key=_significance)), alpha, tolerance)


def _measured(name: Name, old: SeedValues, new: SeedValues) -> Change:
    """The change, before it is known how many others are tested."""
    lost = tuple(seed for seed in old.values if seed not in new.values and (seed in new.keys or new.missing))
    if old.summary is None or new.summary is None:
        return Change(name, old, new, "new" if new.values else "gone", lost=lost)
    apart = Change(name, old, new, "not comparable")
    if old.unit != new.unit or not apart.why.keys().isdisjoint(BARRIERS):
        return apart
    change = Change(name, old, new, "within noise", lost=lost)
    shared = old.values.keys() & new.values.keys()
    if shared and all(old.at(seed) == new.at(seed) for seed in shared):
        return replace(change, verdict="reproduced", difference=0.0)
    if len(shared) > 1:
        p = paired_t_test(new.values, old.values)
        return replace(change, difference=fmean(paired_differences(new.values, old.values)), test="paired t", p_value=p)
    if min(old.summary.n, new.summary.n) > 1:
        means = new.summary.mean - old.summary.mean
        return replace(change, difference=means, test="Welch's t", p_value=_welch(old, new))
    difference = fmean(paired_differences(new.values, old.values) or [new.summary.mean - old.summary.mean])
    return replace(change, difference=difference)


def _welch(old: SeedValues, new: SeedValues) -> float:
    """Two-sided p-value, never below that of Student's t-test; where neither state has a spread to judge by, that of
    the permutation test.

    Welch's test alone takes chance for a change too often where one side has few seeds and the other many: with 2 and
    10 in 11 % of all cases and not 5 %. Where both have as many, Student's p is never the larger one.
    """
    one, other = old.summary, new.summary
    assert one is not None
    assert other is not None
    if all(all_alike(list(number.values.values())) for number in (old, new)):
        return 1.0 if isclose(one.mean, other.mean, rel_tol=1e-9) else 2 / comb(one.n + other.n, one.n)
    from scipy.stats import ttest_ind_from_stats

    sides = (one.mean, one.std, one.n, other.mean, other.std, other.n)
    return max(float(ttest_ind_from_stats(*sides, equal_var=alike).pvalue) for alike in (False, True))


def _judged(change: Change, alpha: float, tolerance: float, direction: Direction) -> Change:
    """The change with its verdict, where it is a difference that was, or could have been, tested."""
    if change.difference is None or change.verdict == "reproduced":
        return change
    if change.p_adjusted is not None and change.p_adjusted > alpha:
        return change
    size = abs(change.difference)
    if size <= tolerance or isclose(size, tolerance, rel_tol=1e-9):
        return replace(change, verdict="within tolerance")
    said = {side.higher_is_better for side in (change.old, change.new)} - {None}
    better = said.pop() if len(said) == 1 else None if said else direction(change.name.task, change.name.metric)
    if better is None or change.p_value is None:
        return replace(change, verdict="moved")
    return replace(change, verdict="improved" if improves(change.difference, better) else "regressed")


def _significance(change: Change) -> tuple[int, float, float, float]:
    """Returns a sort key: what counts, the tested first, then the rest in the order of `_ORDER`; within them by p."""
    rank = int(change.p_value is None) if change.counts else 2 + _ORDER.index(change.verdict)
    adjusted, p = (1.0 if value is None else value for value in (change.p_adjusted, change.p_value))
    return rank, adjusted, p, -abs(change.difference or 0)


def _is_mean(change: Change, barred: set[tuple[Any, ...]]) -> bool:
    """Returns whether a number has no runs of its own, and belongs to a row of which one number could not be
    compared.
    """
    return not change.old.keys and not change.new.keys and _row(change.name) in barred


def _row(name: Name) -> tuple[Any, ...]:
    """Returns what a mean shares with the numbers that it averages."""
    return name.table, name.variant, name.group, name.method, name.metric
