"""Comparison of two records of one run: whether they have the same outcome."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from .curve_axis import SHARE
from .record import RunRecord


class Difference(NamedTuple):
    """A difference between two outcomes: the field, and its JSON value in each."""

    field: str
    one: Any
    other: Any


def difference(one: RunRecord, other: RunRecord) -> Difference | None:
    """The first field of the outcome that is not the same to the last bit; None where all are.

    Of metrics only those that differ, of a curve the first entry that does, as `curve[3]`; None for one that is not
    there.
    """
    one, other = with_comparable_curves(one, other)
    if one.outcome == other.outcome:
        return None
    first, second = (json.loads(run.model_dump_json(include=set(run.outcome))) for run in (one, other))
    for field in one.outcome:
        if first[field] != second[field]:  # NaN equals NaN here: in the JSON it is text
            return _narrowed(field, first[field], second[field])
    return None


def with_comparable_curves(one: RunRecord, other: RunRecord) -> tuple[RunRecord, RunRecord]:
    """Returns the two without what one's curve tells and the other's says nothing of: older records have curves of the
    validated epochs only, and no shares of penalties."""
    return _less(one, other), _less(other, one)


def _less(run: RunRecord, other: RunRecord) -> RunRecord:
    epochs = {entry.get("epoch") for entry in (*other.curve, *run.validations)}
    names = {name for entry in other.curve for name in entry}
    curve = [
        {name: value for name, value in entry.items() if name in names or not name.startswith(SHARE)}
        for entry in run.curve
        if entry.get("epoch") in epochs
    ]
    return run if curve == run.curve else run.model_copy(update={"curve": curve})


def _narrowed(field: str, one: Any, other: Any) -> Difference:
    if isinstance(one, dict):
        names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
        one, other = ({name: side[name] for name in names if name in side} for side in (one, other))
    elif isinstance(one, list):
        place = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        one, other = (side[place] if place < len(side) else None for side in (one, other))
        field = f"{field}[{place}]"
    return Difference(field, one, other)
