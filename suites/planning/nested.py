"""Parameters within parameters: `alpha.share` for the field `share` of what `alpha` is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from provbench.registry import Params, SearchSpace, search_spaces


def flattened(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values with each mapping's entries in its place, by their paths.

    >>> flattened({"alpha": {"share": 0.1, "steps": 20}, "every": 2})
    {'alpha.share': 0.1, 'alpha.steps': 20, 'every': 2}
    """
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = flattened(value) if isinstance(value, Mapping) and value else None
        flat.update({name: value} if inner is None else {f"{name}.{path}": one for path, one in inner.items()})
    return flat


def overridden(values: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values with the chosen ones, by their paths, in place of theirs.

    >>> overridden({"alpha": {"share": 0.1, "steps": 5}}, {"alpha.share": 0.3})
    {'alpha': {'share': 0.3, 'steps': 5}}
    """
    merged = dict(values)
    for path, value in chosen.items():
        name, _, rest = path.partition(".")
        own = merged.get(name)
        merged[name] = overridden(own if isinstance(own, Mapping) else {}, {rest: value}) if rest else value
    return merged


def field_at(models: Mapping[str, type[BaseModel]], parameter: str) -> FieldInfo | None:
    """Returns the field of a parameter; None if there is none. models: by the prefix of their parameters' names."""
    found = (
        _field_in(model, parameter.removeprefix(prefix))
        for prefix, model in models.items()
        if parameter.startswith(prefix)
    )
    return next((field for field in found if field is not None), None)


def _field_in(model: type[BaseModel], path: str) -> FieldInfo | None:
    name, _, rest = path.partition(".")
    field = model.model_fields.get(name)
    if field is None or not rest:
        return field
    found = (_field_in(inner, rest) for inner in models_of(field.annotation))
    return next((one for one in found if one is not None), None)


def declared_spaces(models: Mapping[str, type[Params]], varies: Callable[[str], bool]) -> dict[str, SearchSpace]:
    """Returns the search spaces that parameter models declare, by parameter: of one that is given a model of its own,
    such as a share, the spaces of that.

    varies: whether a parameter, by its path, has a value.
    """
    spaces: dict[str, SearchSpace] = {}
    for prefix, model in models.items():
        for name, space in search_spaces(model):
            parameter = prefix + name
            inner = [
                (f"{parameter}.{part}", one)
                for of in models_of(model.model_fields[name].annotation)
                for part, one in search_spaces(of)
            ]
            given = {path: one for path, one in inner if varies(path)}
            spaces.update(given or {parameter: space})
    return spaces


def models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yields the parameter models among the alternatives of a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_of(part)
