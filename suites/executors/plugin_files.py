"""Plugins that are single files, on their way to another machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from provbench.registry import is_file
from provbench.registry.base import UserError

from ..planning import RunSpec


def pack_plugins(names: tuple[str, ...]) -> dict[str, bytes]:
    """Returns the contents of those plugins that are files, by the name that the suite or its command gave them."""
    try:
        return {name: Path(name).read_bytes() for name in names if is_file(name)}
    except OSError as error:
        raise UserError(f"cannot read plugin {error.filename}: {error.strerror}") from error


def unpack_plugins(spec: RunSpec, packed: Mapping[str, bytes]) -> RunSpec:
    """Returns the run with its plugin files where they lie on this machine now; its key is the same."""
    landed = tuple(str(_land(Path(name).name, packed[name])) if name in packed else name for name in spec.plugins)
    return spec.model_copy(update={"plugins": landed})


def _land(name: str, content: bytes) -> Path:
    """Writes a plugin file and returns its path: one for one content, as a process loads a plugin by its path."""
    path = Path(_folder().name) / hashlib.sha256(content).hexdigest()[:16] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@cache
def _folder() -> TemporaryDirectory[str]:
    """Returns a folder that belongs to this process and to nobody else: its files are executed."""
    return TemporaryDirectory(prefix="provbench-plugins-", ignore_cleanup_errors=True)
