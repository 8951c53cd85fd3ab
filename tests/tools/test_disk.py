"""`provbench gc`: says what can go, removes it when told to, and keeps every record."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.results import RunRecord, Store
from provbench.suites.driving.output import output_lock

from .conftest import Run

TOY = Path(__file__).parents[1] / "plugins" / "toy.py"
KEY = "f" * 20


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output folder with one finished run, its weights of two epochs, and the weights of a run without a record."""
    fields = {"suite": "s", "task": "toy", "variant": "mini", "method": "m", "phase": "final", "seed": 0}
    curve = [{"epoch": epoch, "accuracy": 50.0 + epoch, "confidence": 50.0 + epoch} for epoch in (1, 2)]
    out = tmp_path / "runs"
    Store(out).put(RunRecord(**fields, key=KEY, parameters={}, status="done", curve=curve))
    for key, epochs in ((KEY, (1, 2)), ("0" * 20, (1,))):
        folder = out / "checkpoints" / key
        folder.mkdir(parents=True)
        for epoch in epochs:
            (folder / f"epoch_{epoch}.safetensors").write_bytes(bytes(1_500_000))
    return out


@pytest.fixture
def weights(out: Path) -> Callable[[], list[str]]:
    def find() -> list[str]:
        return sorted(f"{path.parent.name[0]}/{path.stem}" for path in out.glob("checkpoints/*/*.safetensors"))

    return find


def test_it_says_what_can_go_and_touches_nothing(provbench: Run, out: Path, weights: Callable[[], list[str]]) -> None:
    done = provbench("gc", "--keep", "last")
    assert done.returncode == 0, done.stderr
    assert "weights" in done.stdout
    assert "3.0 MB can be freed: add --yes" in done.stdout
    assert weights() == ["0/epoch_1", "f/epoch_1", "f/epoch_2"]


def test_yes_removes_it_and_no_record(provbench: Run, out: Path, weights: Callable[[], list[str]]) -> None:
    assert "1.5 MB freed" in provbench("gc", "--yes").stdout
    assert weights() == ["f/epoch_1", "f/epoch_2"]
    assert "1.5 MB freed" in provbench("gc", "--keep", "best", "--plugin", TOY, "--yes").stdout
    assert weights() == ["f/epoch_2"]
    assert "nothing can go" in provbench("gc", "--yes").stdout
    assert "1.5 MB freed" in provbench("gc", "--keep", "none", "--yes").stdout
    assert weights() == []
    assert Store(out).keys() == [KEY]


def test_the_worst_epochs_of_an_unknown_task_are_not_known(
    provbench: Run, out: Path, weights: Callable[[], list[str]]
) -> None:
    assert "1.5 MB freed" in provbench("gc", "--keep", "best", "--yes").stdout
    assert weights() == ["f/epoch_1", "f/epoch_2"]


def test_replaced_records_only_if_asked(provbench: Run, out: Path) -> None:
    replaced = Store(out).supersede(KEY)
    assert "superseded" not in provbench("gc").stdout
    assert "superseded" in provbench("gc", "--superseded", "--yes").stdout
    assert not replaced.exists()


def test_a_data_root_beside_it_or_alone(provbench: Run, out: Path, tmp_path: Path) -> None:
    left = tmp_path / "data" / ".waterbirds-mini.new-abcd_123"
    left.mkdir(parents=True)
    (left / "1.png").write_bytes(bytes(1000))
    for path in (left / "1.png", left):
        os.utime(path, (0, 0))
    assert "temporary" in provbench("gc").stdout, "the root that commands take where they are told none"
    done = provbench("gc", "--data", "data", "--out", "elsewhere", "--yes")
    assert "1.0 kB freed" in done.stdout, done.stderr
    assert not left.exists()
    assert not (tmp_path / "elsewhere").exists()
    done = provbench("gc", "--data", "nowhere", "--out", "elsewhere")
    assert done.returncode == 2
    assert "or a data root as --data" in done.stderr


def test_for_scripts(provbench: Run, out: Path) -> None:
    found = json.loads(provbench("gc", "--keep", "none", "--json").stdout)
    (kind,) = found["kinds"]
    assert (kind["kind"], kind["files"], kind["bytes"]) == ("weights", 3, 4_500_000)
    assert not found["removed"]
    assert {Path(path).name for path in found["paths"]} == {"0" * 20, "epoch_1.safetensors", "epoch_2.safetensors"}


def test_not_beside_a_driver(provbench: Run, out: Path, weights: Callable[[], list[str]]) -> None:
    with output_lock(out):
        done = provbench("gc", "--yes")
    assert done.returncode == 2
    assert "another driver is at work here" in done.stderr
    assert len(weights()) == 3


def test_a_folder_that_is_no_output_folder_is_left_alone(provbench: Run, tmp_path: Path) -> None:
    project = tmp_path / "project"
    precious = project / "checkpoints" / KEY / "epoch_1.safetensors"
    precious.parent.mkdir(parents=True)
    precious.touch()
    for folder in (project, tmp_path / "nowhere"):
        done = provbench("gc", "--out", folder, "--keep", "none", "--yes")
        assert done.returncode == 2
        assert "no output folder with records" in done.stderr
    assert [path.name for path in project.iterdir()] == ["checkpoints"]
    assert precious.is_file()
