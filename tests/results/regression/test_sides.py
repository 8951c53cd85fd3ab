"""The two sides of a comparison, read from folders and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provbench.registry import UserError
from provbench.results import RunRecord, Store
from provbench.results.regression.sides import Side, read_sides, repeated_runs, surroundings


def record(seed: int, accuracy: float, **fields: Any) -> RunRecord:
    known = {
        "suite": "s",
        "task": "toy",
        "variant": "mini",
        "method": "m",
        "phase": "final",
        "status": "done",
        "parameters": {},
    }
    return RunRecord(**{**known, "key": f"{seed:016x}", "seed": seed, "test": {"accuracy": accuracy}, **fields})


def test_two_output_folders_are_compared_by_their_final_runs(tmp_path: Path) -> None:
    for name, score in (("old", 60.0), ("new", 61.0)):
        Store(tmp_path / name).put(record(0, score))
        Store(tmp_path / name).put(record(1, score, phase="search", test={}, val={"accuracy": 1.0}))
    old, new = read_sides(tmp_path / "old", tmp_path / "new")
    assert [number.values for number in old.state.values()] == [{0: 60.0}]
    assert [number.values for number in new.state.values()] == [{0: 61.0}]
    assert [run.seed for run in old.records] == [0]


def test_a_folder_that_is_neither_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no output folder"):
        read_sides(tmp_path, tmp_path)


def test_a_copied_record_is_no_repetition() -> None:
    copied, again = record(0, 60.0), record(1, 62.0)
    old, new = Side({}, [copied, again]), Side({}, [copied, record(1, 63.0)])
    differs = repeated_runs(old, new)
    assert list(differs) == [again.key]
    found = differs[again.key]
    assert found is not None
    assert (found.one, found.other) == ({"accuracy": 62.0}, {"accuracy": 63.0})


def test_surroundings_are_those_that_differ() -> None:
    old = Side({}, [record(0, 60.0, device="cpu", versions={"torch": "2.4", "numpy": "2.0"})])
    new = Side({}, [record(0, 60.0, device="cpu", versions={"torch": "2.5", "numpy": "2.0"})])
    assert surroundings(old, new) == {"torch": (["2.4"], ["2.5"])}
    assert surroundings(old, Side({})) == {}
