"""The parameters that selection protocols set: a suite names the protocol, and sets none of them itself."""

from __future__ import annotations

from collections.abc import Iterable

from provbench.registry import Recipe, Task
from provbench.registry.base import UserError, nearest

ORACLE = "oracle"
"""The protocol that chooses on test data: computed after a search, from runs of its own, and labelled in tables."""


def check_rules(task: type[Task], given: Iterable[str], where: str) -> None:
    """Raises `UserError` that begins with `where` if `given`, names of parameters that a suite sets, has one that is
    the selection protocols' to set.
    """
    ruled = {name for rules in task.info.rules.values() for name in rules.own}
    for name in sorted({*given} & ruled - set(Recipe.model_fields)):
        raise UserError(
            f"{where}: {name} is set by the selection protocol ({', '.join(task.info.rules)} of {task.name}): write it "
            "as `selection` of the task"
        )


def check_protocols(protocols: tuple[str, ...], task: type[Task], where: str) -> None:
    """Raises `UserError` that begins with `where` for a protocol that the task does not have, or the oracle first."""
    for protocol in protocols:
        if protocol != ORACLE and protocol not in task.info.selection:
            known = nearest(protocol, {*task.info.selection, ORACLE})
            raise UserError(f"{where}: unknown selection protocol {protocol!r}{known}")
        try:
            task.info.metric(metric_of(task, protocol))
        except UserError as error:
            raise UserError(f"{where}: {task.name}: {protocol}: {error}") from None
    if protocols[0] == ORACLE:
        first = next(iter(task.info.selection))
        raise UserError(
            f"{where}: a search must not see test metrics, so {ORACLE} cannot come first: write [{first}, {ORACLE}]"
        )


def metric_of(task: type[Task], protocol: str) -> str:
    """Returns the metric that a protocol goes by; the oracle's, unless the task says it, is the main one, on test."""
    return task.info.selection.get(protocol, task.info.main_metric)
