"""Two runs, sample by sample: does one get more right than the other?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class McNemar:
    """only_ours, only_theirs: samples that one run gets right and the other wrong. p_value: two-sided, exact."""

    only_ours: int
    only_theirs: int
    p_value: float


def mcnemar_test(ours: np.ndarray, theirs: np.ndarray) -> McNemar:
    """McNemar's exact test of two runs on the same samples, in the same order.

    ours, theirs: (samples,), 1 or True where the run is right, 0 or False where it is wrong. Only samples on which the
    runs differ count; if the runs are equal, each falls to either with chance ½. It compares two trained models on
    one test set, and says nothing of other seeds. Raises `ValueError` for other shapes or values.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions" (1947).
    """
    if ours.ndim != 1 or ours.shape != theirs.shape:
        raise ValueError(f"two runs must have one row of samples each, got shapes {ours.shape} and {theirs.shape}")
    import numpy as np

    return mcnemar_tests(np.stack([ours, theirs]))[0, 1]


def mcnemar_tests(runs: np.ndarray) -> dict[tuple[int, int], McNemar]:
    """`mcnemar_test` of every two rows (i, j), i < j, of an array (runs, samples)."""
    import numpy as np
    from scipy.special import bdtr

    if not np.isin(runs, (0, 1)).all():
        raise ValueError("right is 1 and wrong is 0, and there is nothing else")
    right = runs.astype(np.float64)  # whose products are exact up to 2**53 samples
    only = np.rint(right @ (1 - right).T).astype(np.int64)
    p_values = np.minimum(1.0, 2 * bdtr(np.minimum(only, only.T), only + only.T, 0.5))
    return {
        (i, j): McNemar(int(only[i, j]), int(only[j, i]), float(p_values[i, j]))
        for i, j in combinations(range(len(runs)), 2)
    }
