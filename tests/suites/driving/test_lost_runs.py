"""What is written down of runs that left no record, and what is made of a file that no driver wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.suites.driving.lost_runs import FILE, LostRuns
from provbench.suites.driving.output import Output
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import RunSpec


@pytest.fixture
def spec(make: Callable[..., Plan]) -> RunSpec:
    return make().cells[0].spec(1, "final", "toy-32")


def test_the_last_attempt_counts(spec: RunSpec, output: Output) -> None:
    lost = LostRuns(output.suite("toy"))
    lost.add(spec, "its node was lost", over_time=False)
    lost.add(spec, "longer than 2 h", over_time=True)
    (run,) = lost.read(output.store)
    assert (run.key, run.task, run.method, run.seed, run.phase) == (spec.key, "toy", "baseline", 1, "final")
    assert (run.reason, run.over_time) == ("longer than 2 h", True)
    lost.discard("another")
    assert lost.read(output.store) == [run]
    lost.discard(spec.key)
    assert lost.read(output.store) == []


@pytest.mark.parametrize("content", ["", "[", "{}", "[1]", '[{"key": "a"}]', "[" * 5000, " " * 2_000_000])
def test_another_file_says_nothing_and_is_replaced(spec: RunSpec, output: Output, content: str) -> None:
    folder = output.suite("toy")
    folder.mkdir(parents=True)
    (folder / FILE).write_text(content)
    lost = LostRuns(folder)
    assert lost.read(output.store) == []
    lost.add(spec, "", over_time=False)
    assert len(lost.read(output.store)) == 1
    rows = json.loads((folder / FILE).read_text())
    (folder / FILE).write_text(json.dumps([{**rows[0], "seed": "1"}]))
    assert lost.read(output.store) == [], "a seed is a number"


def test_a_link_is_not_read_and_not_written_through(spec: RunSpec, output: Output, tmp_path: Path) -> None:
    folder, elsewhere = output.suite("toy"), tmp_path / "elsewhere"
    LostRuns(elsewhere).add(spec, "", over_time=False)
    content = (elsewhere / FILE).read_bytes()
    folder.mkdir(parents=True)
    (folder / FILE).symlink_to(elsewhere / FILE)
    assert LostRuns(folder).read(output.store) == []
    LostRuns(folder).add(spec, "mine", over_time=False)
    assert [run.reason for run in LostRuns(folder).read(output.store)] == ["mine"]
    assert (elsewhere / FILE).read_bytes() == content


def test_a_full_disk_keeps_no_driver_from_going_on(
    spec: RunSpec, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("provbench.suites.driving.lost_runs.atomic_file", full)
    LostRuns(output.suite("toy")).add(spec, "the disk is full", over_time=False)
