"""The typed parameters of a plugin, and where a search may look for better ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import UserError, nearest


class Params(BaseModel):
    """Base of every parameter model: unknown names are refused, values are immutable, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


P = TypeVar("P", bound=Params)


class SearchSpace(BaseModel):
    """One dimension of a search: a range (`low`, `high`, `log`, `step`) or a list of `choices`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    integer: bool = False
    choices: tuple[Any, ...] | None = None

    def model_post_init(self, _context: object, /) -> None:
        ranged = self.low is not None and self.high is not None
        if ranged == (self.choices is not None):
            raise ValueError("give either low and high, or choices")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        if self.log and (self.low is None or self.low <= 0):
            raise ValueError("a logarithmic range needs low > 0")
        if self.log and self.step is not None:
            raise ValueError("a logarithmic range takes no step")


def tunable(
    default: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    log: bool = False,
    choices: Sequence[Any] | None = None,
    integer: bool = False,
    **field: Any,
) -> Any:
    """A pydantic `Field` that a search may vary; the range here is the default search space of the parameter."""
    space = SearchSpace(
        low=low, high=high, log=log, integer=integer, choices=tuple(choices) if choices is not None else None
    )
    return Field(default, json_schema_extra={"search": space.model_dump(exclude_defaults=True, mode="json")}, **field)


def search_spaces(model: type[BaseModel]) -> Iterator[tuple[str, SearchSpace]]:
    """The tunable fields of a parameter model, with their default search spaces."""
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and isinstance(extra.get("search"), dict):
            yield name, SearchSpace.model_validate(extra["search"])


def validate_params(model: type[P], values: dict[str, Any], where: str) -> P:
    """`model(**values)`; a `UserError` that names `where`, the field, its value and the nearest field otherwise."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UserError("\n".join(describe_issues(error, where, model))) from None


def describe_issues(error: ValidationError, where: str, model: type[BaseModel]) -> list[str]:
    """One line for each thing that pydantic found wrong."""
    lines = []
    for issue in error.errors():
        path = ".".join(str(part) for part in issue["loc"])
        if issue["type"] == "extra_forbidden":
            lines.append(f"{where}: unknown parameter {path!r}{nearest(path, model.model_fields)}")
        elif issue["type"] == "missing":
            lines.append(f"{where}: {path}: required, and not given")
        else:
            lines.append(f"{where}: {path}: {issue['msg']} (got {issue['input']!r})")
    return lines
