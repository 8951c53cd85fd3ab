"""`provbench replay`: a record is enough to train its run again, to the same outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import UserError
from provbench.results import RunRecord, Store
from provbench.suites.file import Suite, SuiteFile
from provbench.suites.planning.plan import make_plan
from provbench.suites.planning.spec import digest
from provbench.suites.showing.replays import differences, spec_of

from .conftest import Run
from .in_process import Ended, call

PLUGINS = Path(__file__).parents[1] / "plugins"
OPTIONS = ("--plugin", PLUGINS / "toy.py", "--plugin", PLUGINS / "broken.py")
SUITE = """\
name: toy
seeds: [0, 1]
tasks:
  toy: {variant: mini, params: {epochs: 2, train_size: 16, checkpoint: best}, selection: [val, oracle]}
methods:
  baseline: {}
  guided:
    augmentation: cutmix
    regularizers: [{name: gradient-guidance, alpha: 0.3}, double-backprop]
  refusing: {augmentation: refuse}
search: {trials: 4, startup: 2, pruner: {name: median, startup: 1, warmup: 0}, space: {lr: null}}
"""


Call = Callable[..., Ended]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run `provbench` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("PROVBENCH_OUT", "PROVBENCH_DATA", "PROVBENCH_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: call(monkeypatch, capsys, *arguments)


def searched(here: Call, tmp_path: Path, *options: object) -> Store:
    (tmp_path / "suite.yaml").write_text(SUITE)
    limits = ("--pictures", 0, "--max-failure-rate", 1)
    done = here("run", "suite.yaml", *OPTIONS, *limits, *options)
    assert done.returncode == 1, done.stderr  # the runs of one method fail
    return Store(tmp_path / "runs")


def contents(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder, but for the cache that looking may renew."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("index")]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_every_run_of_a_suite_comes_out_the_same(here: Call, provbench: Run, tmp_path: Path) -> None:
    store = searched(here, tmp_path, "--executor", "inline")
    records = {record.key: record for record in store.records()}
    assert {record.status for record in records.values()} == {"done", "pruned", "failed"}
    before = contents(tmp_path / "runs")

    done = here("replay", "--suite", "suite.yaml", *OPTIONS, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["identical"], found["different"]) == (len(records), 0)
    assert {run["key"]: run["status"] for run in found["runs"]} == {key: one.status for key, one in records.items()}
    assert contents(tmp_path / "runs") == before, "nothing is written"

    cells = json.loads(here("best", "suite.yaml", *OPTIONS, "--trials", 9, "--json").stdout)["cells"]
    for cell in cells:
        order = [run for run in found["runs"] if run["method"] == cell["method"]]
        trials = sorted(cell["trials"], key=lambda row: row["number"])
        assert [run["key"] for run in order[:4]] == [row["key"] for row in trials]
        assert [run["phase"] for run in order] == sorted((run["phase"] for run in order), reverse=True)
        assert [run["seed"] for run in order[-2:]] == [0, 1]

    pruned = next(key for key, one in records.items() if one.status == "pruned")
    final = next(key for key, one in records.items() if one.phase == "final" and one.status == "done")
    two = here("replay", pruned[:8], final, *OPTIONS)
    assert two.returncode == 0, two.stderr
    assert "2 of 2 runs came out the same to the last bit" in two.stdout
    assert f"{pruned[:8]}  toy / " in two.stdout

    without = provbench("replay", final)
    assert without.returncode == 2
    assert f"{final}: task 'toy' is not here: give its --plugin" in without.stderr

    changed(tmp_path / "changed", records[final])
    differing = here("replay", final, "--out", "changed", *OPTIONS)
    assert differing.returncode == 1, differing.stderr
    assert "2 fields differ" in differing.stdout
    assert f"val.accuracy: 1.5 was recorded, now {records[final].val['accuracy']}" in differing.stdout
    assert "recorded with device abacus, now" in differing.stdout
    details = json.loads(here("replay", final, "--out", "changed", *OPTIONS, "--json").stdout)["runs"][0]
    assert set(details["differences"]) == {"val.accuracy", "curve.0.accuracy"}
    assert details["environment"]["device"][0] == "abacus"


def changed(folder: Path, record: RunRecord) -> None:
    """A store with the record as another machine might have left it."""
    curve = [{**record.curve[0], "accuracy": 2.5}, *record.curve[1:]]
    update: dict[str, Any] = {"val": {**record.val, "accuracy": 1.5}, "curve": curve, "device": "abacus"}
    Store(folder).put(record.model_copy(update=update))


@pytest.mark.slow
def test_a_parallel_search_is_replayed_from_its_records(here: Call, tmp_path: Path) -> None:
    store = searched(here, tmp_path, "--jobs", 4)
    done = here("replay", "--suite", "suite.yaml", *OPTIONS, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["identical"] == len(store.keys())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the runs to replay: KEY…, or --suite SUITE"),
        (["0123456789"], "no record '0123456789' in runs"),
        (["--suite", "suite.yaml", *OPTIONS], "suite.yaml: no run of it is recorded in runs"),
    ],
)
def test_what_cannot_be_replayed(here: Call, tmp_path: Path, arguments: list[object], message: str) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    done = here("replay", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def record_of(identity: dict[str, Any], key: str) -> RunRecord:
    known: dict[str, Any] = {"suite": "s", "task": "waterbirds", "variant": "mini", "method": "m", "phase": "final"}
    return RunRecord(key=key, identity=identity, seed=0, parameters={}, status="done", **known)


def planned_identity() -> tuple[dict[str, Any], str]:
    methods = {"m": {"augmentation": "cutmix", "regularizers": ["rrr", "gradient-guidance"]}}
    suite = Suite.model_validate({"name": "s", "tasks": {"waterbirds": {"variant": "mini"}}, "methods": methods})
    (cell,) = make_plan(SuiteFile(suite, Path("suite.yaml"), {})).cells
    spec = cell.spec(0, "final", "f")
    return spec.identity(), spec.key


def test_a_specification_from_a_record_has_its_key() -> None:
    identity, key = planned_identity()
    spec = spec_of(record_of(identity, key), ("a_plugin",))
    assert spec.key == key
    assert (spec.suite, spec.method, spec.processes, spec.plugins) == ("s", "m", 1, ("a_plugin",))
    assert [part.name for part in spec.regularizers] == ["gradient-guidance", "rrr"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": {"name": "toys", "version": "1", "params": {}}}, "task 'toys' is not here: give its --plugin"),
        ({"augmentation": {"name": "cutmix", "version": "0", "params": {}}}, "was run with version 0 of augmentation"),
        ({"regularizers": [{"name": "cutmix", "version": "1", "params": {}}]}, "regularizer 'cutmix' is not here"),
        ({"novelty": 1}, "it is of another version of provbench"),
        ({"fingerprint": None}, "its identity is of another version of provbench"),
    ],
)
def test_a_record_that_cannot_be_run_here_says_why(change: dict[str, Any], message: str) -> None:
    identity = {**planned_identity()[0], **change}
    with pytest.raises(UserError) as raised:
        spec_of(record_of(identity, digest(identity)))
    assert message in str(raised.value)
    assert str(raised.value).startswith(digest(identity))


def test_differences_are_named_field_by_field() -> None:
    one = {"status": "done", "val": {"a": 1.0, "b": float("nan")}, "curve": [{"loss": 0.5}]}
    other = {"status": "done", "val": {"a": 2.0, "b": float("nan")}, "curve": [{"loss": 0.5}, {"loss": 0.25}]}
    assert differences(one, one) == {}
    assert differences(one, other) == {"val.a": (1.0, 2.0), "curve.1.loss": (None, 0.25)}
