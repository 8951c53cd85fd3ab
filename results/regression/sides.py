"""The two sides of a comparison: output folders or table files, read into states with the records behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provbench.registry.base import UserError

from ..store import DamagedError, Difference, RecordFolder, RunRecord, Store, decode, difference
from ..tables import Table, render
from .differences import State
from .paired_runs import pair_runs
from .table_numbers import read_table, read_tables, with_identities

Surroundings = Mapping[str, tuple[list[str], list[str]]]
"""Further differences between the records of two states, as (old, new)."""

SuiteTables = Callable[[Path], tuple[Mapping[str, Table], Path]]
"""Function that returns, for an output folder, a suite's tables by name, made of the records in it, and the folder of
those written earlier.
"""


@dataclass(frozen=True)
class Side:
    """A state of results, and the records behind it, as far as they are there."""

    state: State
    records: Sequence[RunRecord] = ()


def read_sides(old: Path, new: Path, suite: SuiteTables | None = None) -> tuple[Side, Side]:
    """Both states, by the names under which they are compared.

    suite: the tables to compare of an output folder; None compares the final runs of two folders.
    Raises `UserError` where the old state is empty, or a side is none of what can be compared.
    """
    outputs = [path for path in (old, new) if _is_output(path)]
    if suite is not None:
        if not outputs:
            raise UserError(f"--suite makes tables of an output folder, and neither {old} nor {new} is one")
        before, after = (
            _of_suite(path, suite, remembered=path == old) if path in outputs else Side(_read_tables(path))
            for path in (old, new)
        )
    elif len(outputs) == 2:
        records = [_final_runs(path) for path in outputs]
        before, after = (Side(*side) for side in zip(pair_runs(*records), records, strict=True))
    elif outputs:
        raise UserError(f"{outputs[0]}: is an output folder, and is compared with tables: add --suite to make its own")
    else:
        before, after = (Side(_read_tables(path)) for path in (old, new))
    if not any(number.values for number in before.state.values()):
        raise UserError(f"{old}: has no results{' of the suite' if suite else ''} to compare others with")
    return _of_one_table(before, after)


def _is_output(path: Path) -> bool:
    """Returns whether it is an output folder. Raises `UserError` if it is neither that nor tables."""
    if (path / "records").is_dir():
        return True
    if not path.is_file() and not any(path.glob("[!.]*.json")):
        raise UserError(
            f"{path}: is no output folder (it has no folder 'records'), no table as JSON and no folder of such tables"
        )
    return False


def _final_runs(root: Path) -> list[RunRecord]:
    """The records of final runs. The folder is only read: `UserError` for a damaged record, which stays where it is."""
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
    files = [path] if path.is_file() else sorted(path.glob("[!.]*.json"))
    tables = [read_tables(file.read_bytes(), str(file), file.stem) for file in files]
    return {name: number for table in tables for name, number in table.items()}


def _of_suite(root: Path, suite: SuiteTables, *, remembered: bool) -> Side:
    """The suite's tables of an output folder.

    remembered: where this code would give a run another key, and so finds no record of it, the numbers are those of
    the tables that were written there when it was run.
    """
    tables, written = suite(root)
    made = [read_table(render(table, "json").encode(), name, name) for name, table in tables.items()]
    state = dict(_read_tables(written)) if remembered and written.is_dir() else {}
    state |= {name: number for of in made for name, number in of.items() if number.values or name not in state}
    keys = dict.fromkeys(key for number in state.values() for key in number.keys.values())
    records = Store(root).records(keys)
    return Side(with_identities(state, records), records)


def _of_one_table(old: Side, new: Side) -> tuple[Side, Side]:
    """Gives two sides with one table each the same table name, so that these are compared, whatever their files are
    called.
    """
    if any(len({name.table for name in side.state}) > 1 for side in (old, new)):
        return old, new
    sides = [
        replace(side, state={name._replace(table=""): number for name, number in side.state.items()})
        for side in (old, new)
    ]
    return sides[0], sides[1]


def repeated_runs(old: Side, new: Side) -> dict[str, Difference | None]:
    """The runs that were run in both states, and where their outcomes part. A copied record is no repetition."""
    ours = {record.key: record for record in old.records}
    again = [record for record in new.records if record.key in ours and record != ours[record.key]]
    return {record.key: difference(ours[record.key], record) for record in again}


def surroundings(old: Side, new: Side) -> Surroundings:
    """Returns the differences in commits, devices and versions of packages."""

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
