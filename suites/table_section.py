"""The table language: what a suite file may say of its tables."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ..results import SHOWN, Kind


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _metric(value: Any) -> Any:
    """`accuracy` for `{metric: accuracy}`."""
    return {"metric": value} if isinstance(value, str) else value


def _method(value: Any) -> Any:
    """`cutmix` for `{method: cutmix}`."""
    return {"method": value} if isinstance(value, str) else value


class ColumnSection(_Section):
    """A metric of a task on its test split, a cost of its runs, or the mean of other columns."""

    metric: str = Field(
        description="a test metric, or `time per epoch`, `epochs to converge`, `training time`, `peak memory`"
    )
    task: str | None = Field(None, description="a task section, or a task that papers report; default: the row's")
    label: str | None = Field(None, description="default: the metric with its unit")
    group: str = Field("", description="heading over this column and its neighbours of the same group")
    selection: str | None = Field(None, description="one of the task's selection protocols; default: its first")
    setting: str = Field("", description="of the published numbers: 5-shot, long-tail-100 …")
    model: str | None = Field(None, description="of the published numbers, where no run says it")
    decimals: int | None = Field(None, ge=0, le=6, description="default: the table's")
    mean_of: tuple[int, ...] | Literal["all"] = Field((), description="numbers of columns, from 1; all: those before")


class RowSection(_Section):
    """A method of the suite, or one that papers report."""

    method: str
    label: str | None = Field(None, description="default: the method's own")
    group: str = Field("", description="heading over this row and its neighbours of the same group")
    task: str | None = Field(None, description="task section for the columns that name none; default: the table's")
    model: str | None = Field(None, description="of the published numbers, where no run says it")
    setting: str | None = Field(None, description="of the published numbers, instead of the columns'")


class TableSection(_Section):
    """One comparison table: methods as rows, metrics as columns."""

    name: str = Field(pattern=r"^[\w.+-]+$")
    title: str = Field("", description="the caption")
    label: str = Field("", description="by which LaTeX refers to it; default: tab:NAME")
    task: str | None = Field(None, description="a task section, or a task that papers report, for rows and columns")
    columns: tuple[Annotated[ColumnSection, BeforeValidator(_metric)], ...] | None = Field(
        None, description="default: every metric of the task"
    )
    rows: tuple[Annotated[RowSection, BeforeValidator(_method)], ...] | None = Field(
        None, description="default: every method of the task"
    )
    selection: str | None = Field(None, description="selection protocol of the columns that name none")
    baseline: str | None = Field(None, description="the method that the paired tests compare with")
    show: tuple[Kind, ...] = Field(SHOWN, description="value, interval, published, deviation, p, effect")
    decimals: int = Field(1, ge=0, le=6)
