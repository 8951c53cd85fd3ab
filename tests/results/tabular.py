"""Rows of tables to test with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from provbench.results import Column, PublishedNumber, RowRuns, RunRecord, Table, TableRow, build_table

ACCURACY = Column("waterbirds", "accuracy")
SEEDS = (0, 1, 2)


def record(key: str, **fields: Any) -> RunRecord:
    """A finished final run of CutMix on Waterbirds, but for the given fields."""
    plain = {
        "suite": "demo",
        "task": "waterbirds",
        "variant": "full",
        "protocol": "1",
        "method": "cutmix",
        "phase": "final",
        "seed": 0,
        "parameters": {"model": "resnet50"},
        "status": "done",
        "test": {"accuracy": 71.5},
        "commit": "0123456789abcdef",
        "fingerprint": "feedfeedfeedfeed",
    }
    return RunRecord.model_validate({**plain, "key": key, **fields})


def entry(
    method: str, scores: Mapping[int, float] | Iterable[float] = (), seeds: Sequence[int] = SEEDS, **fields: Any
) -> RowRuns:
    """Ending runs with these accuracies, of the first seeds, or by seed. The other seeds are missing."""
    by_seed = scores if isinstance(scores, Mapping) else dict(zip(seeds, scores, strict=False))
    runs = [
        record(f"{method}-{seed}", **{"method": method, "seed": seed, "test": {"accuracy": score}, **fields})
        for seed, score in by_seed.items()
    ]
    return RowRuns(runs, seeds)


def row(method: str, *entries: RowRuns | Mapping[int, float] | Iterable[float], **fields: Any) -> TableRow:
    """A row of a table; scores stand for an entry of them, and nothing for one with all seeds missing."""
    made = [one if isinstance(one, RowRuns) else entry(method, one) for one in entries or ((),)]
    return TableRow(method, made, **fields)


def table(rows: Sequence[TableRow], *columns: Column, **fields: Any) -> Table:
    return build_table(rows, columns or [ACCURACY], **{"variant": "full", **fields})


def published(method: str, value: float, **fields: Any) -> PublishedNumber:
    plain = {"publication": "p", "task": "waterbirds", "model": "resnet50", "metric": "accuracy", "source": "paper"}
    return PublishedNumber.model_validate({**plain, "method": method, "value": value, "where": "table 1", **fields})


def notes(made: Table) -> str:
    return "\n".join(made.notes)
