"""A metric that is better when lower, from the search to the table: the lowest error is chosen by everything."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any, ClassVar

import optuna
import pytest

from provbench.registry import TASKS, Metric, Scores, TaskInfo, UserError, load_plugins
from provbench.results import RunRecord
from provbench.results.report.searches import search_pages
from provbench.results.store.selection import ValView
from provbench.suites.driving.cell_runs import search_base, search_settings
from provbench.suites.driving.garbage import find_garbage
from provbench.suites.driving.output import Output, wanted_epochs
from provbench.suites.planning.plan import Plan
from provbench.suites.search.study import CellSearch, study_name
from provbench.suites.showing.overview import open_begun, survey
from provbench.suites.showing.report_data import collect_report
from provbench.suites.showing.tabulate import make_tables
from provbench.suites.showing.trials import best_first, picks, trial_rows

from .conftest import PLUGINS

load_plugins(PLUGINS)

ERRORS = {0.1: 72.5, 0.2: 42.5, 0.3: 2.5, 0.4: 0.0}
"""Learning rate to the error that its run is said to have, on either split."""


class Errors(TASKS.get("toy")):
    """The toy task, scored by errors that are laid down. Each epoch has one point more."""

    info: ClassVar[TaskInfo] = TaskInfo(
        title="Errors",
        metrics=(
            Metric("error", "share of wrong predictions", higher_is_better=False),
            Metric("risk", "another error", higher_is_better=False),
            Metric("accuracy", "share of right predictions"),
        ),
        selection={"val": "error", "worst-group": "risk", "sure": "accuracy", "oracle": "error"},
        licence="none",
        citation="none",
        homepage="none",
    )
    scored = 0

    def score(self, split: str, ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        self.scored += 1
        error = ERRORS.get(self.params.lr, 50.0) + self.scored - 1
        samples = super().score(split, ids, predictions).samples
        return Scores({"error": error, "risk": error / 2, "accuracy": 100 - error}, samples)


TASKS.add("errors", Errors)

SUITE = f"""\
name: low
seeds: [0, 1]
tasks:
  errors:
    variant: mini
    params: {{epochs: 2, train_size: 16, checkpoint: best}}
    selection: [val, worst-group, oracle]
methods:
  baseline: {{params: {{lr: 0.1}}}}
search: {{trials: 4, sampler: grid, space: {{lr: {{choices: {list(ERRORS)}}}}}}}
"""


@pytest.fixture
def plan(make: Callable[[str], Plan]) -> Plan:
    return make(SUITE)


def test_the_lowest_error_is_chosen_by_every_protocol(
    plan: Plan, drive: Callable[..., Any], output: Output, tmp_path: Path
) -> None:
    assert not drive(
        plan,
    ).failed
    (state,) = survey(plan, output, tmp_path / "data")
    assert {name: one.chosen for name, one in state.selected.items()} == {
        name: {"lr": 0.4} for name in ("val", "worst-group", "oracle")
    }
    (runs,) = open_begun(plan, output, tmp_path / "data").values()
    assert runs.search is not None
    assert runs.search.study.direction == optuna.study.StudyDirection.MINIMIZE
    assert [row.value for row in best_first(trial_rows(runs), higher_is_better=False)] == sorted(ERRORS.values())
    for pick in picks(runs):
        assert pick.value == 0.0 or pick.split == "test"
        assert pick.gain is not None
        assert pick.gain > 0, "the choice is better than the suite's own 72.5"
    for record in output.store.records():
        assert record.epoch == 1, "the lower of the two epochs' errors"
    report = collect_report(plan, output, tmp_path / "data")
    assert report.cells[0].search is not None
    assert not report.cells[0].search.higher_is_better
    (table,) = make_tables(plan, [state]).values()
    assert [column.higher_is_better for column in table.columns] == [False, False, True]


def test_the_best_so_far_of_the_report_falls(
    plan: Plan, drive: Callable[..., Any], output: Output, tmp_path: Path
) -> None:
    drive(plan, finals=False)
    report = collect_report(plan, output, tmp_path / "data")

    class Links:
        def __getattr__(self, name: str) -> Callable[..., str]:
            return lambda *of: "page"

    (page,) = search_pages(report, Links())  # pyright: ignore[reportArgumentType]
    steps = [y for _, y in page.charts[0].series[1].points]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] == 0.0


def record(plan: Plan, error: float, curve: Sequence[float] = (), **values: Any) -> RunRecord:
    spec = plan.cells[0].spec(0, "final", "")
    entries = [{"epoch": float(place), "error": value} for place, value in enumerate(curve, 1)]
    common = {"key": spec.key, "suite": "low", "task": "errors", "variant": "mini", "method": "baseline", "seed": 0}
    return RunRecord(
        **common, phase="final", parameters={}, status="done", val={"error": error}, curve=entries, **values
    )


def test_weights_of_the_epoch_with_the_lowest_error_are_kept(plan: Plan, output: Output) -> None:
    found = record(plan, 5.0, [9.0, 5.0, nan, 5.0, 7.0])
    assert wanted_epochs(found, "error", "best", higher_is_better=False) == {2}
    assert wanted_epochs(found, "error", "best") == {1}
    assert wanted_epochs(record(plan, 5.0, [nan, inf]), "error", "best", higher_is_better=False) == {2}
    output.store.put(found)
    folder = output.weights(found.key)
    folder.mkdir(parents=True)
    for epoch in range(1, 6):
        (folder / f"epoch_{epoch}.pth").touch()
    gone = {item.path.name for item in find_garbage(output, keep="best") if item.kind == "weights"}
    assert "epoch_2.pth" not in gone
    assert "epoch_1.pth" in gone


@pytest.mark.parametrize("pruner", ["median", "hyperband", "wilcoxon"])
def test_a_pruner_stops_the_worst_and_never_the_best(make: Callable[[str], Plan], pruner: str) -> None:
    options = {"median": "startup: 1, warmup: 0", "hyperband": "min_epochs: 1, reduction: 2", "wilcoxon": "p: 0.4"}
    space = "sampler: random, startup: 0, space: {lr: {low: 0.1, high: 0.4}}, warm_starts: []"
    search = f"search: {{trials: 9, pruner: {{name: {pruner}, {options[pruner]}}}, {space}}}\n"
    plan = make(re.sub(r"search: .*\n", search, SUITE).replace("epochs: 2", "epochs: 8"))
    cell = plan.cells[0]
    base = search_base(plan, cell, "")
    study = CellSearch(optuna.storages.InMemoryStorage(), base, search_settings(plan, cell, base))
    good, bad = [], []
    for place in range(9):
        number, _ = study.ask()
        error = 80.0 if place in (4, 8) else 10.0 + 0.01 * place
        stopped = any(study.report(number, epoch, error + 0.001 * epoch) for epoch in range(1, 9))
        (bad if error == 80.0 else good).append(stopped)
        view = ValView(
            str(place), "errors", "mini", "b", "search", 1000, {}, "pruned" if stopped else "done", {"error": error}
        )
        study.tell(number, view, "error")
    assert any(bad), "what is far above the others' errors"
    assert not good[0], "the lowest error of all"


def test_infinite_values_win_no_search(plan: Plan) -> None:
    cell = plan.cells[0]
    base = search_base(plan, cell, "")
    study = CellSearch(optuna.storages.InMemoryStorage(), base, search_settings(plan, cell, base))
    wanted = None
    for value in (-inf, 3.0, nan, inf):
        number, chosen = study.ask()
        view = ValView("k", "errors", "mini", "b", "search", 1000, {}, "done", {"error": value})
        study.tell(number, view, "error")
        if value == 3.0:
            wanted = chosen
    assert study.best() == wanted
    assert study.counts() == {"finished": 1, "pruned": 0, "failed": 3}


def test_keys_tell_the_direction_where_it_chooses_the_epoch_and_nowhere_else(make: Callable[[str], Plan]) -> None:
    spec = make(SUITE).cells[0].spec(0, "final", "f")
    assert spec.identity()["higher_is_better"] is False
    assert "higher_is_better" not in spec.model_copy(update={"higher_is_better": True}).identity()
    last = make(SUITE.replace("checkpoint: best", "checkpoint: last")).cells[0].spec(0, "final", "f")
    assert {"selection_metric", "higher_is_better"}.isdisjoint(last.identity())


def test_studies_of_two_metrics_are_two_and_the_default_keeps_its_name(make: Callable[[str], Plan]) -> None:
    text = SUITE.replace("checkpoint: best", "checkpoint: last")

    def name_and_settings(selection: str) -> tuple[str, dict[str, Any]]:
        plan = make(text.replace("[val, worst-group, oracle]", selection))
        base = search_base(plan, plan.cells[0], "")
        settings = search_settings(plan, plan.cells[0], base)
        return study_name(base, settings), settings.identity()

    (risk, _), (error, said), (sure, other) = map(name_and_settings, ("[worst-group]", "[val]", "[sure]"))
    assert len({risk, error, sure}) == 3
    assert said["direction"] == "minimize"
    assert other["metric"] == "accuracy"
    assert "direction" not in other


def test_the_default_metric_of_a_task_that_maximises_leaves_study_names_alone(make: Callable[[str], Plan]) -> None:
    text = SUITE.replace("errors:", "toy:")
    plan = make(text)
    base = search_base(plan, plan.cells[0], "")
    assert {"metric", "direction"}.isdisjoint(search_settings(plan, plan.cells[0], base).identity())


def test_a_selection_metric_that_the_task_does_not_declare_is_refused(
    make: Callable[[str], Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Errors, "info", replace(Errors.info, selection={"val": "eror"}))
    with pytest.raises(UserError, match=r"suite.yaml:4: tasks.errors.selection: errors: val: unknown metric 'eror'"):
        make(SUITE.replace("    selection: [val, worst-group, oracle]\n", ""))
