"""A task's network with a method around it: what the training loop steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn

from provbench.registry import Augmentation, Batch, Regularizer, Step, Task, classification_loss
from provbench.registry.base import UserError, derive_seed

from .data import Preprocessor, batch_of
from .distributed import rank, ranks, relative_weight
from .groups import groups_for
from .passes import precision_for, run_step
from .seeding import seed_torch
from .strength import Strengths


class Learner(BaseModel):
    """Losses in training, the task's predictions in evaluation.

    Every random draw is a function of (seed, step), and of the rank where several processes train together.
    """

    def __init__(
        self, task: Task, augmentation: Augmentation | None, regularizers: Sequence[Regularizer], seed: int
    ) -> None:
        preprocessor = Preprocessor(*task.normalization)
        super().__init__(data_preprocessor=preprocessor)
        self.preprocessor = preprocessor
        torch.manual_seed(derive_seed(seed, "init"))
        self.net: nn.Module = task.build_model()
        self.task, self.augmentation, self.regularizers, self.seed = task, augmentation, regularizers, seed
        recipe = task.params
        self.autocast_penalties = recipe.precision == "bf16" and recipe.penalty_precision == "amp"
        self.generator = torch.Generator()
        self.step = 0
        self.strengths = Strengths(list(self.net.parameters()), regularizers, recipe.penalty_probe)
        self.class_weight: Tensor | None
        self.register_buffer("class_weight", task.class_weight(), persistent=False)
        self.groups = groups_for(task, regularizers)
        for regularizer in regularizers:
            counts = self.groups.counts if self.groups and regularizer.uses_groups else ()
            self.register_buffer(f"memory-{regularizer.name}", regularizer.memory(counts))

    def init_weights(self) -> None:
        """The task drew the weights already."""

    def start_step(self, step: int) -> None:
        """Seed everything that this step will draw."""
        self.step = step
        position = (step,) if ranks() == 1 else (step, rank())
        self.generator.manual_seed(derive_seed(self.seed, "mixing", *position))
        seed_torch(derive_seed(self.seed, "model", *position))

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        inputs: Tensor,
        labels: Tensor,
        masks: Tensor,
        guided: Tensor,
        ids: Sequence[str],
        synthetic: Tensor | None = None,
        shares: Tensor | None = None,
        mode: str = "tensor",
    ) -> Any:
        """mode is mmengine's: `loss` for losses by name, `predict` for a list of predictions, `tensor` for logits."""
        if mode == "loss":
            return self.losses(batch_of(inputs, labels, masks, guided, ids, synthetic, shares))
        if mode == "predict":
            predictions = self.task.predict(self.net, inputs, labels)
            return [{"id": name, **prediction} for name, prediction in zip(ids, predictions, strict=True)]
        return self.net(inputs)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The classification loss, the network's own terms and each active regularizer's penalty, from one pass."""
        if self.augmentation is not None:
            if len(batch.sources) > 1 and not self.augmentation.mixes_mixes:
                raise UserError(
                    f"{self.augmentation.name}: mixes samples of one label each, and this synthetic set has samples of "
                    "several: take cutmix, mixup or cutmix-or-mixup, or none"
                )
            batch = self.augmentation(batch, self.generator, self.net)
        active = [one for one in self.regularizers if one.due(self.step) and one.active(batch)]
        autocast = self.autocast_penalties
        with precision_for(active, autocast):
            step, own = run_step(
                self.net,
                batch,
                active,
                self.generator,
                self.step,
                autocast=autocast,
                pixel_std=self.preprocessor.pixel_std,
                pixel_mean=self.preprocessor.pixel_mean,
                class_weight=self.class_weight,
                plain_loss=self.plain_loss,
            )
            loss = self.classification_loss(step.logits.float(), step.batch)
            terms = {one.name: one.term(self._of(one, step)) for one in active}
            terms = self.strengths(self.step, loss, terms)
        if any(one.replaces_loss for one in active):
            loss = loss.detach()
        return {"loss_classification": loss, **{f"loss_{name}": value for name, value in {**own, **terms}.items()}}

    def _of(self, regularizer: Regularizer, step: Step) -> Step:
        """Returns the step with what this regularizer alone knows: its memory, and the groups if it uses them."""
        memory = getattr(self, f"memory-{regularizer.name}")
        if not regularizer.uses_groups:
            return step if memory is None else replace(step, memory=memory)
        assert self.groups is not None
        return replace(step, memory=memory, groups=self.groups.of_samples(step.batch.ids))

    @property
    def plain_loss(self) -> bool:
        """Returns whether the loss is the plain mean over samples."""
        recipe = self.task.params
        return self.class_weight is None and recipe.real_weight is None and not recipe.label_smoothing

    def classification_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Its mean over the ranks is the loss of the whole batch, also where their parts' weights differ.

        With `real_weight` it is that weight times the mean over the real samples, plus the rest times the mean over the
        synthetic ones; of a part without samples there is nothing.
        """
        recipe = self.task.params
        if recipe.real_weight is None:
            return self._mean_loss(logits, batch, None)
        made = torch.zeros(len(batch), dtype=torch.bool, device=logits.device)
        made = made if batch.synthetic is None else batch.synthetic
        real = self._mean_loss(logits, batch, ~made)
        return recipe.real_weight * real + (1 - recipe.real_weight) * self._mean_loss(logits, batch, made)

    def _mean_loss(self, logits: Tensor, batch: Batch, rows: Tensor | None) -> Tensor:
        """The mean over the samples of the ranks that are in `rows`, (B,) bool, or over all; 0 where there are none."""
        smoothing = self.task.params.label_smoothing
        loss = classification_loss(logits, batch.sources, self.class_weight, smoothing, rows)
        if ranks() == 1 or (self.class_weight is None and rows is None):
            return loss
        shares = torch.stack([one.weight if rows is None else one.weight * rows for one in batch.sources])
        if self.class_weight is not None:
            shares = shares * torch.stack([self.class_weight[one.labels] for one in batch.sources])
        return loss * relative_weight(shares.sum())


def learner_of(runner: Runner) -> Learner:
    """The learner that a runner steps, out of the wrapper that several processes have around it."""
    return cast(Learner, getattr(runner.model, "module", runner.model))
