"""Runs that fail: the exit code, the closing line, the traceback, and the remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import TASKS

from .in_process import Ended, call

PLUGINS = [Path(__file__).parents[1] / "plugins" / name for name in ("toy.py", "broken.py")]
SUITE = """\
name: toy
seeds: [0, 1]
tasks: {toy: {variant: mini, params: {epochs: 1, train_size: 16}}}
methods:
  refusing: {augmentation: refuse}
"""

Call = Callable[..., Ended]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command on the suite, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    Path("suite.yaml").write_text(SUITE)
    options = [text for plugin in PLUGINS for text in ("--plugin", plugin)]

    def run(command: str, *arguments: Any) -> Ended:
        return call(monkeypatch, capsys, command, "suite.yaml", *options, *arguments)

    run.bare = lambda *arguments: call(monkeypatch, capsys, *arguments)  # pyright: ignore[reportFunctionMemberAccess]
    return run


def test_a_suite_whose_runs_fail_ends_with_1_and_says_what_to_do(here: Any) -> None:
    done = here("run", "--executor", "inline")
    assert done.returncode == 1
    assert "0 runs trained, 2 failed, 0 found finished" in done.stdout
    assert "--retry-failed" in done.stdout
    again = json.loads((second := here("run", "--executor", "inline", "--json")).stdout)
    assert second.returncode == 1, "a gap that was there before is one"
    assert (again["trained"], len(again["failed"]), again["lost"], again["cached"]) == (0, 2, {}, 0)
    key = next(iter(again["failed"]))
    shown = here.bare("show", key).stdout
    assert "Traceback (most recent call last):" in shown
    assert "ZeroDivisionError: no batch is good enough" in shown
    assert "provbench run SUITE --retry-failed" in shown
    assert "ZeroDivisionError" in json.loads(here.bare("show", key, "--json").stdout)["traceback"]
    assert "--retry-failed" in here("status").stdout


def test_one_run_that_fails_among_others_ends_with_1(here: Any) -> None:
    Path("suite.yaml").write_text(SUITE + "  baseline: {}\n")
    done = here("run", "--executor", "inline")
    assert done.returncode == 1
    assert "2 runs trained, 2 failed, 0 found finished" in done.stdout
    assert here("run", "--executor", "inline").stdout.count("0 runs trained, 2 failed, 2 found finished") == 1


def test_trials_that_fail_are_the_search_s_own_unless_none_is_left(here: Any) -> None:
    search = "search: {trials: 2, startup: 2, sampler: random, space: {lr: null}}\n"
    Path("suite.yaml").write_text(SUITE + search)
    done = here("search", "--executor", "inline")
    assert done.returncode == 1
    assert "no result: toy/refusing: none of its trials finished" in done.stdout
    report = json.loads(here("search", "--executor", "inline", "--json").stdout)
    assert (report["trained"], len(report["failed_trials"]), report["failed"]) == (0, 2, {})


def test_only_a_part_is_run_and_the_tables_have_all_rows(here: Any) -> None:
    Path("suite.yaml").write_text(SUITE + "  baseline: {}\n")
    done = here("run", "--executor", "inline", "--only", "baseline")
    assert done.returncode == 0
    assert "2 runs trained, 0 found finished" in done.stdout
    assert "refusing" in done.stdout
    assert "did you mean 'baseline'" in here("run", "--executor", "inline", "--only", "baselin").stderr


def test_what_is_missing_is_told_by_plan_and_by_prepare(here: Any) -> None:
    Path("suite.yaml").write_text(
        SUITE.replace("}}}\n", "}}, cub-wsol: {}}\n").replace("refusing: {augmentation: refuse}", "baseline: {}")
    )
    for ended in (here("plan"), prepared := here.bare("data", "prepare", "suite.yaml", "--plugin", PLUGINS[0])):
        told = ended.stdout + ended.stderr
        assert "vgg16-397923af.pth: no such weights" in told
        assert "--only toy/baseline" in told
    assert prepared.returncode == 2


def test_data_of_a_task_whose_weights_are_missing_are_ready_and_the_exit_code_is_2(
    here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:

    toy = TASKS.get("toy")
    lacking = ("data", "prepare", "toy:mini", "--plugin", PLUGINS[0])
    assert "toy:mini: ready in " in here.bare(*lacking).stdout
    monkeypatch.setattr(toy, "missing_inputs", lambda self: ["a.pth: no such weights"])
    done = here.bare(*lacking)
    assert done.returncode == 2
    assert "the data are ready in " in done.stderr
    assert "a.pth: no such weights" in done.stderr
    assert "provbench data prepare SUITE" in done.stderr
