"""Runs every examination."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from . import data, folders, installation, machine, services
from .finding import Finding


def examine(out: Path, data_root: Path) -> Iterator[Finding]:
    """Yields what was found about this installation and machine, one subject after the other.

    out, data_root: the folders of `--out` and `--data`. An examination that fails is a finding of its own.
    """
    subjects: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("Python", installation.python),
        ("packages", installation.packages),
        ("torch", installation.torch),
        ("OpenMMLab", installation.openmmlab),
        ("machine", machine.resources),
        ("clock", lambda: machine.clock(out)),
        ("--out", lambda: folders.folder("--out", out)),
        ("--data", lambda: folders.folder("--data", data_root)),
        ("W&B", services.wandb),
        ("Ray", services.ray),
        ("tasks", lambda: data.tasks(data_root)),
    ]
    for name, subject in subjects:
        try:
            yield from subject()
        except Exception as error:  # a broken machine is what this is for
            yield Finding(name, "note", f"could not be examined: {type(error).__name__}: {error}")
