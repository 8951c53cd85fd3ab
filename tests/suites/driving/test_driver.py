"""Running suites: what is finished is never run again, what fails is said, and nothing finished is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from provbench.registry import UserError, load_plugins
from provbench.suites.driving.driver import Driver, Tally
from provbench.suites.driving.output import Output, output_lock
from provbench.suites.executors import Job
from provbench.suites.executors.base import Observer
from provbench.suites.executors.inline import Inline
from provbench.suites.executors.local import Local
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place
from provbench.suites.showing.overview import runs_needed, survey, untouched
from provbench.suites.showing.tabulate import make_tables

from ..conftest import SEARCH, TOY


@pytest.fixture(autouse=True, scope="module")
def _threshold() -> None:
    load_plugins((str(Path(__file__).parents[2] / "plugins" / "threshold.py"),))


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
    assert (first := drive(plan)).trained == 4, "what failed is not called trained"
    assert len(first.failed) == 2
    assert not first.complete
    assert started(drive, plan) == []
    assert (again := drive(plan)).failed == first.failed
    assert (again.trained, again.cached) == (0, 4), "nor found finished"
    assert sorted(started(drive, plan, retry_failed=True)) == sorted(first.failed)
    (table,) = make_tables(plan, survey(plan, output, tmp_path / "data")).values()
    assert table.cells[2][0].failed == (0, 1)


def started(drive: Callable[..., Tally], plan: Plan, **options: object) -> list[str]:
    """The keys of the runs that are started."""
    keys = []

    class Starts(Observer):
        def started(self, job: Job) -> None:
            keys.append(job.spec.key)

    drive(plan, observer=Starts(), **options)
    return keys


def test_a_failure_leaves_its_whole_traceback(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output
) -> None:
    (key,) = drive(make(REFUSING)).failed
    record = output.store.get(key)
    assert record is not None
    assert record.traceback.startswith("Traceback (most recent call last):")
    assert "broken.py" in record.traceback
    assert record.traceback.rstrip().endswith("ZeroDivisionError: no batch is good enough")


REFUSING = TOY.partition("methods:")[0].replace("seeds: [0, 1]", "seeds: [0]") + (
    "methods:\n  refusing: {augmentation: refuse}\n"
)


def test_failed_trials_alone_are_no_gap_but_a_search_without_a_result_is(
    make: Callable[..., Plan], drive: Callable[..., Tally]
) -> None:
    search = "search: {trials: 2, startup: 2, sampler: random, space: {lr: null}}\n"
    tally = drive(make(REFUSING + search), finals=False)
    assert (tally.trained, len(tally.failed_trials), tally.failed) == (0, 2, {})
    assert tally.without_result == ["toy/refusing"]
    assert not tally.complete
    assert drive(make(REFUSING + search), finals=False) == tally, "found again, and told again"
    assert Tally(trained=3, failed_trials={"key": "diverged"}).complete


class _CutError(Exception):
    pass


class _CutAtThird(Observer):
    """Stops the driver after its third run."""

    ended = 0

    def finished(self, spec: object, record: object, cached: bool) -> None:
        self.ended += 1
        if self.ended == 3:
            raise _CutError


class _Counted(Observer):
    """Counts as the progress display does."""

    runs, done = 0, 0

    def planned(self, runs: int, earlier: int = 0) -> None:
        self.done = self.done or earlier
        self.runs = runs

    def finished(self, spec: object, record: object, cached: bool) -> None:
        self.done += 1


@pytest.mark.slow
def test_plan_progress_and_tally_count_the_same_runs_of_a_search_that_was_interrupted(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    plan = make(TOY + SEARCH)
    needed = sum(runs_needed(plan, state) for state in untouched(plan))
    assert needed == 2 * (4 + 2)
    with pytest.raises(_CutError):
        drive(plan, observer=_CutAtThird())
    assert sum(runs_needed(plan, state) for state in survey(plan, output, tmp_path / "data")) == needed
    counted = _Counted()
    tally = drive(plan, observer=counted)
    assert (counted.runs, counted.done) == (needed, needed)
    assert (tally.cached, tally.trained) == (3, needed - 3)


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
        chosen = [record for record in searched if record.parameters["lr"] == state.best["lr"]]
        assert chosen[0].val["accuracy"] == best
        assert {record.parameters["lr"] for record in state.under().records} == {state.best["lr"]}
    assert drive(plan).trained == 0, "trials are a total"


@pytest.mark.slow
def test_looking_at_a_suite_begins_no_study(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    drive(make(TOY + SEARCH))
    before = output.journal("toy").read_bytes()
    other = make(TOY + SEARCH.replace("low: 0.01", "low: 0.02"))
    states = {state.cell.method: state for state in survey(other, output, tmp_path / "data")}
    assert output.journal("toy").read_bytes() == before
    assert states["baseline"].under().done == 2
    assert states["cutmix+guidance"].selected == {}


@pytest.mark.slow
def test_more_trials_go_on_where_the_search_was(make: Callable[..., Plan], drive: Callable[..., Tally]) -> None:
    drive(make(TOY + SEARCH))
    more = drive(make(TOY + SEARCH.replace("trials: 4", "trials: 5")))
    assert 2 <= more.trained <= 6, "one more trial a cell, and the final seeds of those whose choice changed"
    assert more.cached + more.trained == 2 * (5 + 2), "with the eight trials that there were"


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
@pytest.mark.slow
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
                pool._slots[0].worker.process.kill()  # pyright: ignore[reportOptionalMemberAccess]

    pool = Local(jobs=1)
    tally = Driver(plan, pooled, pool, Place(tmp_path / "data", pooled.work), KillOne()).run()
    assert (tally.trained, tally.retried, tally.lost) == (2, 1, {})
    assert sorted(record.attempt for record in pooled.store.records()) == [1, 2]
    assert_same_outcomes(output, pooled)


PRUNING = TOY.partition("  cutmix+guidance")[0] + (
    "search: {trials: 6, startup: 6, sampler: random, pruner: threshold, space: {lr: null}}\n"
)


def searched(plan: Plan, output: Output, data: Path) -> tuple[Tally, dict[str, int]]:
    """Run a plan's search alone; what was done, and how its trials stand."""
    tally = Driver(plan, output, Inline(), Place(data, output.work), finals=False).run()
    (state,) = survey(plan, output, data)
    return tally, dict(state.counts)


@pytest.mark.slow
def test_a_run_that_another_search_pruned_is_run_to_its_end_where_no_pruner_stops_it(
    make: Callable[..., Plan], output: Output, tmp_path: Path
) -> None:
    _, counts = searched(make(PRUNING), output, tmp_path / "data")
    assert counts["pruned"] > 0
    assert counts["finished"] > 0
    pruned = [record.key for record in output.store.records() if record.status == "pruned"]
    tally, unpruned = searched(make(PRUNING.replace("threshold", "none")), output, tmp_path / "data")
    assert (tally.trained, tally.cached) == (counts["pruned"], counts["finished"])
    assert unpruned == {"finished": 6, "pruned": 0, "failed": 0}
    assert {record.status for record in output.store.records(pruned)} == {"done"}


def test_a_run_that_another_search_pruned_is_pruned_where_its_pruner_stops_it_too(
    make: Callable[..., Plan], output: Output, tmp_path: Path
) -> None:
    _, counts = searched(make(PRUNING), output, tmp_path / "data")
    tally, again = searched(make(PRUNING.replace("startup: 6", "startup: 5")), output, tmp_path / "data")
    assert (tally.trained, tally.cached) == (0, 6), "another study with the same draws"
    assert again == counts


def test_two_cells_with_the_same_run_train_it_once_at_a_time(make: Callable[..., Plan], output: Output) -> None:
    class Wide(Inline):
        submitted: ClassVar[list[str]] = []

        @property
        def slots(self) -> int:
            return 4

        def submit(self, job: Job) -> None:
            self.submitted.append(job.spec.key)
            super().submit(job)

    plan = make(TOY.partition("  cutmix+guidance")[0] + "  again: {}\n")
    tally = Driver(plan, output, Wide(), Place(output.root / "data", output.work)).run()
    assert (tally.trained, sorted(Wide.submitted)) == (2, output.store.keys())
