"""GALS: the loss must not depend on what is outside of an attention map."""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ..base import CLIP_FILES, HubWeights, Pretrained, UserError, torch
from ..contracts import Batch, Regularizer, Step, in_fp32, input_gradient, require_gradient
from ..losses import classification_loss
from ..params import Params, tunable
from ..weights import Weight, factor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Generator, Tensor

    from ..contracts import Source
    from .clip_attention import ClipAttention


class GalsParams(Params):
    strength: Weight = tunable(
        1e4, low=1.0, high=1e5, log=True, description="weight of the penalty, λ; the larger batches, the larger"
    )
    mask: Literal["clip", "provenance"] = Field(
        "clip", description="where the loss may look: CLIP's attention to the prompts, or the samples' provenance masks"
    )
    prompts: tuple[str, ...] = Field(
        ("an image of a bird", "a photo of a bird"), min_length=1, description="texts on what counts, for mask clip"
    )
    clip: str = Field("openai/clip-vit-base-patch16", description="repository of the weights, for mask clip")


class Gals(Regularizer):
    """Penalise the classification loss's input gradient outside of an attention map: a baseline for guidance.

    strength · mean over samples, channels and pixels of |∂L/∂input ⊙ (1 - map)|, L the classification loss of the
    batch, with its class weights. L is a mean over the batch, so that each sample's gradient is divided by its size.
    Samples without a map are left out.

    `mask: clip`: the map is CLIP's attention to the prompts in the very input, mixed or edited (`ClipAttention`): a
    pass of CLIP's image tower and one backward pass for each prompt, at every step. `mask: provenance`: the masks of
    guided samples, of several sources their sum, so that nothing is penalised where all of an input is some label's.

    Where this differs from the reference implementation: maps are those of a ViT, as the reference has for some data
    sets; for Waterbirds it takes the Grad-CAM of CLIP's ResNet-50. It computes them once for each stored image.

    Source: Petryk et al., "On Guiding Visual Attention with Language Specification" (CVPR 2022), the section on its
    losses; reference implementation spetryk/GALS: λ 10000, batches of 96, on Waterbirds.
    """

    Params = GalsParams
    params: GalsParams
    weight = "strength"

    def active(self, batch: Batch) -> bool:
        return self.params.mask == "clip" or batch.any_guided

    def weights(self, weights_dir: Path | None) -> list[Pretrained]:
        return [HubWeights(self.params.clip, CLIP_FILES, what=f"{self.name}: ")] if self.params.mask == "clip" else []

    def missing_inputs(self) -> list[str]:
        if self.params.mask == "clip" and find_spec("transformers") is None:
            return [f"{self.name}: mask clip needs transformers: pip install 'provbench[transformers]'"]
        return super().missing_inputs()

    def term(self, step: Step) -> Tensor:
        if self.params.mask == "provenance":
            maps, known = provenance(step.batch)
        else:
            images = self._pixels(step)
            maps, known = self.attention(images)
        return self._weighted(step.logits, step.batch, maps, known, step.class_weight)

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        """Returns the penalty by the provenance masks, whatever `mask` says. Scalar."""
        return self._weighted(logits, batch, *provenance(batch))

    def _weighted(
        self, logits: Tensor, batch: Batch, maps: Tensor, known: Tensor, class_weight: Tensor | None = None
    ) -> Tensor:
        loss = outside(logits, batch.inputs, batch.sources, maps, known, class_weight)
        return factor(self.params.strength) * (require_gradient(loss, self.name) if bool(known.any()) else loss)

    def _pixels(self, step: Step) -> Tensor:
        """(B, 3, H, W): the inputs of a step in [0, 1]. Raises `UserError` where they are no images."""
        inputs = step.batch.inputs
        if step.pixel_mean is None or step.pixel_std is None or inputs.ndim != 4 or inputs.shape[1] != 3:
            raise UserError(
                f"{self.name}: mask clip looks at images (B, 3, H, W), and this task's inputs are "
                f"{tuple(inputs.shape)}: set mask to provenance"
            )
        mean, std = (one.view(1, -1, 1, 1).to(inputs.device) for one in (step.pixel_mean, step.pixel_std))
        return (inputs.detach() * std + mean).clamp(0, 1)

    @cached_property
    def attention(self) -> ClipAttention:
        from .clip_attention import ClipAttention

        return ClipAttention(self.params.clip, self.params.prompts)


def provenance(batch: Batch) -> tuple[Tensor, Tensor]:
    """(B, 1, *spatial): where a sample's targets are; (B,) bool: whether its provenance says so."""
    return torch.stack([source.mask for source in batch.sources]).sum(dim=0).clamp(max=1), batch.guided


def outside(
    logits: Tensor,
    inputs: Tensor,
    sources: Sequence[Source],
    maps: Tensor,
    known: Tensor,
    class_weight: Tensor | None = None,
) -> Tensor:
    """The mean of |∂L/∂input ⊙ (1 - map)| over the elements of the samples that have a map; 0 if there are none.

    L is the classification loss. logits: (B, K), computed from `inputs`, which require a gradient. maps:
    (B, 1, *spatial) in [0, 1]. known: (B,) bool. Returns a scalar with a graph.
    """
    if not bool(known.any()):
        return logits.new_zeros((), dtype=torch.float32)
    gradient = input_gradient(classification_loss(in_fp32(logits), sources, class_weight), inputs)
    return (gradient * (1 - maps))[known].abs().mean()
