"""The command line end to end, on instant runs: one message and exit code 2 for errors in the input."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import Run

TOY = Path(__file__).parents[1] / "plugins" / "toy.py"
SUITE = """\
name: toy
seeds: [0, 1]
tasks:
  toy: {variant: mini, params: {epochs: 1, train_size: 16}}
methods:
  baseline: {}
  cutmix: {augmentation: cutmix}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    return path


def test_commands_that_do_not_train_import_nothing_large(provbench: Run, tmp_path: Path) -> None:
    spy = tmp_path / "sitecustomize.py"
    spy.write_text(
        "import atexit, sys\n"
        "def tell():\n"
        "    print('HEAVY', *{'torch', 'optuna', 'cv2', 'scipy', 'pandas'} & {*sys.modules}, file=sys.stderr)\n"
        "atexit.register(tell)\n"
    )
    for command in (["--help"], ["list"], ["describe", "cutmix"], ["describe", "cub-wsol"], ["plan", "mini"]):
        done = provbench(*command, PYTHONPATH=str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert "torch" not in (heavy := done.stderr.split("HEAVY")[1].split()), command
        assert command[0] != "plan" or heavy == []


def test_run_status_tables_show_why(provbench: Run, suite: Path, tmp_path: Path) -> None:
    plugin = ("--plugin", TOY)
    first = provbench("run", suite, *plugin, "--executor", "inline")
    assert first.returncode == 0, first.stderr
    assert "4 runs trained, 0 found finished" in first.stdout
    second = provbench("run", suite, *plugin, "--executor", "inline")
    assert second.stdout.replace("0 runs trained, 4", "4 runs trained, 0") == first.stdout

    status = json.loads(provbench("status", suite, *plugin, "--json").stdout)
    assert [cell["done"] for cell in status["cells"]] == ["2/2", "2/2"]

    plan = json.loads(provbench("plan", suite, *plugin, "--json").stdout)
    key, other = plan["cells"][0]["keys"]
    record = json.loads(provbench("show", key[:8], "--json").stdout)
    assert record["key"] == key
    assert record["status"] == "done"
    assert provbench("show", key).returncode == 0

    explained = json.loads(provbench("why", key, "--json").stdout)
    assert explained["recomputed"] == key
    assert json.loads(provbench("why", key, other, "--json").stdout) == {"seed": [0, 1]}

    folder = tmp_path / "runs" / "suites" / "toy" / "tables"
    assert {path.suffix for path in folder.iterdir()} == {".md", ".csv", ".tex", ".html", ".json"}
    markdown = provbench("tables", suite, *plugin, "--format", "markdown").stdout
    assert markdown.strip() == (folder / "toy.md").read_text().strip()
    mean = sum(json.loads(provbench("show", one, "--json").stdout)["test"]["accuracy"] for one in (key, other)) / 2
    assert f"{mean:.1f} ± " in markdown


def test_a_partial_suite_renders_with_gaps(provbench: Run, suite: Path) -> None:
    done = provbench("tables", suite, "--plugin", TOY, "--format", "markdown")
    assert done.returncode == 0, done.stderr
    assert "| baseline | – |" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "mimi"], "did you mean 'mini' or 'mini_bob'?"),
        (["list", "taks"], "did you mean 'tasks'"),
        (["describe", "cutmx"], "did you mean 'cutmix'?"),
        (["show", "abc"], "no record 'abc'"),
        (["why", "abc"], "no record 'abc'"),
        (["data", "verify", "waterbirds:mini", "--json"], "provbench data prepare waterbirds:mini"),
        (["run", "mini", "--data", "/dev/null"], "cannot be written: choose a data root that can (--data)"),
        (["data", "prepare", "cub-wsl"], "did you mean 'cub-wsol'?"),
        (["data", "prepare", "cub-wsol:tiny"], "did you mean 'mini'?"),
        (["data", "prepare", "cub-wsol"], "CUB_200_2011"),
        (["data", "verify", "waterbirds"], "metadata.csv"),
        (["run", "wsol_cub"], "CUB_200_2011"),
        (["run", "mini", "--executor", "locla"], "did you mean 'local'?"),
        (["run", "mini", "--plugin", "nowhere.py"], "no such file"),
        (["plan", "mini", "--plugin", "no_such_module"], "No module named 'no_such_module'"),
    ],
)
def test_what_is_wrong_is_one_message_exit_code_2_and_nothing_written(
    provbench: Run, tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = provbench(*arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    if arguments[0] == "run":
        assert not (tmp_path / "runs").exists()


def test_bad_suite_files(provbench: Run, suite: Path, tmp_path: Path) -> None:
    for old, new, message in (
        ("cutmix: {aug", "cutmix: {agu", "unknown field: did you mean 'augmentation'?"),
        ("[0, 1]", "[0, 1", "not valid YAML"),
        ("epochs: 1", "epochs: 0", "greater than or equal to 1 (got 0)"),
    ):
        suite.write_text(SUITE.replace(old, new))
        done = provbench("run", suite, "--plugin", TOY)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_an_installed_package_of_plugins_takes_part_in_a_suite(
    provbench: Run, suite: Path, installed_package: Path
) -> None:
    suite.write_text(
        SUITE.replace("seeds: [0, 1]", "seeds: [0]")
        + "  third-party:\n    augmentation: {name: half-mix, share: 0.25}\n    regularizers: [logit-decay]\n"
    )
    options = ("--plugin", TOY, "--executor", "inline")
    done = provbench("run", suite, *options, PYTHONPATH=str(installed_package))
    assert done.returncode == 0, done.stderr
    (key,) = json.loads(provbench("plan", suite, "--plugin", TOY, "--json", PYTHONPATH=str(installed_package)).stdout)[
        "cells"
    ][2]["keys"]
    record = json.loads(provbench("show", key, "--json").stdout)
    assert record["status"] == "done"
    assert record["parameters"]["half-mix.share"] == 0.25
    assert record["curve"][0]["loss_logit-decay"] > 0
    assert record["identity"]["augmentation"]["version"] == "2"
    without = provbench("plan", suite, "--plugin", TOY)
    assert without.returncode == 2
    assert "unknown augmentation 'half-mix'" in without.stderr


@pytest.mark.slow
def test_ctrl_c_loses_at_most_the_runs_in_flight(suite: Path, tmp_path: Path, provbench: Run) -> None:
    suite.write_text(SUITE.replace("epochs: 1", "epochs: 400").replace("[0, 1]", "[0, 1, 2, 3]"))
    arguments = [sys.executable, "-m", "provbench.tools.cli", "run", str(suite), "--plugin", str(TOY), "--jobs", "2"]
    process = subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    store = tmp_path / "runs" / "records"
    deadline = time.monotonic() + 120
    while not any(store.rglob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in messages
    assert "Traceback" not in messages
    finished = {path.stem for path in store.rglob("*.json")}
    assert 0 < len(finished) < 8
    again = provbench("run", suite, "--plugin", TOY, "--jobs", "2")
    assert again.returncode == 0, again.stderr
    assert f"{8 - len(finished)} runs trained, {len(finished)} found finished" in again.stdout
