"""What a search chose as a suite file: it plans to the searched suite's final runs, to the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from provbench.registry import UserError
from provbench.suites.driving.driver import Driver
from provbench.suites.driving.output import Output
from provbench.suites.executors.inline import Inline
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.planning.spec import Place
from provbench.suites.showing.chosen_suite import chosen_suite, write_chosen
from provbench.suites.showing.overview import CellState, survey, untouched

from ..conftest import PLUGINS

SUITE = """\
name: toy
description: "of everything: # no comment"
seeds: [0, 3]
tasks:
  toy:
    variant: mini
    params: {epochs: 1, train_size: 16, checkpoint: best, clip_grad_norm: null}
    selection: [val, worst-group, oracle]
    overrides:
      guided: {momentum: 0.8}
      guided[gradient-guidance.alpha=0.3]: {momentum: 0.7}
      "no: search\\n": {momentum: 0.6}
  again: {task: toy, variant: mini, methods: [baseline], params: {epochs: 1, train_size: 16}}
methods:
  baseline: {label: Baseline}
  "no: search\\n": {params: {lr: 0.02}, augmentation: {name: cutmix, prob: 0.5}, sweep: {lr: [0.02]}}
  guided:
    augmentation: cutmix
    regularizers: [{name: gradient-guidance, alpha: 0.03}, double-backprop]
    sweep: {gradient-guidance.alpha: [0.1, 0.3]}
search: {trials: 3, startup: 2, space: {lr: {low: 0.01, high: 5, log: true}}}
tables:
- {name: both, task: toy, rows: [guided, baseline], columns: [accuracy, {metric: confidence, selection: oracle}]}
"""


class Searched:
    def __init__(self, folder: Path) -> None:
        self.data, self.output = folder / "data", Output(folder / "out")
        self.plan = plan_of(SUITE, folder)
        Driver(self.plan, self.output, Inline(), Place(self.data, self.output.work)).run()

    @property
    def states(self) -> list[CellState]:
        return survey(self.plan, self.output, self.data)


def plan_of(text: str, folder: Path) -> Plan:
    path = folder / "suite.yaml"
    path.write_text(text)
    return make_plan(load_suite(str(path)), PLUGINS)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    return Searched(tmp_path_factory.mktemp("chosen"))


def keys(states: Sequence[CellState], protocol: str | None) -> dict[tuple[str, str], list[str]]:
    """The final runs of each cell under a protocol, or under the first of a task that does not have it."""
    return {
        (state.cell.name, state.cell.method): [spec.key for spec in state.under(protocol).specs] for state in states
    }


@pytest.mark.parametrize("protocol", [None, "val", "worst-group", "oracle"])
@pytest.mark.slow
def test_it_plans_to_the_final_runs_of_the_searched_suite(
    searched: Searched, tmp_path: Path, protocol: str | None
) -> None:
    states = [state for state in searched.states if protocol in (None, *state.cell.protocols)]
    text = chosen_suite(searched.plan, states, protocol)
    plan = plan_of(text, tmp_path)
    assert not any(plan.spaces(cell) for cell in plan.cells)
    found = keys(survey(plan, searched.output, searched.data), protocol)
    wanted = keys(states, protocol)
    assert {cell: found[cell] for cell in wanted} == wanted
    assert all(wanted.values())


@pytest.mark.slow
def test_it_runs_and_finds_everything_finished(searched: Searched, tmp_path: Path) -> None:
    plan = plan_of(chosen_suite(searched.plan, searched.states), tmp_path)
    tally = Driver(plan, searched.output, Inline(), Place(searched.data, searched.output.work)).run()
    assert (tally.trained, tally.cached) == (0, 2 * 5)


@pytest.mark.slow
def test_the_rest_of_the_suite_is_there(searched: Searched) -> None:
    document = yaml.safe_load(chosen_suite(searched.plan, searched.states))
    assert document["name"] == "toy-chosen"
    assert document["description"] == "of everything: # no comment"
    assert document["seeds"] == [0, 3]
    assert document["tasks"]["toy"]["params"] == yaml.safe_load(SUITE)["tasks"]["toy"]["params"]
    assert document["tasks"]["again"]["methods"] == ["baseline"]
    assert document["methods"]["baseline"] == {"label": "Baseline"}
    guided = "guided[gradient-guidance.alpha=0.3]"
    assert document["methods"][guided]["overrides"] == {"gradient-guidance.alpha": 0.3}
    own = document["tasks"]["toy"]["overrides"]
    assert own[guided]["momentum"] == 0.7
    assert own["guided[gradient-guidance.alpha=0.1]"]["momentum"] == 0.8
    chosen = {state.cell.method: state.best for state in searched.states if state.cell.name == "toy"}
    assert own[guided]["lr"] == chosen[guided]["lr"]
    assert own["no: search\n[lr=0.02]"] == {"momentum": 0.6}, "it sweeps what the others search"


@pytest.mark.parametrize(
    ("protocol", "selection", "table"),
    [(None, ["val"], None), ("worst-group", ["worst-group"], None), ("oracle", ["val", "oracle"], "oracle")],
)
@pytest.mark.slow
def test_its_tables_say_how_it_was_chosen(
    searched: Searched, protocol: str | None, selection: list[str], table: str | None
) -> None:
    states = [state for state in searched.states if state.cell.name == "toy"]
    document = yaml.safe_load(chosen_suite(searched.plan, states, protocol))
    assert document["tasks"]["toy"]["selection"] == selection
    assert document["tables"][0].get("selection") == table
    assert not any("selection" in column for column in document["tables"][0]["columns"])


@pytest.mark.slow
def test_without_tables_the_oracle_gets_one(searched: Searched, tmp_path: Path) -> None:
    plan = plan_of(SUITE[: SUITE.index("tables:")], tmp_path)
    states = survey(plan, searched.output, searched.data)
    document = yaml.safe_load(chosen_suite(plan, [state for state in states if state.cell.name == "toy"], "oracle"))
    assert {"name": "toy", "task": "toy", "selection": "oracle"} in document["tables"]


@pytest.mark.slow
def test_what_cannot_be_written(searched: Searched, tmp_path: Path) -> None:
    states = searched.states
    with pytest.raises(UserError, match=r"again: baseline: has no selection protocol 'oracle'\. Known: val"):
        chosen_suite(searched.plan, states, "oracle")
    with pytest.raises(UserError, match=r"x\.yam: a suite file ends in \.yaml"):
        write_chosen(searched.plan, states, None, tmp_path / "x.yam")
    with pytest.raises(UserError, match="is the suite itself, with its search"):
        write_chosen(searched.plan, states, None, searched.plan.file.path)
    more = plan_of(SUITE.replace("trials: 3", "trials: 4"), tmp_path)
    with pytest.raises(UserError, match=r"its search is not finished \(3 of 4 trials\)"):
        chosen_suite(more, survey(more, searched.output, searched.data))


@pytest.mark.slow
def test_the_file_is_written_whole(searched: Searched, tmp_path: Path, make: Callable[..., Plan]) -> None:
    path = tmp_path / "new" / "chosen.yaml"
    write_chosen(searched.plan, searched.states, None, path)
    assert path.read_text() == chosen_suite(searched.plan, searched.states)
    assert [file.name for file in path.parent.iterdir()] == ["chosen.yaml"]


def test_it_finds_the_plugins_of_the_suite_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("")
    plain = "name: plain\nplugins: [own.py]\ntasks: {toy: {variant: mini}}\nmethods: {baseline: {}}\n"
    plan = plan_of(plain, tmp_path)
    assert yaml.safe_load(chosen_suite(plan, untouched(plan)))["plugins"] == [str(tmp_path / "own.py")]
