"""One cell's study: its budget is a total, its trials begin as laid down, and it sees no test metrics."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from provbench.registry import PRUNERS, SAMPLERS
from provbench.results import RunRecord, ValView
from provbench.suites.planning.spec import PluginSpec, RunSpec
from provbench.suites.search.storage import open_storage
from provbench.suites.search.study import CellSearch, Settings, study_name

SPACE = {"lr": FloatDistribution(1e-3, 1.0, log=True)}


def base(**changes: Any) -> RunSpec:
    task = PluginSpec(name="toy", version="1", params={"epochs": 9, "lr": 0.05})
    known = {"variant": "mini", "seed": 1000, "phase": "search", "selection_metric": "accuracy", "fingerprint": "f"}
    return RunSpec(task=task, **{**known, "cell": "toy", "method": "m", **changes})


def settings(
    sampler: str = "tpe", pruner: str = "none", pruning: dict[str, Any] | None = None, **changes: Any
) -> Settings:
    given = {"trials": 6, "seed": 3, "startup": 2, "space": SPACE, "warm_starts": [{"lr": 0.05}], **changes}
    return Settings(sampler=SAMPLERS.build(sampler), pruner=PRUNERS.build(pruner, **(pruning or {})), **given)


def view(value: float, status: Any = "done") -> ValView:
    return ValView("k", "toy", "mini", "m", "search", 1000, {}, status, {"accuracy": value})


@pytest.fixture
def journal(tmp_path: Path) -> str:
    return str(tmp_path / "studies.journal")


def run_to_the_end(search: CellSearch, stop_after: int = 100) -> None:
    for _ in range(stop_after):
        if search.exhausted:
            return
        number, params = search.ask()
        search.tell(number, view(-params["lr"]), "accuracy")


def test_the_budget_is_a_total(journal: str) -> None:
    run_to_the_end(CellSearch(open_storage(journal), base(), settings()))
    again = CellSearch(open_storage(journal), base(), settings())
    assert again.exhausted
    assert again.counts() == {"finished": 6, "pruned": 0, "failed": 0}
    more = CellSearch(open_storage(journal), base(), settings(trials=8))
    run_to_the_end(more)
    assert more.counts()["finished"] == 8


def test_warm_starts_come_first_and_random_draws_next(journal: str) -> None:
    one = CellSearch(open_storage(journal), base(), settings())
    other = CellSearch(open_storage(journal), base(method="n"), settings())
    for search in (one, other):
        run_to_the_end(search)
    assert one.trials()[0].params == {"lr": 0.05}
    assert [trial.params for trial in one.trials()[:3]] == [trial.params for trial in other.trials()[:3]]


def test_a_warm_start_outside_of_the_space_is_drawn(journal: str) -> None:
    search = CellSearch(open_storage(journal), base(), settings(warm_starts=[{"lr": 7.0}, {"epochs": 3}]))
    run_to_the_end(search)
    assert all(1e-3 <= trial.params["lr"] <= 1 for trial in search.trials())


def test_a_search_cut_anywhere_goes_on_to_the_same_trials(tmp_path: Path) -> None:
    whole = CellSearch(open_storage(str(tmp_path / "whole")), base(), settings())
    run_to_the_end(whole)
    for cut in range(6):
        journal = str(tmp_path / str(cut))
        first = CellSearch(open_storage(journal), base(), settings())
        run_to_the_end(first, cut)
        asked = first.ask()  # and the driver dies here
        second = CellSearch(open_storage(journal), base(), settings())
        number, params = second.ask()
        assert (number, params) == asked
        second.tell(number, view(-params["lr"]), "accuracy")
        run_to_the_end(second)
        assert [trial.params for trial in second.trials()] == [trial.params for trial in whole.trials()]
        assert {trial.state for trial in second.trials()} == {TrialState.COMPLETE}


def test_a_trial_that_lost_its_driver_before_it_had_parameters_gets_those_it_would_have_had(tmp_path: Path) -> None:
    whole = CellSearch(open_storage(str(tmp_path / "whole")), base(), settings())
    torn = CellSearch(open_storage(str(tmp_path / "torn")), base(), settings())
    torn.study.sampler = torn._sampler(0)
    torn.study.ask()
    reopened = CellSearch(open_storage(str(tmp_path / "torn")), base(), settings())
    assert reopened.ask() == whole.ask()


def test_the_median_pruner_stops_the_worse_half(journal: str) -> None:
    pruning = {"startup": 2, "warmup": 0}
    search = CellSearch(open_storage(journal), base(), settings(pruner="median", pruning=pruning))
    for value in (50.0, 60.0):
        number, _ = search.ask()
        assert not search.report(number, 1, value)
        search.tell(number, view(value), "accuracy")
    number, _ = search.ask()
    assert search.report(number, 1, 54.9)
    search.tell(number, view(54.9, "pruned"), "accuracy")
    assert search.counts() == {"finished": 2, "pruned": 1, "failed": 0}
    number, _ = search.ask()
    assert not search.report(number, 1, 55.1)
    assert not search.report(number, 1, 0.0), "an epoch that is reported again, as after a resume, changes nothing"


@pytest.mark.parametrize("pruner", ["hyperband", "wilcoxon"])
def test_other_pruners_stop_a_hopeless_trial(journal: str, pruner: str) -> None:
    search = CellSearch(open_storage(journal), base(), settings(pruner=pruner, trials=40))
    stopped = []
    for round_ in range(12):
        number, _ = search.ask()
        good = round_ < 6
        answers = [search.report(number, epoch, 90.0 + epoch if good else 10.0) for epoch in range(1, 10)]
        if any(answers):
            stopped.append(good)
        search.tell(number, view(99.0 if good else 10.0, "pruned" if any(answers) else "done"), "accuracy")
    assert False in stopped, "one that is far below"


def test_without_a_pruner_nothing_is_reported_or_stopped(journal: str) -> None:
    search = CellSearch(open_storage(journal), base(), settings())
    number, _ = search.ask()
    assert not search.report(number, 1, float("-inf"))
    assert search.trials()[number].intermediate_values == {}


def test_failed_and_nan_trials_never_win(journal: str) -> None:
    search = CellSearch(open_storage(journal), base(), settings())
    for value, status in ((float("nan"), "done"), (99.0, "failed"), (5.0, "done"), (5.0, "done")):
        number, _ = search.ask()
        search.tell(number, view(value, status), "accuracy")
    assert search.counts() == {"finished": 2, "pruned": 0, "failed": 2}
    assert search.best() == search.trials()[2].params, "the earliest of equals"


def test_a_search_cannot_be_told_test_metrics(journal: str) -> None:
    search = CellSearch(open_storage(journal), base(), settings())
    number, _ = search.ask()
    run: dict[str, Any] = {"suite": "s", "task": "toy", "variant": "mini", "method": "m", "phase": "final", "seed": 0}
    record = RunRecord(key="k0", parameters={}, status="done", test={"accuracy": 99.0}, **run)
    with pytest.raises(TypeError, match="cannot see test metrics"):
        search.tell(number, record, "accuracy")  # pyright: ignore[reportArgumentType]
    assert not any("test" in field.name for field in fields(ValView))


def test_other_settings_make_another_study() -> None:
    names = {
        study_name(base(), one)
        for one in (
            settings(),
            settings(seed=4),
            settings(startup=3),
            settings(sampler="random"),
            settings(pruner="median"),
            settings(warm_starts=[]),
            settings(space={"lr": FloatDistribution(1e-3, 2.0, log=True)}),
        )
    }
    assert len(names) == 7
    assert study_name(base(), settings(trials=100)) == study_name(base(), settings())
