"""Compares the provbench of a machine with the driver's.

Ray sends this module by value: its functions run on a node whatever that has installed, on the standard library alone.
"""

from __future__ import annotations

import platform
import sys
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = __name__.partition(".suites.")[0]
LAYERS = ("registry", "benchmarks", "suites", "results")
"""Packages that runs need; the command line stays with the driver."""
SUFFIXES = (".py", ".safetensors")
"""Files of provbench that decide what a run computes: its sources, and the weights that it brings along."""


def installed() -> dict[str, str]:
    """Returns what must be the same on two machines, by name; {} where provbench is not installed."""
    folders = [_folder(layer) for layer in LAYERS]
    if None in folders:
        return {}
    return {
        ROOT: _version(ROOT),
        "sources": sources_digest([folder for folder in folders if folder is not None])[:12],
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "torch": _version("torch").partition("+")[0],  # without its build: a driver may have no GPU
    }


def sources_digest(folders: list[Path]) -> str:
    """Returns the SHA-256 of the files that decide what runs compute: of their contents, names and folders."""
    digest = sha256()
    for folder in folders:
        for file in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES):
            content = sha256(file.read_bytes()).hexdigest()
            digest.update(f"{content} {folder.name}/{file.relative_to(folder).as_posix()}\n".encode())
    return digest.hexdigest()


def difference(expected: dict[str, str]) -> str:
    """Returns what the user must mend on this machine for it to have the `expected` installation; "" if it has."""
    found = installed()
    if found == expected:
        return ""
    return (
        f"node {platform.node()} has {_words(found)}, but the driver has {_words(expected)}: "
        f"install the driver's provbench there, from the same commit, for the Python that Ray was started with"
    )


def run_if_same(expected: dict[str, str], parcels: list[Any], mailbox: Any) -> Any:
    """Runs the one parcel, or returns the `difference`; the reference to it is in a list, so that it is opened last."""
    problem = difference(expected)
    if problem:
        return problem
    import ray

    from .ray_node import run_on_node

    return run_on_node(ray.get(parcels[0]), mailbox)


def _words(found: dict[str, str]) -> str:
    if not found:
        return f"no {ROOT}"
    others = ", ".join(f"{name} {value}" for name, value in found.items() if name != ROOT)
    return f"{ROOT} {found[ROOT]} ({others})"


def _folder(layer: str) -> Path | None:
    try:
        found = find_spec(f"{ROOT}.{layer}")
    except ModuleNotFoundError:
        return None
    return Path(found.origin).parent if found and found.origin else None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
