"""Seeds that are functions of what they are for, and of nothing that was drawn before."""

from __future__ import annotations

import hashlib
from typing import Literal

Axis = Literal["init", "order", "transform", "mixing", "model"]
"""Initial weights; order of the samples; random crops and flips; augmentation and regularizers; dropout."""


def seed_of(*parts: object, bits: int) -> int:
    """Returns a seed in [0, 2^bits), bits ≤ 64, made of the parts' texts."""
    text = ":".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - bits)


def derive_seed(seed: int, axis: Axis, *position: int) -> int:
    """A seed in [0, 2⁶³) for one axis at one position (a step, or an epoch and a sample).

    Every random draw of a run is a function of the run's seed, the axis and the position alone, never of what was drawn
    before: so a run resumes exactly without saving any generator's state, two methods with one seed see the same order
    of samples, and the number of worker processes changes nothing.
    """
    return seed_of(seed, axis, *position, bits=63)
