"""The protocol of iWildCam on its generated data: splits, crop, pixels and scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as geometry

from provbench.benchmarks.common import read_image
from provbench.benchmarks.iwildcam import mini
from provbench.benchmarks.iwildcam.data import CLASSES, FILES, Shot, read_part
from provbench.benchmarks.iwildcam.mini import MiniSet
from provbench.benchmarks.iwildcam.task import IWildCam, without_strips
from provbench.benchmarks.training import Preprocessor
from provbench.registry import TASKS
from provbench.registry.task import no_progress

SMALL = MiniSet(train=4, val=2, test=3, extra=1, height=64)


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    mini.write(root / "iwildcam-mini", no_progress, SMALL)
    return root


def build(data_root: Path, **values: Any) -> IWildCam:
    return IWildCam(IWildCam.resolve_params(values, "mini", "task"), variant="mini", data_root=data_root)


def test_the_defaults_are_alias() -> None:
    params = IWildCam.resolve_params({}, "full", "task").model_dump()

    recipe = {"model": "resnet50", "weights": "IMAGENET1K_V1", "epochs": 100, "batch_size": 128, "lr": 1e-3}
    assert TASKS.get("iwildcam") is IWildCam
    assert {name: params[name] for name in recipe} == recipe
    assert (params["optimizer"], params["momentum"], params["nesterov"], params["weight_decay"]) == (
        "sgd", 0.9, False, 1e-4,
    )  # fmt: skip
    assert (params["class_weighted"], params["checkpoint"], params["hflip"], params["resize"]) == (
        True, "best", False, None,
    )  # fmt: skip
    assert IWildCam.info.selection["val"] == "macro F1"


def test_the_generated_set_is_in_the_official_layout(data_root: Path) -> None:
    root = data_root / "iwildcam-mini"
    parts = {part: read_part(root, part) for part in FILES}
    cameras = {part: {shot.location for shot in shots} for part, shots in parts.items()}

    assert {part: len(shots) for part, shots in parts.items()} == {
        part: sum(counts) for part, counts in SMALL.counts().items()
    }
    assert not cameras["train"] & cameras["test"]
    assert not cameras["train"] & cameras["extra"]
    assert build(data_root).orders() == {"alia": [shot.id for shot in parts["train"]]}


def test_rows_10_to_409_of_448_are_kept_and_resized(data_root: Path) -> None:
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.integers(0, 256, (3, 448, 448), dtype=np.uint8))
    task = build(data_root, image_size=48)
    record = task.records("test")[0]
    pixels = torch.from_numpy(np.array(read_image(record.path))).permute(2, 0, 1)
    whole = geometry.resize(pixels, [96, 96], antialias=True)

    assert torch.equal(without_strips(image), image[:, 10:410])
    item = task.eval_data("test")[0]
    assert torch.equal(item["image"], geometry.resize(whole[:, 2:88], [48, 48], antialias=True))
    assert item["image"].float().mean() > geometry.resize(pixels, [48, 48], antialias=True).float().mean()


def test_pixels_are_not_normalised(data_root: Path) -> None:
    preprocess = Preprocessor(*build(data_root).normalization)
    image = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 1, 2).expand(1, 3, 1, 2)

    out = preprocess({"inputs": image})["inputs"]

    assert torch.equal(out, image.float() / 255)


def test_frames_of_a_sequence_are_one_cluster_of_the_scores(data_root: Path) -> None:
    task = build(data_root)
    records = task.records("test")
    answers = [{"label": record.label, "predicted": 0} for record in records]

    scores = task.score("test", [record.id for record in records], answers)

    assert scores.samples["cluster"].tolist() == [record.cluster for record in records]
    assert len(set(scores.samples["cluster"].tolist())) < len(records)
    assert scores.metrics["accuracy"] == pytest.approx(100 / len(CLASSES))
    assert scores.metrics["macro F1"] == pytest.approx(100 * (2 / (1 + len(CLASSES))) / len(CLASSES))


def test_only_class_zero_is_a_camera_without_an_animal(tmp_path: Path) -> None:
    def drawn(label: int, seed: int) -> np.ndarray:
        mini.draw(tmp_path / "one.png", Shot("one.png", label, "3", "s"), [seed], 64)
        image = read_image(tmp_path / "one.png")[4:-8].astype(float)
        return image / np.median(image)

    empty = drawn(0, 0)
    assert (np.abs(drawn(0, 1) - empty) > 0.3).mean() < 0.001
    assert all((np.abs(drawn(label, 1) - empty) > 0.3).mean() > 0.01 for label in range(1, len(CLASSES)))
