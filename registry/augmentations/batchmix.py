"""BatchMix: the people of two videos in one point cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ..base import UserError, torch
from ..contracts import Augmentation, Batch, on_device
from ..params import Params, tunable
from .mixing import chosen, mix, partners

if TYPE_CHECKING:
    from torch import Generator, Tensor


class BatchMixParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    labels: Literal["share", "half"] = Field(
        "share", description="weights of the two labels: share of the points that are there, or one half each"
    )
    confidence_channel: int = Field(3, ge=0, description="input channel that is 0 where a point is missing or padding")


class BatchMix(Augmentation):
    """Join the instances of each video with those of another video of the batch; labels by points.

    inputs (B, C, N, K): C channels of a point, N instances (the people of every frame), K points an instance. A mixed
    input has 2N instances, the sample's own first; the provenance masks are 1 on the own ones and 0 on the others.
    Nothing is left out of either video, so both keep all that their labels rest on. Missing points count for no label,
    and a video without any is not in play (unless there is none in its partner either: then both weigh one half).

    Source: the point cloud mixing of Hachiuma et al., "Unified Keypoint-based Action Recognition Framework via
    Structured Keypoint Pooling" (CVPR 2023). Our sources do not state how many videos are mixed, how the labels are
    weighted or how often it is done. Two videos are mixed here, as for most results of arXiv 2608.25701; the weights
    and the frequency are parameters.
    """

    Params = BatchMixParams
    params: BatchMixParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        shape = tuple(batch.inputs.shape)
        if len(shape) != 4 or shape[1] <= self.params.confidence_channel:
            raise UserError(
                f"{self.name}: mixes clouds of instances (B, C, N, K) whose channel {self.params.confidence_channel} "
                f"is the points' confidence, and this task's inputs are {shape}: choose another augmentation for them"
            )
        if not chosen(self.params.prob, generator):
            return batch
        partner = on_device(partners(len(batch), generator), batch.inputs)
        (source,) = batch.sources
        ones, zeros = torch.ones_like(source.mask), torch.zeros_like(source.mask)
        return mix(
            batch,
            partner,
            torch.cat([ones, zeros], dim=2),
            torch.cat([batch.inputs, batch.inputs[partner]], dim=2),
            first=torch.cat([source.mask, zeros], dim=2),
            second=torch.cat([zeros, source.mask[partner]], dim=2),
            share=self._shares(batch.inputs, partner),
        )

    def _shares(self, inputs: Tensor, partner: Tensor) -> Tensor:
        """(B,) in [0, 1]: the weight of each sample's own label."""
        points = (inputs[:, self.params.confidence_channel] > 0).flatten(1).sum(dim=1).float()
        if self.params.labels == "half":
            points = (points > 0).float()
        both = points + points[partner]
        return torch.where(both > 0, points / both.clamp(min=1), 0.5)
