"""Reading YAML so that every later complaint can name its line, and so that no file can hang or break the reader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from provbench.registry.base import UserError

Location = tuple[str | int, ...]

MOST_BYTES = 256 << 10
"""Size of a suite file."""
MOST_DEPTH = 50
"""Collections within collections."""
MOST_NODES = 100_000
"""Keys and values of the document, with every alias written out."""
MOST_DIGITS = 300
"""Digits of an integer."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which refuses deep nesting while it parses: the parser is recursive."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise yaml.MarkedYAMLError(
                problem=f"more than {MOST_DEPTH} levels of nesting", problem_mark=self.peek_event().start_mark
            )
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def load_yaml(path: Path) -> tuple[Any, dict[Location, int]]:
    """The document, and the line on which each of its keys and items stands.

    Raises `UserError` naming file and line for a missing file, a syntax error, a duplicate key, an unsafe tag, a value
    that cannot be read as its kind, an alias of what contains it, half a character (a lone surrogate), and for what is
    larger, deeper or longer than the limits above, which are no one's suites.
    """
    return parse_yaml(_text(path), str(path))


def parse_yaml(text: str, path: str) -> tuple[Any, dict[Location, int]]:
    """Parses YAML as `load_yaml` does, from a text. path: the name of the text in messages."""
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        raise UserError(_unreadable(path, text, error)) from None
    try:
        node = loader.get_single_node()
        lines: dict[Location, int] = {}
        if node is not None:
            _Notes(path, lines).take(node)
        data = loader.construct_document(node) if node is not None else None
    except yaml.reader.ReaderError as error:  # it reads on as it parses
        raise UserError(_unreadable(path, text, error)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise UserError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    finally:
        loader.dispose()
    return data, lines


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UserError(f"{path}: is larger than {MOST_BYTES >> 10} KiB, which no suite file is")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(f"{path}:{line}: is not UTF-8 text (byte 0x{error.object[error.start]:02x})") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None


def _unreadable(path: str, text: str, error: yaml.reader.ReaderError) -> str:
    line = text[: error.position].count("\n") + 1
    code = error.character if isinstance(error.character, int) else ord(error.character)
    return f"{path}:{line}: not valid YAML: the character U+{code:04X} may not stand in a file"


class _Notes:
    """Walks over a document with every alias followed, notes the lines, and checks every key and value."""

    def __init__(self, path: str, lines: dict[Location, int]) -> None:
        self.path, self.lines = path, lines
        self.nodes = 0
        self.around: set[int] = set()
        """The collections that are being walked, by identity: an alias to one of these would have no end."""
        self.read = yaml.constructor.SafeConstructor()

    def take(self, node: yaml.Node, location: Location = ()) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self.error(node, f"more than {MOST_NODES} keys and values, aliases written out")
        self.lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            self.scalar(node)
            return
        if id(node) in self.around:
            raise self.error(node, "an alias stands within what it names")
        self.around.add(id(node))
        for index, item in enumerate(node.value):
            if isinstance(node, yaml.MappingNode):
                key, value = item
                self.entry(key, value, location)
            else:
                self.take(item, (*location, index))
        self.around.discard(id(node))

    def entry(self, key: yaml.Node, value: yaml.Node, location: Location) -> None:
        if not isinstance(key, yaml.ScalarNode):
            raise self.error(key, "a key must be a name, and not a list or a mapping")
        self.scalar(key)
        here = (*location, str(key.value))
        if here in self.lines:  # each location is of one place only, with aliases followed
            raise UserError(f"{self.path}:{key.start_mark.line + 1}: {key.value!r} is given twice")
        self.lines[here] = key.start_mark.line + 1
        self.take(value, here)

    def scalar(self, node: yaml.ScalarNode) -> None:
        """Check that the value can be read as what it is, or says that it is."""
        if any("\ud800" <= character <= "\udfff" for character in node.value):
            raise self.error(
                node, "half a character (a lone surrogate): write the character itself, or \\U and 8 digits"
            )
        kind = node.tag.rpartition(":")[2]
        if kind == "int" and len(node.value) > MOST_DIGITS:
            raise self.error(node, f"an integer of more than {MOST_DIGITS} digits")
        if kind not in ("int", "float", "bool", "timestamp", "binary", "null"):
            return
        try:
            self.read.construct_object(node, deep=False)
        except (ValueError, KeyError, AttributeError, OverflowError, yaml.YAMLError):
            raise self.error(node, f"{node.value[:40]!r} cannot be read as {_KINDS[kind]}") from None

    def error(self, node: yaml.Node, problem: str) -> UserError:
        mark = node.start_mark
        return UserError(f"{self.path}:{mark.line + 1}:{mark.column + 1}: not valid YAML: {problem}")


_KINDS = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "timestamp": "a date",
    "binary": "base64",
    "null": "null",
}


def line_of(location: Location, lines: Mapping[Location, int]) -> int:
    """The line of a location, or of the nearest thing around it."""
    while location and location not in lines:
        location = location[:-1]
    return lines.get(location, 1)
