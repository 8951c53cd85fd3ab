"""The report of `provbench compare` on two states: a row for every change that matters, and the reasons under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import floor, log10

from ..store import Difference
from .differences import Change, Comparison, Name
from .sides import Surroundings

MOST_SHOWN = 8
"""Things of one kind that are listed, before the rest is only counted."""

HEADER = ("what", "task", "method", "metric", "old", "new", "difference", "p", "test")


def rows(found: Comparison) -> list[list[str]]:
    """Returns the fields under `HEADER` of every change that is worth a line."""
    return [_fields(change) for change in found.changes if change.verdict != "reproduced" or change.lost]


def notes(
    found: Comparison,
    repeated: Mapping[str, Difference | None],
    surroundings: Surroundings,
) -> list[str]:
    """Returns what to say under the rows."""
    return [*_outcome(found), *_reasons(found.changes), *_repetitions(repeated), *_around(surroundings)]


def _outcome(found: Comparison) -> Iterator[str]:
    counts = found.count()
    tests = sum(change.p_value is not None for change in found.changes)
    lost = sum(change.verdict != "gone" and bool(change.lost) for change in found.changes)
    told = [
        f"{count} {'reproduced exactly' if verdict == 'reproduced' else verdict}" for verdict, count in counts.items()
    ]
    yield f"{len(found.changes)} numbers: {', '.join(told)}{f'; {lost} lost a seed or more' * bool(lost)}."
    if tests:
        tolerance = f", and more than {found.tolerance:g} apart" if found.tolerance else ""
        yield f"Beyond noise: p ≤ {found.alpha:g}, adjusted by Holm's method for {tests} tests{tolerance}."
    if any(change.untested for change in found.changes):
        yield "Not tested: one seed tells nothing of noise; what differs by more than --tolerance counts."
    if counts["gone"]:
        yield "Gone: NEW has no finished run for it; of a suite, none under the keys that this code gives its runs."
    if set(counts) <= {"not comparable", "new"}:
        yield "Nothing could be compared."


def _reasons(changes: Sequence[Change]) -> Iterator[str]:
    """Yields why numbers are of other runs, and which."""
    known: dict[str, dict[str, None]] = {}
    for change in changes:
        before, after = change.old, change.new
        parts = [f"{part} {old or 'absent'} → {new or 'absent'}" for part, (old, new) in change.why.items()]
        if before.unit != after.unit and change.verdict == "not comparable":
            parts.append(f"unit {before.unit!r} → {after.unit!r}")
        if parts:
            known.setdefault(_some(parts), {})[f"{_task(change.name)} / {_method(change.name)}"] = None
    yield from (f"{why}: {_some(list(methods))}" for why, methods in known.items())


def _repetitions(repeated: Mapping[str, Difference | None]) -> Iterator[str]:
    differing = {key: differs for key, differs in repeated.items() if differs is not None}
    if repeated:
        same = f"{len(repeated) - len(differing)} of {len(repeated)}"
        yield f"{same} repeated runs came out the same to the last bit."
    for key, differs in list(differing.items())[:MOST_SHOWN]:
        yield f"{key[:8]}: {differs.field}: {differs.one!r:.120} → {differs.other!r:.120}"


def _around(surroundings: Surroundings) -> Iterator[str]:
    pairs = surroundings.items()
    told = [f"{name} {', '.join(old) or 'absent'} → {', '.join(new) or 'absent'}" for name, (old, new) in pairs]
    if told:
        yield f"Recorded with other surroundings: {'; '.join(told)}"


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - MOST_SHOWN} more" * (len(items) > MOST_SHOWN)
    return f"{', '.join(items[:MOST_SHOWN])}{more}"


def _fields(change: Change) -> list[str]:
    name, p, shared = change.name, change.p_adjusted, len(change.old.values.keys() & change.new.values.keys())
    decimals = _decimals(change.difference)
    return [
        _verdict(change),
        _task(name),
        _method(name),
        _metric(name),
        *(number.summary.text(decimals) if number.summary else "–" for number in (change.old, change.new)),
        "" if change.difference is None else f"{change.difference:+.{decimals}f}",
        "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}",
        f"{change.test}{f', {shared} seeds' * (change.test == 'paired t')}",
    ]


def _verdict(change: Change) -> str:
    if change.verdict == "gone":
        return "gone, its runs failed" if change.new.keys else "gone"
    seeds = f", lost seed{'s' * (len(change.lost) > 1)} {', '.join(map(str, change.lost))}"
    return f"{change.verdict}{', not tested' * change.untested}{seeds * bool(change.lost)}"


def _decimals(difference: float | None) -> int:
    """Returns as many decimals as show the difference with two digits; two at least."""
    return min(8, max(2, 1 - floor(log10(abs(difference))))) if difference else 2


def _task(name: Name) -> str:
    return f"{name.task}{f' ({name.variant})' * (name.variant != 'full')}{f' in {name.table}' * bool(name.table)}"


def _method(name: Name) -> str:
    return f"{name.method}{f' [{name.group}]' * bool(name.group)}"


def _metric(name: Name) -> str:
    over, selection = f" over {name.over}", f" ({name.selection})"
    return f"{name.metric}{over * bool(name.over)}{selection * (name.selection not in ('', 'val'))}"
