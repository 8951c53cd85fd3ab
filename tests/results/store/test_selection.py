from __future__ import annotations

import dataclasses
from dataclasses import fields

import pytest
from hypothesis import given, settings, strategies as st

from provbench.registry import UnknownNameError, UserError
from provbench.results import Counts, RunRecord, ValView, best_trial, final_runs


def trial(key: str, accuracy: float | None, status: str = "done", **changes) -> ValView:
    val = {} if accuracy is None else {"accuracy": accuracy, "worst-group": 100 - accuracy}
    plain = ValView(key, "waterbirds", "full", "cutmix", "search", 1000, {"lr": 0.1}, status, val)  # type: ignore[arg-type]
    return dataclasses.replace(plain, **changes)


class TestValView:
    def test_it_has_no_test_metrics_and_no_place_for_them(self, make_record) -> None:
        view = ValView.of(make_record(test={"accuracy": 99.0}))
        assert not [field.name for field in fields(ValView) if "test" in field.name]
        assert "99.0" not in repr(view)
        with pytest.raises(AttributeError):
            _ = view.test  # type: ignore[attr-defined]
        with pytest.raises((AttributeError, TypeError)):
            view.test = {"accuracy": 99.0}  # type: ignore[attr-defined]
        assert not hasattr(view, "__dict__")

    @pytest.mark.parametrize("choose", [lambda runs: best_trial(runs, "accuracy"), lambda runs: final_runs(runs, [0])])
    def test_selection_takes_nothing_else(self, make_record, choose) -> None:
        with pytest.raises(TypeError, match="takes ValView and not RunRecord"):
            choose([make_record()])


class TestBestTrial:
    def test_the_best_wins(self) -> None:
        trials = [trial("a", 50.0), trial("b", 70.0), trial("c", 60.0)]
        best = best_trial(trials, "accuracy")
        assert best is trials[1]
        assert best_trial(trials, "worst-group") is trials[0]
        assert best_trial(trials, "accuracy", higher_is_better=False) is trials[0]

    def test_of_equals_the_first_wins(self) -> None:
        trials = [trial("z", 50.0), trial("y", 70.0), trial("a", 70.0)]
        assert best_trial(trials, "accuracy") is trials[1]
        assert best_trial(trials[::-1], "accuracy") is trials[2]
        assert best_trial([trial("b", 1.0), trial("a", 1.0)], "accuracy", higher_is_better=False).key == "b"  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        "other",
        [
            trial("x", 99.0, "failed"),
            trial("x", 99.0, "pruned"),
            trial("x", float("nan")),
            trial("x", float("inf")),
            trial("x", None),
        ],
        ids=["failed", "pruned", "nan", "infinite", "lacking"],
    )
    def test_some_never_win(self, other: ValView) -> None:
        sound = trial("a", 10.0)
        for trials in ([sound, other], [other, sound]):
            assert best_trial(trials, "accuracy") is sound
        assert best_trial([dataclasses.replace(other)], "accuracy") is None

    def test_nobody_wins_nothing(self) -> None:
        assert best_trial([], "accuracy") is None

    def test_a_metric_that_is_not_there_is_an_error(self) -> None:
        with pytest.raises(UnknownNameError, match="unknown val metric 'acuracy': did you mean 'accuracy'"):
            best_trial([trial("a", 1.0)], "acuracy")

    @pytest.mark.parametrize("changes", [{"phase": "final"}, {"task": "cub"}, {"variant": "mini"}])
    def test_only_one_search_at_a_time(self, changes: dict) -> None:
        with pytest.raises(ValueError, match="run b is no search run of waterbirds"):
            best_trial([trial("a", 1.0), trial("b", 2.0, **changes)], "accuracy")

    def test_a_name_that_another_suite_gave_the_method_is_no_hindrance(self) -> None:
        assert best_trial([trial("a", 1.0), trial("b", 2.0, method="cutmix-of-old")], "accuracy").key == "b"  # type: ignore[union-attr]

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.floats(), st.sampled_from(["done", "pruned", "failed"])), max_size=8), st.booleans())
    def test_as_brute_force(self, ends: list[tuple[float, str]], higher: bool) -> None:
        trials = [trial(f"k{i}", value, status) for i, (value, status) in enumerate(ends)]
        able = [i for i, (value, status) in enumerate(ends) if status == "done" and abs(value) < float("inf")]
        expected = None
        for i in able:
            if expected is None or (ends[i][0] > ends[expected][0] if higher else ends[i][0] < ends[expected][0]):
                expected = i
        best = best_trial(trials, "accuracy", higher_is_better=higher)
        assert best is (None if expected is None else trials[expected])


class TestFinalRuns:
    def test_one_run_a_seed(self, make_record) -> None:
        runs = [
            make_record("aa00", seed=0),
            make_record("aa01", seed=1, status="failed", test={}),
            make_record("aa05", seed=5),
        ]
        chosen = final_runs([ValView.of(run) for run in runs], [0, 1, 2])
        assert {seed: view and view.key for seed, view in chosen.items()} == {0: "aa00", 1: "aa01", 2: None}

    def test_a_finished_run_counts_more_than_a_failed_one(self, make_record) -> None:
        runs = [make_record("aa00", status="failed", test={}), make_record("aa01")]
        for order in (runs, runs[::-1]):
            (chosen,) = final_runs([ValView.of(run) for run in order], [0]).values()
            assert chosen is not None
            assert chosen.key == "aa01"

    def test_two_finished_runs_of_a_seed_are_one_too_many(self, make_record) -> None:
        runs = [make_record("aa00"), make_record("aa01", parameters={"lr": 0.1})]
        with pytest.raises(UserError, match="waterbirds cutmix: two finished final runs of seed 0, aa00 and aa01"):
            final_runs([ValView.of(run) for run in runs], [0])


def test_counts(make_record) -> None:
    runs: list[RunRecord] = [make_record(status=status, test={}) for status in ("done", "pruned", "done", "failed")]
    counts = Counts.of(runs)
    assert counts == Counts(done=2, pruned=1, failed=1)
    assert counts.total == 4
