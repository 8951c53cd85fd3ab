"""McNemar's test against the baseline, sample by sample."""

from __future__ import annotations

from typing import ClassVar

from ...statistics import mcnemar_test
from .p import PairedTest
from .predictions import sample_scores
from .statistic import Context


class McNemarTest(PairedTest):
    """McNemar's exact test of the first seed that the cell and the baseline share, adjusted by Holm's method.

    It needs the stored predictions of both runs, and a metric whose samples are right or wrong.
    """

    title: ClassVar[str] = "p McNemar"
    test_title: ClassVar[str] = (
        "McNemar's exact test on the stored predictions of the first shared seed, which says nothing of other seeds,"
    )

    def compute(self, context: Context) -> float | None:
        if context.baseline is None:
            return None
        shared = sorted(context.cell.values.keys() & context.baseline.values.keys())[:1]
        ours = sample_scores(context, context.cell, shared)
        theirs = sample_scores(context, context.baseline, shared)
        if ours is None or theirs is None or not self._same_samples(context, shared[0]):
            return None
        right = 100.0 if context.column.unit == "%" else 1.0
        try:
            return mcnemar_test(ours[0] / right, theirs[0] / right).p_value
        except ValueError:  # other numbers of samples, or scores between right and wrong
            return None

    def _same_samples(self, context: Context, seed: int) -> bool:
        """Returns whether both runs were scored on the same samples."""
        assert context.baseline is not None
        ids = [context.samples(cell.keys[seed], "test") for cell in (context.cell, context.baseline)]
        ours, theirs = (sorted(map(str, columns["id"])) if columns is not None else [] for columns in ids)
        return ours == theirs
