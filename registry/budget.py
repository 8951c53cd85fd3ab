"""The training budget of a run, and the points at which the run is validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BUDGETS = ("steps", "samples", "seconds")
"""Parameters of a recipe that, where one is set, take the place of `epochs`."""

SIZES = ("epochs", *BUDGETS)


def budget_of(params: Mapping[str, Any]) -> tuple[str, float]:
    """Returns what bounds a run, one of `SIZES`, and how much of it: from the parameters of a recipe."""
    unit = next((name for name in BUDGETS if params.get(name) is not None), "epochs")
    return unit, params.get(unit, 0)


def periods_of(params: Mapping[str, Any]) -> int:
    """Returns into how many periods a run's training is divided: its epochs, or under another budget its validations.

    A period is what hooks, checkpoints, reports and curves call an epoch.
    """
    unit, size = budget_of(params)
    if unit == "epochs":
        return int(size)
    validations = int(params["validations"])
    return validations if unit == "seconds" else min(validations, steps_of(params))


def steps_of(params: Mapping[str, Any]) -> int:
    """Returns the batches of a run under a budget of steps or samples. A batch that is begun counts whole."""
    unit, size = budget_of(params)
    return int(size) if unit == "steps" else -(-int(size) // int(params["batch_size"]))
