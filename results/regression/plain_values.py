"""A comparison as plain values, for `provbench compare --json`."""

from __future__ import annotations

from collections.abc import Mapping
from json import loads
from typing import Any

from ..store import Difference
from .differences import Change, Comparison, SeedValues
from .sides import Surroundings


def as_json(
    found: Comparison,
    repeated: Mapping[str, Difference | None],
    surroundings: Surroundings,
) -> dict[str, Any]:
    differing = [{"key": key, **differs._asdict()} for key, differs in repeated.items() if differs is not None]
    return {
        "moved": found.moved,
        "alpha": found.alpha,
        "tolerance": found.tolerance,
        "counts": found.count(),
        "numbers": [_change_as_json(change) for change in found.changes],
        "runs": {"reproduced": len(repeated) - len(differing), "differing": differing},
        "surroundings": surroundings,
    }


def _change_as_json(change: Change) -> dict[str, Any]:
    def side(number: SeedValues) -> dict[str, Any]:
        summary = vars(number.summary) if number.summary else {"mean": None, "std": None, "n": 0}
        return {**summary, "values": number.values, "runs": number.keys}

    return {
        **change.name._asdict(),
        "unit": change.new.unit or change.old.unit,
        "verdict": change.verdict,
        "old": side(change.old),
        "new": side(change.new),
        "difference": change.difference,
        "test": change.test or None,
        "p": change.p_value,
        "p_adjusted": change.p_adjusted,
        "untested": change.untested,
        "lost": change.lost,
        "why": {part: [value and loads(value) for value in values] for part, values in change.why.items()},
    }
