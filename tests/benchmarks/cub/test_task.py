"""CUB as a classification task: ALIA's splits, the honest choice of the epoch and ALIA's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provbench.benchmarks.common import ImageRecord
from provbench.benchmarks.cub.task import Cub, hold_out
from provbench.benchmarks.layouts import Cub as Layout, MiniSet, mini
from provbench.registry.task import no_progress
from provbench.suites.file import load_suite
from provbench.suites.planning import make_plan

SMALL = MiniSet(train=7, test=3)
SUITE = """
name: s
seeds: [0]
tasks: {cub: {variant: mini, selection: [val, oracle], params: {epochs: 1}}}
methods: {baseline: {}}
"""


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    mini.write(root / "cub-mini", Layout(), no_progress, SMALL)
    return root


def build(data_root: Path, **values: Any) -> Cub:
    return Cub(Cub.resolve_params(values, "mini", "task"), variant="mini", data_root=data_root)


def test_the_last_five_of_each_class_are_held_out() -> None:
    labels = [0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]
    records = [ImageRecord(str(place), Path(str(place)), label) for place, label in enumerate(labels)]

    kept, held_out = hold_out(records)

    assert [record.id for record in kept] == ["0", "1"]
    assert [record.id for record in held_out] == ["2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]


def test_of_the_official_numbers_4994_are_left() -> None:
    sizes = [30] * 194 + [29] * 6
    records = [
        ImageRecord(f"{label}-{number}", Path("x"), label) for label, size in enumerate(sizes) for number in range(size)
    ]

    kept, held_out = hold_out(records)

    assert (len(records), len(kept), len(held_out)) == (5994, 4994, 1000)


def test_splits_share_no_image(data_root: Path) -> None:
    task = build(data_root)
    ids = {split: [record.id for record in task.records(split)] for split in ("train", "val", "test")}

    assert {split: len(names) for split, names in ids.items()} == {"train": 20, "val": 50, "test": 30}
    assert len({name for names in ids.values() for name in names}) == 100
    assert task.training_set().num_classes == task.num_classes == 10
    assert task.orders()["alia"] == ids["train"]


def test_the_oracle_validates_on_test_under_that_name_only(data_root: Path, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    (cell,) = make_plan(load_suite(str(path))).cells
    honest, oracle = (cell.spec(0, "final", "", protocol=name) for name in ("val", "oracle"))

    assert (honest.task.params["validation"], oracle.task.params["validation"]) == ("held-out", "test")
    assert honest.key != oracle.key
    assert honest.key == cell.spec(0, "final", "").key
    chosen = [record.id for record in build(data_root, validation="test").records("val")]
    assert chosen == [record.id for record in build(data_root).records("test")]
    assert "on the test images" in cell.setting("oracle")
    assert "holds out" in cell.setting("val")


def test_a_suite_cannot_validate_on_test_without_saying_so(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE.replace("epochs: 1", "epochs: 1, validation: test"))

    with pytest.raises(
        Exception, match=r"suite.yaml:4: .*validation is set by the selection protocol \(oracle of cub\)"
    ):
        make_plan(load_suite(str(path)))
