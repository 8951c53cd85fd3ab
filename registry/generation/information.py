"""Information that contexts carry about classes, measured and compared with chance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Information:
    """Mutual information of two variables in bits, and how much of it chance alone gives.

    chance: mean over permutations of one variable. p: share of the permutations, the data themselves included, that
    have at least as much; small if the variables depend on each other. excess: bits over chance.
    """

    bits: float
    chance: float
    p: float
    samples: int

    @property
    def excess(self) -> float:
        return self.bits - self.chance


def mutual_information(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """Returns the mutual information in bits of the joint frequencies: sum p(x, y) log2 p(x, y) / (p(x) p(y)).

    This estimate is never too small on average, and the more so the more values there are: compare it with chance.
    """
    return _bits(*map(_numbered, (one, other)))


def information(
    labels: Sequence[Hashable], contexts: Sequence[Hashable], *, permutations: int = 999, seed: int = 0
) -> Information:
    """Returns the information of contexts about labels, with its level under permutations of the contexts.

    labels, contexts: of the same samples. Independent variables have p uniform in (0, 1], however many values and
    however few samples there are.
    """
    import numpy as np

    x, y = _numbered(labels), _numbered(contexts)
    own, rng = _bits(x, y), np.random.default_rng(seed)
    drawn = np.array([_bits(x, rng.permutation(y)) for _ in range(permutations)])
    reached = int((drawn >= own - 1e-12).sum())
    return Information(own, float(drawn.mean()) if permutations else 0.0, (1 + reached) / (1 + permutations), len(x))


def _numbered(values: Sequence[Hashable]) -> np.ndarray:
    import numpy as np

    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def _bits(x: np.ndarray, y: np.ndarray) -> float:
    import numpy as np

    if not len(x):
        return 0.0
    _, joint = np.unique(x * (int(y.max()) + 1) + y, return_counts=True)
    sizes = [np.unique(one, return_counts=True)[1] for one in (x, y)]

    def entropy(counts: np.ndarray) -> float:
        shares = counts / counts.sum()
        return float(-(shares * np.log2(shares)).sum())

    return max(0.0, entropy(sizes[0]) + entropy(sizes[1]) - entropy(joint))
