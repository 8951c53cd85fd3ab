"""Labels of an image that is edited from one class towards another."""

from __future__ import annotations

from pydantic import Field

from ...base import UserError
from ...params import Params
from ..seams import LabelRule


class MixParams(Params):
    gamma: float = Field(0.8, gt=0, description="exponent of the strength")


class Mix(LabelRule):
    """Give the prompt's class the weight s^gamma, and the class of the edited image the rest; s: the edit's strength.

    Source: Diff-Mix (Wang et al., CVPR 2024); its code has gamma 0.8. An edit within one class has one label.
    """

    Params = MixParams
    params: MixParams

    def shares(self, label: int, source_label: int | None, strength: float | None) -> tuple[tuple[int, float], ...]:
        if source_label is None or strength is None:
            raise UserError("labels: mix needs a sampler that edits training images with a strength: image-to-image")
        weight = strength**self.params.gamma
        return () if source_label == label or weight >= 1 else ((label, weight), (source_label, 1 - weight))
