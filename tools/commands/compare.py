"""`provbench compare`: did any number move between two states of the results, beyond noise?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from json import loads
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from provbench.registry.base import UserError

from ..terminal import (
    DEFAULT_DATA,
    DataOption,
    JsonOption,
    PluginOption,
    plan_of,
    print_answer,
    print_json,
    print_rows,
    reserve_for,
    say,
)

if TYPE_CHECKING:
    from provbench.results.regression import Change, Comparison, Name, SeedValues, State
    from provbench.results.store import Difference, RunRecord
    from provbench.suites.planning import Plan

MOVED = 1
"""Exit code where a number moved beyond noise, or a result went missing."""

MOST_SHOWN = 8
"""Things of one kind that are listed, before the rest is only counted."""

Surroundings = Mapping[str, tuple[list[str], list[str]]]
"""What else differs between the records of two states, as (old, new)."""

HEADER = ("what", "task", "method", "metric", "old", "new", "difference", "p", "test")


def add_to(app: typer.Typer) -> None:
    app.command()(compare)


def compare(
    old: Annotated[Path, typer.Argument(help="An output folder, a table as JSON, or a folder of such tables.")],
    new: Annotated[Path, typer.Argument(help="The same, of the other state.")],
    suite: Annotated[
        str | None, typer.Option(help="Compare this suite's tables, made of the records in an output folder.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="Differences up to this, in the metric's unit, never count.")
    ] = 0.0,
    alpha: Annotated[
        float, typer.Option(help="Chance that anything counts where nothing changed but the draw.")
    ] = 0.05,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    json: JsonOption = False,
    format: Annotated[
        Literal["text", "markdown"], typer.Option("--format", "-f", callback=reserve_for, help="What to print.")
    ] = "text",
) -> None:
    """Compare two states of results: which numbers moved, by how much, and whether beyond noise.

    Of output folders, final runs are compared method by method and seed by seed, or with --suite its tables. Exit code:
    0 nothing moved beyond noise, 1 something did, or a result went missing, 2 something is yours to mend.
    """
    from provbench.registry import load_plugins
    from provbench.results.regression import differences as regression

    if not 0 < alpha < 1:
        raise UserError(f"--alpha {alpha}: must lie between 0 and 1, such as 0.05")
    if not tolerance < float("inf"):
        raise UserError(f"--tolerance {tolerance}: must be a finite number of points, such as 0.5")
    load_plugins(tuple(plugin or ()))
    before, after = _sides(old, new, None if suite is None else plan_of(suite, plugin), data)
    found = regression.compare(before.state, after.state, alpha=alpha, tolerance=tolerance, direction=_direction)
    repeated, surroundings = _repeated(before, after), _surroundings(before, after)
    if json:
        print_json({"old": str(old), "new": str(new), **_as_json(found, repeated, surroundings)})
    else:
        _print(found, _notes(found, repeated, surroundings), format)
    if found.moved:
        raise typer.Exit(MOVED)


@dataclass(frozen=True)
class _Side:
    """A state of results, and the records behind it, as far as they are there."""

    state: State
    records: Sequence[RunRecord] = ()


def _sides(old: Path, new: Path, plan: Plan | None, data: Path) -> tuple[_Side, _Side]:
    """Both states, by the names under which they are compared. Raises `UserError` where the old one is empty."""
    outputs = [path for path in (old, new) if _is_output(path)]
    if plan is not None:
        if not outputs:
            raise UserError(f"--suite makes tables of an output folder, and neither {old} nor {new} is one")
        before, after = (
            _of_suite(path, plan, data, remembered=path == old) if path in outputs else _Side(_read_tables(path))
            for path in (old, new)
        )
    elif len(outputs) == 2:
        from provbench.results.regression import pair_runs

        records = [_final_runs(path) for path in outputs]
        before, after = (_Side(*side) for side in zip(pair_runs(*records), records, strict=True))
    elif outputs:
        raise UserError(f"{outputs[0]}: is an output folder, and is compared with tables: add --suite to make its own")
    else:
        before, after = (_Side(_read_tables(path)) for path in (old, new))
    if not any(number.values for number in before.state.values()):
        raise UserError(f"{old}: has no results{' of the suite' if plan else ''} to compare others with")
    return _of_one_table(before, after)


def _is_output(path: Path) -> bool:
    """Whether it is an output folder. Raises `UserError` where it is neither that nor tables."""
    if (path / "records").is_dir():
        return True
    if not path.is_file() and not any(path.glob("[!.]*.json")):
        raise UserError(
            f"{path}: is no output folder (it has no folder 'records'), no table as JSON and no folder of such tables"
        )
    return False


def _final_runs(root: Path) -> list[RunRecord]:
    """The records of final runs. The folder is only read: `UserError` for a damaged record, which stays where it is."""
    from provbench.results.store import DamagedError, RecordFolder, decode

    folder = RecordFolder(root)
    records = []
    for key in folder.scan():
        path = folder.path(key)
        try:
            records.append(decode(path.read_bytes(), path))
        except DamagedError as error:
            raise UserError(f"{path}: the record is damaged, {error}: remove it, or run it again") from None
    return [record for record in records if record.phase == "final"]


def _read_tables(path: Path) -> State:
    """The numbers of a table's file, or of a folder of them, by the file's name."""
    from provbench.results.regression import read_tables

    files = [path] if path.is_file() else sorted(path.glob("[!.]*.json"))
    tables = [read_tables(file.read_bytes(), str(file), file.stem) for file in files]
    return {name: number for table in tables for name, number in table.items()}


def _of_suite(root: Path, plan: Plan, data: Path, *, remembered: bool) -> _Side:
    """The suite's tables of an output folder.

    remembered: where this code would give a run another key, and so finds no record of it, the numbers are those of
    the tables that were written there when it was run.
    """
    from provbench.results.regression import read_table, with_identities
    from provbench.results.store import Store
    from provbench.results.tables import render
    from provbench.suites.driving import Output
    from provbench.suites.showing import make_tables, survey

    output = Output(root)
    tables = make_tables(plan, survey(plan, output, data))
    made = [read_table(render(table, "json").encode(), name, name) for name, table in tables.items()]
    folder = output.suite(plan.file.suite.name) / "tables"
    state = dict(_read_tables(folder)) if remembered and folder.is_dir() else {}
    state |= {name: number for of in made for name, number in of.items() if number.values or name not in state}
    keys = dict.fromkeys(key for number in state.values() for key in number.keys.values())
    records = Store(root).records(keys)
    return _Side(with_identities(state, records), records)


def _of_one_table(old: _Side, new: _Side) -> tuple[_Side, _Side]:
    """Where each side is one table, these are compared, whatever their files are called."""
    if any(len({name.table for name in side.state}) > 1 for side in (old, new)):
        return old, new
    sides = [
        replace(side, state={name._replace(table=""): number for name, number in side.state.items()})
        for side in (old, new)
    ]
    return sides[0], sides[1]


def _direction(task: str, metric: str) -> bool | None:
    from provbench.registry import TASKS

    metrics = TASKS.get(task).info.metrics if task in TASKS else ()
    return next((known.higher_is_better for known in metrics if known.name == metric), None)


def _repeated(old: _Side, new: _Side) -> dict[str, Difference | None]:
    """The runs that were run in both states, and where their outcomes part. A copied record is no repetition."""
    from provbench.results.store import difference

    ours = {record.key: record for record in old.records}
    again = [record for record in new.records if record.key in ours and record != ours[record.key]]
    return {record.key: difference(ours[record.key], record) for record in again}


def _surroundings(old: _Side, new: _Side) -> Surroundings:
    """Of commits, devices and versions of packages."""

    def of(records: Iterable[RunRecord]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for record in records:
            commit = f"{record.commit[:10]}{' with uncommitted changes' if record.dirty else ''}"
            for name, value in {"commit": commit, "device": record.device, **record.versions}.items():
                found.setdefault(name, set()).add(value)
        return found

    ours, theirs = of(old.records), of(new.records)
    if not ours or not theirs:
        return {}
    pairs = {name: (sorted(ours.get(name, ())), sorted(theirs.get(name, ()))) for name in {**ours, **theirs}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _as_json(
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


def _print(found: Comparison, notes: Sequence[str], format: str) -> None:
    """The changes that are worth a line, and the notes. Names are harmless text in either form."""
    from provbench.registry.base import escape

    rows = [_fields(change) for change in found.changes if change.verdict != "reproduced" or change.lost]
    if format == "text":
        if rows:
            print_rows(HEADER, [[escape.one_line(field) for field in row] for row in rows])
        say("\n".join(map(escape.one_line, notes)))
        return
    header = [HEADER, ["---"] * 4 + ["---:"] * 4 + ["---"]]
    table = [*header, *([escape.markdown(field) for field in row] for row in rows)] if rows else []
    print_answer(
        "\n".join([*(f"| {' | '.join(row)} |" for row in table), "", *(f"- {escape.markdown(x)}" for x in notes)])
    )


def _notes(
    found: Comparison,
    repeated: Mapping[str, Difference | None],
    surroundings: Surroundings,
) -> list[str]:
    """What to say under the table."""
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
    """Why numbers are of other runs, and which."""
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
    """As many as show the difference with two digits; two at least."""
    return min(8, max(2, 1 - floor(log10(abs(difference))))) if difference else 2


def _task(name: Name) -> str:
    return f"{name.task}{' (mini)' * (name.variant == 'mini')}{f' in {name.table}' * bool(name.table)}"


def _method(name: Name) -> str:
    return f"{name.method}{f' [{name.group}]' * bool(name.group)}"


def _metric(name: Name) -> str:
    over, selection = f" over {name.over}", f" ({name.selection})"
    return f"{name.metric}{over * bool(name.over)}{selection * (name.selection not in ('', 'val'))}"
