"""The table language: what a suite file may say of its tables."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from provbench.results.tables import EpochName

from .names import FileName


class Section(BaseModel):
    """A mapping of a suite file. Keys that it does not have are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _metric(value: Any) -> Any:
    """`accuracy` for `{metric: accuracy}`."""
    return {"metric": value} if isinstance(value, str) else value


def _method(value: Any) -> Any:
    """`cutmix` for `{method: cutmix}`."""
    return {"method": value} if isinstance(value, str) else value


class ColumnSection(Section):
    """A metric of a task on its test split, a cost of its runs, the gain in one of these, or the mean of columns."""

    metric: str = Field(
        description="a test metric, or `time per step`, `time per epoch`, `epochs to converge`, `training time`, "
        "`peak memory`"
    )
    task: str | None = Field(
        None,
        description="a task section, or a task that papers report; default: the row's. Of a mean: that of the "
        "published means",
    )
    label: str | None = Field(None, description="default: the metric with its unit")
    group: str = Field("", description="heading over this column and its neighbours of the same group")
    selection: str | None = Field(None, description="one of the task's selection protocols; default: its first")
    epoch: EpochName | None = Field(None, description="which epoch of each run is scored; default: the table's")
    model: str | None = Field(None, description="network of the published numbers; default: the table's")
    setting: str | None = Field(None, description="of the published numbers: 5-shot …; default: the table's")
    decimals: int | None = Field(None, ge=0, le=6, description="default: the table's")
    method: str | None = Field(
        None, description="of the suite, where rows are values: the column is of its runs; a swept one: of its points"
    )
    over: str | None = Field(None, description="a method: the column is the gain over it, on shared seeds")
    mean_of: tuple[int, ...] | Literal["all"] = Field((), description="numbers of columns, from 1; all: those before")


class RowSection(Section):
    """A method of the suite, or one that papers report."""

    method: str = Field(description="its name in the suite, or the one under which it was published")
    label: str | None = Field(None, description="default: the method's own")
    group: str = Field("", description="heading over this row and its neighbours of the same group")
    task: str | None = Field(None, description="task section for the columns that name none; default: the table's")
    model: str | None = Field(
        None, description="network of the published numbers; where the suite trains another, the row has nothing else"
    )
    setting: str | None = Field(None, description="of the published numbers, instead of the columns'")
    over: str | None = Field(None, description="what its gains are over, instead of what the columns say")


def _listed_value(value: Any) -> Any:
    """`0.1` for `{value: 0.1}`."""
    return value if isinstance(value, dict | ValueSection) else {"value": value}


class ValueSection(Section):
    """A value that a row is of."""

    value: Any = Field(description="of what the rows are by")
    label: str | None = Field(None, description="default: `alpha=0.1`")
    group: str = Field("", description="heading over this row and its neighbours of the same group")
    setting: str | None = Field(
        None,
        description='of the published numbers that are of this value; without it, the row has none; "": none named',
    )


_Value = Annotated[ValueSection, BeforeValidator(_listed_value)]


class ValueRows(Section):
    """Rows that are values of what tells the suite's runs apart, so that methods can be columns."""

    by: str = Field(description="a parameter of task or plugins: `epochs`, `gradient-guidance.alpha`; `task`; `seed`")
    method: str | None = Field(None, description="of the columns that name none")
    values: tuple[_Value, ...] | None = Field(
        None, min_length=1, description="default: all that the cells of the columns have"
    )


def _kind_of_rows(value: Any) -> str:
    return _BY if isinstance(value, dict | ValueRows) else _LIST


_Column = Annotated[ColumnSection, BeforeValidator(_metric, json_schema_input_type=str | ColumnSection)]
_Row = Annotated[RowSection, BeforeValidator(_method, json_schema_input_type=str | RowSection)]


_LIST, _BY = "tuple[rows]", "dict[by]"
"""Names of the two kinds of rows, in the form that pydantic gives to alternatives in the location of an error."""
_Rows = Annotated[
    Annotated[tuple[_Row, ...], Tag(_LIST)] | Annotated[ValueRows, Tag(_BY)], Discriminator(_kind_of_rows)
]


class TableSection(Section):
    """One comparison table: methods or values as rows, metrics or methods as columns."""

    name: FileName = Field(description="names its files; no two tables of a suite share it")
    title: str = Field("", description="the caption")
    label: str = Field("", description="by which LaTeX refers to it; default: tab:NAME")
    task: str | None = Field(None, description="a task section, or a task that papers report, for rows and columns")
    model: str | None = Field(None, description="network of the published numbers; default: the one that the task has")
    setting: str = Field("", description="of the published numbers, for the columns that name none: 5-shot …")
    columns: tuple[_Column, ...] | None = Field(None, description="default: every metric of the task")
    rows: _Rows | None = Field(
        None, description="default: every method of the task; `{by: PARAMETER}`: a row for each value"
    )
    selection: str | None = Field(None, description="selection protocol of the columns that name none")
    epoch: EpochName | None = Field(
        None, description="which epoch of each run the columns that name none score; default: the runs' own"
    )
    baseline: str | None = Field(
        None, description="the row, or the method of columns, that the paired tests compare with"
    )
    show: tuple[str, ...] = Field(
        ("value", "published", "deviation", "p"),
        min_length=1,
        description="the statistics that a column shows, as far as any of its cells has them, and in which order: "
        "those of `provbench list fields`",
    )
    decimals: int = Field(1, ge=0, le=6, description="digits after the point")
