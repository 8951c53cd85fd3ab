"""What is wrong with a value is said in the words of YAML, not of Python."""

from __future__ import annotations

import enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from provbench.registry.base.validation import MOST_SHOWN, issues, shown


class Inner(BaseModel):
    x: int


class Colour(enum.Enum):
    RED = "red"


class Model(BaseModel):
    whole: int = 1
    number: float = Field(1.0, gt=0, le=2, allow_inf_nan=False)
    flag: bool = True
    text: str = ""
    choice: Literal["small", "large"] = "small"
    listed: tuple[int, ...] = Field((1,), min_length=1)
    mapped: dict[str, int] = {}
    inner: Inner = Inner(x=1)
    either: tuple[Literal["suite"] | dict[str, Any], ...] = ()
    colour: Colour = Colour.RED


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("whole", 7.2, "must be an integer"),
        ("whole", "x", "must be an integer"),
        ("whole", None, "must be an integer"),
        ("number", "x", "must be a number"),
        ("number", float("nan"), "must be a finite number"),
        ("number", 0, "must be greater than 0"),
        ("number", 3, "must be less than or equal to 2"),
        ("flag", "x", "must be true or false"),
        ("text", 3, "must be text"),
        ("choice", "smal", "must be 'small' or 'large': did you mean 'small'?"),
        ("choice", None, "must be 'small' or 'large'"),
        ("colour", "rd", "must be 'red': did you mean 'red'?"),
        ("listed", 3, "must be a list"),
        ("listed", [], "must have at least 1 entry"),
        ("mapped", [], "must be a mapping of names to values"),
        ("inner", 3, "must be a mapping of names to values"),
    ],
)
def test_words(field: str, value: Any, words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Model.model_validate({field: value})
    assert [(location, said) for location, _, _, said in issues(raised.value)] == [((field,), words)]


def test_alternatives_are_one_issue_at_the_place_of_the_value() -> None:
    with pytest.raises(ValidationError) as raised:
        Model.model_validate({"either": [3]})
    ((location, _, value, words),) = issues(raised.value)
    assert (location, value) == (("either", 0), 3)
    assert words == "must be 'suite', or must be a mapping of names to values"


def test_values_are_shown_in_a_line() -> None:
    assert shown(None) == "null"
    assert shown("x") == "'x'"
    assert len(shown(["x" * 1000])) == MOST_SHOWN + 2
