"""Along what training curves run: epochs, or steps where the budget of the runs is not one of epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import nan

Curve = Sequence[Mapping[str, float]]

PLACES = ("epoch", "step", "passes")
"""Fields of a curve's entry that give its position and are no measurement. Under a budget of steps, samples or seconds
an epoch is the training up to a validation; `step` counts batches, `passes` is their samples in units of the training
set.
"""


SHARE = "share_"
"""Begins the names of the penalties' shares of the parameter gradient in a curve: in percent of the loss's."""


def axis_of(curves: Iterable[Curve]) -> str:
    """Returns `step` where every entry has it, else `epoch`."""
    entries = [entry for curve in curves for entry in curve]
    return "step" if entries and all("step" in entry for entry in entries) else "epoch"


def place_of(entry: Mapping[str, float], axis: str) -> float:
    """Returns where an entry is on an axis; the epochs of a run under another budget are its passes over the data."""
    return entry.get("step", nan) if axis == "step" else entry.get("passes", entry.get("epoch", nan))
