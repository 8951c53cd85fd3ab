"""`provbench schema` and `provbench suite`: what a suite file may say, and one to start from."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps
from typing import Annotated, Any

import typer

from ..terminal import print_answer, print_json, print_rows

Row = tuple[str, str, str, str]


def add_to(app: typer.Typer) -> None:
    app.command()(schema)
    app.command("suite")(print_suite)


def schema() -> None:
    """Print the JSON schema of a suite file, by which editors complete and check it."""
    print_json(suite_schema())


def print_suite(
    name: Annotated[str, typer.Argument(help="A suite that comes with provbench; `provbench list suites` names them.")],
) -> None:
    """Print a suite file that comes with provbench, to start an own one from."""
    from provbench.suites.file import find_suite

    print_answer(find_suite(name).read_text(encoding="utf-8"), end="")


def suite_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a suite file as it may be written, short forms included."""
    from provbench.suites.file import Suite

    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Suite.model_json_schema(mode="validation")}


def describe_suite(json: bool) -> None:
    """Prints a table of every key of a suite file; json: a list of objects instead."""
    rows = list(suite_keys())
    header = ("key", "type", "default", "meaning")
    if json:
        print_json([dict(zip(header, row, strict=True)) for row in rows])
    else:
        print_rows(header, rows)


def suite_keys() -> Iterator[Row]:
    """Yields key, type, default and meaning of everything that a suite file may say."""
    yield from _keys(suite_schema(), "")


def _keys(whole: dict[str, Any], prefix: str, section: dict[str, Any] | None = None) -> Iterator[Row]:
    """Yields a section's keys, each before those of the sections in it: `tasks.NAME.methods`, `tables[].name`."""
    section = whole if section is None else section
    for key, field in section.get("properties", {}).items():
        default = dumps(field["default"], ensure_ascii=False) if "default" in field else ""
        if "default" not in field and key in section.get("required", ()):
            default = "required"
        inner = list(_sections(whole, field))
        meaning = field.get("description") or next((found.get("description", "") for _, found in inner), "")
        yield f"{prefix}{key}", _type_of(field), default, " ".join(meaning.split())
        for path, found in inner:
            if "properties" in found:
                yield from _keys(whole, f"{prefix}{key}{path}.", found)


def _sections(whole: dict[str, Any], field: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the sections that a field holds, each with what leads to it: nothing, `[]` or `.NAME`."""
    if "$ref" in field:
        yield "", whole["$defs"][field["$ref"].rpartition("/")[2]]
    for option in field.get("anyOf", ()):
        yield from _sections(whole, option)
    for inside, step in (("items", "[]"), ("additionalProperties", ".NAME")):
        if isinstance(field.get(inside), dict):
            yield from ((step + path, found) for path, found in _sections(whole, field[inside]))


def _type_of(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(map(_type_of, field["anyOf"])))
    if "enum" in field or "const" in field:
        return " or ".join(map(str, field.get("enum", [field.get("const")])))
    if isinstance(field.get("items"), dict):
        return f"list of {_type_of(field['items'])}"
    names = {"object": "mapping", "array": "list", "string": "text"}
    kind = str(field.get("type", "section" if "$ref" in field else "any"))
    return names.get(kind, kind)
