"""`provbench init`: what it finds in a folder, and the suite that it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.benchmarks.own_images import mini
from provbench.benchmarks.own_images.mini import MiniSet
from provbench.registry.base import write_image
from provbench.registry.task import no_progress
from provbench.suites.file import load_suite
from provbench.suites.planning import make_plan, missing_inputs
from provbench.tools.commands.first_suite import suite_name

from .conftest import Run
from .in_process import Ended, call


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "my pets", {"cat": 8, "dog": 6}, (120, 160))
    return tmp_path / "my pets"


@pytest.fixture
def init(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: object) -> Ended:
        return call(monkeypatch, capsys, "init", *arguments)

    return run


def draw(root: Path, counts: dict[str, int], size: tuple[int, int]) -> None:
    for label, count in counts.items():
        (root / label).mkdir(parents=True)
        for number in range(count):
            rng = np.random.default_rng([count, number])
            pixels = np.full((*size, 3), rng.integers(0, 256, 3), dtype=np.uint8)
            write_image(root / label / f"{number}.jpg", pixels)


def test_it_says_what_it_found_and_writes_a_suite_that_is_accepted(pets: Path, init: Any) -> None:
    ended = init("my pets")

    assert ended.returncode == 0, ended.stderr
    assert "my pets: 14 images of 2 classes: cat 8, dog 6" in ended.stdout
    assert "splits: train 9, val 2, test 3 (train, val, test drawn by seed 0" in ended.stdout
    assert "next: provbench run suite.yaml" in ended.stdout
    assert not list(pets.glob("*.csv"))
    plan = make_plan(load_suite("suite.yaml"))
    assert [cell.method for cell in plan.cells] == ["baseline", "cutmix", "cutmix+guidance"]
    assert missing_inputs(plan, Path("data")) == {}
    task = plan.cells[0].build_task(Path("data"))
    assert task.root == pets


def test_it_prints_one_json_document(pets: Path, init: Any) -> None:
    found = json.loads(init("my pets", "--json", "--out", "other.yaml").stdout)

    assert found["classes"] == {"cat": 8, "dog": 6}
    assert (found["images"], found["drawn"], found["problems"]) == (14, ["train", "val", "test"], [])
    assert (found["model"], found["suite"]) == ("tiny-cam", "other.yaml")


def test_a_suite_is_overwritten_by_force_alone(pets: Path, init: Any) -> None:
    Path("suite.yaml").write_text("mine")
    refused = init("my pets")

    assert (refused.returncode, Path("suite.yaml").read_text()) == (2, "mine")
    assert "suite.yaml: exists already: choose another file with --out, or overwrite it with --force" in refused.stderr
    assert init("my pets", "--force").returncode == 0
    assert Path("suite.yaml").read_text() != "mine"


def test_a_csv_with_everything_gets_every_method_and_column(tmp_path: Path, init: Any, pets: Path) -> None:
    mini.write(tmp_path / "data" / "birds", no_progress, MiniSet(train=3, val=2, test=2, side=32))
    ended = init("data/birds/labels.csv")

    assert ended.returncode == 0, ended.stderr
    plan = make_plan(load_suite("suite.yaml"))
    assert {"background-swap", "background-swap+guidance"} < {cell.method for cell in plan.cells}
    columns = plan.file.suite.tables[0].columns
    assert columns is not None
    assert [column.metric for column in columns] == [
        "accuracy",
        "class-averaged accuracy",
        "worst-group accuracy",
        "MaxBoxAccV2",
        "accuracy (backgrounds exchanged)",
        "background reliance",
    ]
    assert plan.cells[0].values["path"] == "birds"  # relative to the data root
    assert plan.cells[0].values["csv"] == "labels.csv"
    assert init("data/birds", "--force").stdout == ended.stdout


def test_faults_are_listed_and_no_suite_is_written(pets: Path, init: Any) -> None:
    (pets / "cat" / "broken.jpg").write_bytes(b"no image")
    whole = (pets / "dog" / "0.jpg").read_bytes()
    (pets / "dog" / "0.jpg").write_bytes(whole[: len(whole) // 2])
    ended = init("my pets")

    assert ended.returncode == 2
    assert "2 things to mend" in ended.stdout
    assert all(str(Path("my pets") / name) in ended.stdout for name in ("cat/broken.jpg", "dog/0.jpg"))
    assert not Path("suite.yaml").exists()
    assert "14 images of 2 classes" not in ended.stdout
    assert "15 images of 2 classes: cat 9, dog 6" in ended.stdout
    (pets / "empty").mkdir()
    assert json.loads(init("my pets", "--json").stdout)["problems"] == [
        "my pets/empty: the class has no image: add some, or remove the folder"
    ]


@pytest.mark.parametrize("place", ["none", "."])
def test_a_place_without_images_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, init: Any, place: str
) -> None:
    monkeypatch.chdir(tmp_path)

    ended = init(place)
    assert ended.returncode == 2
    assert "no such folder" in ended.stderr or "has no folders of classes" in ended.stdout


def test_of_several_lists_one_must_be_named(pets: Path, init: Any) -> None:
    for name in ("a.csv", "b.csv"):
        (pets / name).write_text("file,label\ncat/0.jpg,cat\n")

    assert "a.csv, b.csv could all list the images: name the one" in init("my pets").stderr


def test_pretrained_weights_are_used_where_they_are(pets: Path, init: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(pets / "none"))
    Path("data/weights").mkdir(parents=True)
    assert "since no weights of resnet50, resnet18, efficientnet-lite0 are in data/weights" in init("my pets").stdout
    files = {
        "efficientnet-lite0": "efficientnet-lite0-57934424.pth",
        "resnet18": "resnet18-f37072fd.pth",
        "resnet50": "resnet50-0676ba61.pth",
    }
    for model, file in files.items():
        Path("data/weights", file).write_bytes(b"")
        assert json.loads(init("my pets", "--json", "--force").stdout)["model"] == model


def test_names_of_folders_become_names_of_suites() -> None:
    assert [suite_name(name) for name in ("my pets", "Vögel", "...", "a" * 99)] == [
        "my-pets",
        "V-gel",
        "images",
        "a" * 60,
    ]


@pytest.mark.slow
def test_the_written_suite_gives_a_table(tmp_path: Path, provbench: Run) -> None:
    draw(tmp_path / "pets", {"cat": 12, "dog": 12}, (48, 64))
    assert provbench("init", "pets").returncode == 0
    suite = tmp_path / "suite.yaml"
    suite.write_text(suite.read_text().replace("steps: 240, validations: 12", "steps: 4, validations: 2"))
    ended = provbench("run", "suite.yaml")

    assert ended.returncode == 0, ended.stderr
    assert "9 runs trained" in ended.stdout
    assert all(label in ended.stdout for label in ("baseline", "CutMix + guidance", "class-averaged"))
    assert [path.name for path in (tmp_path / "pets").glob("*.csv")] == ["provbench-split-val0.15-test0.2-seed0.csv"]


def test_neither_init_nor_verify_imports_torch(pets: Path) -> None:
    code = (
        "import sys\n"
        "from provbench.tools.cli import main\n"
        "for command in (['init', 'my pets'], ['data', 'verify', 'images', '--param', 'path=PETS']):\n"
        "    sys.argv[1:] = command\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as ended:\n"
        "        assert not ended.code, ended.code\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code.replace("PETS", str(pets))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
