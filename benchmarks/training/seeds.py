"""Seeds derived for each axis of randomness, so that methods share data order and a step can be repeated."""

from __future__ import annotations

from typing import Literal

from provbench.registry.base import seed_of

Axis = Literal["init", "order", "transform", "mixing", "model"]
"""Initial weights; order of the samples; random crops and flips; augmentation and regularizers; dropout."""


def derive_seed(seed: int, axis: Axis, *position: int) -> int:
    """A seed in [0, 2⁶³) for one axis at one position (a step, or an epoch and a sample).

    Every random draw of a run is a function of the run's seed, the axis and the position alone, never of what was drawn
    before: so a run resumes exactly without saving any generator's state, two methods with one seed see the same order
    of samples, and the number of worker processes changes nothing.
    """
    return seed_of(seed, axis, *position, bits=63)
