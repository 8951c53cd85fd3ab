"""`provbench search` and `best`, as a user runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run
from .in_process import Ended, call

TOY = Path(__file__).parents[1] / "plugins" / "toy.py"
OPTIONS = ("--plugin", TOY)
SUITE = """\
name: toy
seeds: [0]
tasks:
  toy: {variant: mini, params: {epochs: 2, train_size: 16}, selection: [val, worst-group, oracle]}
methods:
  baseline: {}
  "[red]<b>": {augmentation: cutmix}
search: {trials: 4, startup: 2, pruner: {name: median, startup: 2, warmup: 0}, space: {lr: null}}
"""


Call = Callable[..., Ended]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run `provbench` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("PROVBENCH_OUT", "PROVBENCH_DATA", "PROVBENCH_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: call(monkeypatch, capsys, *arguments)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    return path


def best(here: Call, suite: Path, *options: object) -> list[dict[str, Any]]:
    done = here("best", suite, *OPTIONS, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["cells"]


@pytest.mark.slow
def test_a_search_from_its_first_trial_to_its_suite_file(here: Call, suite: Path, tmp_path: Path) -> None:
    before = here("best", suite, *OPTIONS)
    assert before.returncode == 0, before.stderr
    assert "0/4" in before.stdout
    assert not (tmp_path / "runs").exists(), "looking writes nothing"

    done = here("search", suite, *OPTIONS, "--executor", "inline", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["trained"], found["cached"]) == (8, 0)
    for cell in found["cells"]:
        assert cell["finished"] + cell["pruned"] == cell["budget"] == 4

    again = here("search", suite, *OPTIONS, "--executor", "inline")
    assert "0 runs trained, 8 found finished" in again.stdout
    assert "[red]<b>" in again.stdout
    for cell in found["cells"]:
        assert f"{cell['best']:.2f}" in again.stdout

    cells = best(here, suite, "--trials", 99)
    for cell, searched in zip(cells, found["cells"], strict=True):
        assert sorted(row["number"] for row in cell["trials"]) == [0, 1, 2, 3]
        values = [row["value"] for row in cell["trials"] if row["state"] == "finished"]
        assert values == sorted(values, reverse=True)
        assert values[0] == searched["best"]
        assert cell["trials"][0]["params"] == searched["parameters"]
        for row in cell["trials"]:
            record = json.loads(here("show", row["key"], "--json").stdout)
            assert record["parameters"]["lr"] == row["params"]["lr"]
            assert record["status"] == {"finished": "done", "pruned": "pruned"}[row["state"]]
            assert row["started"] < row["ended"]
        val, worst, oracle = cell["selections"]
        assert (val["value"], val["metric"], val["split"]) == (searched["best"], "accuracy", "val")
        assert val["own"] == next(row["value"] for row in cell["trials"] if row["number"] == 0)
        assert val["gain"] == val["value"] - val["own"]
        assert worst["metric"] == "confidence"
        assert (oracle["chosen"], oracle["split"]) == (None, "test")

    text = here("best", suite, *OPTIONS, "--trials", 2, "--selection", "val").stdout
    assert cells[0]["trials"][0]["key"] in text
    assert "worst-group" not in text

    assert here("run", suite, *OPTIONS, "--executor", "inline", "--pictures", 0).returncode == 0
    assert all(cell["selections"][2]["chosen"] for cell in best(here, suite))
    written = here("best", suite, *OPTIONS, "--write", "chosen.yaml", "--plots", "plots")
    assert written.returncode == 0, written.stderr
    assert "no importances: one parameter is searched" in written.stderr
    assert len(list((tmp_path / "plots").glob("*.png"))) == 4
    chosen = here("run", "chosen.yaml", *OPTIONS, "--executor", "inline", "--pictures", 0)
    assert "0 runs trained, 2 found finished" in chosen.stdout, chosen.stderr


@pytest.mark.slow
def test_studies_in_a_file_that_is_named(
    here: Call, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ("--storage", "studies.journal")
    assert here("search", suite, *OPTIONS, "--executor", "inline", *there).returncode == 0
    assert (tmp_path / "studies.journal").is_file()
    assert not (tmp_path / "runs" / "suites" / "toy" / "studies.journal").exists()
    remembered = best(here, suite)
    assert remembered[0]["finished"] > 0
    assert best(here, suite, *there) == remembered
    assert best(here, suite, "--storage", "other.journal")[0]["finished"] == 0
    assert not (tmp_path / "other.journal").exists()
    for command in ("status", "plan", "tables"):
        assert here(command, suite, *OPTIONS, *there).returncode == 0
    for storage, ended in (("studies.journal", "4/4"), ("other.journal", "0/4")):
        status = json.loads(here("status", suite, *OPTIONS, "--json", "--storage", storage).stdout)
        assert {cell["trials"] for cell in status["cells"]} == {ended}
    monkeypatch.setenv("PROVBENCH_STORAGE", "other.journal")
    assert best(here, suite)[0]["finished"] == 0


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["best", "suite.yaml", "--selection", "wort-group"], "did you mean 'worst-group'?"),
        (["best", "suite.yaml", "--write", "suite.yaml"], "is the suite itself"),
        (["best", "suite.yaml", "--write", "chosen.yaml"], "its search is not finished (0 of 4 trials)"),
        (["best", "plain.yaml"], "plain.yaml: searches nothing: give `trials` in its section `search`"),
        (["search", "plain.yaml"], "plain.yaml: searches nothing"),
        (["best", "suite.yaml", "--storage", "suite.yaml"], "suite.yaml: is no journal of Optuna's"),
        (["search", "suite.yaml", "--storage", "postgresql://me:s3cret@127.0.0.1:1/x"], "Connection refused"),
    ],
)
def test_what_is_wrong_is_one_message(
    here: Call, suite: Path, tmp_path: Path, command: list[str], message: str
) -> None:
    (tmp_path / "plain.yaml").write_text(SUITE[: SUITE.index("search:")])
    done = here(*command, *OPTIONS)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr
    assert suite.read_text() == SUITE


@pytest.mark.slow
def test_looking_at_a_search_imports_no_torch_and_draws_only_on_request(provbench: Run, tmp_path: Path) -> None:
    heavy = "sorted({'torch', 'matplotlib', 'plotly'} & set(sys.modules))"
    spy = f"import atexit, sys\natexit.register(lambda: print('LOADED', {heavy}, file=sys.stderr))\n"
    (tmp_path / "sitecustomize.py").write_text(spy)
    (tmp_path / "suite.yaml").write_text(
        "name: s\ntasks: {waterbirds: {variant: mini}}\nmethods: {plain: {}}\nsearch: {trials: 2}\n"
    )
    prepared = provbench("data", "prepare", "waterbirds:mini")
    assert prepared.returncode == 0, prepared.stderr
    done = provbench("best", "suite.yaml", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "0/2" in done.stdout
    assert done.stderr.splitlines()[-1] == "LOADED []"
