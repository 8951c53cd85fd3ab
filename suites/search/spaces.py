"""Search spaces as Optuna has them."""

from __future__ import annotations

from itertools import product
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from provbench.registry import SearchSpace
from provbench.registry.base import UserError


def distribution(space: SearchSpace) -> BaseDistribution:
    """Optuna's form of a search space."""
    if space.choices is not None:
        return CategoricalDistribution(space.choices)
    assert space.low is not None
    assert space.high is not None
    if space.integer:
        return IntDistribution(int(space.low), int(space.high), log=space.log, step=int(space.step or 1))
    return FloatDistribution(space.low, space.high, log=space.log, step=space.step)


def contains(space: BaseDistribution, value: Any) -> bool:
    """Returns whether a search may try this value of a parameter."""
    if value is None and not isinstance(space, CategoricalDistribution):
        return False
    try:
        return space._contains(space.to_internal_repr(value))
    except (TypeError, ValueError):
        return False


def grid(space: dict[str, BaseDistribution]) -> list[dict[str, Any]]:
    """Every combination of values. Raises `UserError` for a range without step, which has no end of them."""
    axes = [_values(name, axis) for name, axis in space.items()]
    return [dict(zip(space, values, strict=True)) for values in product(*axes)]


def _values(name: str, axis: BaseDistribution) -> list[Any]:
    if isinstance(axis, CategoricalDistribution):
        return list(axis.choices)
    assert isinstance(axis, FloatDistribution | IntDistribution)
    if axis.step is None or axis.log:
        raise UserError(f"search.space: {name}: a grid needs choices, or low, high and step")
    steps = round((axis.high - axis.low) / axis.step) + 1
    return [min(type(axis.low)(axis.low + axis.step * number), axis.high) for number in range(steps)]
