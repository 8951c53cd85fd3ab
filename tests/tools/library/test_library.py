"""`import provbench`: what it brings, what it does not import, and every example of its page."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import provbench
from provbench import HOMES
from provbench.results.store import RunRecord, Store

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "tools" / "library" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
LOOP, MASKS, LIGHTNING, NOTEBOOK = BLOCKS


@pytest.fixture
def world() -> dict[str, Any]:
    """What the examples are given: two batches of images, and a small network with its optimizer."""
    torch.manual_seed(0)
    images, labels = torch.randn(16, 3, 16, 16), torch.arange(16) % 4
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    return {
        "torch": torch,
        "model": model,
        "loader": DataLoader(TensorDataset(images, labels), batch_size=8),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "images": images,
        "labels": labels,
        "masks": torch.ones(16, 1, 16, 16),
    }


def test_every_name_is_there_typed_and_on_the_page() -> None:
    tree = ast.parse((ROOT / "tools" / "library" / "__init__.py").read_text(encoding="utf-8"))
    typed = {
        str(node.module): tuple(alias.name for alias in node.names)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("provbench")
    }
    assert typed == HOMES
    for name in provbench.__all__:
        assert getattr(provbench, name) is not None
        assert f"`{name}" in PAGE, name
    assert re.fullmatch(r"\d+\.\d+\.\d+", provbench.__version__)
    with pytest.raises(AttributeError, match="no attribute 'guidence_loss'"):
        provbench.guidence_loss  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_the_loss_is_imported_without_the_rest() -> None:
    names = ["torch", "mmengine", "mmaction", "mmdet", "wandb", "optuna", "pandas", "matplotlib", "scipy", "cv2"]
    code = (
        "import json, sys; from provbench import Batch, Source, guidance_loss; "
        f"print(json.dumps([name for name in {names} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_the_loop_trains(world: dict[str, Any]) -> None:
    before = [parameter.clone() for parameter in world["model"].parameters()]
    exec(LOOP, world)
    changed = zip(before, world["model"].parameters(), strict=True)
    assert all(not torch.equal(old, new) for old, new in changed)
    assert world["loss"].isfinite()


def test_with_a_network_of_timm(world: dict[str, Any]) -> None:
    timm = pytest.importorskip("timm")
    model = timm.create_model("vit_tiny_patch16_224", img_size=16, patch_size=8, depth=2, num_classes=4)
    world |= {"model": model, "optimizer": torch.optim.SGD(model.parameters(), lr=0.1)}
    exec(LOOP, world)
    assert world["loss"].isfinite()


def test_masks_of_ones_leave_nothing_to_penalise(world: dict[str, Any]) -> None:
    exec(MASKS, world)
    inputs = world["images"].requires_grad_()
    sources = world["batch"].sources
    assert provbench.guidance_loss(world["model"](inputs), inputs, sources) == 0


@pytest.mark.slow
def test_in_lightning(world: dict[str, Any]) -> None:
    lightning = pytest.importorskip("lightning")
    exec(LIGHTNING, world)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", enable_model_summary=False, **options)
        trainer.fit(world["Guided"](world["model"]), world["loader"])
    assert trainer.callback_metrics["penalty"] > 0


def test_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    plain = {"suite": "s", "task": "t", "variant": "mini", "phase": "final", "parameters": {}, "status": "done"}
    store = Store(tmp_path / "runs")
    for seed in range(3):
        curve = [{"epoch": epoch, "accuracy": 50.0 + epoch} for epoch in range(1, 4)]
        test = {"accuracy": 70.0 + seed}
        store.put(RunRecord(key=f"aa0{seed}", method="cutmix", seed=seed, test=test, curve=curve, **plain))
    monkeypatch.chdir(tmp_path)
    exec(NOTEBOOK, {})
    assert "71.0" in capsys.readouterr().out
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    for read in (provbench.load, lambda folder: list(provbench.load_records(folder))):
        with pytest.raises(provbench.UserError, match="has no records: name the output folder"):
            read(tmp_path)
