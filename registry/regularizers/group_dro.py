"""Group DRO: the loss of the groups that are worst off counts most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from ..base import functional, torch
from ..contracts import Batch, Regularizer, Source, Step, in_fp32
from ..losses import classification_loss
from ..params import Params, tunable
from .shifted_step import valued

if TYPE_CHECKING:
    from torch import Generator, Tensor


class GroupDroParams(Params):
    step_size: float = tunable(0.01, low=1e-3, high=1.0, log=True, gt=0, description="of the groups' weights, η")
    adjustment: float = Field(0.0, ge=0, description="C: a group of n samples counts with a loss higher by C / √n")


class GroupDro(Regularizer):
    """Replace the classification loss by a mean over groups whose weights follow their losses: uses group labels.

    At each step q_g is multiplied by exp(η (L_g + C / √n_g)) and the q are divided by their sum; the loss is
    Σ_g q_g L_g, L_g the mean loss of the group's samples in the batch (0 if it has none). The q begin equal over the
    groups that have training samples, and are kept in checkpoints. With mixed samples a sample's loss is that of its
    soft labels, in its own group. Class weights and label smoothing do not count.

    The recorded term is the robust loss less the classification loss, so that both together are the robust loss.
    Trains in one process. Batches in which each group is likely (`sampling: group-balanced`) are the authors' choice.

    Source: Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts" (ICLR 2020), algorithm 1, and the
    section on group adjustments; reference implementation kohpangwei/group_DRO: η 0.01.
    """

    Params = GroupDroParams
    params: GroupDroParams
    second_order = False
    replaces_loss = True
    uses_groups = True

    def memory(self, counts: Sequence[int]) -> Tensor:
        """(2, G) float64: the weights q, and the number of samples of each group."""
        sizes = torch.tensor(counts, dtype=torch.float64)
        return torch.stack([(sizes > 0) / (sizes > 0).sum(), sizes])

    def term(self, step: Step) -> Tensor:
        assert step.groups is not None
        assert step.memory is not None
        losses = sample_losses(in_fp32(step.logits), step.batch.sources)
        means = group_means(losses, step.groups.to(losses.device), step.memory.shape[1])
        weights = self.updated(step.memory, means.detach())
        robust = (weights.to(means) * means).sum()
        plain = classification_loss(in_fp32(step.logits), step.batch.sources, step.class_weight)
        return valued(robust, robust - plain)

    def updated(self, memory: Tensor, means: Tensor) -> Tensor:
        """Returns the new weights q, (G,), which replace the old ones in `memory`."""
        weights, sizes = memory
        adjusted = means.to(memory) + torch.where(sizes > 0, self.params.adjustment / sizes.clamp(min=1).sqrt(), 0)
        weights = weights * (self.params.step_size * adjusted).exp()
        memory[0] = weights / weights.sum()
        return memory[0].clone()

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        raise RuntimeError(f"{self.name}: needs the groups of a step: call term")


def sample_losses(logits: Tensor, sources: Sequence[Source]) -> Tensor:
    """(B,): Σₖ weightₖ · CE(logits, labelsₖ) of each sample."""
    return torch.stack(
        [source.weight * functional.cross_entropy(logits, source.labels, reduction="none") for source in sources]
    ).sum(dim=0)


def group_means(losses: Tensor, groups: Tensor, count: int) -> Tensor:
    """(count,): the mean of losses (B,) in each group, 0 for a group without samples. groups: (B,) int64."""
    members = functional.one_hot(groups, count).to(losses)
    return losses @ members / members.sum(dim=0).clamp(min=1)
