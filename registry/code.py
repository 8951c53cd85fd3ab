"""The source files that a plugin's code is in, and their digest."""

from __future__ import annotations

import functools
import inspect
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = __name__.partition(".registry.")[0]
"""The name under which provbench is imported."""

loaded: dict[Path, str] = {}
"""Digests of the files that were read as plugins: of what was compiled, whatever the file has now."""


def file_name(plugin: Any) -> str:
    """The name of the file that defines a plugin; "" where there is none."""
    files = source_files(plugin)
    return files[0].name if files else ""


def source_digest(plugin: Any) -> str:
    """The SHA-256 of the file that defines a plugin; "" where there is none.

    Where the plugin's base classes are in other files of the same folder or package, that of all digests together.
    """
    digests = [_digest(file) for file in source_files(plugin)]
    if len(digests) < 2:
        return "".join(digests)
    return sha256("\n".join([digests[0], *sorted(digests[1:])]).encode()).hexdigest()


def source_files(plugin: Any) -> list[Path]:
    """Returns the file that defines a plugin, then those in its folder that define its base classes. Built-in ones have
    one.
    """
    plugin = _unwrapped(plugin)
    own = _file(plugin)
    if own is None:
        return []
    package = plugin.__module__.partition(".")[0]
    bases = plugin.__mro__[1:] if isinstance(plugin, type) and package != ROOT else ()
    found = {own: None}
    for base in bases:
        file, top = _file(base), base.__module__.partition(".")[0]
        if file is not None and top != ROOT and (top == package or file.parent == own.parent):
            found[file] = None
    return list(found)


def _unwrapped(plugin: Any) -> Any:
    """The class or function behind partial applications and decorators."""
    while isinstance(plugin, functools.partial):
        plugin = plugin.func
    plugin = inspect.unwrap(plugin)
    return plugin if isinstance(plugin, type) or hasattr(plugin, "__code__") else type(plugin)


def _file(code: Any) -> Path | None:
    try:
        name = inspect.getsourcefile(code)
    except TypeError:  # it is built into Python, or was typed in
        return None
    path = Path(name).resolve() if name else None
    return path if path is not None and path.is_file() else None


def _digest(file: Path) -> str:
    if file not in loaded:
        loaded[file] = sha256(file.read_bytes()).hexdigest()
    return loaded[file]
