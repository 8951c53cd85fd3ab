"""Trials in several folds: the study is told their mean, and each protocol chooses by its own runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.results import RunRecord
from provbench.suites.driving.cell_runs import CellRuns
from provbench.suites.driving.driver import Driver
from provbench.suites.driving.folds import Folds
from provbench.suites.driving.output import Output
from provbench.suites.executors.inline import Inline
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.planning.spec import Place
from provbench.suites.showing.overview import open_begun, runs_needed, survey
from provbench.suites.showing.tabulate import make_tables
from provbench.suites.showing.trials import trial_rows

from ..conftest import PLUGINS

FOLDED = str(Path(PLUGINS[0]).with_name("folded.py"))
SUITE = """\
name: folded
seeds: [0, 1]
tasks:
  folded: {variant: mini, params: {epochs: 2, train_size: 30}, selection: [support-only, large, none]}
methods: {baseline: {}}
search: {trials: 3, sampler: grid, space: {lr: {choices: [0.002, 0.05, 0.4]}}}
tables:
- {name: support, task: folded}
- {name: large, task: folded, selection: large}
- {name: none, task: folded, selection: none}
"""


def plan_of(folder: Path, text: str = SUITE) -> Plan:
    (folder / "suite.yaml").write_text(text)
    return make_plan(load_suite(str(folder / "suite.yaml")), (*PLUGINS, FOLDED))


class Searched:
    """The suite, run to its end."""

    def __init__(self, folder: Path) -> None:
        self.plan, self.output, self.data = plan_of(folder), Output(folder / "out"), folder / "data"
        self.tally = Driver(self.plan, self.output, Inline(), Place(self.data, self.output.work)).run()
        self.records = {record.key: record for record in self.output.store.records()}

    @property
    def runs(self) -> CellRuns:
        (runs,) = open_begun(self.plan, self.output, self.data, None).values()
        return runs

    def trials(self, validation: str) -> list[RunRecord]:
        of = [record for record in self.records.values() if record.phase == "search"]
        return [record for record in of if record.parameters["validation"] == validation]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    return Searched(tmp_path_factory.mktemp("folded"))


def test_each_trial_has_a_run_a_fold_and_their_mean(searched: Searched) -> None:
    folds = searched.trials("support")
    rows = trial_rows(searched.runs)

    assert len(folds) == 9
    assert {record.parameters["fold"] for record in folds} == {0, 1, 2}
    for row in rows:
        own = [record.val["accuracy"] for record in folds if record.parameters["lr"] == row.params["lr"]]
        assert len(own) == 3
        assert row.value == pytest.approx(sum(own) / 3)


def test_each_protocol_chooses_by_its_own_runs(searched: Searched) -> None:
    runs = searched.runs
    choices = {choice.protocol: choice for choice in runs.choices() or ()}
    large = searched.trials("large")
    best = max(record.val["accuracy"] for record in large)

    assert len(large) == 3
    assert choices["none"].chosen == {}
    assert {record.parameters["lr"] for record in large if record.val["accuracy"] == best} >= {
        choices["large"].chosen["lr"]
    }
    means = {row.params["lr"]: row.value for row in trial_rows(runs)}
    assert means[choices["support-only"].chosen["lr"]] == max(value or 0.0 for value in means.values())
    assert {spec.task.params["lr"] for spec in choices["none"].specs} == {0.05}
    assert all(spec.task.params["validation"] == "large" for choice in choices.values() for spec in choice.specs)


def test_all_runs_are_counted_and_a_second_start_trains_nothing(searched: Searched, tmp_path: Path) -> None:
    (state,) = survey(searched.plan, searched.output, searched.data)
    again = Driver(searched.plan, searched.output, Inline(), Place(searched.data, tmp_path / "work")).run()

    assert again.trained == 0
    assert runs_needed(searched.plan, state) == len(searched.records) == searched.tally.trained
    assert not again.lost


def test_tables_say_how_many_samples_validated(searched: Searched) -> None:
    states = survey(searched.plan, searched.output, searched.data)
    tables = make_tables(searched.plan, states)

    assert (
        "Validation of folded, support-only: no samples beside the 30 to train on, ratio 0." in tables["support"].notes
    )
    assert "Validation of folded, large: 40 samples for 30 to train on, ratio 1.33." in tables["large"].notes
    assert any(note.startswith("Setting of folded, support-only: folds choose") for note in tables["support"].notes)


def test_fixed_values_search_nothing(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path, SUITE.replace("[support-only, large, none]", "none").replace("selection: large", "selection: none")
    )
    (cell,) = plan.cells

    assert plan.spaces(cell) == {}


def test_a_suite_sets_no_fold(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fold is set by the selection protocol"):
        plan_of(tmp_path, SUITE.replace("train_size: 30", "train_size: 30, fold: 1"))


def test_a_fold_that_fails_ends_the_trial() -> None:
    from dataclasses import replace

    from provbench.results.store import ValView

    view = ValView("k", "t", "mini", "m", "search", 0, {}, "done", {"accuracy": 60.0})
    folds = Folds(["a", "b", "c"])  # pyright: ignore[reportArgumentType]

    assert folds.reports
    assert folds.take(view, "accuracy") is None
    assert not folds.reports
    failed = folds.take(replace(view, status="failed", val={}), "accuracy")
    assert failed is not None
    assert failed.status == "failed"
    pruned = Folds(["a", "b"]).take(replace(view, status="pruned"), "accuracy")  # pyright: ignore[reportArgumentType]
    assert pruned is not None
    assert pruned.val == {"accuracy": 60.0}
