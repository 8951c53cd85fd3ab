"""`provbench compare`, as a user and as a CI job call it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from provbench.results import RunRecord, Store
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.plan import Plan, make_plan

from .in_process import Ended, call

TOY = str(Path(__file__).parents[1] / "plugins" / "toy.py")
SUITE = """\
name: toy
seeds: [0, 1, 2, 3]
tasks:
  toy: {variant: mini, params: {epochs: 1, train_size: 16}}
methods:
  baseline: {}
  cutmix: {augmentation: cutmix}
"""
OLD = {"baseline": (60.0, 62.0, 64.0, 66.0), "cutmix": (65.0, 66.0, 68.0, 67.0)}
WORSE = {**OLD, "cutmix": (60.0, 61.1, 62.9, 62.0)}
NOISE = {"baseline": (61.0, 61.0, 65.0, 65.5), "cutmix": (64.0, 67.0, 67.5, 68.0)}

Scores = Mapping[str, tuple[float, ...]]
Compare = Callable[..., Ended]


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Compare:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: call(monkeypatch, capsys, "compare", *arguments)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    return path


@pytest.fixture
def fill(suite: Path, tmp_path: Path) -> Callable[..., Path]:
    """fill(folder, scores): an output folder in which the suite's runs have these scores."""

    def make(name: str, scores: Scores, suite: Path = suite, **fields: Any) -> Path:
        plan: Plan = make_plan(load_suite(str(suite)), (TOY,))
        store = Store(tmp_path / name)
        for cell in plan.cells:
            specs = plan.final_specs(cell, plan.fingerprints(tmp_path / "data")[cell])
            for spec, score in zip(specs, scores[cell.method], strict=False):
                known = spec.model_dump(include={"suite", "variant", "method", "seed", "phase", "fingerprint"})
                known |= {"task": "toy", "protocol": spec.task.version, "status": "done", "commit": name}
                known |= {"parameters": spec.parameters, "identity": spec.identity(), "key": spec.key}
                store.put(RunRecord(**{**known, "test": {"accuracy": score, "confidence": 90.0}, **fields}))
        return store.root

    return make


@pytest.fixture
def old(fill: Callable[..., Path]) -> Path:
    return fill("old", OLD)


def verdicts(done: Ended) -> dict[tuple[str, str], str]:
    found = json.loads(done.stdout)["numbers"]
    return {(number["method"], number["metric"]): number["verdict"] for number in found}


class TestRuns:
    def test_what_was_run_again_and_came_out_the_same(self, compare: Compare, fill, old: Path) -> None:
        done = compare(old, fill("new", OLD))
        assert done.returncode == 0
        assert "4 numbers: 4 reproduced exactly" in done.stdout
        assert "8 of 8 repeated runs came out the same to the last bit" in done.stdout
        assert "commit old → new" in done.stdout

    def test_a_regression(self, compare: Compare, fill, old: Path) -> None:
        done = compare(old, fill("new", WORSE), "--plugin", TOY)
        assert done.returncode == 1
        (row,) = [line.split() for line in done.stdout.splitlines() if "accuracy" in line and "±" in line]
        assert row[:5] == ["regressed", "toy", "(mini)", "cutmix", "accuracy"]
        assert "66.50 ± 1.29 (4)" in " ".join(row)
        assert "-5.00" in row
        assert "4 of 8 repeated runs came out the same" in done.stdout
        assert "test: {'accuracy': 65.0} → {'accuracy': 60.0}" in done.stdout
        back = compare("new", "old", "--plugin", TOY, "--json")
        assert verdicts(back)["cutmix", "accuracy"] == "improved"
        assert back.returncode == 1

    def test_noise(self, compare: Compare, fill, old: Path) -> None:
        done = compare(old, fill("new", NOISE), "--json", "--plugin", TOY)
        assert done.returncode == 0
        assert verdicts(done)["cutmix", "accuracy"] == verdicts(done)["baseline", "accuracy"] == "within noise"

    def test_tolerance_and_alpha(self, compare: Compare, fill, old: Path) -> None:
        new = fill("new", WORSE)
        assert compare(old, new, "--tolerance", 5).returncode == 0
        assert compare(old, new, "--tolerance", 4.9).returncode == 1
        assert compare(old, new, "--alpha", 1e-6).returncode == 0

    def test_json_has_everything(self, compare: Compare, fill, old: Path) -> None:
        done = json.loads(compare(old, fill("new", WORSE), "--json", "--plugin", TOY).stdout)
        assert (done["moved"], done["alpha"], done["tolerance"]) == (True, 0.05, 0)
        assert done["counts"] == {"regressed": 1, "reproduced": 3}
        first = done["numbers"][0]
        assert (first["verdict"], first["method"], first["test"]) == ("regressed", "cutmix", "paired t")
        assert first["old"]["values"] == {"0": 65.0, "1": 66.0, "2": 68.0, "3": 67.0}
        assert first["new"]["mean"] == pytest.approx(61.5)
        assert first["difference"] == pytest.approx(-5.0)
        assert first["p_adjusted"] == first["p"] < 0.05
        assert (first["why"], first["lost"]) == ({}, [])
        assert done["runs"]["reproduced"] == 4
        keys = {run["key"] for run in done["runs"]["differing"]}
        assert keys == set(first["old"]["runs"].values())
        assert done["surroundings"] == {"commit": [["old"], ["new"]]}

    def test_other_parameters_are_told(self, compare: Compare, fill, old: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.yaml"
        other.write_text(SUITE.replace("augmentation: cutmix", "augmentation: {name: cutmix, prob: 0.25}"))
        done = compare(old, fill("new", NOISE, other), "--plugin", TOY)
        assert done.returncode == 0
        assert "augmentation.params.prob 1.0 → 0.25: toy (mini) / cutmix" in done.stdout

    def test_other_data_are_not_compared(self, compare: Compare, fill, old: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.yaml"
        other.write_text(SUITE.replace("train_size: 16", "train_size: 32"))
        done = compare(old, fill("new", WORSE, other), "--plugin", TOY)
        assert done.returncode == 0
        assert "4 not comparable" in done.stdout
        assert "Nothing could be compared" in done.stdout
        assert 'fingerprint "toy-16" → "toy-32"' in done.stdout

    def test_what_is_missing(self, compare: Compare, fill, old: Path) -> None:
        fewer = fill("fewer", {**OLD, "cutmix": ()})
        done = compare(old, fewer)
        assert done.returncode == 1
        assert "2 gone" in done.stdout
        assert compare(fewer, old).returncode == 0
        failed = fill("failed", {**OLD, "cutmix": ()})
        for record in Store(old).records():
            if record.method == "cutmix":
                fields = {"status": "failed", "reason": "NaN loss", "test": {}} if record.seed == 2 else {}
                Store(failed).put(record.model_copy(update=fields))
        done = compare(old, failed)
        assert done.returncode == 1
        assert "reproduced, lost seed 2" in done.stdout

    def test_one_seed_is_untested(self, compare: Compare, fill) -> None:
        one, other = (
            fill(name, {"baseline": (60.0,), "cutmix": (score,)}) for name, score in (("1", 70.0), ("2", 70.4))
        )
        done = compare(one, other)
        assert done.returncode == 1
        assert "moved, not tested" in done.stdout
        assert compare(one, other, "--tolerance", 0.5).returncode == 0

    def test_nothing_is_written(self, compare: Compare, fill, old: Path) -> None:
        new = fill("new", WORSE)

        def contents() -> dict[Path, bytes]:
            return {path: path.read_bytes() for root in (old, new) for path in root.rglob("*") if path.is_file()}

        before = contents()
        compare(old, new)
        assert contents() == before

    def test_markdown_and_hostile_names(self, compare: Compare, fill, old: Path) -> None:
        name = "cut|mix\x1b[31m<b>"
        new = fill("new", OLD, method=name, test={name: 1.0})
        text, markdown = compare(old, new), compare(old, new, "--format", "markdown")
        assert text.returncode == markdown.returncode == 1
        assert "\x1b" not in text.stdout + markdown.stdout
        table = [line for line in markdown.stdout.splitlines() if line.startswith("|")]
        assert {line.replace("\\|", "").count("|") for line in table} == {10}
        assert "<b>" not in markdown.stdout.replace("\\<b\\>", "")


def write_table(path: Path, values: Mapping[str, tuple[float, ...]], **fields: Any) -> Path:
    """A table's file with a row for each method, made by hand."""
    known = {"task": "toy", "metric": "accuracy", "unit": "%", "selection": "val"}
    cells = [
        {**known, "method": method, "values": dict(enumerate(of)), "runs": {}, **fields}
        for method, of in values.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"variant": "mini", "cells": cells}))
    return path


class TestTables:
    def test_two_files(self, compare: Compare, tmp_path: Path) -> None:
        old, new = write_table(tmp_path / "a.json", OLD), write_table(tmp_path / "b.json", WORSE)
        assert compare(old, old).returncode == 0
        done = compare(old, new, "--plugin", TOY, "--json")
        assert done.returncode == 1
        assert verdicts(done)["cutmix", "accuracy"] == "regressed"

    @pytest.mark.parametrize(("fields", "verdict"), [({}, "moved"), ({"higher_is_better": False}, "improved")])
    def test_of_a_task_that_is_not_here(self, compare: Compare, tmp_path: Path, fields: dict, verdict: str) -> None:
        old = write_table(tmp_path / "a.json", OLD, task="elsewhere")
        new = write_table(tmp_path / "b.json", WORSE, task="elsewhere", **fields)
        assert verdicts(compare(old, new, "--json"))["cutmix", "accuracy"] == verdict

    def test_two_folders_file_by_file(self, compare: Compare, tmp_path: Path) -> None:
        for name in ("one", "two"):
            write_table(tmp_path / "old" / f"{name}.json", OLD, task="elsewhere")
            write_table(tmp_path / "new" / f"{name}.json", WORSE if name == "two" else OLD, task="elsewhere")
        (tmp_path / "new" / "one.md").write_text("no JSON, and none of ours")
        done = compare(tmp_path / "old", tmp_path / "new")
        assert done.returncode == 1
        assert "elsewhere (mini) in two" in done.stdout
        assert "4 numbers: 1 moved, 3 reproduced exactly" in done.stdout
        (tmp_path / "new" / "one.json").unlink()
        assert "2 gone" in compare(tmp_path / "old", tmp_path / "new").stdout

    def test_a_suites_tables_of_two_folders(self, compare: Compare, fill, old: Path, suite: Path) -> None:
        new = fill("new", {**WORSE, "baseline": OLD["baseline"][:3]})
        done = compare(old, new, "--suite", suite, "--plugin", TOY, "--json")
        assert done.returncode == 1
        found = json.loads(done.stdout)["numbers"]
        assert [(number["verdict"], number["lost"]) for number in found] == [
            ("regressed", []),
            ("reproduced", [3]),
            ("reproduced", [3]),
            ("reproduced", []),
        ]

    def test_a_table_that_was_kept_is_compared_with_a_folder(
        self, compare: Compare, fill, old: Path, suite: Path, tmp_path: Path
    ) -> None:
        kept = write_table(tmp_path / "kept.json", OLD)
        options = ("--suite", suite, "--plugin", TOY, "--json")
        assert verdicts(compare(kept, old, *options))["cutmix", "accuracy"] == "within noise"
        done = compare(kept, fill("new", WORSE), *options)
        assert verdicts(done)["cutmix", "accuracy"] == "regressed"

    def test_tables_of_before_this_code_gave_other_keys(
        self, compare: Compare, fill, suite: Path, old: Path, tmp_path: Path
    ) -> None:
        """The old records have keys that no plan makes any more; the tables that were written with them remain."""
        changed = SUITE.replace("epochs: 1", "epochs: 2")
        options = ("--suite", suite, "--plugin", TOY)
        suite.write_text(changed)
        new = fill("new", NOISE)
        done = compare(old, new, *options)
        assert done.returncode == 2
        assert "has no results of the suite" in done.stderr
        runs = {record.seed: record.key for record in Store(old).records() if record.method == "cutmix"}
        write_table(old / "suites" / "toy" / "tables" / "toy.json", OLD, runs=runs)
        done = compare(old, new, *options)
        assert done.returncode == 0
        assert "within noise" in done.stdout
        assert "task.params.epochs 1 → 2: toy (mini) / cutmix" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "a.json"], "nowhere: is no output folder"),
        (["a.json", "empty"], "empty: is no output folder"),
        (["a.json", "torn.json"], "torn.json: is no table"),
        (["torn", "a.json"], "torn/torn.json: is no table"),
        (["gaps.json", "a.json"], "gaps.json: has no results"),
        (["a.json", "out"], "out: is an output folder, and is compared with tables: add --suite"),
        (["out", "out"], "out: has no results"),
        (["a.json", "a.json", "--suite", "mini"], "neither a.json nor a.json is one"),
        (["a.json", "out", "--suite", "mimi"], "did you mean 'mini' or 'mini_bob'?"),
        (["a.json", "a.json", "--alpha", "0"], "--alpha 0.0: must lie between 0 and 1"),
        (["a.json", "a.json", "--alpha", "nan"], "--alpha nan: must lie"),
        (["a.json", "a.json", "--tolerance", "inf"], "--tolerance inf: must be a finite number"),
        (["a.json", "a.json", "--plugin", "nowhere.py"], "no such file"),
    ],
)
def test_what_is_the_users_to_mend(compare: Compare, tmp_path: Path, arguments: list[str], message: str) -> None:
    write_table(tmp_path / "a.json", OLD)
    write_table(tmp_path / "gaps.json", {"cutmix": ()})
    for folder in ("empty", "torn", "out/records"):
        (tmp_path / folder).mkdir(parents=True)
    for path in (tmp_path / "torn.json", tmp_path / "torn" / "torn.json"):
        path.write_bytes((tmp_path / "a.json").read_bytes()[:-9])
    done = compare(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_record_is_named_and_stays_where_it_is(compare: Compare, fill, old: Path) -> None:
    new = fill("new", OLD)
    path = Store(new).record_path(Store(new).keys()[0])
    path.write_bytes(path.read_bytes().replace(b"90.0", b"99.0"))
    done = compare(old, new)
    assert done.returncode == 2
    assert f"{path}: the record is damaged" in done.stderr
    assert path.is_file()


def test_a_value_that_is_no_number_is_a_lost_seed(compare: Compare, fill, old: Path) -> None:
    new = fill("new", {**OLD, "baseline": (60.0, 62.0, math.nan, 66.0)})
    done = compare(old, new, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["numbers"][0]["lost"] == [2]
