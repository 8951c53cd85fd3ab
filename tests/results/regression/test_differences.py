"""Which numbers moved between two states of results."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st
from scipy.stats import ttest_ind, ttest_rel
from statsmodels.stats.multitest import multipletests

from provbench.registry import UserError
from provbench.results import Column, RowRuns, RunRecord, TableRow, build_table, render, render_all
from provbench.results.regression.differences import MOVED, Change, Name, SeedValues, State, compare
from provbench.results.regression.paired_runs import pair_runs
from provbench.results.regression.table_numbers import read_table, read_tables, with_identities

NAME = Name("full", "waterbirds", "cutmix", "accuracy")


def number(values: Sequence[float] | Mapping[int, float], run: str = "", **fields: Any) -> SeedValues:
    """A number of seeds 0, 1, … or of those given. run: what the keys of its runs begin with."""
    by_seed = dict(values) if isinstance(values, Mapping) else dict(enumerate(values))
    return SeedValues(by_seed, {seed: f"{run}{seed}" for seed in by_seed}, **fields)


def change_of(old: SeedValues, new: SeedValues, **options: Any) -> Change:
    (change,) = compare({NAME: old}, {NAME: new}, **options).changes
    return change


def numbers(old: Sequence[Sequence[float]], new: Sequence[Sequence[float]]) -> tuple[State, State]:
    """Numbers 0, 1, …, of runs of other keys."""
    names = [NAME._replace(number=place) for place in range(len(old))]
    return (
        {name: number(values, "old") for name, values in zip(names, old, strict=True)},
        {name: number(values, "new") for name, values in zip(names, new, strict=True)},
    )


def p_of(result: Any) -> float:
    """Of a test of scipy's."""
    return float(result.pvalue)


class TestTests:
    def test_paired_by_hand(self) -> None:
        change = change_of(number([60, 62, 64], "a"), number([61, 64, 67], "b"))
        assert change.difference == 2
        # differences 1, 2, 3: t² = 2² / (1/3) = 12, and with two degrees of freedom p = 1 - √(t² / (t² + 2))
        assert change.p_value == pytest.approx(1 - math.sqrt(12 / 14))
        assert (change.test, change.verdict) == ("paired t", "within noise")
        assert (str(change.old.summary), str(change.new.summary)) == ("62.0 ± 2.0 (3)", "64.0 ± 3.0 (3)")

    @given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=2, max_size=8))
    def test_paired_as_scipy(self, pairs: list[tuple[int, int]]) -> None:
        old, new = ([float(value) for value in side] for side in zip(*pairs, strict=True))
        if len({after - before for before, after in pairs}) > 1:
            assert change_of(number(old, "a"), number(new, "b")).p_value == pytest.approx(p_of(ttest_rel(new, old)))

    def test_only_shared_seeds_are_paired(self) -> None:
        change = change_of(number({0: 60, 1: 62, 7: 0}, "a"), number({0: 61, 1: 65, 9: 100}, "b"))
        assert change.difference == 2
        assert change.p_value == pytest.approx(p_of(ttest_rel([61, 65], [60, 62])))

    @pytest.mark.parametrize("shared", [{}, {0: 63.0}])
    def test_welch_where_fewer_than_two_seeds_are_shared(self, shared: dict[int, float]) -> None:
        old, new = {0: 60.0, 1: 62.0, 2: 65.0}, {**shared, 7: 66.0, 8: 67.5, **({} if shared else {9: 70.0})}
        change = change_of(number(old, "a"), number(new, "b"))
        assert change.test == "Welch's t"
        assert change.difference == pytest.approx(sum(new.values()) / 3 - sum(old.values()) / 3)
        scipys = p_of(ttest_ind(list(new.values()), list(old.values()), equal_var=False))
        assert change.p_value == pytest.approx(scipys)

    @given(
        st.lists(st.integers(0, 100), min_size=2, max_size=8, unique=True),
        st.lists(st.integers(0, 100), min_size=2, max_size=8, unique=True),
    )
    def test_unpaired_as_the_more_cautious_of_scipys(self, old: list[int], new: list[int]) -> None:
        change = change_of(number(old, "a"), number({100 + place: value for place, value in enumerate(new)}, "b"))
        welch, student = (p_of(ttest_ind(new, old, equal_var=equal)) for equal in (False, True))
        assert change.p_value == pytest.approx(welch if len(old) == len(new) else max(welch, student))

    def test_without_any_spread_by_permutation(self) -> None:
        old, new = number([70, 70], "a"), number({7: 71, 8: 71}, "b")
        assert change_of(old, new).p_value == pytest.approx(2 / 6)  # of the six ways to deal four values, two
        assert change_of(old, number({7: 70, 8: 70}, "b")).p_value == 1

    def test_holm_over_everything_that_was_tested(self) -> None:
        rng = random.Random(1)
        old, new = ([[rng.gauss(70, 1) for _ in range(4)] for _ in range(6)] for _ in range(2))
        found = compare(*numbers(old, new)).changes
        adjusted = multipletests([change.p_value for change in found], method="holm")[1]
        assert [change.p_adjusted for change in found] == pytest.approx(adjusted)

    def test_what_is_reproduced_counts_among_no_tests(self) -> None:
        old, new = numbers([[60, 62, 64]], [[61, 64, 67]])
        same = {NAME._replace(metric=f"metric {place}"): number([70, 71, 72], "same") for place in range(50)}
        changes = compare({**old, **same}, {**new, **same}).changes
        assert changes[0].p_adjusted == changes[0].p_value
        assert [change.verdict for change in changes[1:]] == ["reproduced"] * 50


class TestVerdicts:
    OLD = (60.0, 62.0, 64.0, 66.0)
    BETTER = (65.0, 67.1, 68.9, 71.0)

    def test_beyond_noise(self) -> None:
        found = compare(*numbers([self.OLD], [self.BETTER]))
        assert found.changes[0].p_adjusted is not None
        assert found.changes[0].p_adjusted < 0.001
        assert found.changes[0].verdict == "moved"
        assert found.moved

    @pytest.mark.parametrize(
        ("told", "known", "verdict"),
        [
            ((None, None), None, "moved"),
            ((None, None), True, "improved"),
            ((None, None), False, "regressed"),
            ((True, None), False, "improved"),
            ((None, False), True, "regressed"),
            ((False, False), None, "regressed"),
            ((True, False), True, "moved"),
        ],
    )
    def test_which_way_is_better(self, told: tuple, known: bool | None, verdict: str) -> None:
        old, new = (
            number(values, run, higher_is_better=better)
            for values, run, better in zip((self.OLD, self.BETTER), "ab", told, strict=True)
        )
        asked = []

        def direction(task: str, metric: str) -> bool | None:
            asked.append((task, metric))
            return known

        assert change_of(old, new, direction=direction).verdict == verdict
        assert asked in ([], [("waterbirds", "accuracy")])
        backwards = {"improved": "regressed", "regressed": "improved", "moved": "moved"}
        assert change_of(new, old, direction=direction).verdict == backwards[verdict]

    def test_tolerance_holds_up_to_its_last_bit(self) -> None:
        old = number([63.9, 63.9, 63.9, 63.9], "a")
        new = number([64.4, 64.4000001, 64.4, 64.3999999], "b")
        assert new.values[0] - old.values[0] > 0.5  # in floating point
        assert change_of(old, new, tolerance=0.5).verdict == "within tolerance"
        assert change_of(old, new, tolerance=0.499).verdict == "moved"

    @given(
        st.lists(st.integers(0, 100), min_size=1, max_size=5),
        st.lists(st.integers(0, 100), min_size=1, max_size=5),
        st.integers(0, 100),
    )
    def test_within_the_tolerance_nothing_ever_moves(self, old: list[int], new: list[int], tolerance: int) -> None:
        change = change_of(number(old, "a"), number(new, "b"), tolerance=tolerance)
        assert change.difference is not None
        if change.verdict in MOVED:
            assert abs(change.difference) > tolerance
        elif change.untested:
            assert abs(change.difference) <= tolerance

    def test_a_single_seed_cannot_be_tested(self) -> None:
        old, new = number([60.0], "a"), number([61.0], "b")
        change = change_of(old, new)
        assert (change.verdict, change.untested, change.p_value) == ("moved", True, None)
        assert change_of(old, new, tolerance=1).verdict == "within tolerance"
        assert change_of(old, new, tolerance=1).untested
        other = change_of(number([60.0, 70.0], "a"), new)
        assert (other.difference, other.untested) == (1, True)

    def test_the_same_runs_with_the_same_values_are_reproduced(self) -> None:
        assert change_of(number(self.OLD, "a"), number(self.OLD, "a")).verdict == "reproduced"
        assert change_of(number(self.OLD, "a"), number(self.OLD, "b")).verdict == "within noise"
        last_bit = (*self.OLD[:3], math.nextafter(66.0, 67.0))
        assert change_of(number(self.OLD, "a"), number(last_bit, "a")).verdict == "within noise"
        more = change_of(number(self.OLD, "a"), number((*self.OLD, 99.0), "a"))
        assert (more.verdict, more.difference) == ("reproduced", 0)

    def test_gone_and_new(self) -> None:
        old, new = numbers([self.OLD], [self.OLD])
        gone = compare(old, {})
        assert [change.verdict for change in gone.changes] == ["gone"]
        assert gone.moved
        found = compare({}, new)
        assert [change.verdict for change in found.changes] == ["new"]
        assert not found.moved
        assert compare({NAME: SeedValues()}, {NAME: SeedValues()}).changes == ()

    def test_a_seed_whose_run_gave_nothing_is_lost(self) -> None:
        old = number(self.OLD, "a")
        failed = SeedValues({0: 60.0, 1: 62.0}, {0: "a0", 1: "a1", 2: "a2"})
        found = compare({NAME: old}, {NAME: failed})
        assert (found.changes[0].verdict, found.changes[0].lost) == ("reproduced", (2,))
        assert found.moved
        assert change_of(old, SeedValues({0: 60.0, 1: 62.0}, {0: "a0", 1: "a1"}, missing=2)).lost == (2, 3)
        nobody_asked = compare({NAME: old}, {NAME: number([60.0, 62.0], "a")})
        assert nobody_asked.changes[0].lost == ()
        assert not nobody_asked.moved

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ({"identity": {"task.version": '"1"'}}, {"identity": {"task.version": '"2"'}}),
            ({"identity": {"fingerprint": '"feed"'}}, {"identity": {"fingerprint": '"f00d"'}}),
            ({"unit": "%"}, {"unit": "points"}),
        ],
    )
    def test_another_protocol_other_data_another_unit_are_not_comparable(self, old: dict, new: dict) -> None:
        found = compare({NAME: number(self.OLD, "a", **old)}, {NAME: number(self.BETTER, "b", **new)})
        assert [change.verdict for change in found.changes] == ["not comparable"]
        assert not found.moved
        assert found.changes[0].difference is None

    def test_other_parameters_are_comparable_and_told(self) -> None:
        old = number(self.OLD, "a", identity={"task.params.lr": "0.1", "seedless": "1"})
        new = number(self.BETTER, "b", identity={"task.params.lr": "0.2", "task.params.new": "true", "seedless": "1"})
        change = change_of(old, new)
        assert change.verdict == "moved"
        assert change.why == {"task.params.lr": ("0.1", "0.2"), "task.params.new": (None, "true")}
        assert change_of(number(self.OLD, "a"), new).why == {}

    def test_a_mean_of_what_is_not_comparable_is_not(self) -> None:
        mean, other = NAME._replace(number=1), NAME._replace(method="baseline", number=1)
        of_mean, moved = SeedValues(dict(enumerate(self.OLD))), SeedValues(dict(enumerate(self.BETTER)))
        old = {NAME: number(self.OLD, "a", unit="%"), mean: of_mean, other: of_mean}
        new = {NAME: number(self.OLD, "b", unit="points"), mean: moved, other: moved}
        verdicts = {change.name: change.verdict for change in compare(old, new).changes}
        assert verdicts == {NAME: "not comparable", mean: "not comparable", other: "moved"}

    def test_the_most_significant_come_first(self) -> None:
        old, new = numbers(
            [self.OLD, self.OLD, self.OLD, (60.0,), self.OLD, self.OLD],
            [self.OLD, self.BETTER, (61.0, 62.0, 63.5, 66.0), (70.0,), (66.0, 68.1, 70.0, 71.9), ()],
        )
        found = compare({**old, NAME: new[NAME]}, new).changes
        assert [change.verdict for change in found] == ["moved", "moved", "moved", "gone", "within noise", "reproduced"]
        assert [change.untested for change in found[:3]] == [False, False, True]
        assert found[0].p_value is not None
        assert found[1].p_value is not None
        assert found[0].p_value < found[1].p_value

    @given(
        st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=4),
        st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=4),
    )
    def test_the_other_way_round_it_is_the_opposite(self, old: list[list[int]], new: list[list[int]]) -> None:
        size = max(len(old), len(new))
        before, after = numbers(old + [[]] * (size - len(old)), new + [[]] * (size - len(new)))
        opposite = {"gone": "new", "new": "gone", "improved": "regressed", "regressed": "improved"}
        forth, back = (compare(*pair, direction=lambda *_: True) for pair in ((before, after), (after, before)))
        one, other = ({change.name: change for change in found.changes} for found in (forth, back))
        assert one.keys() == other.keys()
        for name, change in one.items():
            assert opposite.get(change.verdict, change.verdict) == other[name].verdict
            assert change.p_adjusted == pytest.approx(other[name].p_adjusted)

    @pytest.mark.parametrize("options", [{"alpha": 0}, {"alpha": 1}, {"tolerance": -1}, {"tolerance": math.nan}])
    def test_impossible_options(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"level|tolerance"):
            compare({}, {}, **options)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(2, 2, True), (5, 5, True), (3, 3, False), (5, 5, False), (2, 10, False)])
@pytest.mark.parametrize("decimals", [9, 0])
def test_where_nothing_changed_something_moves_in_at_most_alpha_of_all_comparisons(
    seeds: tuple[int, int, bool], decimals: int
) -> None:
    """Ten numbers a state; rounded to whole points, as on a test set of a hundred images, and not."""
    here, there, shared = seeds
    rng = random.Random(f"{seeds} {decimals}")
    alpha, times = 0.1, 800

    def draw(run: str, first: int, count: int) -> State:
        values = [{first + seed: round(rng.gauss(70, 2), decimals) for seed in range(count)} for _ in range(10)]
        return {NAME._replace(number=place): number(of, run) for place, of in enumerate(values)}

    moved = sum(
        compare(draw("a", 0, here), draw("b", 0 if shared else 100, there), alpha=alpha).moved for _ in range(times)
    )
    assert moved / times <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / times)


MakeRun = Callable[..., RunRecord]


@pytest.fixture
def make_run(make_record: MakeRun) -> MakeRun:
    """make_run(score, seed, **parts): a finished final run, whose key and identity are of its seed and these parts."""

    def make(score: float, seed: int = 0, *, method: str = "cutmix", fields: Any = None, **parts: Any) -> RunRecord:
        params = {"model": "resnet50", "lr": 0.01, **parts.pop("params", {})}
        version, fingerprint = parts.pop("version", "1"), parts.pop("fingerprint", "feed")
        identity = {
            "task": {"name": "waterbirds", "version": version, "params": params},
            "augmentation": {"name": method, "version": "1", "params": {"prob": 1.0}, **parts},
            "regularizers": [{"name": "gradient-guidance", "version": "1", "params": {"alpha": 0.1}}],
            "fingerprint": fingerprint,
            "phase": "final",
            "seed": seed,
        }
        key = f"{abs(hash(json.dumps(identity, sort_keys=True))):020d}"
        known = {"protocol": version, "fingerprint": fingerprint, "method": method, "seed": seed}
        return make_record(key, **{**known, "identity": identity, "test": {"accuracy": score}, **(fields or {})})

    return make


def names(state: State) -> set[tuple[str, str]]:
    return {(name.method, name.group) for name, number in state.items() if number.values}


class TestRuns:
    def test_the_same_runs(self, make_run: MakeRun) -> None:
        runs = [make_run(70 + seed, seed) for seed in range(3)]
        old, new = pair_runs(runs, reversed(runs))
        assert old == new
        assert old[NAME].values == {0: 70, 1: 71, 2: 72}
        assert old[NAME].keys == {run.seed: run.key for run in runs}
        assert old[NAME].identity["regularizers.gradient-guidance.params.alpha"] == "0.1"
        assert old[NAME].identity.keys().isdisjoint({"seed", "phase"})

    def test_the_code_is_no_part_of_what_is_compared(self, make_run: MakeRun) -> None:
        old, new = pair_runs(
            [make_run(70, fields={"commit": "aaaa", "suite": "one"})],
            [make_run(75, fields={"commit": "bbbb", "suite": "two"})],
        )
        assert change_of(old[NAME], new[NAME]).difference == 5
        assert old[NAME].keys == new[NAME].keys

    def test_a_method_is_found_again_under_another_name(self, make_run: MakeRun) -> None:
        run = make_run(70)
        old, new = pair_runs([run], [run.model_copy(update={"method": "CutMix, p=1"})])
        assert old == new

    @pytest.mark.parametrize(
        ("parts", "why"),
        [
            ({"version": "2"}, {"task.version": ('"1"', '"2"')}),
            ({"fingerprint": "f00d"}, {"fingerprint": ('"feed"', '"f00d"')}),
            ({"params": {"lr": 0.1}}, {"task.params.lr": ("0.01", "0.1")}),
            ({"params": {"warmup": 0}}, {"task.params.warmup": (None, "0")}),
        ],
    )
    def test_a_method_that_changed_is_compared_with_itself(self, make_run: MakeRun, parts: dict, why: dict) -> None:
        old, new = pair_runs([make_run(70)], [make_run(71, **parts)])
        change = change_of(old[NAME], new[NAME])
        assert change.why == why
        assert (change.verdict == "not comparable") == bool({"version", "fingerprint"} & parts.keys())

    def test_configurations_of_a_method_are_told_apart_by_what_varies(self, make_run: MakeRun) -> None:
        rates = (0.1, 0.2, 0.3)
        old = [make_run(70 + rate, params={"lr": rate}) for rate in rates]
        new = [make_run(71 + rate, params={"lr": rate, "warmup": 0}) for rate in reversed(rates)]
        before, after = pair_runs(old, new)
        assert names(before) == names(after) == {("cutmix", f"task.params.lr={rate}") for rate in rates}
        assert all(after[name].values[0] - before[name].values[0] == pytest.approx(1) for name in before)

    def test_what_has_no_counterpart_is_gone_or_new(self, make_run: MakeRun) -> None:
        old = [make_run(70, params={"lr": 0.1}), make_run(70, params={"lr": 0.2}), make_run(70, method="mixup")]
        new = [make_run(70, params={"lr": 0.2}), make_run(70, params={"lr": 0.3}), make_run(70, method="alia")]
        verdicts = {
            (change.name.method, change.name.group): change.verdict for change in compare(*pair_runs(old, new)).changes
        }
        assert verdicts == {
            ("cutmix", "task.params.lr=0.1"): "gone",
            ("cutmix", "task.params.lr=0.2"): "reproduced",
            ("cutmix", "task.params.lr=0.3"): "new",
            ("mixup", ""): "gone",
            ("alia", ""): "new",
        }

    def test_a_folder_that_was_copied_and_run_again_under_another_version(self, make_run: MakeRun) -> None:
        old = [make_run(70 + seed, seed) for seed in range(3)]
        again = [make_run(80 + seed, seed, version="2") for seed in range(3)]
        (change,) = compare(*pair_runs(old, [*old, *again])).changes
        assert (change.verdict, change.why) == ("not comparable", {"task.version": ('"1"', '"2"')})

    def test_a_folder_that_was_copied_and_has_grown(self, make_run: MakeRun) -> None:
        old = [make_run(70 + seed, seed) for seed in range(3)]
        more = [make_run(80 + seed, seed, params={"lr": 0.5}) for seed in range(3)]
        verdicts = [change.verdict for change in compare(*pair_runs(old, [*old, *more])).changes]
        assert verdicts == ["new", "reproduced"]

    def test_a_run_that_failed_is_a_lost_seed(self, make_run: MakeRun) -> None:
        old = [make_run(70 + seed, seed) for seed in range(3)]
        failed = make_run(0, 2, fields={"status": "failed", "reason": "NaN loss", "test": {}})
        nothing = make_run(math.nan, 1)
        change = compare(*pair_runs(old, [old[0], nothing, failed])).changes[0]
        assert (change.new.values, change.lost) == ({0: 70}, (1, 2))

    def test_searches_are_left_out(self, make_run: MakeRun, make_record: MakeRun) -> None:
        trial = make_record("trial", phase="search")
        assert pair_runs([make_run(70), trial], [trial])[1][NAME].values == {}

    def test_mini_and_full_are_two_things(self, make_run: MakeRun) -> None:
        run = make_run(70)
        found = compare(*pair_runs([run], [run.model_copy(update={"variant": "mini"})]))
        assert found.count() == {"gone": 1, "new": 1}

    def test_metrics_that_come_and_go(self, make_run: MakeRun) -> None:
        found = compare(
            *pair_runs(
                [make_run(70, fields={"test": {"accuracy": 70.0, "auc": 1.0}})],
                [make_run(70, fields={"test": {"accuracy": 70.0, "f1": 1.0}})],
            )
        )
        assert {change.name.metric: change.verdict for change in found.changes} == {
            "accuracy": "reproduced",
            "auc": "gone",
            "f1": "new",
        }

    def test_two_finished_runs_of_one_seed_are_refused(self, make_record: MakeRun) -> None:
        twice = [make_record("aa00"), make_record("ab00")]
        with pytest.raises(UserError, match="two finished final runs of seed 0, aa00 and ab00"):
            pair_runs(twice, [])
        failed = make_record("ac00", status="failed", test={})
        assert pair_runs([failed, twice[0]], [])[0][NAME].keys == {0: "aa00"}


def table(cells: Sequence[dict[str, Any]], **fields: Any) -> bytes:
    """A table's file with these cells, made by hand."""
    known = {"method": "cutmix", "task": "waterbirds", "metric": "accuracy", "unit": "%", "selection": "val"}
    return json.dumps({"variant": "full", "cells": [{**known, **cell} for cell in cells], **fields}).encode()


class TestTables:
    def test_every_number_of_a_rendered_table(self, make_record: MakeRun) -> None:
        columns = [Column("waterbirds", "accuracy"), Column("waterbirds", "training time")]
        rows = [
            TableRow(method, [RowRuns(runs, (0, 1, 2))] * 2)
            for method in ("baseline", "cutmix")
            if (
                runs := [
                    make_record(f"{method}-{i}", method=method, seed=i, test={"accuracy": 70.0 + i}) for i in (0, 1)
                ]
            )
        ]
        made = build_table(rows, columns, variant="full", baseline="baseline")
        state = read_table(render(made, "json").encode(), "table.json")
        assert {(name.method, name.metric) for name in state} == {("baseline", "accuracy"), ("cutmix", "accuracy")}
        for name, found in state.items():
            assert found.values == {0: 70.0, 1: 71.0}
            assert found.keys == {0: f"{name.method}-0", 1: f"{name.method}-1"}
            assert (found.missing, found.unit, name.selection) == (1, "%", "val")

    def test_of_several_tables_in_one_file(self) -> None:
        rows = [TableRow("cutmix", [RowRuns([], (0,))])]
        made = build_table(rows, [Column("birds", "accuracy")], variant="full")
        both = read_tables(render_all({"one": made, "other": made}, "json").encode(), "tables.json")
        assert [name.table for name in both] == ["one", "other"]
        assert read_tables(render(made, "json").encode(), "t", "one") == read_table(
            render(made, "json").encode(), "t", "one"
        )

    def test_by_hand(self) -> None:
        cell = {"values": {"0": 70, "5": 71}, "runs": {"0": "aa", "5": "ab", "6": "ac"}, "mean": 70.5}
        more = {"higher_is_better": False, "protocol": "3", "fingerprint": "feed", "group": "5-shot", "over": "ALIA"}
        (first,), (name,) = (read_table(table([{**cell, **more}]), "t", "main").items(),) * 2
        assert name == first
        assert first == (
            NAME._replace(group="5-shot", selection="val", over="ALIA", table="main"),
            SeedValues(
                {0: 70, 5: 71},
                {0: "aa", 5: "ab", 6: "ac"},
                0,
                "%",
                False,
                {"task.version": '"3"', "fingerprint": '"feed"'},
            ),
        )

    def test_numbers_that_are_named_alike_keep_their_order(self) -> None:
        state = read_table(table([{"values": {"0": 1.0}}, {"values": {"0": 2.0}}, {"values": {"0": 3.0}}]), "t")
        assert [(name.number, found.values[0]) for name, found in state.items()] == [(0, 1.0), (1, 2.0), (2, 3.0)]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "must be valid JSON"),
            (b"\x00\xff\xfe", "must be valid JSON"),
            (b"[" * 100_000, "must be valid JSON"),
            (b"[]", "must be"),
            (b'{"cells": []}', "variant: required"),
            (table([], variant="mini data"), "variant: "),
            (table([{}]), "cells.0.values: required"),
            (table([{"values": {"0": "high"}}]), "cells.0.values.0: "),
            (table([{"values": {"0": None}}]), "cells.0.values.0: "),
            (table([{"values": {"one": 1.0}}]), "cells.0.values.one"),
            (table([{"values": {"0": math.nan}}]), "cells.0.values.0: "),
            (table([{"values": {"0": math.inf}}]), "cells.0.values.0: "),
            (table([{"values": {"0": 1e300}}]), "cells.0.values.0: "),
            (table([{"values": {"0": 1.0}, "task": 5}]), "cells.0.task: "),
            (table([{"values": {"0": 70.0, "1": 71.0}, "mean": 71.0}]), "cells.0: its mean, 71.0, is not that of"),
            (table([{"values": {"0": 1.0}}])[:-20], "must be valid JSON"),
        ],
    )
    def test_what_is_no_table_is_refused(self, data: bytes, message: str) -> None:
        with pytest.raises(UserError) as caught:
            read_table(data, "here/table.json")
        assert message in str(caught.value)
        assert str(caught.value).startswith("here/table.json: ")
        assert len(str(caught.value)) < 1000

    def test_identities_of_the_runs(self, make_record: MakeRun) -> None:
        cells = [{"values": {"0": 1.0}, "runs": {"0": "aa00"}}, {"values": {"0": 1.0}, "runs": {"0": "zz00"}}]
        state = with_identities(read_table(table(cells), "t"), [make_record("aa00", protocol="7")])
        known, unknown = state.values()
        assert known.identity["task.version"] == '"7"'
        assert unknown.identity == {}
