"""Error messages about a suite file: they name file, line, field, value and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from provbench.registry import TASKS, Recipe
from provbench.registry.base import issues, nearest, shown

from .yaml_file import Location, line_of

_CLOSE = 0.8
"""Similarity, at most 1, from which a misspelt parameter is taken for a known one."""


def complaints(
    error: ValidationError, path: Path, lines: Mapping[Location, int], data: Any, model: type[BaseModel]
) -> Iterator[str]:
    """Yields a line for each thing that is wrong with a document. data: the document; model: of the whole file."""
    for location, kind, value, words in issues(error):
        field = ".".join(part for part in map(str, location) if part != "[key]")
        where = f"{path}:{line_of(location, lines)}{f': {field}' if field else ''}"
        if kind == "extra_forbidden":
            yield f"{where}: unknown field{_meant(location, value, data, model)}"
        elif kind == "missing" or not field or (kind == "value_error" and isinstance(value, dict)):
            yield f"{where}: {words}"
        else:
            yield f"{where}: {words} (got {shown(value)})"


def _meant(location: Location, value: Any, data: Any, model: type[BaseModel]) -> str:
    """Returns a suggestion of the field that was meant by an unknown one."""
    name, known = str(location[-1]), _fields_at(location[:-1], model)
    if location[0] in ("tasks", "methods") and len(location) == 3:
        if "." in name:
            inner = name if location[0] == "methods" else f"METHOD: {{{name}"
            return f": did you mean overrides: {{{inner}: {shown(value)}}}{'' if inner == name else '}'}?"
        (parameter,) = difflib.get_close_matches(name, _parameters(location, data), n=1, cutoff=_CLOSE) or (None,)
        if parameter is not None and not difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE):
            return f": did you mean params: {{{parameter}: {shown(value)}}}?"
    return nearest(name, known) if known else ""


def _parameters(location: Location, data: Any) -> Iterable[str]:
    """The parameters of the task that a section is of; those of every task, where that is not known."""
    if location[0] == "tasks":
        section = data["tasks"][location[1]]
        task = str(section.get("task") or location[1])
        if task in TASKS:
            return TASKS.get(task).Params.model_fields
    return Recipe.model_fields


def _fields_at(location: Location, model: type[BaseModel]) -> list[str]:
    """The fields that the section at a location may have; [] where that is not a section."""
    kind: Any = model
    for part in location:
        kind = _inner(kind, part)
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _inner(kind: Any, part: str | int) -> Any:
    """The model within a model's field, or within the type of its entries."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(part))
        return None if field is None else _model_or_entries(field.annotation)
    return kind[1] if isinstance(kind, tuple) else None


def _model_or_entries(annotation: Any) -> Any:
    """A model, or (type of collection, its entries' model), or None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin, found = getattr(annotation, "__origin__", None), getattr(annotation, "__args__", ())
    inner = [model for part in found if part is not type(None) and (model := _model_or_entries(part)) is not None]
    if origin in (dict, tuple) and inner:
        return (origin, inner[0])
    return inner[0] if inner else None
