"""Nemenyi's test: which methods' mean ranks differ."""

from __future__ import annotations

from functools import cache
from math import inf, sqrt

from .interval import check_level
from .ranks import Ranks


@cache
def critical_difference(methods: int, tasks: int, alpha: float = 0.05) -> float:
    """The difference from which on two mean ranks differ, by Nemenyi's test: q √(k (k + 1) / 6 N).

    k methods, N tasks; q: of the studentised range of k with infinite freedom, over √2. Raises `ValueError` for fewer
    than two methods or no task.

    Sources: Nemenyi, "Distribution-free multiple comparisons" (1963); Demšar, "Statistical comparisons of classifiers
    over multiple data sets" (2006), section 3.2.2.
    """
    check_level(alpha)
    if methods < 2 or tasks < 1:
        raise ValueError(f"a critical difference needs two methods and a task, got {methods} and {tasks}")
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, methods, inf)) / sqrt(2)
    return q * sqrt(methods * (methods + 1) / (6 * tasks))


def inseparable_groups(ranks: Ranks, alpha: float = 0.05) -> list[tuple[str, ...]]:
    """The largest groups of methods that Nemenyi's test cannot tell apart, the best first, each in order of rank.

    Groups may overlap; a method that differs from all others is in none.
    """
    limit = critical_difference(len(ranks.methods), len(ranks.tasks), alpha)
    means = list(ranks.mean.items())
    groups: list[tuple[str, ...]] = []
    end = 0
    for start, (_, lowest) in enumerate(means):
        stop = next((place for place, (_, mean) in enumerate(means) if mean - lowest >= limit), len(means))
        if stop > end and stop - start > 1:
            groups.append(ranks.methods[start:stop])
        end = max(end, stop)
    return groups
