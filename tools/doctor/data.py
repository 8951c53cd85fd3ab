"""Examines which data sets and weights are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provbench.benchmarks.downloads import files_of
from provbench.registry import TASKS
from provbench.registry.base import UserError

from .finding import Finding


def tasks(data_root: Path) -> Iterator[Finding]:
    """Yields for each task whether the data and weights of its full variant are there, by reading no image."""
    for name in sorted(TASKS):
        try:
            cls = TASKS.get(name)
            variant = next(one.name for one in cls.variants if not one.generated)
            params = cls.resolve_params({}, variant, name)
            missing = cls(params, variant=variant, data_root=data_root).missing_inputs()
        except (UserError, StopIteration, OSError) as error:
            missing = [str(error) or type(error).__name__]
        found = _first_sentence(missing[0]) if missing else f"full data and weights are under {data_root}"
        remedy = _remedy(name) if missing else ""
        yield Finding(f"task {name}", "note" if missing else "ok", found, remedy)


def _remedy(name: str) -> str:
    cls = TASKS.get(name)
    if not files_of(cls, name):
        return ""
    generated = next((f"; {name}:{one.name} needs none" for one in cls.variants if one.generated), "")
    return f"provbench data prepare {name} --download fetches them{generated}"


def _first_sentence(message: str) -> str:
    return message.partition("\n")[0].partition(". ")[0]
