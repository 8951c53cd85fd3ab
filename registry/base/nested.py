"""Nested values as dotted names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def leaves(value: Any, name: str = "", *, numbered: bool = False) -> Iterator[tuple[str, Any]]:
    """Yields the leaves of nested values with their paths: `task.params.lr`; an empty container is a leaf.

    A list of plugins, which are mappings, is divided by their names. numbered: every list is divided, by its places.
    """
    inner = value
    if isinstance(value, list) and numbered:
        inner = dict(enumerate(value))
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        inner = {item.get("name", place): item for place, item in enumerate(value)}
    if not isinstance(inner, Mapping) or not inner:
        yield name, value
        return
    for key, part in inner.items():
        yield from leaves(part, f"{name}.{key}" if name else str(key), numbered=numbered)
