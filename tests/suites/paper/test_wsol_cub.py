"""The suite of localisation trains every row of SAT: its own methods and recipe, on a small network and images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from provbench.benchmarks.cub_wsol import mini
from provbench.benchmarks.cub_wsol.mini import MiniSet
from provbench.registry.task import no_progress
from provbench.suites.file.schema import BUILTIN_FOLDER
from provbench.suites.planning.plan import Cell, Plan
from provbench.suites.planning.spec import Place
from provbench.suites.running.execution import execute

SECTION = "cub-wsol-sat"
SMALL = {"model": "tiny-sat", "weights": None, "image_size": 32, "resize": 36, "batch_size": 6, "thresholds": 10}
SHORT = {"epochs": 1, "steps": 2, "validations": 1, "gradient_probe": 0}
IMAGES = MiniSet(species=3, train=9, val=6, test=9)


@pytest.fixture
def cells(make: Callable[[str], Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Cell]:
    monkeypatch.setattr(mini, "MINI", IMAGES)
    mini.write(tmp_path / "cub-wsol-mini", no_progress, IMAGES)
    document = yaml.safe_load((BUILTIN_FOLDER / "paper" / "wsol_cub.yaml").read_text())
    section = document["tasks"][SECTION]
    section |= {"variant": "mini", "params": {**section["params"], **SMALL, **SHORT}}
    document |= {"tasks": {SECTION: section}, "tables": []}
    return {cell.method: cell for cell in make(yaml.safe_dump(document)).cells}


@pytest.mark.slow
def test_sat_is_trained_by_every_method_with_its_own_loss_and_both_evaluators(
    cells: dict[str, Cell], tmp_path: Path
) -> None:
    assert list(cells) == ["baseline", "cutmix", "cutmix+guidance"]
    for method, cell in cells.items():
        task = cell.build_task(tmp_path)
        spec = cell.spec(0, "final", task.fingerprint())
        record = execute(spec, Place(data_root=tmp_path, work_root=tmp_path / "work"))
        assert record.status == "done", record.reason
        assert record.steps == 2
        assert {"MaxBoxAccV2", "MaxBoxAccV2 (SAT)", "Top-1 Loc (SAT)"} <= record.test.keys()
        losses = {name for name in record.curve[-1] if name.startswith("loss")}
        assert {"loss_classification", "loss_area", "loss_binarity"} <= losses
        assert ("loss_gradient-guidance" in losses) == ("guidance" in method)
