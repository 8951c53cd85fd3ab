"""The network for comparison: mmaction2's STGCN++ on each person's track."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from provbench.registry.base import UserError

from .model import CHANNELS, CONFIDENCE
from .openmmlab import build_model

STAGES = 10


class TrackSTGCN(nn.Module):
    """STGCN++ on every track, the maximum over the tracks, one linear layer. inputs (B, 5, F · S, 17) to logits (B, K).

    The S people of a frame stand in a row, and the one at place s is the same person in every frame (`follow` of the
    task); of its joints the network sees x, y and confidence. As in `StructuredKeypointPooling` the classifier is
    taught on the maximum, over tracks and frames, and asked about a frame of a single track. A mix of two videos counts
    as 2F frames of S people each, whose tracks go on from one video to the other, so that BatchMix makes little sense.

    num_classes: K. people: S. base_channels, num_stages: the backbone's; further values are, too.

    Source: Duan et al., "PYSKL: Towards Good Practices for Skeleton Action Recognition" (2022), in mmaction2; its head
    is the average over joints and frames.
    """

    def __init__(
        self, num_classes: int, *, people: int, base_channels: int = 64, num_stages: int = STAGES, **backbone: Any
    ) -> None:
        super().__init__()
        self.people = people
        config = {"graph_cfg": {"layout": "coco", "mode": "spatial"}, "in_channels": 3, **backbone}
        config |= {"gcn_adaptive": "init", "gcn_with_res": True, "tcn_type": "mstcn"}
        self.backbone = build_model(
            {"type": "STGCN", "base_channels": base_channels, "num_stages": num_stages, **config}, "mmaction"
        )
        self.classifier = nn.Linear(self._channels(), num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        features, seen = self.track_features(inputs)
        pooled = features.masked_fill(~seen[..., None], -torch.inf).amax(dim=(1, 2))
        return self.classifier(pooled.masked_fill(~seen.flatten(1).any(dim=1, keepdim=True), 0.0))

    def instance_logits(self, inputs: Tensor) -> Tensor:
        """(B, F · S, K): the logits of every person in every frame."""
        return self.classifier(self.track_features(inputs)[0]).flatten(1, 2)

    def track_features(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(B, F, S, C): the features of every person in every frame; (B, F, S) bool: where there is one."""
        batch, channels, instances, joints = inputs.shape
        if channels != len(CHANNELS) or instances % self.people:
            raise UserError(
                f"people: the network was built for {self.people} in each frame, and the inputs are "
                f"{tuple(inputs.shape)}: (B, {len(CHANNELS)}, frames · people, joints)"
            )
        seen = (inputs[:, CONFIDENCE] > 0).any(dim=2).view(batch, -1, self.people)
        points = inputs[:, [0, 1, CONFIDENCE]].view(batch, 3, -1, self.people, joints)
        maps = self.backbone(points.permute(0, 3, 2, 4, 1)).mean(dim=-1)  # (B, S, C, F / stride)
        maps = nn.functional.interpolate(maps.flatten(0, 1), size=seen.shape[1], mode="linear", align_corners=False)
        return maps.view(batch, self.people, *maps.shape[1:]).permute(0, 3, 1, 2), seen

    @torch.no_grad()
    def _channels(self) -> int:
        training = self.backbone.training
        channels = self.backbone.eval()(torch.zeros(1, 1, 8, 17, 3)).shape[2]
        self.backbone.train(training)
        return channels
