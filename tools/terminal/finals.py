"""The final runs of a suite that a command was asked for, one for each method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import MissingDataError, UserError, nearest
from provbench.suites.planning import RunSpec

if TYPE_CHECKING:
    from torch import nn

    from provbench.registry import Task
    from provbench.results.store import RunRecord
    from provbench.suites.driving import Output


@dataclass(frozen=True)
class FinalRun:
    """A finished final run: a `TrainedRun` with its specification.

    label: of its method. weights: the file with those of the epoch that was scored. data: the data root.
    """

    spec: RunSpec
    label: str
    weights: Path
    data: Path

    @property
    def method(self) -> str:
        return self.spec.method

    @property
    def seed(self) -> int:
        return self.spec.seed

    def task(self) -> Task:
        from provbench.suites.planning import Place
        from provbench.suites.running import build_task

        return build_task(self.spec, Place(data_root=self.data))

    def model(self, task: Task) -> nn.Module:
        """The task's network as it was scored, in eval mode."""
        from provbench.registry.base import read_tensors

        net = task.build_model()
        try:
            net.load_state_dict(read_tensors(self.weights))
        except (RuntimeError, TypeError, AttributeError) as error:  # whole, but of something else
            reason = " ".join(str(error).split())
            raise UserError(f"{self.weights}: not the weights of this model ({reason}); {self.remedy}") from None
        return net.eval()

    @property
    def remedy(self) -> str:
        """Returns the command that makes the weights again; it overwrites only missing or torn ones."""
        return f"remove the file, and run the suite with --keep {self.spec.task.params['checkpoint']}"


def final_runs(
    suite: str,
    *,
    task: str,
    methods: Sequence[str] | None,
    seed: int | None,
    plugins: Sequence[str],
    out: Path,
    data: Path,
    storage: str | None = None,
) -> list[FinalRun]:
    """A task's runs of one seed, by default the suite's first, and of some methods, by default all.

    Raises `UserError` for a task, method or seed that the suite does not have, for a search that is not finished, and
    for a run that failed; `MissingDataError` for one that is not finished, or whose weights were not kept.
    """
    from provbench.suites.driving import Output
    from provbench.suites.file import load_suite
    from provbench.suites.planning import make_plan
    from provbench.suites.showing import survey

    plan, output = make_plan(load_suite(suite), tuple(plugins)), Output(out)
    states = {state.cell.method: state for state in survey(plan, output, data, storage) if state.cell.name == task}
    if not states:
        known = [cell.name for cell in plan.cells]
        raise UserError(f"--task: the suite has no task {task!r}{nearest(task, set(known))}")
    wanted = methods or list(states)
    for name in wanted:
        if name not in states:
            raise UserError(f"--method: no method {name!r} on {task}{nearest(name, states)}")
        if not states[name].under().specs:
            raise UserError(f"{name} on {task}: its search is not finished; run the suite first")
    seed = plan.file.suite.seeds[0] if seed is None else seed
    chosen = [states[name].under() for name in wanted]
    specs = [spec for selected in chosen for spec in selected.specs if spec.seed == seed]
    if len(specs) != len(wanted):
        raise UserError(f"--seed: {task} has no final run of seed {seed} for every method")
    records = {record.key: record for selected in chosen for record in selected.records}
    return [
        FinalRun(spec, states[spec.method].cell.label, scored_weights(spec, records.get(spec.key), output), data)
        for spec in specs
    ]


def scored_weights(spec: RunSpec, record: RunRecord | None, output: Output) -> Path:
    """The weights of the epoch that a run's record scored. Raises as `final_runs`."""
    from provbench.suites.driving import is_whole, weights_file

    wanted = spec.task.params["checkpoint"]
    run = f"{spec.method} on {spec.cell or spec.task.name}, seed {spec.seed}"
    if record is None:
        raise MissingDataError(f"{run}: not finished in {output.root}; run the suite with --keep {wanted}")
    if record.status != "done":
        raise UserError(f"{run}: the run {record.status}, and has no weights ({record.reason})")
    file = weights_file(output.weights(spec.key), record.epoch)
    if not file.is_file():
        if file.with_suffix(".pth").is_file():
            raise MissingDataError(
                f"{file.with_suffix('.pth')}: weights of an older provbench, in a form that can hold a program, and is "
                f"not read any more; run the suite with --keep {wanted} to have them as safetensors"
            )
        raise MissingDataError(
            f"{file}: no such weights, of epoch {record.epoch} of {run}, the {wanted} one; run the suite with "
            f"--keep {wanted} to have them"
        )
    if not is_whole(file):
        raise MissingDataError(f"{file}: torn or damaged; run the suite with --keep {wanted} to have it again")
    return file
