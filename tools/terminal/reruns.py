"""The argument of `run --rerun`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import UserError, nearest

if TYPE_CHECKING:
    from provbench.suites.planning import Plan


def named_runs(names: Iterable[str], plan: Plan, out: Path) -> list[str]:
    """Methods of the suite as they are, and the keys that others begin. Raises `UserError` for what is neither."""
    methods = {cell.method for cell in plan.cells}
    return [name if name in methods else _key(name, methods, out) for name in names]


def _key(prefix: str, methods: set[str], out: Path) -> str:
    from provbench.results.store import Store

    store = Store(out)
    known = store.keys()
    found = [key for key in known if key.startswith(prefix)]
    if len(found) != 1:
        what = f"begins {len(found)} keys of {out}" if found else f"no record in {out} has this key"
        raise UserError(f"--rerun {prefix}: {what}, and it is no method of the suite{nearest(prefix, methods)}")
    record = store.get(found[0])
    if record is not None and record.phase == "search":
        raise UserError(
            f"--rerun {prefix}: is a trial of a search, which would not look at it again: raise the version of the "
            "plugin that changed, and the search begins anew"
        )
    return found[0]
