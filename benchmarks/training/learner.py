"""A task's network with a method around it: what the training loop steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any, cast

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn

from provbench.registry import (
    Augmentation,
    Batch,
    Part,
    Regularizer,
    SelfTaught,
    Step,
    Task,
    classification_loss,
    double_differentiable,
    full_precision,
    on_device,
)
from provbench.registry.base import UserError, derive_seed

from .data import Preprocessor, batch_of
from .distributed import rank, ranks, relative_weight
from .groups import groups_for
from .rerun import Rerun, samples_interact
from .seeding import seed_torch


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
        with self._precision(active):
            step, own = self._step(active, batch)
            loss = self.classification_loss(step.logits.float(), step.batch)
            if any(one.replaces_loss for one in active):
                loss = loss.detach()
            terms = {f"loss_{one.name}": one.term(self._of(one, step)) for one in active}
        return {"loss_classification": loss, **{f"loss_{name}": value for name, value in own.items()}, **terms}

    def _of(self, regularizer: Regularizer, step: Step) -> Step:
        """Returns the step with what this regularizer alone knows: its memory, and the groups if it uses them."""
        memory = getattr(self, f"memory-{regularizer.name}")
        if not regularizer.uses_groups:
            return step if memory is None else replace(step, memory=memory)
        assert self.groups is not None
        return replace(step, memory=memory, groups=self.groups.of_samples(step.batch.ids))

    @contextmanager
    def _precision(self, active: Sequence[Regularizer]) -> Iterator[None]:
        """The kernels and the precision that a step's regularizers need."""
        exact = any(one.full_precision for one in active)
        with full_precision() if exact else nullcontext():
            if any(one.second_order for one in active):
                with double_differentiable(self.autocast_penalties):
                    yield
            else:
                yield

    def _step(self, active: Sequence[Regularizer], batch: Batch) -> tuple[Step, Mapping[str, Tensor]]:
        """Returns the step after its forward pass (or passes, where one regularizer wants some of the samples apart),
        and the network's own terms.
        """
        if any(one.second_order or one.first_order for one in active):
            batch = batch.with_inputs(batch.inputs.detach().requires_grad_())
        again = Rerun(self.net, batch.inputs.device) if any(one.reruns_model for one in active) else _no_rerun
        rows, part, own = self._apart(active, batch), None, {}
        if rows is None:
            logits, own = self.logits_and_losses(batch.inputs)
        else:
            logits, part = self._in_two(batch, rows)
        step = Step(
            logits,
            batch,
            self.generator,
            self.step,
            again,
            self.preprocessor.pixel_std,
            part,
            self.class_weight,
            self.autocast_penalties,
            self.preprocessor.pixel_mean,
        )
        return step, own

    def _apart(self, active: Sequence[Regularizer], batch: Batch) -> Tensor | None:
        """Returns the rows that go through the network before the others; None where all go together."""
        together = len(active) != 1 or isinstance(self.net, SelfTaught) or samples_interact(self.net)
        return None if together else active[0].apart(batch, self.generator)

    def _in_two(self, batch: Batch, rows: Tensor) -> tuple[Tensor, Part]:
        """Returns the logits of the batch, and the samples of those rows, which went through the network first."""
        part = batch.part(rows)
        part = part.with_inputs(part.inputs.detach().requires_grad_())
        others = torch.ones(len(batch), dtype=torch.bool).index_fill(0, rows, False).nonzero().squeeze(1)
        with double_differentiable(self.autocast_penalties):
            logits = self.net(part.inputs)
        rest = [self.net(batch.inputs[on_device(others, batch.inputs)])] if len(others) else []
        order = on_device(torch.cat([rows, others]).argsort(), logits)
        return torch.cat([logits, *(one.to(logits.dtype) for one in rest)])[order], Part(logits, part)

    def logits_and_losses(self, inputs: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Returns the logits, and the terms of the loss that the network has of its own, by name."""
        return self.net.logits_and_losses(inputs) if isinstance(self.net, SelfTaught) else (self.net(inputs), {})

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


def _no_rerun(inputs: Tensor) -> Tensor:
    raise RuntimeError("a regularizer that calls step.again says so: reruns_model = True")
