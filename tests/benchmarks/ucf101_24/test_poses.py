"""Poses by Keypoint R-CNN, on a tiny network with random weights, against torchvision's own forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models.detection import KeypointRCNN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor
from torchvision.models.detection.rpn import AnchorGenerator

from provbench.benchmarks.ucf101_24 import poses
from provbench.benchmarks.ucf101_24.poses import PoseEstimator, find_weights, load_network
from provbench.registry import MissingDataError, UnknownNameError, UserError


def tiny_network(seed: int = 0) -> KeypointRCNN:
    """Two convolutions instead of a ResNet; torchvision's everything else. Its random boxes have scores about 0.5."""
    torch.manual_seed(seed)
    trunk = nn.Sequential(nn.Conv2d(3, 8, 7, 4, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU())
    trunk.out_channels = 8  # pyright: ignore[reportArgumentType]
    net = KeypointRCNN(
        trunk,
        min_size=64,
        max_size=96,
        rpn_anchor_generator=AnchorGenerator(((16, 32),), ((0.5, 1.0, 2.0),)),
        rpn_post_nms_top_n_test=60,
        box_head=TwoMLPHead(8 * 7 * 7, 16),
        box_predictor=FastRCNNPredictor(16, 2),
        keypoint_head=KeypointRCNNHeads(8, (8,)),
        keypoint_predictor=KeypointRCNNPredictor(8, 17),
    )
    for name, parameter in net.named_parameters():
        if "cls_score" in name:
            nn.init.normal_(parameter, std=0.5)  # so that the scores differ
    return net.eval()


def random_frames(count: int = 3, height: int = 72, width: int = 96) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(count)]


def test_without_a_detector_people_are_those_of_torchvision() -> None:
    net, frames = tiny_network(), random_frames()
    found = PoseEstimator(net, max_persons=5, min_score=0.3)(frames)
    with torch.no_grad():
        expected = net([torch.from_numpy(frame).permute(2, 0, 1) / 255 for frame in frames])
    for people, result in zip(found, expected, strict=True):
        count = min(5, int((result["scores"] >= 0.3).sum()))
        assert len(people.scores) == count > 0
        np.testing.assert_allclose(people.boxes, result["boxes"][:count].numpy(), atol=1e-3)
        np.testing.assert_allclose(people.scores, result["scores"][:count].numpy(), atol=1e-5)
        np.testing.assert_allclose(people.keypoints, result["keypoints"][:count, :, :2].numpy(), atol=1e-3)


def test_a_network_given_its_own_boxes_finds_the_same_joints() -> None:
    net, frames = tiny_network(), random_frames()
    own = PoseEstimator(net, max_persons=4, min_score=0.3)(frames)

    def detector(images: Sequence[np.ndarray]) -> list[tuple[Tensor, Tensor]]:
        assert [image.shape for image in images] == [frame.shape for frame in frames]
        return [(torch.from_numpy(people.boxes), torch.from_numpy(people.scores)) for people in own]

    given = PoseEstimator(net, detector, max_persons=4, min_score=0.3)(frames)
    for people, other in zip(own, given, strict=True):
        np.testing.assert_allclose(people.boxes, other.boxes, atol=1e-3)
        np.testing.assert_allclose(people.keypoints, other.keypoints, atol=0.05)
        np.testing.assert_allclose(people.joint_scores, other.joint_scores, rtol=1e-3)


def test_joints_lie_in_their_boxes_and_confidences_are_probabilities() -> None:
    for people in PoseEstimator(tiny_network(), min_score=0.0)(random_frames()):
        assert len(people.scores) == 8
        assert (np.diff(people.scores) <= 0).all()
        assert people.keypoints.shape == (8, 17, 2)
        low, high = people.boxes[:, None, :2], people.boxes[:, None, 2:]
        assert (people.keypoints >= low - 1).all()
        assert (people.keypoints <= high + 1).all()
        assert (people.joint_scores >= 1 / 56**2).all()  # of the 56 x 56 cells of a heatmap
        assert (people.joint_scores <= 1).all()


def test_the_confidence_is_the_softmax_at_the_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heatmap of 0 but for one cell of log 3135: that cell has half of the probability."""
    net = tiny_network()

    def heatmaps(features: Tensor) -> Tensor:
        maps = torch.zeros(len(features), 17, 56, 56)
        maps[:, :, 10, 20] = float(np.log(56 * 56 - 1))
        return maps

    monkeypatch.setattr(net.roi_heads.keypoint_predictor, "forward", heatmaps)
    boxes = torch.tensor([[10.0, 4.0, 66.0, 60.0]])
    [people] = PoseEstimator(net, lambda frames: [(boxes, torch.ones(1))])(random_frames(1, 64, 96))
    np.testing.assert_allclose(people.joint_scores, 0.5, rtol=1e-5)
    np.testing.assert_allclose(people.keypoints, np.broadcast_to((10 + 20.5, 4 + 10.5), (1, 17, 2)), atol=0.01)


def test_boxes_are_chosen_clipped_and_sorted() -> None:
    boxes = torch.tensor(
        [[0, 0, 20, 20], [-9, 5, 30, 200], [5, 5, 40, 40], [3, 3, 3.4, 40], [200, 3, 240, 40], [1, 1, 9, 9]]
    )
    scores = torch.tensor([0.6, 0.9, 0.8, 0.95, 0.95, 0.2])

    def detector(frames: Sequence[np.ndarray]) -> list[tuple[Tensor, Tensor]]:
        return [(boxes, scores), (boxes[:0], scores[:0])]

    people, nobody = PoseEstimator(tiny_network(), detector, max_persons=2, min_score=0.5)(random_frames(2))
    np.testing.assert_allclose(people.scores, [0.9, 0.8])
    np.testing.assert_allclose(people.boxes, [[0, 5, 30, 72], [5, 5, 40, 40]], atol=1e-4)
    assert nobody.boxes.shape == (0, 4)
    assert nobody.keypoints.shape == (0, 17, 2)
    assert nobody.joint_scores.shape == (0, 17)


def test_frames_without_people() -> None:
    for people in PoseEstimator(tiny_network(), min_score=1.0)(random_frames(2)):
        assert people.keypoints.shape == (0, 17, 2)
        assert people.scores.shape == (0,)


def test_a_batch_gives_what_single_frames_give() -> None:
    estimate, frames = PoseEstimator(tiny_network(), min_score=0.3), random_frames()
    for people, frame in zip(estimate(frames), frames, strict=True):
        [alone] = estimate([frame])
        np.testing.assert_allclose(people.keypoints, alone.keypoints, atol=1e-3)


def test_finding_weights(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError) as raised:
        find_weights("COCO_V1", tmp_path)
    assert str(tmp_path / "keypointrcnn_resnet50_fpn_coco-fc266e95.pth") in str(raised.value)
    assert "Download https://download.pytorch.org/models/" in str(raised.value)
    assert "--weights" in str(raised.value)
    with pytest.raises(UnknownNameError, match="did you mean 'COCO_V1'"):
        find_weights("COCO_V2", tmp_path)
    with pytest.raises(MissingDataError, match=r"net\.pth: no such file"):
        find_weights(str(tmp_path / "net.pth"), tmp_path)
    (tmp_path / "net.pth").touch()
    assert find_weights(str(tmp_path / "net.pth"), Path("elsewhere")) == tmp_path / "net.pth"


@pytest.mark.slow
def test_the_network_is_torchvisions(tmp_path: Path) -> None:
    """The state dict of torchvision's builder fits, and the two compute the same."""
    from torchvision.models.detection import keypointrcnn_resnet50_fpn

    torch.manual_seed(0)
    built = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None, min_size=64).eval()
    torch.save({"model": built.state_dict()}, tmp_path / "net.pth")
    loaded: Any = load_network(tmp_path / "net.pth", size=64).eval()
    image = torch.rand(3, 64, 80)
    with torch.no_grad():
        [expected], [found] = built([image]), loaded([image])
    assert len(found["boxes"])
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, msg=key)
    assert {module.eps for module in loaded.modules() if type(module).__name__ == "FrozenBatchNorm2d"} == {1e-5}

    official = tmp_path / "keypointrcnn_resnet50_fpn_coco-fc266e95.pth"
    (tmp_path / "net.pth").rename(official)
    loaded = load_network(official)
    assert {module.eps for module in loaded.modules() if type(module).__name__ == "FrozenBatchNorm2d"} == {0.0}
    assert loaded.transform.min_size[-1] == 800


def test_files_that_are_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poses, "KeypointRCNN", lambda *_, **__: nn.Linear(2, 2))  # building the real one takes a second
    for content in (b"", b"<html>not found</html>"):
        (tmp_path / "a.pth").write_bytes(content)
        with pytest.raises(UserError, match=r"a\.pth: not the weights of torchvision's keypointrcnn_resnet50_fpn"):
            load_network(tmp_path / "a.pth")
    torch.save({"other": torch.ones(2)}, tmp_path / "b.pth")
    with pytest.raises(UserError, match=r"b\.pth: not the weights"):
        load_network(tmp_path / "b.pth")
    torch.save([torch.ones(2)], tmp_path / "c.pth")
    with pytest.raises(UserError, match=r"c\.pth: not the weights"):
        load_network(tmp_path / "c.pth")
