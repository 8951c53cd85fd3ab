"""The notes under a table on what its numbers are of: settings of tasks, and how many images validated them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..planning import ORACLE
from .overview import CellState


def setting_notes(shown: Iterable[tuple[CellState, str]]) -> Iterator[str]:
    """Yields notes on the cells of a table, each with the selection protocol that its column names; each note once."""
    shown = list(shown)
    pairs = list(dict.fromkeys((state.cell.name, protocol) for state, protocol in shown))
    for name, protocol in pairs:
        states = [state for state, other in shown if (state.cell.name, other) == (name, protocol)]
        if words := states[0].cell.setting(protocol):
            yield f"Setting of {name}, {protocol}: {words}."
    for name, protocol in pairs:
        states = [state for state, other in shown if (state.cell.name, other) == (name, protocol)]
        yield from _ratio(name, protocol, states)


def _ratio(name: str, protocol: str, states: Iterable[CellState]) -> Iterator[str]:
    """Yields how many validation images there are for each training image, where runs have told."""
    states = list(states)
    samples = {
        (record.samples["train"], record.samples["val"])
        for state in states
        for record in state.under(protocol).records
        if {"train", "val"} <= record.samples.keys()
    }
    beside = states[0].cell.rules(protocol).validates
    for train, val in sorted(samples):
        if not beside:
            yield f"Validation of {name}, {protocol}: no samples beside the {train:,} to train on, ratio 0."
        elif protocol != ORACLE:
            ratio = _two(val / train)
            yield f"Validation of {name}, {protocol}: {val:,} samples for {train:,} to train on, ratio {ratio}."


def _two(value: float) -> str:
    """A ratio with two digits that count."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"
