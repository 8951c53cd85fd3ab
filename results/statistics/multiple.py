"""Several tests at once."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted for their number by Holm's step-down method; None stays None and does not count.

    The chance of one false discovery or more is then at most the level that they are held against, whatever the
    dependence between the tests. Raises `ValueError` for what is no probability, NaN included.

    Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).
    """
    for p in p_values:
        if p is not None and not 0 <= p <= 1:
            raise ValueError(f"a p-value lies between 0 and 1, got {p}")
    adjusted: list[float | None] = [None] * len(p_values)
    ranked = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    highest = 0.0
    for rank, (p, place) in enumerate(ranked):
        highest = max(highest, min(1.0, (len(ranked) - rank) * p))
        adjusted[place] = highest
    return adjusted
