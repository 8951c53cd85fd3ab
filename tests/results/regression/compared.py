"""Numbers of two states of results to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provbench.results.regression.differences import Change, Name, SeedValues, State, compare

NAME = Name("full", "waterbirds", "cutmix", "accuracy")


def number(values: Sequence[float] | Mapping[int, float], run: str = "", **fields: Any) -> SeedValues:
    """A number of seeds 0, 1, … or of those given. run: what the keys of its runs begin with."""
    by_seed = dict(values) if isinstance(values, Mapping) else dict(enumerate(values))
    return SeedValues(by_seed, {seed: f"{run}{seed}" for seed in by_seed}, **fields)


def change_of(old: SeedValues, new: SeedValues, **options: Any) -> Change:
    (change,) = compare({NAME: old}, {NAME: new}, **options).changes
    return change


def numbers(old: Sequence[Sequence[float]], new: Sequence[Sequence[float]]) -> tuple[State, State]:
    """Numbers 0, 1, …, of runs of other keys."""
    names = [NAME._replace(number=place) for place in range(len(old))]
    return (
        {name: number(values, "old") for name, values in zip(names, old, strict=True)},
        {name: number(values, "new") for name, values in zip(names, new, strict=True)},
    )
