"""The budget that a suite holds equal: nothing else may set what it sets."""

from __future__ import annotations

from collections.abc import Iterator

from provbench.registry.base import UserError

from ..file import SuiteFile


def check_budgets(file: SuiteFile) -> None:
    """Raises `UserError` naming file and line where a parameter of a budget is also set elsewhere."""
    suite = file.suite
    for task in suite.tasks:
        budget = suite.budget_of(task)
        held = budget.held if budget else frozenset[str]()
        for location, parameter in _settings(file, task):
            if parameter in held:
                place = ("tasks", task, "budget") if suite.tasks[task].budget else ("budget",)
                raise UserError(
                    f"{file.where(*location)}: {parameter} is held equal by the budget in {file.where(*place)}: "
                    "remove one of the two"
                )


def _settings(file: SuiteFile, task: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every place that sets a parameter of a task section's runs, and the parameter."""
    suite, section = file.suite, file.suite.tasks[task]
    yield from ((("tasks", task, "params", name), name) for name in section.params)
    for method in suite.methods_of(task):
        composition = suite.methods[method]
        yield from ((("methods", method, "params", name), name) for name in composition.params)
        yield from ((("methods", method), name) for name in composition.overrides)
        yield from ((("tasks", task, "overrides", method, name), name) for name in section.overrides.get(method, ()))
    yield from ((("search", "space", name), name) for name in suite.search.space)
    for number, values in enumerate(suite.search.warm_starts):
        yield from ((("search", "warm_starts", number), name) for name in values if isinstance(values, dict))
