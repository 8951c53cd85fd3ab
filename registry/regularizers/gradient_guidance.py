"""Provenance-based input gradient guidance: the class logit must not depend on what is not its target's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from ..base import torch
from ..contracts import Batch, Part, Regularizer, Step, double_differentiable, require_gradient
from ..params import Params, added, tunable
from ..weights import Weight, factor
from .guidance import (
    SECOND_ORDER,
    Block,
    Form,
    MaskKind,
    Normalisation,
    ScalarKind,
    check_block,
    guidance_loss,
    perturbation,
    reduced,
)

if TYPE_CHECKING:
    from torch import Generator, Tensor


class GradientGuidanceParams(Params):
    alpha: Weight = tunable(
        0.03, low=0.003, high=0.3, log=True, description="weight of the penalty, α; or {share: 0.1}, see below"
    )
    reduction: Literal["mean", "sum"] = Field("mean", description="over the guided samples of a batch")
    mask: MaskKind = Field("provenance", description="random and everything are the paper's controls")
    mask_scale: float = Field(
        1.0, gt=0, description="dilate (> 1) or erode (< 1) the target masks to about so many times their area"
    )
    channels: tuple[int, ...] | None = Field(
        None, min_length=1, description="input channels whose gradient counts, as of a point's x and y; null: all"
    )
    scalar: ScalarKind = added("logit", description="what is differentiated; logit is the paper's")
    normalise: Normalisation = added(
        "none", description="pixels: times the number of summed elements; logit-scale: in units of the logits' variance"
    )
    blocks: Block | tuple[Block, ...] = added(
        1, description="sum the gradient over blocks of this side (elements, or a share: 50%) before squaring"
    )
    inputs: Literal["normalised", "unit"] = added(
        "normalised", description="units of the gradient: the model's normalised inputs, or pixels in [0, 1]"
    )
    estimator: Literal["exact", "random-source", "rademacher", "perturbation"] = added(
        "exact", description="how the penalty's gradient is computed, see the plugin's description"
    )
    subset: Literal["shared", "own"] = added(
        "shared",
        unless={"share": [1.0]},
        description="forward pass of that share: the training step's, if the network has no batch normalisation",
    )
    every: int = added(1, ge=1, description="penalise each so many steps only, with so many times the weight")
    share: float = added(1.0, gt=0, le=1, description="penalise this share of the guided samples, drawn at each step")
    step_size: float = added(0.1, gt=0, description="estimator perturbation: height of the field, in input units")

    @field_validator("blocks")
    @classmethod
    def _blocks_are_sizes(cls, value: Block | tuple[Block, ...]) -> Block | tuple[Block, ...]:
        for block in value if isinstance(value, tuple) else (value,):
            check_block(block)
        if value == ():
            raise ValueError("name at least one block size")
        return value

    @property
    def block_sizes(self) -> tuple[Block, ...]:
        return self.blocks if isinstance(self.blocks, tuple) else (self.blocks,)


class GradientGuidance(Regularizer):
    """Penalise the class logit's input gradient outside the provenance mask of the class's target.

    With the defaults: α · mean over guided samples of ‖Σₖ (1 - maskₖ) ⊙ ∂logit[labelsₖ]/∂input‖², computed exactly by
    differentiating twice. The inputs are those of the model, normalised; in pixels (`inputs: unit`) the same α weighs
    1/std² as much.

    Estimators of the penalty's parameter gradient, and what a guided step costs in plain steps (two sources):
    `exact` (3.0); `random-source` (2.0): one source a sample, unbiased where sources do not overlap outside their
    masks; `rademacher` (2.3): unbiased with overlap, too; `perturbation` (2.0): first-order, the squared answer of the
    scalar to a random block-constant field outside the target. `every: k` penalises each k-th step with k times the
    weight, and `share` a part of the guided samples, which go through the network apart from the others in the same
    step (in a pass of their own, in addition, where batch normalisation has samples interact, or with `subset: own`):
    both are unbiased for networks whose samples do not interact, and combine with every estimator.

    `alpha: {share: 0.1}` calibrates α on the first 20 penalised steps (`steps`) such that the penalty's parameter
    gradient is a tenth as long as the classification loss's, then fixes it; the record has the value. A search varies
    `gradient-guidance.alpha.share` where the suite gives a share.

    Source: Nagano et al., "Learning from Synthetic Data via Provenance-Based Input Gradient Guidance" (CVPR 2026),
    equations of L_PG for soft and hard labels; no reference implementation is public. `scalar`, `normalise`, `blocks`
    and the estimators are this project's.
    """

    Params = GradientGuidanceParams
    params: GradientGuidanceParams
    weight = "alpha"

    @property
    def second_order(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Returns whether the training step's own pass is differentiated by its inputs."""
        return self.params.estimator in SECOND_ORDER and self.params.share == 1

    @property
    def reruns_model(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Returns whether the penalty needs forward passes of its own."""
        return not self.second_order

    @property
    def period(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.params.every

    def apart(self, batch: Batch, generator: Generator) -> Tensor | None:
        return None if self.params.share == 1 or self.params.subset == "own" else self._drawn(batch, generator)

    def active(self, batch: Batch) -> bool:
        return batch.any_guided

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        """Returns the penalty of a second-order estimator over the whole batch. Scalar."""
        return self._weighted(self._second_order(logits, batch, generator, None), batch)

    def term(self, step: Step) -> Tensor:
        unit = step.pixel_std if self.params.inputs == "unit" else None
        if self.second_order:
            loss = self._second_order(step.logits, step.batch, step.generator, unit)
        else:
            loss = self._of_part(step, unit)
        return self._weighted(loss, step.batch)

    def _weighted(self, loss: Tensor, batch: Batch) -> Tensor:
        weight = factor(self.params.alpha) * self.params.every
        if self.params.reduction == "sum":
            weight /= self.params.share
        return weight * (require_gradient(loss, self.name) if self.active(batch) else loss)

    def _second_order(self, logits: Tensor, batch: Batch, generator: Generator, unit: Tensor | None) -> Tensor:
        params = self.params
        return guidance_loss(
            logits,
            batch.inputs,
            batch.sources,
            scalar=params.scalar,
            blocks=params.block_sizes,
            normalise=params.normalise,
            reduction=params.reduction,
            mask=params.mask,
            mask_scale=params.mask_scale,
            channels=params.channels,
            unit=unit,
            estimator=params.estimator,  # pyright: ignore[reportArgumentType]
            generator=generator,
            guiding=batch.guides.any(dim=1).tolist(),
        )

    def _of_part(self, step: Step, unit: Tensor | None) -> Tensor:
        """Returns the penalty of a share of the samples, or of a first-order estimator."""
        twice = self.params.estimator in SECOND_ORDER
        part = step.part or (Part(step.logits, step.batch) if self.params.share == 1 else self._rerun(step, twice))
        if twice:
            return self._second_order(part.logits, part.batch, step.generator, unit)
        return self._perturbed(part, step, unit)

    def _rerun(self, step: Step, twice: bool) -> Part:
        """Returns the share of the samples after a pass of their own."""
        batch = step.batch.part(self._drawn(step.batch, step.generator))
        if not twice:
            return Part(step.again(batch.inputs), batch)  # the draws of dropout depend on the size of a batch
        batch = batch.with_inputs(batch.inputs.detach().requires_grad_())
        with double_differentiable(step.autocast):
            return Part(step.again(batch.inputs), batch)

    def _perturbed(self, part: Part, step: Step, unit: Tensor | None) -> Tensor:
        params, batch, logits = self.params, part.batch, part.logits
        form = Form(
            params.scalar, params.block_sizes, params.normalise, params.mask, params.mask_scale, params.channels, unit
        )
        energy = perturbation(
            logits, batch.inputs, batch.sources, form, step.generator, model=step.again, size=params.step_size
        )
        return reduced(form.rescale(energy, logits), batch.guided, params.reduction)

    def _drawn(self, batch: Batch, generator: Generator) -> Tensor:
        """Returns the numbers of the guided samples to penalise at this step, at least one, in their order."""
        rows = batch.guides.any(dim=0).nonzero().squeeze(1)
        count = max(1, round(self.params.share * len(rows)))
        return rows[torch.randperm(len(rows), generator=generator)[:count].sort().values]
