"""The final runs of a suite that a command was asked for, one for each method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..registry.errors import UserError, nearest
from ..suites.spec import RunSpec


@dataclass(frozen=True)
class FinalRun:
    """A final run, the label of its method, and the file where its weights are, if they were kept."""

    spec: RunSpec
    label: str
    weights: Path


def final_runs(
    suite: str,
    *,
    task: str,
    methods: Sequence[str] | None,
    seed: int | None,
    plugins: Sequence[str],
    out: Path,
    data: Path,
) -> list[FinalRun]:
    """A task's runs of one seed, by default the suite's first, and of some methods, by default all.

    Raises `UserError` for a task, method or seed that the suite does not have, and for a search that is not finished.
    """
    from ..suites.driver import Output
    from ..suites.overview import survey
    from ..suites.plan import make_plan
    from ..suites.schema import load_suite

    plan, output = make_plan(load_suite(suite), tuple(plugins)), Output(out)
    states = {state.cell.method: state for state in survey(plan, output, data) if state.cell.name == task}
    if not states:
        known = [cell.name for cell in plan.cells]
        raise UserError(f"--task: the suite has no task {task!r}{nearest(task, set(known))}")
    wanted = methods or list(states)
    for name in wanted:
        if name not in states:
            raise UserError(f"--method: no method {name!r} on {task}{nearest(name, states)}")
    seed = plan.file.suite.seeds[0] if seed is None else seed
    specs = [spec for name in wanted for spec in states[name].specs or () if spec.seed == seed]
    if len(specs) != len(wanted):
        raise UserError(f"--seed: {task} has no final run of seed {seed} for every method")
    return [FinalRun(spec, states[spec.method].cell.label, output.checkpoints / f"{spec.key}.pth") for spec in specs]
