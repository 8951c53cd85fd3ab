"""`provbench -q` and `-v`: less and more beside the results, which stay the same."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from provbench.tools.terminal import progress, verbosity

from .in_process import Ended, call
from .test_cli import SUITE as TWO_SEEDS, TOY

SUITE = TWO_SEEDS.replace("[0, 1]", "[0]")
RUN = ("run", "suite.yaml", "--plugin", TOY, "--executor", "inline")


@pytest.fixture
def provbench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite.yaml").write_text(SUITE)

    def run(*arguments: object) -> Ended:
        return call(monkeypatch, capsys, *arguments)

    yield run
    verbosity.choose(verbosity.Verbosity.NORMAL)


def test_quiet_prints_results_only(provbench: Any) -> None:
    loud = provbench(*RUN, "--out", "loud")
    quiet = provbench("-q", *RUN, "--out", "quiet")
    assert quiet.returncode == 0
    assert "toy / baseline / seed 0" in loud.stderr
    assert quiet.stderr == ""
    assert quiet.stdout.splitlines()[:8] == loud.stdout.splitlines()[:8]
    assert "2 runs trained, 0 found finished" in quiet.stdout


def test_quiet_prints_errors_and_runs_that_fail(provbench: Any, tmp_path: Path) -> None:
    ended = provbench("--quiet", "plan", "nowhere.yaml")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "provbench: nowhere.yaml: no such suite file\n"
    (tmp_path / "suite.yaml").write_text(SUITE.replace("cutmix}", "refuse}"))
    ended = provbench("--quiet", *RUN, "--plugin", TOY.with_name("broken.py"), "--only", "cutmix")
    assert ended.returncode == 1
    assert "toy / cutmix / seed 0: FAILED: " in ended.stderr
    assert "failed: " in ended.stdout


def test_verbose_prints_what_is_read_keys_and_times(provbench: Any) -> None:
    ended = provbench("-v", *RUN)
    assert ended.returncode == 0
    told = ended.stderr
    assert "suites.file.schema: reads the suite suite.yaml" in told
    assert "plans 2 methods on tasks" in told
    (started,) = [line for line in told.splitlines() if "starts " in line and "baseline / seed 0" in line]
    key = started.partition("starts ")[2].partition(":")[0]
    assert f"{Path('records', key[:2], key)}.json" in told
    times = [float(line.split()[1]) for line in told.splitlines() if line.startswith("provbench: ") and " s  " in line]
    assert times == sorted(times)
    assert "reads the suite" not in provbench(*RUN).stderr, "the next command is as quiet as ever"
    assert not logging.getLogger("provbench").handlers


def test_verbose_prints_the_traceback_of_an_error_in_the_input(provbench: Any) -> None:
    ended = provbench("-v", "plan", "nowhere.yaml")
    assert ended.returncode == 2
    assert "Traceback (most recent call last)" in ended.stderr
    assert ended.stderr.endswith("provbench: nowhere.yaml: no such suite file\n")


@pytest.mark.parametrize("option", ["-q", "-v"])
def test_json_is_the_same(option: str, provbench: Any) -> None:
    plan = ("plan", "suite.yaml", "--plugin", TOY, "--json")
    assert json.loads(provbench(option, *plan).stdout) == json.loads(provbench(*plan).stdout)


def test_both_are_refused(provbench: Any) -> None:
    assert "--quiet, --verbose: give one of them" in provbench("-q", "-v", "list").stderr


def test_bars_are_drawn_unless_quiet() -> None:
    for choice in verbosity.Verbosity:
        verbosity.choose(choice)
        assert progress.progress_bar().disable == (choice is verbosity.Verbosity.QUIET)
        assert progress.transfer_bar().disable == (choice is verbosity.Verbosity.QUIET)
    verbosity.choose(verbosity.Verbosity.NORMAL)
