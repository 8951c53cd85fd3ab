"""Keeps every image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...contracts import TrainingSet
from ..seams import Filter, Order, Verdict

if TYPE_CHECKING:
    import numpy as np


class KeepAll(Filter):
    """Keep every image."""

    def judge(self, images: Sequence[np.ndarray], orders: Sequence[Order], data: TrainingSet) -> list[Verdict]:
        return [Verdict() for _ in images]
