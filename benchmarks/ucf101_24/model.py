"""The main network of the task: Structured Keypoint Pooling (SKP), a point cloud network on the keypoints of a video.

Importing this registers it with mmaction2, too: after `openmmlab.mend`, a configuration of `type:
StructuredKeypointPooling` builds it from mmaction2's own `MODELS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor, nn

CHANNELS = ("x", "y", "t", "confidence", "joint")
"""A point's channels. x, y: in units of half the longer image side, from the image's middle. t: from -1 to 1 over the
clip. confidence: of the pose estimator, 0 where the joint is missing. joint: its index, from 0 to 1."""
CONFIDENCE = CHANNELS.index("confidence")

Normalization = Literal["batch", "group", "none"]


@MODELS.register_module()
class StructuredKeypointPooling(BaseModel):
    """Embed every point, pool the points of an instance, pool the instances; labels of videos teach labels of people.

    inputs (B, 5, N, J) to logits (B, K): N instances (a person in a frame) of J joints, in `CHANNELS`. Points whose
    confidence is 0 are padding or missing, and influence nothing, batch statistics included; so does the order of
    points and of instances. Every layer sees the points that are there as one flat list.

    Pooling switching: in training the classifier sees the maximum over the instances' features; the maximum only
    selects, so it can be shown a single instance's features just as well, which makes `instance_logits`.

    width: D, the embedding's; instances have 2D and then 4D features, as the maximum over the video is concatenated
    twice. depth: MLP blocks at each of the three sizes. expansion: hidden size of a block, in units of its own.
    residual: add what goes into a block to what comes out. normalization: `batch` makes the samples of a batch interact
    in training mode, so that input gradients are a sample's own only up to that; `group` (of `groups` channel groups of
    a single point) does not. frequencies: of `Harmonics` before the embedding, which are not the paper's; without them
    a narrow network takes long to tell joints apart by their index. dropout: before the classifier. data_preprocessor:
    mmengine's.

    Source: Hachiuma, Sato, Sekii, "Unified Keypoint-based Action Recognition Framework via Structured Keypoint Pooling"
    (CVPR 2023); sizes as arXiv 2608.25701, sections 3.3 and 6.3, restates them (widths 256, 512, 1024, expansion 2,
    batch normalisation, GELU). Neither tells the number of blocks, nor whether they are residual. Instances are
    grouped by person and frame; non-human keypoints are left out.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        width: int = 256,
        depth: int = 1,
        expansion: float = 2.0,
        residual: bool = True,
        normalization: Normalization = "batch",
        groups: int = 8,
        frequencies: int = 0,
        dropout: float = 0.0,
        data_preprocessor: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data_preprocessor)

        def stage(features: int) -> nn.Sequential:
            hidden = round(expansion * features)
            blocks = (
                MLPBlock(features, hidden, PointNorm(normalization, hidden, groups), residual) for _ in range(depth)
            )
            return nn.Sequential(*blocks)

        self.embedding = nn.Sequential(
            Harmonics(frequencies),
            nn.Linear(len(CHANNELS) * (1 + 2 * frequencies), width),
            PointNorm(normalization, width, groups),
            nn.GELU(),
            nn.Linear(width, width),
        )
        self.of_points, self.of_instances, self.of_video = stage(width), stage(2 * width), stage(4 * width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(4 * width, num_classes)

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, inputs: Tensor, data_samples: Sequence[Any] | None = None, mode: str = "tensor"
    ) -> Any:
        """Logits (B, K). mmaction2's other modes: `loss`, and `predict` for data samples with their `pred_score`."""
        features, seen = self.instance_features(inputs)
        logits = self.classifier(self.dropout(_pool(features, seen)))
        if mode == "tensor":
            return logits
        samples = list(data_samples or ())
        if mode == "loss":
            labels = torch.stack([sample.gt_label.view(()) for sample in samples]).to(logits.device)
            return {"loss_cls": nn.functional.cross_entropy(logits, labels)}
        for sample, scores in zip(samples, logits.softmax(dim=1), strict=True):
            sample.set_pred_score(scores)
        return samples

    def instance_logits(self, inputs: Tensor) -> Tensor:
        """(B, N, K): the logits of every instance by itself; those of an empty one are the classifier's bias."""
        return self.classifier(self.instance_features(inputs)[0])

    def instance_features(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, 4D): the features that the classifier sees, 0 for empty instances; (B, N) bool: those that are not."""
        if inputs.ndim != 4 or inputs.shape[1] != len(CHANNELS) or not inputs.shape[2] * inputs.shape[3]:
            raise ValueError(f"inputs must be (B, {len(CHANNELS)}, N, J) with N, J >= 1 (got {tuple(inputs.shape)})")
        there = inputs[:, CONFIDENCE] > 0
        seen = there.any(dim=2)
        points = self.of_points(self.embedding(inputs.movedim(1, -1)[there]))
        instances = _spread(points, there).amax(dim=2)  # the grouped pool block: an instance's maximum …
        features = _spread(self.of_instances(_with_video(instances)[seen]), seen)  # … joined to that of the video
        features = self.of_video(_with_video(features)[seen])
        return _spread(features, seen, empty=0.0), seen


def tiny_skp(num_classes: int) -> StructuredKeypointPooling:
    """A narrow one for the mini set; normalised over channels only, so that samples do not interact."""
    return StructuredKeypointPooling(
        num_classes, width=32, expansion=1.0, normalization="group", groups=1, frequencies=2
    )


class MLPBlock(nn.Module):
    """Two linear layers with a wider one, normalised, between; on a list of points (P, D)."""

    def __init__(self, features: int, hidden: int, norm: nn.Module, residual: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, hidden), norm, nn.GELU(), nn.Linear(hidden, features))
        self.residual = residual

    def forward(self, points: Tensor) -> Tensor:
        out = self.layers(points)
        return nn.functional.gelu(points + out if self.residual else out)


class PointNorm(nn.Module):
    """Normalisation of a list of points (P, D), which may be empty or hold one only."""

    def __init__(self, kind: Normalization, features: int, groups: int) -> None:
        super().__init__()
        kinds = {
            "batch": lambda: nn.BatchNorm1d(features),
            "group": lambda: ChannelGroupNorm(groups, features),
            "none": nn.Identity,
        }
        self.norm = kinds[kind]()

    def forward(self, points: Tensor) -> Tensor:
        if not len(points):
            return points
        if len(points) == 1 and isinstance(self.norm, nn.BatchNorm1d):  # one point has no statistics of its own
            norm = self.norm
            return nn.functional.batch_norm(
                points, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps
            )
        return self.norm(points)


class ChannelGroupNorm(nn.GroupNorm):
    """`nn.GroupNorm` on (P, D), by the kernel of layer normalisation: twice as fast where P is large and D small."""

    def forward(self, input: Tensor) -> Tensor:
        grouped = input.view(len(input), self.num_groups, -1)
        flat = nn.functional.layer_norm(grouped, grouped.shape[-1:], eps=self.eps).view_as(input)
        return flat * self.weight + self.bias


class Harmonics(nn.Module):
    """Adds to each channel its sines and cosines of 1, 2, 4, … half waves a unit: (P, C) to (P, C · (1 + 2f))."""

    def __init__(self, frequencies: int) -> None:
        super().__init__()
        self.frequencies = frequencies

    def forward(self, points: Tensor) -> Tensor:
        waves = [torch.pi * 2**power * points for power in range(self.frequencies)]
        return torch.cat([points, *(wave.sin() for wave in waves), *(wave.cos() for wave in waves)], dim=1)


def _spread(points: Tensor, there: Tensor, empty: float = -torch.inf) -> Tensor:
    """(*there.shape, D): the list of points (P, D) at the P places where `there`, in order; `empty` elsewhere."""
    out = points.new_full((*there.shape, points.shape[-1]), empty)
    out[there] = points
    return out


def _with_video(instances: Tensor) -> Tensor:
    """Joins to each instance's features (B, N, D) the maximum over the video's; returns (B, N, 2D)."""
    video = instances.amax(dim=1, keepdim=True)
    return torch.cat([instances, video.expand_as(instances)], dim=-1)


def _pool(features: Tensor, seen: Tensor) -> Tensor:
    """(B, D): the maximum over the instances that are there, features (B, N, D); 0 for a video without any."""
    pooled = features.masked_fill(~seen[..., None], -torch.inf).amax(dim=1)
    return pooled.masked_fill(~seen.any(dim=1, keepdim=True), 0.0)
