"""`provbench data verify`: reads all of a task's data, and says what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..terminal import complain, plan_of, print_json, progress_bar, say
from .contents import content_lines, content_problems, contents_compared, contents_json, source_warnings
from .disjoint import as_json, compared, nearest_lines, overlap_problems

if TYPE_CHECKING:
    from provbench.registry import Task


@dataclass(frozen=True)
class Verified:
    """Findings on a task's data. compared: of each two sets of samples, for scripts. lines: the same in words."""

    task: str
    root: str
    problems: list[str]
    warnings: list[str]
    compared: list[dict[str, Any]]
    lines: list[str]

    def say(self) -> None:
        complain(self.warnings)
        say("\n".join(self.problems) or f"{self.task}: everything in {self.root} is as it should be")
        for line in self.lines:
            say(line)

    def as_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "root": self.root,
            "problems": self.problems,
            "warnings": self.warnings,
            "compared": self.compared,
        }


def verify_suite(suite: str, data_root: Path, plugin: list[str] | None, json: bool) -> None:
    """Prints what is known of the data of a suite's tasks, each as the suite has it. Exits with 2 if any is wrong."""
    cells = plan_of(suite, plugin).sections()
    found = [_verified(name, cell.build_task(data_root), data_root, own_root=False) for name, cell in cells.items()]
    if json:
        print_json({"suite": suite, "tasks": [one.as_json() for one in found]})
    else:
        for one in found:
            one.say()
    _exit(found)


def verify_task(name: str, task: Task, data_root: Path, own_root: bool, json: bool) -> None:
    """Prints what is known of a task's data. Exits with 2 if any is wrong.

    own_root: its folder lies elsewhere, without synthetic sets.
    """
    found = _verified(name, task, data_root, own_root)
    if json:
        complain(found.warnings)
        print_json(found.as_json())
    else:
        found.say()
    _exit([found])


def _verified(name: str, task: Task, data_root: Path, own_root: bool) -> Verified:
    from provbench.suites.planning import synthetic_problems

    with progress_bar() as bar:
        job = bar.add_task(f"verifying {name}", total=None, note="")
        problems = task.verify(lambda done, total: bar.update(job, completed=done, total=total))
        job = bar.add_task("comparing contents", total=None, note="")
        sets_in = None if own_root else data_root
        pairs = compared(task, sets_in, lambda done, total: bar.update(job, completed=done, total=total))
        contents = contents_compared(task, lambda done, total: bar.update(job, completed=done, total=total))
    problems += [] if own_root else synthetic_problems(task.name, data_root)
    return Verified(
        name,
        str(task.root),
        [*problems, *overlap_problems(pairs), *content_problems(contents)],
        source_warnings(contents),
        [*as_json(pairs), *contents_json(contents)],
        [*nearest_lines(pairs), *content_lines(contents)],
    )


def _exit(found: list[Verified]) -> None:
    if any(one.problems for one in found):
        raise typer.Exit(2)
