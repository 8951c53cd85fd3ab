"""The commands that steer and watch a suite."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from provbench.registry import UserError
from provbench.results.store import RunRecord, Store
from provbench.tools.cli import app
from provbench.tools.commands.steering import picture, spark

STATE = {
    "suite": "mini",
    "started": 0.0,
    "updated": 100.0,
    "planned": 8,
    "paused": True,
    "finished": 3,
    "failed": 1,
    "lost": 0,
    "retried": 0,
    "running": [
        {
            "key": "0123456789abcdef0123",
            "task": "waterbirds",
            "method": "cutmix\x1b[31m",
            "seed": 2,
            "phase": "final",
            "epochs": 20,
            "epoch": 7,
            "metric": "accuracy",
            "value": 61.5,
            "values": [50.0, 55.0, 61.5],
            "since": 40.0,
        }
    ],
}


def test_the_picture_of_a_state() -> None:
    console = Console(width=160, record=True)
    console.print(picture(STATE, 100.0))
    text = console.export_text()
    for part in ("4 of 8 runs", "PAUSED", "1 failed", "left", "01234567", "waterbirds", "7/20", "▁▄█ accuracy 61.5"):
        assert part in text, part
    assert "\x1b" not in text


@pytest.mark.parametrize(("values", "bars"), [([], ""), ([3.0, 3.0], "▁▁"), ([0.0, 1.0], "▁█"), ([1.0, 0.0], "█▁")])
def test_curves_as_bars(values: list[float], bars: str) -> None:
    assert spark(values) == bars
    assert len(spark(list(map(float, range(100))))) == 24


def test_watching_once_and_in_json(tmp_path: Path) -> None:
    (tmp_path / "driver.json").write_text(json.dumps({**STATE, "started": time.time() - 100}))
    done = CliRunner().invoke(app, ["watch", "--out", str(tmp_path), "--once"])
    assert "waterbirds" in done.stdout
    told = json.loads(CliRunner().invoke(app, ["watch", "--out", str(tmp_path), "--json"]).stdout)
    assert told["planned"] == 8


@pytest.mark.parametrize("command", [["pause"], ["resume"], ["stop"], ["retry", "aa00"], ["watch"]])
def test_where_nothing_runs(tmp_path: Path, command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path)])
    assert isinstance(done.exception, UserError)
    assert "no driver is at work here" in str(done.exception) or "no suite runs here" in str(done.exception)


def test_logs(tmp_path: Path) -> None:
    plain = {"suite": "s", "task": "t", "variant": "mini", "method": "m", "seed": 0, "parameters": {}, "phase": "final"}
    store = Store(tmp_path)
    store.put(RunRecord(key="aa00", status="done", **plain))
    store.put(RunRecord(key="bb00", status="failed", traceback="ValueError: deep", **plain))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "cc00.log").write_text("== attempt\nprinted\n")

    def shown(key: str) -> str:
        return CliRunner().invoke(app, ["logs", key, "--out", str(tmp_path)]).stdout

    assert "printed nothing" in shown("aa00")
    assert "ValueError: deep" in shown("bb")
    assert "printed" in shown("cc00")
