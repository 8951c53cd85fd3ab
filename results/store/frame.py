"""Runs as a pandas frame: one row a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from .record import RunSummary

if TYPE_CHECKING:
    import pandas as pd

NESTED = {"parameters": "param", "val": "val", "test": "test"}
"""Fields that have a column for each of their names, and what these columns begin with."""

EXACT = 2**53
"""Beyond it, a float does not hold every integer."""

CHUNK = 200
"""Runs that are taken apart at a time: few enough to stay in the processor's cache, and to leave the memory at once."""


def make_frame(runs: Iterable[RunSummary]) -> pd.DataFrame:
    """One row a run, in their order.

    Columns: the plain fields by their name, then `param/NAME`, `val/NAME` and `test/NAME`, each sorted. Metrics are
    floats, NaN where a run has none of that name. A parameter's column has the type of its values: integers stay
    integers, also where some runs lack it (pandas' `Int64`), integers and floats together are floats; a column whose
    values are of several types, or lists, has Python objects, None where there is none.
    """
    import pandas as pd

    plain: dict[str, list[Any]] = {name: [] for name in RunSummary.model_fields if name not in NESTED}
    nested: dict[tuple[int, str], list[Any]] = {}
    count, rest = 0, iter(runs)
    while rows := [vars(run) for run in islice(rest, CHUNK)]:
        for name, values in plain.items():
            values += [row[name] for row in rows]
        for place, field in enumerate(NESTED):
            groups = [row[field] for row in rows]
            for name in set().union(*groups):
                if (place, name) not in nested:
                    nested[place, name] = [None] * count
                nested[place, name] += [group.get(name) for group in groups]
        count += len(rows)
        for values in nested.values():
            values += [None] * (count - len(values))
    prefixes = list(NESTED.values())
    named = {f"{prefixes[place]}/{name}": nested[place, name] for place, name in sorted(nested)}
    return pd.DataFrame({name: column(values) for name, values in {**plain, **named}.items()})


def column(values: Sequence[Any]) -> pd.Series:
    """The values as a column of their own type, as `make_frame` describes; None is a gap."""
    import pandas as pd

    kinds = set(map(type, values))
    gaps = type(None) in kinds
    kinds.discard(type(None))
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if gaps else "bool")
    if kinds == {int}:
        with suppress(OverflowError):  # too large for 64 bits: they stay Python's
            return pd.Series(values, dtype="Int64" if gaps else "int64")
    if kinds == {float} or (kinds == {int, float} and _fit_floats(values)):
        return pd.Series(values, dtype="float64")
    if kinds == {str}:
        return pd.Series(values)
    return pd.Series(values, dtype="object")


def _fit_floats(values: Sequence[Any]) -> bool:
    return all(abs(value) <= EXACT for value in values if type(value) is int)
