"""Two runs, sample by sample: does one get more right than the other?"""

from __future__ import annotations

from dataclasses import dataclass
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
    runs differ count; if the runs are alike, each falls to either with chance ½. It compares two trained models on
    one test set, and says nothing of other seeds. Raises `ValueError` for other shapes or values.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions" (1947).
    """
    import numpy as np

    if ours.ndim != 1 or ours.shape != theirs.shape:
        raise ValueError(f"two runs must have one row of samples each, got shapes {ours.shape} and {theirs.shape}")
    for side in (ours, theirs):
        if not np.isin(side, (0, 1)).all():
            raise ValueError("right is 1 and wrong is 0, and there is nothing else")
    only_ours = int(np.sum((ours == 1) & (theirs == 0)))
    only_theirs = int(np.sum((ours == 0) & (theirs == 1)))
    from scipy.special import bdtr

    smaller = bdtr(min(only_ours, only_theirs), only_ours + only_theirs, 0.5)
    return McNemar(only_ours, only_theirs, min(1.0, 2 * float(smaller)))
