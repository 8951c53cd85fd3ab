"""Pages of the registered plugins, tasks, models and statistics, from the registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from provbench.registry import REGISTRIES, Registry

from ..commands import catalog
from .markdown import cell, table


def plugin_pages() -> dict[str, str]:
    """Returns a page for each kind of plugin, and the one that lists the kinds, by their names on the site."""
    pages = {f"reference/{kind}.md": _page(registry) for kind, registry in REGISTRIES.items()}
    lines = [
        f"- [{kind}]({kind}.md): {', '.join(f'`{name}`' for name in registry.names())}"
        for kind, registry in REGISTRIES.items()
    ]
    intro = "Everything that `provbench list` lists, as the installed version describes itself.\n\n"
    return {**pages, "reference/index.md": f"# Reference\n\n{intro}" + "\n".join(lines) + "\n"}


def _page(registry: Registry) -> str:
    parts = [f"# {registry.kind.capitalize()}\n"]
    for name in registry.names():
        parts += _plugin(registry, name)
    return "\n".join(parts)


def _plugin(registry: Registry, name: str) -> Iterator[str]:
    told = catalog.described(registry, name)
    yield f"## {name}\n"
    yield f"Version {told['version']}.\n" if told["version"] else ""
    yield f"{told['documentation']}\n"
    if info := told.get("info"):
        yield table(("fact", "value"), [(field, _words(value)) for field, value in info.items() if value])
    properties: dict[str, Any] = told["parameters"].get("properties", {})
    if properties:
        rows = [
            (
                f"`{field}`",
                catalog.type_words(schema),
                f"`{json.dumps(schema['default'], ensure_ascii=False)}`" if "default" in schema else "required",
                catalog.space_words(schema),
                schema.get("description", ""),
            )
            for field, schema in properties.items()
        ]
        yield table(("parameter", "type", "default", "search", "meaning"), rows)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_words(part)}" for key, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else cell(str(value))
