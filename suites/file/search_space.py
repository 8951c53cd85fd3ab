"""A search space that fits the parameter that it is of: its type, and what the parameter's values are."""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from provbench.registry import SearchSpace
from provbench.registry.base import UserError


def fitted(space: SearchSpace, annotation: Any, resolve: Callable[[Any], Any]) -> SearchSpace:
    """Returns the space with choices of the parameter's type (`1e-4`, which YAML reads as text, as 0.0001), and a range
    of integers where the parameter is one.

    annotation: of the parameter. resolve: gives the value that the parameter has where it is given one; raises
    `UserError` for one that is refused. Raises `UserError` for choices that are one value twice, and for a range of a
    parameter that is not a number.
    """
    if space.choices is not None:
        return _with_choices(space, [_same_or(resolve(value), value) for value in space.choices])
    kinds = _kinds(annotation)
    if kinds and kinds <= {bool, str, type(None)}:
        raise UserError("a range is of numbers, and this parameter is none: give choices")
    if int not in kinds or float in kinds or space.integer:
        return space
    if any(value is not None and value % 1 for value in (space.low, space.high, space.step)):
        raise UserError("an integer: its range needs integers for low, high and step")
    return space.model_copy(update={"integer": True})


def _with_choices(space: SearchSpace, choices: list[Any]) -> SearchSpace:
    for place, value in enumerate(choices):
        if any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in choices[:place]):
            raise UserError(f"choices has {value!r} twice")
    return space.model_copy(update={"choices": tuple(choices)})


def _same_or(resolved: Any, value: Any) -> Any:
    """The value as it was written where it equals what the parameter makes of it (1 and 1.0): studies have it so."""
    return value if resolved == value and isinstance(resolved, bool) == isinstance(value, bool) else resolved


def _kinds(annotation: Any) -> set[Any]:
    """The plain types of a parameter; of a literal, those of its values, which no range reaches: none."""
    if get_origin(annotation) is Literal:
        return {str}
    if get_origin(annotation) in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in _kinds(part)}
    return {annotation}
