"""Finds the inputs that the cells of a suite lack: data, segmentations, edits, weights. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from provbench.registry import REGULARIZERS, SYNTHESIZERS, Phased, ReadsWeights, weights_folder
from provbench.registry.base import MissingDataError, Pretrained, UserError, nearest

from .plan import Cell, Plan
from .synthetic import data_fingerprint, find_synthetic


def missing_inputs(plan: Plan, data_root: Path) -> dict[Cell, list[str]]:
    """Returns, for each cell that lacks any input, one message for each."""
    known: dict[str, list[str]] = {}
    found: dict[Cell, list[str]] = {}
    for cell in plan.cells:
        reads = cell.spec(0, "final", "").model_dump_json(include={"task", "variant", "synthesizer", "regularizers"})
        if reads not in known:
            known[reads] = _missing(cell, data_root)
        if known[reads]:
            found[cell] = known[reads]
    return found


def _missing(cell: Cell, data_root: Path) -> list[str]:
    task, used = cell.build_task(data_root), cell.spec(0, "final", "").synthesizer
    problems = list(task.missing_inputs())
    if used is not None:
        with suppress(
            MissingDataError
        ):  # the data themselves: reported by the task, or mini data that are yet to be made
            plugin = SYNTHESIZERS.build(used.name, **used.params)
            lacking = plugin.missing_inputs(task.training_set())
            if lacking and isinstance(plugin, Phased):  # its models may go once the set is whole
                made = find_synthetic(task, used, data_fingerprint(task, used), data_root)
                lacking = [] if made is not None else lacking
            problems += lacking
    for part in cell.spec(0, "final", "").regularizers:
        problems += REGULARIZERS.build(part.name, **part.params).missing_inputs()
    return problems


@dataclass
class Needed:
    """Pretrained weights, and the names of the cells that read them, as `--only` knows these."""

    weights: Pretrained
    cells: list[str]


def needed_weights(plan: Plan, data_root: Path) -> list[Needed]:
    """Returns the pretrained weights that a suite's methods on tasks read, each once. Reads no data.

    Weights that only make a synthetic set are among them, although a set that is there needs them no more.
    """
    found: dict[tuple[str, str, str | None], Needed] = {}
    for cell in plan.cells:
        for one in weights_of_cell(cell, data_root):
            key = (one.library, one.identity, one.revision)
            cells = found.setdefault(key, Needed(one, [])).cells
            if name_of(cell) not in cells:
                cells.append(name_of(cell))
    return list(found.values())


def weights_of_cell(cell: Cell, data_root: Path) -> list[Pretrained]:
    """Returns the pretrained weights of a cell's network, synthesizer and regularizers."""
    spec = cell.spec(0, "final", "")
    plugins: list[ReadsWeights] = [cell.build_task(data_root)]
    if spec.synthesizer is not None:
        plugins.append(SYNTHESIZERS.build(spec.synthesizer.name, **spec.synthesizer.params))
    plugins += [REGULARIZERS.build(part.name, **part.params) for part in spec.regularizers]
    return [one for plugin in plugins for one in plugin.weights(weights_folder(data_root))]


def describe_missing(plan: Plan, missing: Mapping[Cell, Sequence[str]]) -> str:
    """All that is missing, each thing once with the cells that need it, and how to run the cells that lack nothing."""
    needing: dict[str, list[str]] = {}
    for cell, problems in missing.items():
        for problem in problems:
            needing.setdefault(problem, []).append(name_of(cell))
    lines = [f"{listed(names)}: {problem}" for problem, names in needing.items()]
    ready = [cell for cell in plan.cells if cell not in missing]
    if ready:
        options = " ".join(f"--only {name_of(cell)}" for cell in ready)
        lines.append(f"What lacks nothing runs with: provbench run {plan.file.path} {options}")
    return "\n".join([f"{plan.file.path}: {len(missing)} of {len(plan.cells)} methods on tasks lack inputs", *lines])


def name_of(cell: Cell) -> str:
    """The name by which `--only` knows a cell."""
    return f"{cell.name}/{cell.method}"


MOST_NAMES = 6
"""Names of cells that are listed one by one, and of sections under one list of methods."""


def listed(names: Sequence[str]) -> str:
    """Returns names of cells as a text. Many are grouped: the methods, and the sections that all of these are on."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    methods: dict[str, list[str]] = {}
    for name in names:
        section, _, method = name.partition("/")
        methods.setdefault(section, []).append(method)
    sections: dict[tuple[str, ...], list[str]] = {}
    for section, of in methods.items():
        sections.setdefault(tuple(of), []).append(section)
    return "; ".join(f"{', '.join(of)} on {_first(on)}" for of, on in sections.items())


def _first(names: Sequence[str]) -> str:
    left = len(names) - MOST_NAMES
    return ", ".join(names) if left <= 1 else f"{', '.join(names[:MOST_NAMES])} and {left} more tasks"


def restrict(plan: Plan, only: Iterable[str]) -> Plan:
    """The plan with the cells that `TASK`, `METHOD` or `TASK/METHOD` name; all of them where nothing is named.

    Raises `UserError` for a name that is none of these.
    """
    wanted = list(only)
    if not wanted:
        return plan
    names = {cell: {cell.name, cell.method, name_of(cell)} for cell in plan.cells}
    known = {name for several in names.values() for name in several}
    for name in wanted:
        if name not in known:
            raise UserError(f"--only: the suite has no task, method or task/method {name!r}{nearest(name, known)}")
    return replace(plan, cells=tuple(cell for cell in plan.cells if names[cell].intersection(wanted)))
