"""The numbers of a table file, as `render.to_json` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from math import isclose
from statistics import fmean
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

from provbench.registry.base import VARIANT_PATTERN, UserError, describe_issues

from ..store import RunRecord
from ..tables import COSTS
from .differences import Name, SeedValues, State
from .paired_runs import identity_of

_Model = TypeVar("_Model", bound=BaseModel)


def read_table(data: bytes, where: str, table: str = "") -> State:
    """The numbers of a table that was rendered as JSON; costs are left out, which are the machine's as well.

    where: what to call it in messages. Raises `UserError` where it is no such table.
    """
    return _numbers(_parsed(_TableFile, data, where), where, table)


def read_tables(data: bytes, where: str, table: str = "") -> State:
    """The numbers of a file as `provbench tables --format json` prints it, or of one of a single table.

    table: what to call a single table; several have names. Raises as `read_table` does.
    """
    if b'"tables"' not in data:
        return read_table(data, where, table)
    state: dict[Name, SeedValues] = {}
    for content in _parsed(_TablesFile, data, where).tables:
        state |= _numbers(content, f"{where}: {content.table}", content.table)
    return state


def _parsed(model: type[_Model], data: bytes, where: str) -> _Model:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        issues = describe_issues(error, where, model)
        raise UserError(
            "\n".join([f"{where}: is no table that `provbench tables` wrote as JSON", *(x[:200] for x in issues[:3])])
        ) from None


def _numbers(content: _TableFile, where: str, table: str) -> State:
    state: dict[Name, SeedValues] = {}
    for place, cell in enumerate(content.cells):
        if cell.metric in COSTS:
            continue
        name = Name(content.variant, cell.task, cell.title, cell.metric, cell.group, cell.selection, cell.over, table)
        while name in state:
            name = name._replace(number=name.number + 1)
        state[name] = cell.number(f"{where}: cells.{place}")
    return state


def with_identities(state: State, records: Iterable[RunRecord]) -> State:
    """The state, with what is known of its runs from their records."""
    known = {record.key: record for record in records}

    def told(number: SeedValues) -> SeedValues:
        found = [known[key] for key in number.keys.values() if key in known]
        return replace(number, identity=identity_of(found[0])) if found else number

    return {name: told(number) for name, number in state.items()}


class _CellOfFile(BaseModel):
    """The part of a cell of `render.to_json` that is compared; other fields are ignored."""

    method: str
    row: str = ""
    """The value that the row is of, where the method has a column."""
    task: str
    metric: str
    group: str = ""
    selection: str = ""
    over: str = ""
    unit: str = ""
    mean: float | None = None
    missing: int = 0
    values: dict[int, Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]]
    runs: dict[int, str] = Field(default_factory=dict)
    higher_is_better: bool | None = None
    protocol: str = ""
    fingerprint: str = ""

    @property
    def title(self) -> str:
        return f"{self.method}[{self.row}]" if self.row else self.method

    def number(self, where: str) -> SeedValues:
        mean = fmean(self.values.values()) if self.values else None
        if mean is not None and self.mean is not None and not isclose(mean, self.mean, rel_tol=1e-9, abs_tol=1e-9):
            raise UserError(f"{where}: its mean, {self.mean}, is not that of its values, {mean}: the file was changed")
        known = {"task.version": self.protocol, "fingerprint": self.fingerprint}
        return SeedValues(
            values=self.values,
            keys=self.runs,
            missing=self.missing,
            unit=self.unit,
            higher_is_better=self.higher_is_better,
            identity={part: json.dumps(value) for part, value in known.items() if value},
        )


class _TableFile(BaseModel):
    variant: str = Field(pattern=VARIANT_PATTERN)
    cells: list[_CellOfFile]
    table: str = ""


class _TablesFile(BaseModel):
    tables: list[_TableFile]
