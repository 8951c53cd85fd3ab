"""The typed parameters of a plugin, and where a search may look for better ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from .base import UserError, describe_issues


class Params(BaseModel):
    """Base of every parameter model: unknown names are refused, values are immutable, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


P = TypeVar("P", bound=Params)


class SearchSpace(BaseModel):
    """One dimension of a search: a range (`low`, `high`, `log`, `step`) or a list of `choices`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    low: float | None = Field(default=None, description="least value of a range")
    high: float | None = Field(default=None, description="greatest value of a range")
    log: bool = Field(default=False, description="whether values are drawn evenly by their logarithm")
    step: float | None = Field(default=None, gt=0, description="distance of the values of a range")
    integer: bool = Field(default=False, description="whether the values of a range are whole numbers")
    choices: tuple[Any, ...] | None = Field(default=None, description="the values, instead of a range")

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
        if self.choices is not None:
            self._check_choices(self.choices)
        elif self.integer and any(value is not None and value % 1 for value in (self.low, self.high, self.step)):
            raise ValueError("a range of integers needs integers for low, high and step")

    def _check_choices(self, choices: tuple[Any, ...]) -> None:
        if not choices:
            raise ValueError("choices needs at least one value")
        for place, value in enumerate(choices):
            if isinstance(value, float) and not isfinite(value):
                raise ValueError(f"choices needs finite numbers, and has {value}")
            if any(type(value) is type(other) and value == other for other in choices[:place]):
                raise ValueError(f"choices has {value!r} twice")


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


def added(
    default: Any,
    *,
    when: Mapping[str, Sequence[Any]] | None = None,
    unless: Mapping[str, Sequence[Any]] | None = None,
    **field: Any,
) -> Any:
    """Returns a pydantic `Field` that came later than its model, whose default means what the model did before.

    At its default it is left out of a run's identity, so that results from before it came still count. when: other
    fields and values of theirs with which the default means something new, and is part of the identity. unless: others,
    with which alone it does not.
    """
    extra: Any = {
        "added": {name: list(values) for name, values in (when or {}).items()},
        "unless": {name: list(values) for name, values in (unless or {}).items()},
    }
    return Field(default, json_schema_extra=extra, **field)


def location(default: Any = None, **field: Any) -> Any:
    """Returns a pydantic `Field` that says where data lie. It is no part of a run's identity, whatever its value: the
    fingerprint of the data stands for what lies there, so that moving them changes no key."""
    return Field(default, json_schema_extra={"location": True}, **field)


def implied(params: BaseModel) -> tuple[str, ...]:
    """Returns the names of the fields that are no part of a run's identity: `location` fields, and `added` ones at
    defaults that change nothing."""
    return tuple(name for name, field in type(params).model_fields.items() if _is_implied(params, name, field))


def _is_implied(params: BaseModel, name: str, field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and extra.get("location"):
        return True
    if not isinstance(extra, dict) or "added" not in extra or getattr(params, name) != field.default:
        return False
    new, known = (cast(dict[str, list[Any]], extra[kind]) for kind in ("added", "unless"))
    return not any(getattr(params, other) in values for other, values in new.items()) and all(
        getattr(params, other) in values for other, values in known.items()
    )


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
