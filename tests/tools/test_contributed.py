"""Commands that plugins contribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from provbench.registry import COMMANDS, Progress, TrainedRun
from provbench.tools.cli import app


def count(
    file: Path,
    runs: Callable[[], Sequence[TrainedRun]],
    task: str = "toy",
    times: Annotated[int, typer.Option(min=1)] = 2,
) -> str:
    """Count runs."""
    return f"{file}: {times * len(runs())} of {task}"


def convert(out: Path, data: Path, progress: Progress) -> None:
    """Convert something."""
    progress(1, 1)
    out.write_text(str(data))


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    COMMANDS.names()
    monkeypatch.setattr(COMMANDS, "_entries", dict(COMMANDS._entries))
    COMMANDS.add("count", count)
    COMMANDS.add("data convert", convert)


@pytest.mark.usefixtures("registered")
def test_a_command_of_runs_has_the_options_that_choose_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def chosen(suite: str, **options: Any) -> list[str]:
        asked.update(options, suite=suite)
        return ["run"]

    monkeypatch.setattr("provbench.tools.terminal.final_runs", chosen)
    done = CliRunner().invoke(app, ["count", "mini", "a.png", "--times", "3", "--method", "cutmix", "--seed", "1"])
    assert done.output == "a.png: 3 of toy\n"
    wanted = {"suite": "mini", "task": "toy", "methods": ["cutmix"], "seed": 1, "out": Path("runs")}
    assert {key: asked[key] for key in wanted} == wanted
    assert CliRunner().invoke(app, ["count", "mini", "a.png", "--times", "0"]).exit_code == 2


@pytest.mark.usefixtures("registered")
def test_a_command_may_belong_to_a_group(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["data", "convert", str(tmp_path / "a"), "--data", "there"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "a").read_text() == "there"
    assert "convert" in CliRunner().invoke(app, ["data", "--help"]).output
    assert "convert" not in CliRunner().invoke(app, ["--help"]).output
