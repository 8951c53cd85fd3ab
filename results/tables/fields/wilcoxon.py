"""Wilcoxon's signed-rank test against the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...statistics import wilcoxon_test
from .p import PairedTest


class Wilcoxon(PairedTest):
    """Wilcoxon's signed-rank test against the baseline on shared seeds, adjusted by Holm's method."""

    title: ClassVar[str] = "p Wilcoxon"
    test_title: ClassVar[str] = "Wilcoxon's signed-rank test on shared seeds"

    def test(self, values: Mapping[int, float], baseline: Mapping[int, float]) -> float | None:
        return wilcoxon_test(values, baseline)
