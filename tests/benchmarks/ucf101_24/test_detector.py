"""People by mmdet: configurations that come with it, and a YOLOX with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from provbench.benchmarks.ucf101_24 import openmmlab
from provbench.benchmarks.ucf101_24.detector import PersonDetector, find_config
from provbench.benchmarks.ucf101_24.poses import PoseEstimator
from provbench.registry import MissingDataError, UserError

from .test_poses import tiny_network

YOLOX = "yolox_tiny_8xb8-300e_coco"


@pytest.fixture(scope="module", autouse=True)
def _mended() -> None:
    openmmlab.mend()


@pytest.mark.slow
def test_configurations_are_found_by_name_of_file_and_of_model() -> None:
    by_file, url = find_config(YOLOX)
    by_model, other = find_config("yolox_tiny_8x8_300e_coco")
    assert by_file == by_model
    assert by_file.is_file()
    assert url == other
    assert url.startswith("https://")
    with pytest.raises(UserError, match="no detector that comes with mmdet: did you mean 'yolox_tiny"):
        find_config("yolox_tiny_8xb8_300e_coco")


@pytest.mark.slow
def test_missing_weights_are_asked_for_by_address(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"its weights\. Download https://\S+\.pth, and name the file with"):
        PersonDetector(YOLOX, None)
    with pytest.raises(MissingDataError, match=r"a\.pth: no such file\. Download https://"):
        PersonDetector(YOLOX, tmp_path / "a.pth")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"a\.py: no such configuration"):
        find_config(str(tmp_path / "a.py"))
    (tmp_path / "a.py").write_text("model = dict(type='YOLOX')")
    with pytest.raises(MissingDataError, match=r"a\.py: the detector needs its weights. Get the weights that belong"):
        PersonDetector(str(tmp_path / "a.py"), None)


def yolox(folder: Path, *, classes: tuple[str, ...] = ()) -> tuple[Path, Path]:
    """A configuration of YOLOX-tiny whose random scores all count, for small images, and its random weights."""
    from mmdet.apis import init_detector
    from mmengine.registry import DefaultScope

    config, weights = folder / "yolox.py", folder / "yolox.pth"
    config.write_text(
        f"_base_ = {str(find_config(YOLOX)[0])!r}\n"
        "model = dict(test_cfg=dict(score_thr=0.0), backbone=dict(deepen_factor=0.33, widen_factor=0.125),\n"
        "    neck=dict(in_channels=[32, 64, 128], out_channels=32, num_csp_blocks=1),\n"
        "    bbox_head=dict(in_channels=32, feat_channels=32))\n"
        "test_pipeline = [dict(type='LoadImageFromFile', backend_args=None),\n"
        "    dict(type='Resize', scale=(96, 96), keep_ratio=True),\n"
        "    dict(type='Pad', pad_to_square=True, pad_val=dict(img=(114.0, 114.0, 114.0))),\n"
        "    dict(type='LoadAnnotations', with_bbox=True),\n"
        "    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]\n"
        "test_dataloader = dict(dataset=dict(pipeline=test_pipeline))\n"
    )
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmdet"):
        net = init_detector(str(config), None, device="cpu")
    meta = {"dataset_meta": {"classes": classes}} if classes else {}
    torch.save({"state_dict": net.state_dict(), "meta": meta}, weights)
    return config, weights


@pytest.mark.slow
def test_a_detector_end_to_end(tmp_path: Path) -> None:
    config, weights = yolox(tmp_path)
    detector = PersonDetector(str(config), weights)
    frames = [np.random.default_rng(seed).integers(0, 256, (72, 96, 3), dtype=np.uint8) for seed in range(2)]
    results = detector(frames)
    assert len(results) == 2
    for boxes, scores in results:
        assert boxes.shape == (len(scores), 4)
        assert len(scores)
        assert ((scores >= 0) & (scores <= 1)).all()

    estimate = PoseEstimator(tiny_network(), detector, max_persons=3, min_score=0.0)
    for people, (boxes, scores) in zip(estimate(frames), results, strict=True):
        assert people.keypoints.shape == (min(3, len(boxes)), 17, 2)
        assert people.scores[0] == scores.max()

    from mmdet.apis import inference_detector
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope("mmdet"):
        sample: Any = inference_detector(detector.net, frames[0][..., ::-1].copy())
    expected = sample.pred_instances
    torch.testing.assert_close(results[0][0], expected.bboxes[expected.labels == 0])
    scope = DefaultScope.get_current_instance()
    assert scope is None or scope.scope_name != "mmdet"

    _, other = yolox(tmp_path, classes=("bird", "Person"))
    named = PersonDetector(str(config), other)
    assert named.person == 1
    assert named.config_digest == detector.config_digest
    _, other = yolox(tmp_path, classes=("bird", "cat"))
    with pytest.raises(UserError, match=r"yolox\.pth: the detector must know the class 'person' \(got bird, cat\)"):
        PersonDetector(str(config), other)

    content = torch.load(weights, weights_only=True)
    name = next(iter(content["state_dict"]))
    torch.save({"state_dict": {k: v for k, v in content["state_dict"].items() if k != name}}, weights)
    with pytest.raises(UserError, match=rf"not the weights of yolox: 1 tensors are missing, such as {name}"):
        PersonDetector(str(config), weights)
    weights.write_bytes(b"<html>not found</html>")
    with pytest.raises(UserError, match=r"yolox\.pth: not the weights of yolox"):
        PersonDetector(str(config), weights)
    (tmp_path / "b.py").write_text("model = dict(type='YOLOZ', backbone=dict())\n")
    with pytest.raises(UserError, match=r"b\.py: not the configuration of a detector: KeyError"):
        PersonDetector(str(tmp_path / "b.py"), weights)
