"""`provbench check`, and the seeds that `provbench plan --effect` asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from provbench.registry import UserError
from provbench.tools.cli import app

TOY = str(Path(__file__).parents[1] / "plugins" / "toy.py")
SUITE = """\
name: toy
seeds: [0, 1, 2]
budget: {{{BUDGET}}}
tasks:
  toy: {{variant: mini, params: {{train_size: 32, gradient_probe: 0, schedule: constant{PARAMS}}}}}
methods:
  baseline: {{}}
  cutmix: {{augmentation: cutmix}}
tables:
  - {{name: toy, task: toy, columns: [accuracy], baseline: baseline}}
"""


def call(command: str, folder: Path, *arguments: object) -> Result:
    given = [command, folder / "suite.yaml", "--out", folder / "runs", "--data", folder / "data", *arguments]
    result = CliRunner().invoke(app, [*map(str, given), "--plugin", TOY])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def trained(folder: Path, budget: str, params: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "suite.yaml").write_text(SUITE.format(BUDGET=budget, PARAMS=params))
    assert call("run", folder, "--executor", "inline").exit_code == 0
    return folder


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("short"), "epochs: 2")


def test_too_few_validations_to_tell(short: Path) -> None:
    done = call("check", short)
    assert done.exit_code == 1
    assert "accuracy [%]: baseline: too few validations to tell" in done.stdout


def test_json(short: Path) -> None:
    done = call("check", short, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["settled"] is False
    assert {one["lower"] for one in told["tables"]["toy"]} == {"baseline", "cutmix"}
    assert {one["why"] for one in told["tables"]["toy"]} == {"too few validations to tell"}


@pytest.mark.slow
def test_runs_that_learn_nothing_any_more_change_no_ranking(tmp_path: Path) -> None:
    """A learning rate so small that no prediction ever changes."""
    folder = trained(tmp_path, "steps: 24, validations: 12", ", lr: 1.0e-12")
    done = call("check", folder)
    assert (done.exit_code, done.stdout) == (0, "toy: no ranking could change with more training\n")
    assert "Budget of toy: 24 steps. 24 steps each." in call("tables", folder).stdout


def test_before_anything_has_run(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE.format(BUDGET="epochs: 2", PARAMS=""))
    (tmp_path / "data").mkdir()
    done = call("check", tmp_path)
    assert done.exit_code == 1
    assert "3 of 3 runs not finished" in done.stdout


class TestSeeds:
    def test_from_a_given_spread(self, short: Path) -> None:
        """d = 1 at p < 0.05 takes 10 pairs (Cohen, 1988)."""
        told = json.loads(call("plan", short, "--effect", 2, "--spread", 2, "--json").stdout)
        expected = {"table": "toy", "column": "accuracy [%]", "spread": 2.0, "comparisons": 1, "seeds": 10}
        assert told["effect"] == [expected]

    def test_from_the_runs(self, short: Path) -> None:
        done = call("plan", short, "--effect", 1)
        assert "Seeds to find a difference of 1 with power 0.8" in done.stdout

    @pytest.mark.parametrize(("options", "message"), [((0,), "--effect"), ((1, "--spread", -1), "--spread")])
    def test_what_is_refused(self, short: Path, options: tuple[object, ...], message: str) -> None:
        with pytest.raises(UserError, match=message):
            call("plan", short, "--effect", *options)
