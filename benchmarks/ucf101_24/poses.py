"""People and their joints in images, by torchvision's Keypoint R-CNN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.models.detection import KeypointRCNN
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import keypointrcnn_inference

from provbench.registry.base import MissingDataError, UserError, read_checkpoint

from ..common import weights_file
from .skeletons import JOINTS

MODEL = "keypointrcnn_resnet50_fpn"
PERSON = 1
"""Its other class is the background, 0."""

Detector = Callable[[Sequence[np.ndarray]], list[tuple[Tensor, Tensor]]]
"""Frames (H, W, 3) uint8 RGB to each one's boxes (n, 4), x0 y0 x1 y1 in its pixels, and scores (n,)."""


@dataclass(frozen=True)
class People:
    """The people of one image, the surest first.

    boxes: (P, 4) float32, x0 y0 x1 y1 in pixels. scores: (P,) float32 in [0, 1]. keypoints: (P, 17, 2) float32, x and y
    in pixels. joint_scores: (P, 17) float32 in (0, 1].
    """

    boxes: np.ndarray
    scores: np.ndarray
    keypoints: np.ndarray
    joint_scores: np.ndarray


class PoseEstimator:
    """`estimator(frames)` has the people of each frame and their joints.

    People are those of `detector`, or of the network's own box branch; the joints are of the network's keypoint branch
    within their boxes. A joint's confidence is the probability that the network's softmax gives to the cell of its
    heatmap where it is found, as in Detectron. At most `max_persons` of an image, none of a score below `min_score`.
    """

    def __init__(
        self,
        net: KeypointRCNN,
        detector: Detector | None = None,
        *,
        max_persons: int = 8,
        min_score: float = 0.5,
        device: str = "cpu",
    ) -> None:
        self.net: Any = net.eval().to(device)
        self.detector = detector
        self.max_persons = max_persons
        self.min_score = min_score
        self.device = device

    @torch.inference_mode()
    def __call__(self, frames: Sequence[np.ndarray]) -> list[People]:
        """frames: (H, W, 3) uint8 RGB."""
        images = [self._image(frame) for frame in frames]
        sizes = [(int(image.shape[1]), int(image.shape[2])) for image in images]
        if self.detector is None:
            batch, _ = self.net.transform(images)
            features = self._features(batch)
            boxes, scores = self._best(self._detect(batch, features), batch.image_sizes)
        else:
            boxes, scores = self._best(self.detector(frames), sizes)
            batch, scaled = self.net.transform(images, [{"boxes": own} for own in boxes])
            features = self._features(batch)
            boxes = [own["boxes"] for own in scaled]
        keypoints, confidences = self._joints(features, boxes, batch.image_sizes)
        results = [{"boxes": own, "keypoints": points} for own, points in zip(boxes, keypoints, strict=True)]
        results = self.net.transform.postprocess(results, batch.image_sizes, sizes)
        return [
            People(
                result["boxes"].cpu().numpy(),
                own.cpu().numpy(),
                result["keypoints"][..., :2].cpu().numpy(),
                confidence.cpu().numpy(),
            )
            for result, own, confidence in zip(results, scores, confidences, strict=True)
        ]

    def _image(self, frame: np.ndarray) -> Tensor:
        """(3, H, W) float32 in [0, 1]."""
        return torch.from_numpy(np.ascontiguousarray(frame)).to(self.device).permute(2, 0, 1) / 255

    def _features(self, batch: ImageList) -> dict[str, Tensor]:
        features = self.net.backbone(batch.tensors)
        return {"0": features} if isinstance(features, Tensor) else features

    def _best(
        self, found: list[tuple[Tensor, Tensor]], sizes: list[tuple[int, int]]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The boxes and scores to keep of each image, in descending score, inside the image. sizes: (height, width)."""
        kept = []
        for (boxes, scores), (height, width) in zip(found, sizes, strict=True):
            boxes, scores = boxes.to(self.device), scores.to(self.device)
            boxes = torch.minimum(boxes.clamp(min=0), boxes.new_tensor([width, height, width, height]))
            wanted = (boxes[:, 2:] - boxes[:, :2] >= 1).all(dim=1) & (scores >= self.min_score)
            order = torch.argsort(scores, descending=True, stable=True)
            order = order[wanted[order]][: self.max_persons]
            kept.append((boxes[order], scores[order]))
        return [boxes for boxes, _ in kept], [scores for _, scores in kept]

    def _detect(self, batch: ImageList, features: dict[str, Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Boxes and scores of people in the images as they were resized."""
        heads = self.net.roi_heads
        proposals, _ = self.net.rpn(batch, features)
        pooled = heads.box_head(heads.box_roi_pool(features, proposals, batch.image_sizes))
        logits, offsets = heads.box_predictor(pooled)
        found = zip(*heads.postprocess_detections(logits, offsets, proposals, batch.image_sizes), strict=True)
        return [(boxes[labels == PERSON], scores[labels == PERSON]) for boxes, scores, labels in found]

    def _joints(
        self, features: dict[str, Tensor], boxes: list[Tensor], sizes: list[tuple[int, int]]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Keypoints (n, 17, 3) and confidences (n, 17) of each image's boxes."""
        counts = [len(own) for own in boxes]
        if not sum(counts):
            return [own.new_zeros(0, JOINTS, 3) for own in boxes], [own.new_zeros(0, JOINTS) for own in boxes]
        heads = self.net.roi_heads
        heatmaps = heads.keypoint_predictor(heads.keypoint_head(heads.keypoint_roi_pool(features, boxes, sizes)))
        keypoints, _ = keypointrcnn_inference(heatmaps, boxes)
        confidences = heatmaps.flatten(2).softmax(dim=2).amax(dim=2)
        return keypoints, list(confidences.split(counts))


def find_weights(weights: str, weights_dir: Path) -> Path:
    """The file of Keypoint R-CNN's weights.

    weights: a file, or the name of torchvision's (`COCO_V1`), which are looked for in `weights_dir`. Raises
    `MissingDataError` that says what to download and where to put it, `UnknownNameError` for a name that torchvision
    does not have, and `UserError` for a damaged file of torchvision's.
    """
    if Path(weights).suffix or len(Path(weights).parts) > 1:
        if not Path(weights).is_file():
            raise MissingDataError(f"{weights}: no such file; it should have the weights of torchvision's {MODEL}")
        return Path(weights)
    return weights_file(MODEL, weights, weights_dir, otherwise=", or name another file with --weights")


def load_network(file: Path, *, size: int | None = None) -> KeypointRCNN:
    """torchvision's Keypoint R-CNN (ResNet-50, FPN; two classes, 17 joints) with the weights of a file.

    size: length of an image's shorter side inside the network, in pixels; None for torchvision's. Raises `UserError`
    for a file without these weights.
    """
    from torchvision.models import get_model_weights
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
    from torchvision.ops import FrozenBatchNorm2d

    backbone = resnet_fpn_backbone(backbone_name="resnet50", weights=None, norm_layer=FrozenBatchNorm2d)
    net = KeypointRCNN(backbone, 2, num_keypoints=JOINTS, min_size=size)
    try:
        content = read_checkpoint(file)
        net.load_state_dict(content.get("model", content))  # torchvision's training script writes {"model": …}
    except (UserError, RuntimeError, AttributeError, TypeError) as error:
        raise UserError(f"{file}: not the weights of torchvision's {MODEL}: {error}") from None
    official = get_model_weights(MODEL).__members__["COCO_V1"].url
    if file.name == official.rpartition("/")[2]:  # trained with an epsilon of 0, says torchvision
        for module in net.modules():
            if isinstance(module, FrozenBatchNorm2d):
                module.eps = 0.0
    return net
