"""`provbench data weights`: the pretrained weights of a suite, listed and fetched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import UserError

from ..terminal import note, print_json, quiet, say

if TYPE_CHECKING:
    from provbench.suites.planning import Needed, Plan


def fetch_weights(plan: Plan, data_root: Path) -> list[str]:
    """Fetches what is missing of a suite's weights, and returns a message for each that could not be."""
    from provbench.suites.planning import needed_weights

    failures = []
    for needed in needed_weights(plan, data_root):
        one = needed.weights
        if one.find() is not None:
            continue
        note(f"fetching {one.identity} ({one.library}, {one.facts.words})")
        try:
            one.fetch(bars=not quiet())
        except UserError as error:
            failures.append(str(error))
    return failures


def fetch_missing(plan: Plan, data_root: Path) -> list[str]:
    """Does as `fetch_weights`, for those methods only that cannot be run for something that is missing."""
    from provbench.suites.planning import missing_inputs

    lacking = missing_inputs(plan, data_root)
    return fetch_weights(replace(plan, cells=tuple(cell for cell in plan.cells if cell in lacking)), data_root)


def show_weights(plan: Plan, data_root: Path, json: bool) -> None:
    """Prints the weights of a suite's methods, and which methods read none."""
    from provbench.suites.planning import listed, name_of, needed_weights

    all_needed = needed_weights(plan, data_root)
    reading = {cell for needed in all_needed for cell in needed.cells}
    without = list(dict.fromkeys(name_of(cell) for cell in plan.cells if name_of(cell) not in reading))
    rows = [_row(needed) for needed in all_needed]
    if json:
        print_json({"suite": plan.file.suite.name, "weights": rows, "without": without})
        return
    for needed, row in zip(all_needed, rows, strict=True):
        _say_row(needed, row, listed(needed.cells))
    if without:
        say(f"no known pretrained weights are read by {listed(without)}")


def _row(needed: Needed) -> dict[str, Any]:
    one, found = needed.weights, needed.weights.find()
    return {
        "library": one.library,
        "id": one.identity,
        "revision": one.revision,
        "origin": one.origin,
        **one.facts.model_dump(mode="json"),
        "found": None if found is None else str(found),
        "looked_in": list(one.places()),
        "problems": one.problems(),
        "read_by": needed.cells,
    }


def _say_row(needed: Needed, row: dict[str, Any], readers: str) -> None:
    one, facts = needed.weights, needed.weights.facts
    state = f"in {row['found']}" if row["found"] else "missing"
    say(f"{one.identity}{f'@{one.revision}' if one.revision else ''} ({one.library}, {facts.words}): {state}")
    say(f"  read by {readers}")
    if not row["found"]:
        say(f"  looked for in {', '.join(row['looked_in'])}; comes from {one.origin}")
    said = f"{'checked' if facts.verified else 'not checked'}: {facts.source}" if facts.source else "none"
    say(f"  licence: {facts.licence or 'not known'}; facts {said}")
