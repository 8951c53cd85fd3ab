"""Pydantic's errors in the words of this project: its own speak of Python, and suites are written in YAML."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from .errors import nearest

MOST_SHOWN = 120
"""Characters of a wrong value that a message repeats."""

_WORDS = {
    "missing": "required, and not given",
    "none_required": "must be null",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_parsing_size": "must be a smaller integer",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "string_unicode": "must be text in UTF-8",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be less than or equal to {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "iterable_type": "must be a list",
    "dict_type": "must be a mapping of names to values",
    "mapping_type": "must be a mapping of names to values",
    "model_type": "must be a mapping of names to values",
    "model_attributes_type": "must be a mapping of names to values",
    "dataclass_type": "must be a mapping of names to values",
    "path_type": "must be a path",
    "json_invalid": "must be valid JSON ({error})",
}
"""Messages by the type of pydantic's error."""

_BRANCH = re.compile(
    r"(function-[\w-]+|literal|dict|list|tuple|constrained-\w+|json-or-python|nullable|lax-or-strict|weight)\b.*\[.*"
)
"""Parts of a location that pydantic adds for the alternative of a union that it tried; they name no field."""


def issues(error: ValidationError) -> list[tuple[tuple[int | str, ...], str, Any, str]]:
    """Returns (location, type of error, value, words) of each thing that is wrong, each location once.

    Where several alternatives were tried at one location, the words name them all.
    """
    found: dict[tuple[int | str, ...], tuple[str, Any, list[str]]] = {}
    for issue in error.errors():
        location = tuple(part for part in issue["loc"] if not (isinstance(part, str) and _BRANCH.fullmatch(part)))
        words = _words(issue)
        known = found.setdefault(location, (issue["type"], issue["input"], []))[2]
        if words not in known:
            known.append(words)
    return [(location, kind, value, ", or ".join(words)) for location, (kind, value, words) in found.items()]


def describe_issues(error: ValidationError, where: str, model: type[BaseModel]) -> list[str]:
    """One line for each thing that pydantic found wrong."""
    lines = []
    for location, kind, value, words in issues(error):
        path = ".".join(map(str, location))
        if kind == "extra_forbidden":
            meant = nearest(path, model.model_fields) if len(location) == 1 else ""
            lines.append(f"{where}: unknown parameter {path!r}{meant}")
        elif kind == "missing":
            lines.append(f"{where}: {path}: {words}")
        elif not location:
            lines.append(f"{where}: {words}")
        else:
            lines.append(f"{where}: {path}: {words} (got {shown(value)})")
    return lines


def shown(value: Any) -> str:
    """Returns a value as a message repeats it: `null` and not `None`, and not more than a line of it."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} …"


def _words(issue: Mapping[str, Any]) -> str:
    context = {
        name: f"{value:g}" if isinstance(value, float) else value for name, value in issue.get("ctx", {}).items()
    }
    if issue["type"] in ("value_error", "assertion_error"):
        return str(context.get("error", issue["msg"]))
    words = _WORDS.get(issue["type"])
    if words is None:
        return issue["msg"].replace("Input should", "must")
    if issue["type"] in ("literal_error", "enum"):
        return words.format(**context) + _guess(issue["input"], re.findall(r"'([^']*)'", context["expected"]))
    if context.get("min_length") == 1:
        return words.format(**context).replace("entries", "entry").replace("characters", "character")
    return words.format(**context)


def _guess(value: Any, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(value), list(known), n=1, cutoff=0.5)
    return f": did you mean {close[0]!r}?" if close else ""
