"""`provbench list` and `provbench describe`: what there is."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provbench.registry.base import UnknownNameError, UserError, nearest

from ..terminal import (
    JsonOption,
    PluginOption,
    print_json,
    print_rows,
    say,
)
from .reference import describe_suite

if TYPE_CHECKING:
    from provbench.registry import Registry


def add_to(app: typer.Typer) -> None:
    app.command("list")(list_plugins)
    app.command()(describe)


def list_plugins(
    kind: Annotated[str | None, typer.Argument(help="tasks, augmentations, …, suites; default: all.")] = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """List tasks, methods' parts, models, executors and suites by name."""
    from provbench.registry import REGISTRIES, load_plugins
    from provbench.suites.file import builtin_suites

    load_plugins(tuple(plugin or ()))
    kinds = [*REGISTRIES, "suites"]
    if kind is not None and kind not in kinds:
        raise UserError(f"unknown kind {kind!r}{nearest(kind, kinds)}")
    found: dict[str, list[tuple[str, str]]] = {}
    for name in [kind] if kind else kinds:
        if name == "suites":
            found[name] = [(suite, "provbench") for suite in builtin_suites()]
        else:
            found[name] = [(entry, REGISTRIES[name].entry(entry).origin) for entry in REGISTRIES[name].names()]
    if json:
        print_json({kind: [{"name": name, "origin": origin} for name, origin in rows] for kind, rows in found.items()})
        return
    print_rows(("kind", "name", "from"), [(kind, *row) for kind, rows in found.items() for row in rows])


def describe(
    name: Annotated[
        str,
        typer.Argument(help="A plugin's name; KIND/NAME where two share it; or suite: a suite file's keys."),
    ],
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Show a plugin's documentation, version, parameters and default search space; or the keys of a suite file."""
    from provbench.registry import load_plugins

    if name == "suite":
        describe_suite(json)
        return
    load_plugins(tuple(plugin or ()))
    matches = _find(name)
    if json:
        print_json([described(registry, found) for registry, found in matches])
        return
    for registry, found in matches:
        _print(registry, found)


def _find(name: str) -> list[tuple[Registry, str]]:
    from provbench.registry import PLUGIN_HINT, REGISTRIES

    kind, _, bare = name.rpartition("/")
    if kind and kind not in REGISTRIES:
        raise UserError(f"unknown kind {kind!r}{nearest(kind, REGISTRIES)}")
    registries = [REGISTRIES[kind]] if kind else list(REGISTRIES.values())
    matches = [(registry, bare) for registry in registries if bare in registry]
    if not matches:
        raise UnknownNameError("plugin", bare, {entry for registry in registries for entry in registry}, PLUGIN_HINT)
    return matches


def described(registry: Registry, name: str) -> dict[str, Any]:
    """Returns what is known of a plugin, as `describe --json` prints it."""
    from provbench.registry import FIELDS, Task

    cls = registry.get(name)
    content = {
        "kind": registry.kind,
        "name": name,
        "version": registry.version(name),
        "origin": registry.entry(name).origin,
        "documentation": inspect.getdoc(cls) or "",
        "parameters": cls.Params.model_json_schema() if hasattr(cls, "Params") else {},
    }
    if registry is FIELDS:
        content["info"] = {"title": cls.title, **({"legend": cls.legend} if cls.legend else {})}
    if isinstance(cls, type) and issubclass(cls, Task):
        content["info"] = {
            "title": cls.info.title,
            "metrics": [metric.name for metric in (*cls.info.metrics, *cls.info.families)],
            "selection": dict(cls.info.selection),
            "licence": cls.info.licence,
            "citation": cls.info.citation,
            "homepage": cls.info.homepage,
            "variants": {variant.name: dict(variant.params) for variant in cls.variants},
        }
    return content


def _print(registry: Registry, name: str) -> None:
    told = described(registry, name)
    version = f", version {told['version']}" if told["version"] else ""
    say(f"{registry.kind} {name}{version}, from {told['origin']}\n")
    say(told["documentation"])
    for field, value in told.get("info", {}).items():
        if isinstance(value, dict):
            value = "; ".join(f"{key}: {part}" for key, part in value.items())
        say(f"\n{field}: {', '.join(value) if isinstance(value, list) else value}", end="")
    properties = told["parameters"].get("properties", {})
    if properties:
        say()
        rows = [
            (
                field,
                type_words(schema),
                schema.get("default", "required"),
                space_words(schema),
                schema.get("description", ""),
            )
            for field, schema in properties.items()
        ]
        print_rows(("parameter", "type", "default", "search", "meaning"), rows)


def type_words(schema: dict[str, Any]) -> str:
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return " | ".join(map(type_words, options))
    if "$ref" in schema:
        return "mapping"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("const", schema.get("type", "any")))


def space_words(schema: dict[str, Any]) -> str:
    space = schema.get("search")
    if not space:
        return ""
    if "choices" in space:
        return ", ".join(map(str, space["choices"]))
    return f"{space['low']:g} … {space['high']:g}{' (log)' if space.get('log') else ''}"
