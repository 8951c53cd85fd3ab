"""The exact permutation test against the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...statistics import LARGEST_EXACT, permutation_test
from .p import PairedTest


class Permutation(PairedTest):
    """The exact paired permutation test against the baseline, adjusted by Holm's method; of up to 20 shared seeds."""

    title: ClassVar[str] = "p permutation"
    test_title: ClassVar[str] = f"exact paired permutation test on up to {LARGEST_EXACT} shared seeds"

    def test(self, values: Mapping[int, float], baseline: Mapping[int, float]) -> float | None:
        return permutation_test(values, baseline) if len(values.keys() & baseline.keys()) <= LARGEST_EXACT else None
