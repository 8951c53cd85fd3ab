"""A task's network with a method around it: what the training loop steps."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from ...registry import Augmentation, Batch, Regularizer, Source, Task, classification_loss
from ...registry.contracts import double_differentiable
from .data import Preprocessor
from .seeds import derive_seed


class Learner(BaseModel):
    """Losses in training, the task's predictions in evaluation. Every random draw is a function of (seed, step)."""

    def __init__(
        self, task: Task, augmentation: Augmentation | None, regularizers: Sequence[Regularizer], seed: int
    ) -> None:
        super().__init__(data_preprocessor=Preprocessor(*task.normalization))
        torch.manual_seed(derive_seed(seed, "init"))
        self.net: nn.Module = task.build_model()
        self.task, self.augmentation, self.regularizers, self.seed = task, augmentation, regularizers, seed
        self.generator = torch.Generator()
        self.class_weight: Tensor | None
        self.register_buffer("class_weight", task.class_weight(), persistent=False)

    def init_weights(self) -> None:
        """The task drew the weights already."""

    def start_step(self, step: int) -> None:
        """Seed everything that this step will draw."""
        self.generator.manual_seed(derive_seed(self.seed, "mixing", step))
        torch.manual_seed(derive_seed(self.seed, "model", step))

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        inputs: Tensor,
        labels: Tensor,
        masks: Tensor,
        guided: Tensor,
        ids: Sequence[str],
        mode: str = "tensor",
    ) -> Any:
        """mode is mmengine's: `loss` for losses by name, `predict` for a list of predictions, `tensor` for logits."""
        if mode == "loss":
            weight = torch.ones(len(labels), device=labels.device)
            return self.losses(Batch(inputs, (Source(labels, weight, masks.float(), guided),), tuple(ids)))
        if mode == "predict":
            predictions = self.task.predict(self.net, inputs, labels)
            return [{"id": name, **prediction} for name, prediction in zip(ids, predictions, strict=True)]
        return self.net(inputs)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The classification loss and each active regularizer's penalty, from one forward pass."""
        if self.augmentation is not None:
            batch = self.augmentation(batch, self.generator, self.net)
        active = [regularizer for regularizer in self.regularizers if regularizer.active(batch)]
        twice = any(regularizer.second_order for regularizer in active)
        if twice:
            batch = batch.with_inputs(batch.inputs.detach().requires_grad_())
        with double_differentiable() if twice else nullcontext():
            logits = self.net(batch.inputs)
            losses = {"loss_classification": classification_loss(logits.float(), batch.sources, self.class_weight)}
            for regularizer in active:
                losses[f"loss_{regularizer.name}"] = regularizer.penalty(logits, batch, self.generator)
        return losses
