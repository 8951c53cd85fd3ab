"""Writes the parameters that a search chose as a suite file that runs without the search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from provbench.registry import is_file
from provbench.registry.base import UserError, atomic_file, nearest

from ..file import shortened
from ..planning import ORACLE, Plan
from .overview import CellState


def write_chosen(plan: Plan, states: Sequence[CellState], protocol: str | None, path: Path) -> None:
    """Write `chosen_suite` to a .yaml file that is not the suite's own. Raises `UserError` otherwise."""
    if path.suffix not in (".yaml", ".yml"):
        raise UserError(f"--write {path}: a suite file ends in .yaml")
    if path.exists() and path.samefile(plan.file.path):
        raise UserError(f"--write {path}: is the suite itself, with its search; give another file")
    text = chosen_suite(plan, states, protocol)
    with atomic_file(path) as file:
        file.write(text.encode())


def chosen_suite(plan: Plan, states: Sequence[CellState], protocol: str | None = None) -> str:
    """The suite as YAML without its search, with what a protocol chose among the overrides; sweeps are written out.

    It plans to the final runs of the searched suite, to the same keys. Its tables are labelled as chosen by that
    protocol, also where it is the oracle. Plugin files are named by their full paths, as the suite may be written
    anywhere. protocol: default: of each task, the one that its search went by. Raises `UserError` where a searched
    task does not have it, or where a search is not finished.
    """
    suite = plan.file.suite
    points = {name: {"sweep"} for name in suite.methods}
    document = suite.model_dump(mode="json", exclude_unset=True, exclude={"search": True, "methods": points})
    by = "" if protocol is None else re.sub(r"[^\w.+-]", "-", f"-by-{protocol}")
    if plan.file.plugins:
        document["plugins"] = [str(Path(name).resolve()) if is_file(name) else name for name in plan.file.plugins]
    document["name"] = shortened(suite.name, f"-chosen{by}")
    for name, cell in plan.sections().items():
        document["tasks"][name]["selection"] = _selection(cell.protocols, protocol)
    for state in states:
        chosen = _chosen(state, protocol)
        if chosen:
            overrides = document["tasks"][state.cell.name].setdefault("overrides", {})
            overrides[state.cell.method] = {**overrides.get(state.cell.method, {}), **chosen}
    _relabel(document, protocol)
    head = f"# {suite.name} with the parameters that its search chose: written by `provbench best --write`\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _selection(protocols: Sequence[str], protocol: str | None) -> list[str]:
    """A task's protocols once the choice is made."""
    if protocol == ORACLE:
        return [protocols[0], ORACLE]  # whose epochs the first one chooses
    return [protocol if protocol is not None and protocol in protocols else protocols[0]]


def _chosen(state: CellState, protocol: str | None) -> dict[str, Any]:
    """The parameters to write; none for a cell that searches nothing."""
    if not state.trials:
        return {}
    wanted, where = protocol or state.cell.protocol, f"{state.cell.name}: {state.cell.method}"
    if wanted not in state.cell.protocols:
        raise UserError(f"{where}: has no selection protocol {wanted!r}{nearest(wanted, state.cell.protocols)}")
    ended = sum(state.counts.values())
    if ended < state.trials:
        raise UserError(f"{where}: its search is not finished ({ended} of {state.trials} trials): go on with `search`")
    if wanted not in state.selected:
        raise UserError(f"{where}: {wanted} cannot choose yet: its runs are missing, go on with `run`")
    return dict(state.selected[wanted].chosen)


def _relabel(document: dict[str, Any], protocol: str | None) -> None:
    """Let every table show the one protocol that there is now."""
    if protocol == ORACLE and not document.get("tables"):
        document["tables"] = [{"name": task, "task": task} for task in document["tasks"]]
    for table in document.get("tables", ()):
        for section in (table, *(table.get("columns") or ())):
            section.pop("selection", None)
        if protocol == ORACLE:
            table["selection"] = ORACLE
