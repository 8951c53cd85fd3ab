"""Reading YAML so that every later complaint can name its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..registry import UserError

Location = tuple[str | int, ...]


def load_yaml(path: Path) -> tuple[Any, dict[Location, int]]:
    """The document, and the line on which each of its keys and items stands.

    Raises `UserError` naming file and line for a missing file, a syntax error, a duplicate key or an unsafe tag.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Location, int] = {}
        if node is not None:
            _note_lines(node, (), lines, path)
        data = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise UserError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    finally:
        loader.dispose()
    return data, lines


def _note_lines(node: yaml.Node, location: Location, lines: dict[Location, int], path: Path) -> None:
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise UserError(f"{path}:{key.start_mark.line + 1}: {name!r} is given twice")
            seen.add(name)
            lines[(*location, name)] = key.start_mark.line + 1
            _note_lines(value, (*location, name), lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, (*location, index), lines, path)


def line_of(location: Location, lines: Mapping[Location, int]) -> int:
    """The line of a location, or of the nearest thing around it."""
    while location and location not in lines:
        location = location[:-1]
    return lines.get(location, 1)
