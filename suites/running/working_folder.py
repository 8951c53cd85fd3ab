"""One process at a time in a run's working folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from provbench.registry.base import TakenError, held

PATIENCE = 60.0
"""Seconds to wait for a predecessor: what it started to load data outlives it for some, when it is killed."""


@contextmanager
def working_folder(root: Path, key: str, patience: float = PATIENCE) -> Iterator[Path]:
    """The folder `<key>` under `root`, this process's alone while the body runs.

    Raises `OSError` that says who has it if it is not free within `patience` seconds. The lock dies with its process;
    its files in the folder go when the body ends.
    """
    folder = root / key
    _drop_links(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder, patience, clean=True))
        except TakenError as holder:
            raise OSError(f"{folder}: another process is at work on this run{holder}") from None
        yield folder


def _drop_links(folder: Path) -> None:
    """Removes links that somebody put in the place of the folder or into it: the run would write through them."""
    for path in (folder, *(folder.iterdir() if folder.is_dir() and not folder.is_symlink() else ())):
        if path.is_symlink():
            path.unlink()
