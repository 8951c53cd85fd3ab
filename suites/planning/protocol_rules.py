"""The parameters that selection protocols set: a suite names the protocol, and sets none of them itself."""

from __future__ import annotations

from collections.abc import Iterable

from provbench.registry import Recipe, Task
from provbench.registry.base import UserError


def check_rules(task: type[Task], given: Iterable[str], where: str) -> None:
    """Raises `UserError` that begins with `where` if `given`, names of parameters that a suite sets, has one that is
    the selection protocols' to set.
    """
    ruled = {name for rules in task.info.rules.values() for name in {**rules.trials, **rules.finals}}
    for name in sorted({*given} & ruled - set(Recipe.model_fields)):
        raise UserError(
            f"{where}: {name} is set by the selection protocol ({', '.join(task.info.rules)} of {task.name}): write it "
            "as `selection` of the task"
        )
