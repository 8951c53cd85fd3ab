"""A method with a `sweep` stands for one method at each combination of the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from provbench.registry.base import UserError

from .sections import MethodSection, Suite
from .table_section import TableSection, ValueRows


class SweepError(UserError):
    """A sweep cannot be written out. location: in the suite file."""

    def __init__(self, message: str, *location: str) -> None:
        super().__init__(f"{'.'.join(location)}: {message}")
        self.location = location


def expand_sweeps(suite: Suite) -> Suite:
    """The suite with each sweep's methods in its place: `guidance[gradient-guidance.alpha=0.1]` and so on.

    A swept method's name stands for all its points; settings given for a single point override it.
    Each point keeps of the sweep its own values. Raises `UserError` where two methods would have one name.
    """
    swept = {name for name, method in suite.methods.items() if method.sweep}
    if not swept:
        return suite
    points = {name: _points(name, method) for name, method in suite.methods.items()}
    methods = {point: method for of in points.values() for point, method in of.items()}
    if len(methods) < sum(map(len, points.values())):
        raise SweepError(f"a point of a sweep has the name of another method; known: {', '.join(methods)}", "methods")

    def all_points(names: Sequence[str] | None) -> tuple[str, ...] | None:
        if names is None:
            return None
        return tuple(dict.fromkeys(point for name in names for point in points.get(name, (name,))))

    def each_point(values: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        broad = {point: dict(values[name]) for name, of in points.items() if name in values for point in of}
        narrow = {name: value for name, value in values.items() if name not in points}
        return broad | {name: broad.get(name, {}) | value for name, value in narrow.items()}

    tasks = {
        name: task.model_copy(update={"methods": all_points(task.methods), "overrides": each_point(task.overrides)})
        for name, task in suite.tasks.items()
    }

    def each_row(table: TableSection) -> TableSection:
        if table.rows is None or isinstance(table.rows, ValueRows):
            return table
        rows = tuple(
            row.model_copy(update={"method": point, "label": row.label and _label(row.label, methods[point])})
            if row.method in swept
            else row
            for row in table.rows
            for point in points.get(row.method, (row.method,))
        )
        return table.model_copy(update={"rows": rows})

    tables = tuple(map(each_row, suite.tables))
    return suite.model_copy(update={"tasks": tasks, "tables": tables, "methods": methods})


def sweep_points(suite: Suite) -> dict[str, dict[str, dict[str, Any]]]:
    """Returns, for each swept method, the swept parameters of each of its points."""
    swept = {name: method for name, method in suite.methods.items() if method.sweep}
    return {
        name: {
            point: {axis: one.overrides[axis] for axis in method.sweep} for point, one in _points(name, method).items()
        }
        for name, method in swept.items()
    }


def _points(name: str, method: MethodSection) -> dict[str, MethodSection]:
    if not method.sweep:
        return {name: method}
    combinations = [dict(zip(method.sweep, values, strict=True)) for values in product(*method.sweep.values())]
    points = {f"{name}[{_text(point)}]": _point(name, method, point) for point in combinations}
    if len(points) < len(combinations):
        raise SweepError("has a value twice", "methods", name, "sweep")
    return points


def _point(name: str, method: MethodSection, point: Mapping[str, Any]) -> MethodSection:
    values = {"overrides": {**method.overrides, **point}, "sweep": {key: (value,) for key, value in point.items()}}
    point_of = method.model_copy(update=values)
    return point_of.model_copy(update={"label": _label(method.label or name, point_of)})


def _label(label: str, point: MethodSection) -> str:
    return f"{label} ({_text({name: values[0] for name, values in point.sweep.items()}, short=True)})"


def _text(point: Mapping[str, Any], short: bool = False) -> str:
    """`gradient-guidance.alpha=0.1`; short, `alpha=0.1`, if that names one parameter."""
    names = [name.rpartition(".")[2] for name in point]
    names = names if short and len(set(names)) == len(names) else list(point)
    return ", ".join(f"{name}={value}" for name, value in zip(names, point.values(), strict=True))
