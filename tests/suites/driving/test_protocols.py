"""Selection protocols end to end: what each chooses is what the records say, and its final runs are run once."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import UserError
from provbench.results import RunRecord
from provbench.suites.driving.cell_runs import CellRuns
from provbench.suites.driving.driver import Driver, Tally
from provbench.suites.driving.output import Output
from provbench.suites.executors.base import Observer
from provbench.suites.executors.inline import Inline
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.planning.spec import Place
from provbench.suites.showing.overview import CellState, open_begun, runs_needed, survey
from provbench.suites.showing.tabulate import make_tables
from provbench.suites.showing.trials import best_first, picks, trial_rows

from ..conftest import PLUGINS, TOY

PROTOCOLS = ("val", "worst-group", "oracle")
LRS = (0.002, 0.05, 0.4, 30.0)
"""The last one makes a net that is very sure, and often wrong: accuracy and confidence choose differently."""

SUITE = f"""\
name: toy
seeds: [0, 1]
tasks:
  toy: {{variant: mini, params: {{epochs: 2, train_size: 32}}, selection: [val, worst-group, oracle]}}
methods:
  baseline: {{}}
  cutmix: {{augmentation: cutmix}}
search: {{trials: 4, sampler: grid, space: {{lr: {{choices: {list(LRS)}}}}}}}
tables:
- {{name: plain, task: toy}}
- {{name: worst, task: toy, selection: worst-group}}
- {{name: oracle, task: toy, selection: oracle}}
"""


class Searched:
    """A suite that was run to its end, and whatever was made of it."""

    def __init__(self, folder: Path, text: str) -> None:
        (folder / "suite.yaml").write_text(text)
        self.plan = make_plan(load_suite(str(folder / "suite.yaml")), PLUGINS)
        self.output, self.data = Output(folder / "out"), folder / "data"
        self.tally = self.run()
        self.records = {record.key: record for record in self.output.store.records()}

    def run(self, **options: Any) -> Tally:
        return Driver(self.plan, self.output, Inline(), Place(self.data, self.output.work), **options).run()

    def states(self) -> dict[str, CellState]:
        return {state.cell.method: state for state in survey(self.plan, self.output, self.data)}

    def of(self, method: str, phase: str, seeds: Sequence[int]) -> list[RunRecord]:
        """The records of a method, found by what they say of themselves."""
        return [
            record
            for record in self.records.values()
            if (record.method, record.phase) == (method, phase) and record.seed in seeds
        ]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    return Searched(tmp_path_factory.mktemp("protocols"), SUITE)


def brute_force(searched: Searched, method: str, protocol: str) -> float:
    """The learning rate that a protocol must choose, from nothing but the records."""
    trials = searched.of(method, "search", [1000])
    probes = searched.of(method, "final", [1000])
    values = {
        "val": {record.parameters["lr"]: record.val["accuracy"] for record in trials},
        "worst-group": {record.parameters["lr"]: record.val["confidence"] for record in trials},
        "oracle": {record.parameters["lr"]: record.test["confidence"] for record in probes},
    }[protocol]
    assert sorted(values) == sorted(LRS)
    return max(values, key=lambda lr: values[lr])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("method", ["baseline", "cutmix"])
@pytest.mark.slow
def test_a_protocol_chooses_what_the_records_say(searched: Searched, method: str, protocol: str) -> None:
    selected = searched.states()[method].selected[protocol]
    assert selected.chosen == {"lr": brute_force(searched, method, protocol)}
    assert [record.seed for record in selected.records] == [0, 1]
    assert {record.parameters["lr"] for record in selected.records} == {selected.chosen["lr"]}


@pytest.mark.slow
def test_protocols_that_differ_choose_differently(searched: Searched) -> None:
    selected = searched.states()["baseline"].selected
    assert selected["val"].chosen != selected["worst-group"].chosen


@pytest.mark.slow
def test_equal_choices_share_their_final_runs_and_the_oracle_costs_its_probes(searched: Searched) -> None:
    for method, state in searched.states().items():
        chosen = {brute_force(searched, method, protocol) for protocol in PROTOCOLS}
        assert len(chosen) < 3, "two of the three agree"
        assert len(searched.of(method, "final", [0, 1])) == 2 * len(chosen)
        assert len(searched.of(method, "final", [1000])) == 4
        assert state.counts == {"finished": 4, "pruned": 0, "failed": 0}
    assert searched.tally.trained == len(searched.records)
    assert searched.tally.cached == 0


@pytest.mark.slow
def test_a_second_start_trains_nothing_and_knows_how_much_there_is_to_do(searched: Searched) -> None:
    class Counted(Observer):
        planned_runs, finished_runs = 0, 0

        def planned(self, runs: int, earlier: int = 0) -> None:
            self.planned_runs, self.earlier = runs, earlier

        def finished(self, spec: object, record: object, cached: bool) -> None:
            self.finished_runs += 1

    counted = Counted()
    assert searched.run(observer=counted).trained == 0
    assert counted.planned_runs == counted.earlier + counted.finished_runs
    assert counted.earlier == 2 * 4, "the trials of both cells"
    states = survey(searched.plan, searched.output, searched.data)
    assert counted.planned_runs == sum(runs_needed(searched.plan, state) for state in states), "plan counts the same"


@pytest.mark.slow
def test_a_table_shows_the_runs_of_its_protocol(searched: Searched) -> None:
    tables = make_tables(searched.plan, survey(searched.plan, searched.output, searched.data))
    for name, protocol in (("plain", "val"), ("worst", "worst-group"), ("oracle", "oracle")):
        table = tables[name]
        assert {column.selection for column in table.columns} == {protocol}
        for row, cells in zip(table.rows, table.cells, strict=True):
            lr = brute_force(searched, row.method, protocol)
            runs = [record for record in searched.of(row.method, "final", [0, 1]) if record.parameters["lr"] == lr]
            assert cells[0].values == {record.seed: record.test["accuracy"] for record in runs}


@pytest.mark.slow
def test_trials_are_listed_in_their_order_with_the_keys_of_their_runs(searched: Searched) -> None:
    for cell, runs in open_begun(searched.plan, searched.output, searched.data).items():
        rows = trial_rows(runs)
        assert [row.number for row in rows] == [0, 1, 2, 3]
        assert all(one.ended <= other.started for one, other in itertools.pairwise(rows)), "one after the other"
        for row in rows:
            record = searched.records[row.key or ""]
            assert (record.method, record.phase) == (cell.method, "search")
            assert (record.parameters["lr"], record.val["accuracy"]) == (row.params["lr"], row.value)
        values = [row.value or 0.0 for row in best_first(rows, higher_is_better=True)]
        assert values == sorted(values, reverse=True)


@pytest.mark.slow
def test_a_pick_stands_beside_the_suites_own_parameters(searched: Searched) -> None:
    (runs, _) = open_begun(searched.plan, searched.output, searched.data).values()
    own = {record.parameters["lr"]: record for record in searched.of("baseline", "search", [1000])}[0.05]
    probe = {record.parameters["lr"]: record for record in searched.of("baseline", "final", [1000])}[0.05]
    val, worst, oracle = picks(runs)
    assert [pick.own for pick in (val, worst)] == [own.val["accuracy"], own.val["confidence"]]
    assert oracle.own == probe.test["confidence"]
    assert (val.split, worst.split, oracle.split) == ("val", "val", "test")
    for pick in (val, worst, oracle):
        assert pick.chosen is not None
        assert pick.chosen.params["lr"] == brute_force(searched, "baseline", pick.protocol)
        assert pick.gain is not None
        assert pick.gain >= 0, "what is chosen is no worse than a trial that it was chosen from"


@pytest.mark.slow
def test_the_oracle_says_nothing_before_its_own_runs_are_there(tmp_path: Path, searched: Searched) -> None:
    fresh = Output(tmp_path / "fresh")
    place = Place(searched.data, fresh.work)
    Driver(searched.plan, fresh, Inline(), place, finals=False).run()
    assert {record.phase for record in fresh.store.records()} == {"search"}
    runs = open_begun(searched.plan, fresh, searched.data)
    for one in runs.values():
        val, worst, oracle = picks(one)
        assert val.chosen is not None
        assert worst.chosen is not None
        assert (oracle.chosen, oracle.value, oracle.own) == (None, None, None)


def test_without_a_search_protocols_differ_only_where_they_choose_the_epoch(make: Callable[..., Plan]) -> None:
    def finals(checkpoint: str) -> dict[str, list[str]]:
        params = f"params: {{epochs: 2, checkpoint: {checkpoint}, "
        text = TOY.replace("params: {epochs: 2, ", f"selection: [val, worst-group, oracle], {params}")
        plan = make(text)
        choices = CellRuns(plan, plan.cells[0], "f", None, lambda key: None).choices() or []
        return {choice.protocol: [spec.key for spec in choice.specs] for choice in choices}

    assert list(finals("last")) == ["val"]
    best = finals("best")
    assert list(best) == ["val", "worst-group"], "the oracle scores the epochs that val chose"
    assert not set(best["val"]) & set(best["worst-group"])


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("[oracle]", "a search must not see test metrics, so oracle cannot come first: write [val, oracle]"),
        ("[val, worst]", "unknown selection protocol 'worst': did you mean 'worst-group'?"),
    ],
)
def test_protocols_that_cannot_be(make: Callable[..., Plan], selection: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        make(SUITE.replace("[val, worst-group, oracle]", selection))
    assert message in str(raised.value)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_trials_in_another_folder(tmp_path: Path) -> None:
    search = "search: {trials: 7, startup: 2, pruner: {name: median, startup: 2, warmup: 0}, space: {lr: null}}\n"

    def trials(name: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        done = Searched(folder, TOY + search)
        opened = open_begun(done.plan, done.output, done.data)
        rows = {
            cell.method: [(row.state, row.value, row.params, row.key) for row in trial_rows(runs)]
            for cell, runs in opened.items()
        }
        return json.dumps(rows)

    first = trials("first")
    assert first == trials("second")
    assert '"pruned"' in first
