"""The bench of steps says where a step's time goes, under a budget of epochs and under one of steps."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from provbench.registry import load_plugins
from provbench.tools.bench import steps

TOY = Path(__file__).parents[2] / "plugins" / "toy.py"
SUITE = """\
name: measured
plugins: [{plugin}]
seeds: [0]
tasks:
  toy: {{variant: mini, {budget}}}
methods:
  baseline: {{}}
"""


@pytest.mark.parametrize(
    ("budget", "counted"),
    [("params: {epochs: 9, train_size: 32}", 4), ("budget: {steps: 90, validations: 9}", 20)],
)
def test_the_parts_of_a_step_make_up_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], budget: str, counted: int
) -> None:
    monkeypatch.setattr(steps, "prepare_process", lambda threads: None)
    load_plugins((str(TOY),))
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE.format(plugin=TOY, budget=budget), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["steps", str(suite), "--epochs", "3", "--json"])
    steps.main()
    (found,) = json.loads(capsys.readouterr().out)["cells"]
    parts = found["milliseconds"]
    assert found["steps"] == counted
    assert sum(parts[name] for name in steps.PARTS) == pytest.approx(parts["step"])
    assert 0 < found["share of the model"] < 1
