"""Commands and comparing pictures that tasks contribute to the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .core import Registry

if TYPE_CHECKING:
    from torch import nn

    from .task import Task

COMMANDS = Registry("command")
"""Commands of tasks by name, `tubes` or `data extract-keypoints` (a group and a name).

A command is a function whose parameters are typer's. The command line fills in those of certain names: `runs`, a
function without arguments that returns the `TrainedRun`s which the user asked for, `data`, the data root, and
`progress`, which shows done and total. A command that takes `runs` gets the options that choose them; its own parameter
`task` is the default of `--task`. The text that a command returns is printed.
"""


class TrainedRun(Protocol):
    """A finished run whose weights were kept: one method on one task, of one seed."""

    @property
    def label(self) -> str:
        """The method's label in tables."""
        ...

    @property
    def method(self) -> str:
        """The method's name in the suite."""
        ...

    @property
    def seed(self) -> int: ...

    def task(self) -> Task:
        """Returns the run's task. Raises `UserError` where it cannot be built."""
        ...

    def model(self, task: Task) -> nn.Module:
        """Returns the task's network as it was scored, in eval mode."""
        ...
