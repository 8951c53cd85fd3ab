import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from provbench.benchmarks.cub_wsol import mini
from provbench.benchmarks.cub_wsol.data import COUNTS, resize_boxes
from provbench.benchmarks.cub_wsol.mini import MiniSet
from provbench.benchmarks.cub_wsol.task import CubWsol
from provbench.registry import MODELS, SYNTHESIZERS, TASKS, MissingDataError, UserError
from provbench.registry.task import no_progress

SMALL = MiniSet(species=3, train=9, val=6, test=9)


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    mini.write(root / "cub-wsol-mini", no_progress, SMALL)
    return root


def build(data_root: Path, variant: Any = "mini", **values: Any) -> CubWsol:
    return CubWsol(CubWsol.resolve_params(values, variant, "task"), variant=variant, data_root=data_root)


@pytest.fixture
def task(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> CubWsol:
    monkeypatch.setattr(mini, "MINI", SMALL)
    return build(data_root)


def perfect(task: CubWsol, split: Any) -> tuple[list[str], list[dict[str, Any]]]:
    """Predictions whose score map is the true box, less the pixel that the metric adds."""
    ids, predictions = [], []
    for bird in task._birds(split):
        (x0, y0, x1, y1) = resize_boxes(bird)[0]
        scoremap = np.zeros((224, 224), np.float32)
        scoremap[y0:y1, x0:x1] = 1
        ids.append(bird.id)
        predictions.append({"label": bird.label, "predicted": bird.label, "scoremap": scoremap})
    return ids, predictions


def test_it_is_registered_with_its_models() -> None:
    assert TASKS.get("cub-wsol") is CubWsol
    for variant in CubWsol.variants:
        assert CubWsol.resolve_params({}, variant.name, "task").model in MODELS


def test_planning_and_fingerprinting_import_no_torch(data_root: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from provbench.benchmarks.cub_wsol.task import CubWsol
task = CubWsol(CubWsol.resolve_params({{}}, "mini", "x"), variant="mini", data_root=Path({str(data_root)!r}))
task.fingerprint(), len(task.training_set())
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}, check=False).returncode == 0


def test_the_defaults_are_the_recipe_of_the_wsol_evaluation() -> None:
    params = CubWsol.resolve_params({}, "full", "task").model_dump()
    recipe = {
        "model": "vgg16-cam",
        "weights": "IMAGENET1K_V1",
        "epochs": 50,
        "batch_size": 32,
        "optimizer": "sgd",
        "lr": 1.268269e-5,
        "head_lr_scale": 10,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "schedule": "wsol-step",
        "step_epochs": 15,
        "checkpoint": "last",
        "image_size": 224,
        "resize": 256,
        "thresholds": 1000,
    }

    assert {name: params[name] for name in recipe} == recipe


def test_the_crop_must_fit() -> None:
    with pytest.raises(UserError, match=r"task: resize: .*must be at least image_size, 224.*\(got 100\)"):
        CubWsol.resolve_params({"resize": 100}, "full", "task")


def test_metrics_and_selection_agree() -> None:
    names = [metric.name for metric in CubWsol.info.metrics]

    assert CubWsol.info.main_metric == "MaxBoxAccV2"
    assert names[1:4] == ["MaxBoxAccV2@30", "MaxBoxAccV2@50", "MaxBoxAccV2@70"]
    assert set(CubWsol.info.selection.values()) <= set(names)


def test_training_images_are_cropped_evaluation_images_are_not(task: CubWsol) -> None:
    train, test = task.train_data(None), task.eval_data("test")

    assert (len(train), len(test), len(task.eval_data("val"))) == (9, 9, 6)  # pyright: ignore[reportArgumentType]
    assert train[0, 1]["image"].shape == test[0]["image"].shape == (3, 64, 64)
    assert not torch.equal(train[0, 1]["image"], train[0, 2]["image"])
    assert train[0, 1]["guided"] is False


def test_a_synthetic_set_is_added_with_its_masks(task: CubWsol, tmp_path: Path) -> None:
    SYNTHESIZERS.build("background-swap", fraction=0.5).synthesize(task.training_set(), tmp_path, no_progress)
    data = task.train_data(tmp_path)
    items = [data[index, 0] for index in range(len(data))]  # pyright: ignore[reportArgumentType]

    assert len(items) > 9
    assert [item["guided"] for item in items] == [False] * 9 + [True] * (len(items) - 9)
    assert all(0 < item["mask"].float().mean() < 1 for item in items[9:])
    assert len({item["id"] for item in items}) == len(items)


def test_a_synthesizer_sees_images_and_outlines(task: CubWsol, data_root: Path, tmp_path: Path) -> None:
    data = task.training_set()
    assert (len(data), data.num_classes) == (9, 3)
    assert data.image(4).shape[:2] == data.segmentation(4).shape
    assert 0.05 < data.segmentation(4).mean() < 0.6

    shutil.copytree(data_root, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare/cub-wsol-mini/CUB_200_2011/segmentations")
    with pytest.raises(MissingDataError, match=r"segmentations\.tgz .*unpack it to .*CUB_200_2011/segmentations"):
        build(tmp_path / "bare").training_set().segmentation(0)


def test_prediction_is_the_map_of_the_true_label(task: CubWsol) -> None:
    torch.manual_seed(0)
    net = task.build_model().eval()
    inputs, labels = torch.randn(2, 3, 64, 64), torch.tensor([2, 0])
    with torch.no_grad():
        first, second = task.predict(net, inputs, labels)
        expected = net.scoremaps(inputs, labels)  # pyright: ignore[reportCallIssue]
        logits = net(inputs)

    assert (first["label"], second["label"]) == (2, 0)
    assert [first["predicted"], second["predicted"]] == logits.argmax(dim=1).tolist()
    np.testing.assert_array_equal(first["scoremap"], expected[0].numpy())
    assert second["scoremap"].shape == (8, 8)


@pytest.mark.parametrize("sat", [False, True])
def test_perfect_predictions_score_a_hundred(task: CubWsol, data_root: Path, sat: bool) -> None:
    task = build(data_root, sat_evaluator=sat)
    scores = task.score("test", *perfect(task, "test"))

    assert scores.metrics == {metric.name: 100.0 for metric in task.info.metrics if sat or not metric.optional}
    assert len({len(column) for column in scores.samples.values()}) == 1
    assert scores.samples["id"].tolist() == [bird.id for bird in task._birds("test")]


def test_each_metric_is_the_mean_of_its_column(task: CubWsol) -> None:
    ids, predictions = perfect(task, "test")
    predictions[0]["predicted"] = (predictions[0]["label"] + 1) % 3  # a wrong class, a right box
    for place in (1, 2):  # a right class, no box at all
        predictions[place]["scoremap"] = np.zeros((8, 8), np.float32)
    scores = task.score("test", ids[::-1], predictions[::-1])

    assert scores.metrics["accuracy"] == pytest.approx(100 * 8 / 9)
    assert scores.metrics["MaxBoxAccV2"] == scores.metrics["GT-known Loc"] == pytest.approx(100 * 7 / 9)
    assert scores.metrics["Top-1 Loc"] == pytest.approx(100 * 6 / 9)
    for name, value in scores.metrics.items():
        assert 100 * scores.samples[name].mean() == pytest.approx(value)
    assert scores.samples["accuracy"].tolist() == [True] * 8 + [False]


def test_the_scale_of_a_map_does_not_matter(task: CubWsol) -> None:
    rng = np.random.default_rng(0)
    ids, predictions = perfect(task, "val")
    small = [{**prediction, "scoremap": rng.normal(size=(8, 8)).astype(np.float32)} for prediction in predictions]
    scaled = [{**prediction, "scoremap": 64 * prediction["scoremap"]} for prediction in small]

    assert task.score("val", ids, small).metrics == task.score("val", ids, scaled).metrics


def test_a_model_without_maps_is_refused(task: CubWsol, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODELS, "get", lambda name: lambda num_classes, **_: nn.Linear(2, num_classes))

    with pytest.raises(UserError, match="tiny-cam makes no class activation maps"):
        task.build_model()


def test_the_fingerprint_follows_the_data_not_the_place(task: CubWsol, data_root: Path, tmp_path: Path) -> None:
    value = task.fingerprint()
    shutil.copytree(data_root, tmp_path / "moved")
    moved = build(tmp_path / "moved")
    assert moved.fingerprint() == value

    shutil.rmtree(moved.root / "CUB_200_2011/segmentations")
    assert build(tmp_path / "moved").fingerprint() == value  # outlines are not what a run reads
    labels = moved.root / "metadata/train/class_labels.txt"
    labels.write_text(labels.read_text().replace(",0\n", ",1\n", 1))
    assert build(tmp_path / "moved").fingerprint() != value


def test_the_mini_set_is_prepared_and_verified(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mini, "MINI", SMALL)
    monkeypatch.setattr(mini.generate, "__defaults__", (SMALL,))
    task = build(tmp_path)
    task.prepare(no_progress)

    assert (tmp_path / "cub-wsol-mini/VERSION.json").is_file()
    assert task.verify(no_progress) == []


def test_the_full_set_must_be_there(data_root: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"cub-wsol/metadata/train(.|\n)*10\.22002/D1\.20098"):
        build(tmp_path, "full").prepare(no_progress)

    shutil.copytree(data_root / "cub-wsol-mini", tmp_path / "cub-wsol")
    full = build(tmp_path, "full")
    full.prepare(no_progress)
    assert [problem.split(": ", 1)[1] for problem in full.verify(no_progress)] == [
        f"expected {COUNTS[split]} images (got {got})" for split, got in {"train": 9, "val": 6, "test": 9}.items()
    ]
    (full.root / "CUBV2" / full._birds("val")[2].id).unlink()
    with pytest.raises(MissingDataError, match=r"no such image \(1 of the 6 of split val are missing\)"):
        full.prepare(no_progress)
