"""The driver's code on its way to another machine: provbench itself, and plugins that are single files."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from provbench.registry import is_file
from provbench.registry.base import UserError

from ..planning import RunSpec

ROOT = __name__.partition(".suites.")[0]
LAYERS = ("registry", "benchmarks", "suites", "results")
"""Packages that runs need; the command line stays with the driver."""


def stage_package(folder: Path) -> Path:
    """Copy provbench, as it is imported here, from a checkout or an installation, to `folder/provbench`."""
    target = folder / ROOT
    for layer in LAYERS:
        found = importlib.util.find_spec(f"{ROOT}.{layer}")
        assert found is not None
        assert found.origin is not None
        shutil.copytree(Path(found.origin).parent, target / layer, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return target


def pack_plugins(names: tuple[str, ...]) -> dict[str, bytes]:
    """The contents of those plugins that are files, by the name that the suite's command gave them."""
    try:
        return {name: Path(name).read_bytes() for name in names if is_file(name)}
    except OSError as error:
        raise UserError(f"cannot ship plugin {error.filename}: {error.strerror}") from error


def unpack_plugins(spec: RunSpec, packed: Mapping[str, bytes]) -> RunSpec:
    """The run with its plugin files where they lie on this machine now: its key is the same."""
    landed = tuple(str(_land(Path(name).name, packed[name])) if name in packed else name for name in spec.plugins)
    return spec.model_copy(update={"plugins": landed})


def _land(name: str, content: bytes) -> Path:
    """One path for one content, as a process loads a plugin by its path."""
    path = _folder() / hashlib.sha256(content).hexdigest()[:16] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@cache
def _folder() -> Path:
    """Returns a folder that belongs to this process and to nobody else: its files are executed."""
    folder = tempfile.mkdtemp(prefix="provbench-plugins-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
