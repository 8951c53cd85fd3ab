"""Running suites: what is finished is never run again, what fails is said, and nothing finished is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.suites.driver import Driver, Output, Tally
from provbench.suites.executors.inline import Inline
from provbench.suites.executors.local import Local
from provbench.suites.lock import output_lock
from provbench.suites.observer import Observer
from provbench.suites.overview import survey
from provbench.suites.plan import Plan
from provbench.suites.spec import Place
from provbench.suites.tabulate import make_tables

from .conftest import SEARCH, TOY


def test_a_second_run_trains_nothing_and_gives_the_same_table(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    plan = make()
    first = drive(plan)
    before = make_tables(plan, survey(plan, output, tmp_path / "data"))
    second = drive(plan)
    after = make_tables(plan, survey(plan, output, tmp_path / "data"))
    assert (first.trained, first.cached) == (4, 0)
    assert (second.trained, second.cached) == (0, 4)
    assert before == after
    assert not any(output.work.iterdir())


def test_a_run_of_another_suite_is_found_finished(make: Callable[..., Plan], drive: Callable[..., Tally]) -> None:
    drive(make())
    other = TOY.replace("name: toy", "name: other").replace("  baseline: {}", "  plain: {}\n  again: {}")
    tally = drive(make(other))
    assert tally.trained == 0
    assert tally.cached == 6


def test_failed_methods_are_recorded_not_retried_and_shown_as_gaps(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    plan = make(TOY + "  refusing: {augmentation: refuse}\n")
    assert len(drive(plan).failed) == 2
    again = drive(plan)
    assert (again.trained, len(again.failed)) == (0, 2)
    assert drive(plan, retry_failed=True).trained == 2
    (table,) = make_tables(plan, survey(plan, output, tmp_path / "data")).values()
    assert table.cells[2][0].failed == (0, 1)


def test_search_then_final_seeds_with_the_chosen_parameters(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    plan = make(TOY + SEARCH)
    tally = drive(plan)
    assert tally.trained + tally.cached == 2 * (4 + 2)
    for state in survey(plan, output, tmp_path / "data"):
        trials = [record for record in output.store.records() if record.method == state.cell.method]
        searched = [record for record in trials if record.phase == "search"]
        assert state.counts == {"finished": 4, "pruned": 0, "failed": 0}
        assert all(record.test == {} and record.seed == 1000 for record in searched)
        best = max(record.val["accuracy"] for record in searched)
        chosen = [record for record in searched if record.parameters["lr"] == state.chosen["lr"]]
        assert chosen[0].val["accuracy"] == best
        assert {record.parameters["lr"] for record in state.records} == {state.chosen["lr"]}
    assert drive(plan).trained == 0, "trials are a total"


def test_looking_at_a_suite_begins_no_study(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    drive(make(TOY + SEARCH))
    before = output.journal("toy").read_bytes()
    other = make(TOY + SEARCH.replace("low: 0.01", "low: 0.02"))
    states = {state.cell.method: state for state in survey(other, output, tmp_path / "data")}
    assert output.journal("toy").read_bytes() == before
    assert states["baseline"].done == 2
    assert states["cutmix+guidance"].specs is None


def test_more_trials_go_on_where_the_search_was(make: Callable[..., Plan], drive: Callable[..., Tally]) -> None:
    drive(make(TOY + SEARCH))
    more = drive(make(TOY + SEARCH.replace("trials: 4", "trials: 5")))
    assert 2 <= more.trained <= 6, "one more trial a cell, and the final seeds of those whose choice changed"
    assert more.cached + more.trained == 6


class _CutError(Exception):
    pass


class _CutAtSecond(Observer):
    """Stops the driver as a kill would, at the second run that it trains."""

    trained = 0

    def finished(self, spec: object, record: object, cached: bool) -> None:
        self.trained += not cached
        if self.trained == 2:
            raise _CutError


def assert_same_outcomes(one: Output, other: Output) -> None:
    ours = {record.key: record.outcome for record in one.store.records()}
    assert ours == {record.key: record.outcome for record in other.store.records()}
    assert ours


@pytest.mark.parametrize("text", [TOY, TOY + SEARCH], ids=["fixed", "search"])
def test_an_interrupted_suite_goes_on_to_the_same_end(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path, text: str
) -> None:
    plan = make(text)
    cuts = 0
    while True:
        try:
            drive(plan, observer=_CutAtSecond())
            break
        except _CutError:
            cuts += 1
    assert cuts == len(output.store.keys()) // 2
    undisturbed = Output(tmp_path / "undisturbed")
    Driver(plan, undisturbed, Inline(), Place(tmp_path / "data", undisturbed.work)).run()
    assert_same_outcomes(output, undisturbed)


def test_the_second_driver_is_told_who_holds_the_folder(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output
) -> None:
    with output_lock(output.root), pytest.raises(UserError, match=r"another driver is at work here \(process \d+ on"):
        drive(make())
    assert drive(make()).trained == 4


def test_a_pool_gives_the_same_records_and_survives_a_dead_worker(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    plan = make(TOY.replace("seeds: [0, 1]", "seeds: [0]"))
    drive(plan)
    pooled = Output(tmp_path / "pooled")

    class KillOne(Observer):
        done = False

        def reported(self, job: object, epoch: int, epochs: int, value: object) -> None:
            if not self.done:
                self.done = True
                pool._workers[0].process.kill()

    pool = Local(jobs=1)
    tally = Driver(plan, pooled, pool, Place(tmp_path / "data", pooled.work), KillOne()).run()
    assert len(tally.lost) == 1
    assert tally.trained == 1
    again = Driver(plan, pooled, Local(jobs=2), Place(tmp_path / "data", pooled.work)).run()
    assert (again.trained, again.cached, again.lost) == (1, 1, {})
    assert_same_outcomes(output, pooled)


def test_weights_are_kept_on_request(make: Callable[..., Plan], drive: Callable[..., Tally], output: Output) -> None:
    import torch

    drive(make(), keep="final")
    files = sorted(output.checkpoints.glob("*.pth"))
    assert [file.stem for file in files] == output.store.keys()
    assert "layers.0.weight" in torch.load(files[0], weights_only=True)
