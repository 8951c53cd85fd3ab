"""The runs of two folders, paired under the names by which their numbers are compared."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from provbench.registry import UserError
from provbench.results import RunRecord
from provbench.results.regression.differences import State, compare
from provbench.results.regression.paired_runs import pair_runs

from .compared import NAME, change_of

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
