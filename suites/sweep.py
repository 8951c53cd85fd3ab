"""A method with a `sweep` stands for one method at each combination of the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .schema import MethodSection, Suite

T = TypeVar("T")


def expand_sweeps(suite: Suite) -> Suite:
    """The suite with each sweep's methods in its place: `guidance[gradient-guidance.alpha=0.1]` and so on.

    Wherever the suite names the swept method, all of its points are meant.
    """
    points = {name: _points(name, method) for name, method in suite.methods.items()}
    if all(len(of) == 1 for of in points.values()):
        return suite

    def all_points(names: Sequence[str] | None) -> tuple[str, ...] | None:
        return None if names is None else tuple(point for name in names for point in points.get(name, (name,)))

    def each_point(values: Mapping[str, T]) -> dict[str, T]:
        return {point: value for name, value in values.items() for point in points.get(name, (name,))}

    tasks = {
        name: task.model_copy(update={"methods": all_points(task.methods), "overrides": each_point(task.overrides)})
        for name, task in suite.tasks.items()
    }
    tables = tuple(table.model_copy(update={"methods": all_points(table.methods)}) for table in suite.tables)
    methods = {point: method for of in points.values() for point, method in of.items()}
    return suite.model_copy(update={"tasks": tasks, "tables": tables, "methods": methods})


def _points(name: str, method: MethodSection) -> dict[str, MethodSection]:
    if not method.sweep:
        return {name: method}
    combinations = [dict(zip(method.sweep, values, strict=True)) for values in product(*method.sweep.values())]
    return {
        f"{name}[{_text(point)}]": method.model_copy(
            update={
                "label": f"{method.label or name} ({_text(point, short=True)})",
                "overrides": {**method.overrides, **point},
                "sweep": {},
            }
        )
        for point in combinations
    }


def _text(point: Mapping[str, Any], short: bool = False) -> str:
    """`gradient-guidance.alpha=0.1`; short, `alpha=0.1`."""
    return ", ".join(f"{name.rpartition('.')[2] if short else name}={value}" for name, value in point.items())
