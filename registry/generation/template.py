"""Prompt templates: `a bird photo of a {class} in the {background} background with the {pose} pose`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

CLASS = "class"
_NAME = re.compile(r"[A-Za-z][\w-]*")


def aspects_of(template: str) -> tuple[str, ...]:
    """Returns the aspects that a template names, besides the class. Raises `ValueError` for what is no template."""
    try:
        parts = [(name, form, change) for _, name, form, change in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise ValueError(f"{template!r} is no template ({error}): write braces that are no placeholder twice") from None
    for name, form, change in parts:
        if form or change or not _NAME.fullmatch(name):
            raise ValueError(f"{template!r} has the placeholder {{{name}}}: only names of letters, digits, _ and -")
    return tuple(dict.fromkeys(name for name, _, _ in parts if name != CLASS))


def filled(template: str, word: str, texts: Mapping[str, str]) -> str:
    """Returns the prompt. What is filled in may hold any characters, braces included."""
    parts = []
    for literal, name, _, _ in Formatter().parse(template):
        parts.append(literal)
        if name:
            parts.append(word if name == CLASS else texts[name])
    return "".join(parts)


def names_class(template: str) -> bool:
    """Returns whether a template has the class's name in it."""
    return any(name == CLASS for _, name, _, _ in Formatter().parse(template))
